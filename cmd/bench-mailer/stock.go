package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	importSlice  = 5000 // readers a transaction
	freezeSlice  = 2000 // subscriptions a transaction
	largestChunk = 500  // the scheduler's rule: at least four chunks a connection, at most so large
	chunksEach   = 4
)

// An issue is one that is closed, in a database of its own, and not begun.
type issue struct {
	Database string
	Issue    int64
	Mailing  int64
	Due      time.Time
	Readers  int
}

// A stock keeps databases with closed issues, so that each run has a fresh copy of one.
type stock struct {
	dir   string
	build string // of this program: what another build has made is not used
}

func newStock(dir, self string) (*stock, error) {
	f, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	s := &stock{dir: dir, build: fmt.Sprintf("%x", h.Sum(nil)[:6])}
	old, err := filepath.Glob(filepath.Join(dir, "issue-*"))
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		if !strings.Contains(path, s.build) {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// take makes a copy of a database whose closed issue has so many readers, cut for that many
// connections. The copy before it is removed.
func (s *stock) take(ctx context.Context, readers, connections int) (issue, error) {
	chunk := min(max(readers/(chunksEach*connections), 1), largestChunk)
	original := filepath.Join(s.dir, fmt.Sprintf("issue-%s-%d-%d", s.build, readers, chunk))
	i, err := s.original(ctx, original, readers, chunk)
	if err != nil {
		return i, fmt.Errorf("close an issue for %d readers: %w", readers, err)
	}
	work := filepath.Join(s.dir, "work.db")
	for _, end := range []string{"", "-wal", "-shm", ".instance"} {
		if err := os.Remove(work + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return i, err
		}
	}
	if err := copyFile(i.Database, work); err != nil {
		return i, fmt.Errorf("copy database: %w", err)
	}
	i.Database = work
	return i, nil
}

// original is the database to copy from, made where it is not there yet.
func (s *stock) original(ctx context.Context, name string, readers, chunk int) (issue, error) {
	var i issue
	if noted, err := os.ReadFile(name + ".json"); err == nil {
		return i, json.Unmarshal(noted, &i)
	}
	made := name + ".db"
	for _, end := range []string{"", "-wal", "-shm"} { // of one that was not finished
		if err := os.Remove(made + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return i, err
		}
	}
	i, err := makeIssue(ctx, made, readers, chunk)
	if err != nil {
		return i, err
	}
	note, err := json.Marshal(i)
	if err != nil {
		return i, err
	}
	return i, os.WriteFile(name+".json", note, 0o600)
}

func makeIssue(ctx context.Context, path string, readers, chunk int) (i issue, err error) {
	db, err := data.Open(ctx, path, data.Options{})
	if err != nil {
		return i, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Migrate(ctx); err != nil {
		return i, err
	}
	nl, err := db.AddNewsletter(ctx, data.Newsletter{Slug: "morning", Name: profile.List, Cron: "0 7 * * *", TimeZone: "UTC", Language: "en",
		Late: data.LateSend, Grace: 2 * time.Hour})
	if err != nil {
		return i, err
	}
	for lo := 1; lo <= readers; lo += importSlice {
		var rows []data.Import
		for n := lo; n < lo+importSlice && n <= readers; n++ {
			rows = append(rows, data.Import{Address: fmt.Sprintf("reader%d@example.com", n), Name: fmt.Sprintf("Reader %d", n)})
		}
		if _, err := db.ImportSubscribers(ctx, nl.ID, rows, "bench"); err != nil {
			return i, err
		}
	}
	return closeIssue(ctx, db, nl.ID, readers, chunk)
}

// closeIssue closes a new issue for all readers of a newsletter. It is due tomorrow; those who send
// it have a clock that says so.
func closeIssue(ctx context.Context, db *data.DB, newsletter int64, readers, chunk int) (issue, error) {
	i := issue{Database: db.Path(), Readers: readers, Due: db.Now().Add(24 * time.Hour)}
	story, err := db.AddStory(ctx, data.Story{Link: fmt.Sprintf("https://post.example.com/%d.html", db.Now().UnixNano()), Title: "Bridge reopens",
		Summary: "It does.", Categories: []string{"News"}, PublishedAt: db.Now()})
	if err != nil {
		return i, err
	}
	if i.Issue, err = db.AddIssue(ctx, newsletter, i.Due, i.Due); err != nil {
		return i, err
	}
	if err := db.BeginClosing(ctx, i.Issue, []int64{story}, profile, i.Due.Add(6*time.Hour)); err != nil {
		return i, err
	}
	for more := true; more; {
		if more, err = db.FreezeSlice(ctx, i.Issue, freezeSlice); err != nil {
			return i, err
		}
	}
	v, err := words(i.Due)
	if err != nil {
		return i, err
	}
	if err := db.FinishClosing(ctx, i.Issue, v, chunk); err != nil {
		return i, err
	}
	closed, err := db.Issue(ctx, i.Issue)
	i.Mailing = closed.MailingID
	return i, err
}

// copyFile copies and syncs, so that nothing of the copy is left to be written during a run.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
