package sorter

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// maxLine bounds one line of a .jsonl file, in bytes.
const maxLine = 32 << 20

// row is a line of a .jsonl file; fields that it does not name are ignored.
type row struct {
	ID          any      `json:"id"`
	From        string   `json:"from"`
	Subject     string   `json:"subject"`
	Body        string   `json:"body"`
	Attachments []string `json:"attachments"`
	Label       string   `json:"label"`
	Also        string   `json:"also"`
	Source      string   `json:"source"`
}

// ReadRows reads messages, one JSON object a line, from a file called name
// (used in errors only). Empty lines are skipped. Where labelled is true each
// line must have one of the five categories as its label. An error names the
// line; the rows before it are returned with it.
func ReadRows(name string, r io.Reader, labelled bool) ([]Row, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var rows []Row
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		row, err := readRow(lines.Bytes(), labelled)
		if err != nil {
			return rows, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		rows = append(rows, row)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return rows, fmt.Errorf("%s, line %d: the line is longer than %d MB: write one message a line", name, n+1, maxLine>>20)
	}
	if err := lines.Err(); err != nil {
		return rows, fmt.Errorf("read %s after line %d: %w", name, n, err)
	}
	return rows, nil
}

func readRow(line []byte, labelled bool) (Row, error) {
	var in row
	if err := json.Unmarshal(line, &in); err != nil {
		return Row{}, jsonSentence(err)
	}
	if _, known := classOf(in.Label); labelled && !known {
		if in.Label == "" {
			return Row{}, errors.New(`"label" is missing: it must be gossip, tip, advert, other or spam`)
		}
		return Row{}, fmt.Errorf("the label %q is not a category: it must be gossip, tip, advert, other or spam", in.Label)
	}
	id := ""
	switch v := in.ID.(type) {
	case nil:
	case string:
		id = v
	case float64:
		id = fmt.Sprintf("%.15g", v)
	default:
		return Row{}, errors.New(`"id" must be text or a number`)
	}
	return Row{
		ID:     id,
		Text:   Text{From: in.From, Subject: in.Subject, Body: in.Body, Attachments: in.Attachments},
		Label:  in.Label,
		Also:   in.Also,
		Source: in.Source,
	}, nil
}

// jsonSentence says in words what is wrong with a line.
func jsonSentence(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return fmt.Errorf("%q is a %s, which does not belong there: %w", kind.Field, kind.Value, err)
	}
	return fmt.Errorf("this is not one JSON object: %w", err)
}

// ReadCorpus reads every .jsonl file of a folder in the order of their names.
// A folder without one is an error.
func ReadCorpus(folder fs.FS) ([]Row, error) {
	names, err := fs.Glob(folder, "*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("list the corpus: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("the corpus has no .jsonl file")
	}
	var rows []Row
	for _, name := range names {
		more, err := readFile(folder, name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func readFile(folder fs.FS, name string) ([]Row, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the corpus: %w", err)
	}
	defer f.Close()
	return ReadRows(path.Base(name), f, true)
}
