package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

// row is one line of an index.jsonl: one file and what its own project expects of it.
type row struct {
	File         string            `json:"file"`
	Kind         string            `json:"kind"`
	Expected     expected          `json:"expected"`
	Score        map[string]string `json:"score"`
	LabelQuality string            `json:"label_quality"`
	Corpus       string            `json:"corpus"`
	path         string
}

// expected is the union of what the sets expect; a nil pointer or slice is "does not say".
type expected struct {
	Subject     *string  `json:"subject"`
	From        []string `json:"-"`
	Text        *string  `json:"text"`
	Attachments []string `json:"attachments"`
	Leaves      []leaf   `json:"leaves"`
	Listing     *string  `json:"listing"`

	Is         string    `json:"is"`
	Recipients *[]string `json:"recipients"`
	Class      *string   `json:"class"`
	Agreed     string    `json:"class_agreed_by_sisimai"`

	Reply         *string  `json:"reply"`
	NoSpace       *string  `json:"reply_text_nospace"`
	FirstFragment *string  `json:"first_fragment"`
	ContainsRegex []string `json:"contains_regex"`
	MustNot       []string `json:"must_not_contain"`
	Compare       string   `json:"compare"`

	Label string `json:"label"`

	Values   [][2]json.RawMessage `json:"values"`
	GofeedIs json.RawMessage      `json:"gofeed_json"`

	RawFrom json.RawMessage `json:"from"` // a list in the MIME set, a string in the replies
}

type leaf struct {
	Index string `json:"index"`
	SHA1  string `json:"sha1"`
}

// set is one folder of fixtures and how one of its files is judged.
type set struct {
	name  string
	judge func(row, []byte) []verdict
}

// verdict is one measure of one file: right or wrong.
type verdict struct {
	measure string
	right   bool
}

func sets() []set {
	return []set{
		{"mime", judgeMIME}, {"bounces", judgeBounce}, {"replies", judgeReply},
		{"spamham", judgeLabel}, {"textclass", judgeLabel}, {"feeds", judgeFeed},
	}
}

// runFolder judges every row of a folder, on all processors. A folder that is not there gives nothing.
func (s set) runFolder(dir, folder string) ([]result, error) {
	rows, err := readIndex(filepath.Join(dir, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, took := make([][]verdict, len(rows)), make([]time.Duration, len(rows))
	fails := make([]error, len(rows))
	next := make(chan int)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				raw, err := os.ReadFile(rows[i].path)
				if fails[i] = err; err == nil {
					start := time.Now()
					all[i] = s.judge(rows[i], raw)
					took[i] = time.Since(start)
				}
			}
		})
	}
	for i := range rows {
		next <- i
	}
	close(next)
	wait.Wait()
	if err := errors.Join(fails...); err != nil {
		return nil, err
	}
	results := count(filepath.ToSlash(folder), rows, all)
	for i := range results {
		if results[i].measure == "in_time" {
			slowest := slices.Index(took, slices.Max(took))
			results[i].note = fmt.Sprintf("the slowest took %s: %s", took[slowest].Round(time.Millisecond/10), rows[slowest].File)
		}
	}
	return results, nil
}

func readIndex(folder string) ([]row, error) {
	f, err := os.Open(filepath.Join(folder, "index.jsonl"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	var rows []row
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("index of %s, line %d: %w", folder, len(rows)+1, err)
		}
		if json.Unmarshal(r.Expected.RawFrom, &r.Expected.From) != nil {
			r.Expected.From = nil
		}
		r.path = filepath.Join(folder, filepath.FromSlash(r.File))
		rows = append(rows, r)
	}
	return rows, lines.Err()
}
