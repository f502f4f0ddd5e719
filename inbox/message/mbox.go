package message

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// fromLineForm is the line that separates messages: "From ", an address or "-", and a date (RFC 4155).
// looseFromLine is one with a date in another form; a sentence may look so too, but no header follows on it.
var (
	fromLineForm  = regexp.MustCompile(`^From \S+\s+\w{3} \w{3} +\d`)
	looseFromLine = regexp.MustCompile(`^From \S+\s+.*\d{1,2}:\d{2}.*\d{4}`)
)

// separates says whether a line separates messages. Peeking spoils what the reader gave last, so line is a copy then.
func separates(line []byte, b *bufio.Reader) (bool, []byte) {
	text := bytes.TrimRight(line, "\r\n")
	switch {
	case bytes.IndexByte(text, '\r') >= 0: // a file of bare CRs, all of it one line
		return false, line
	case fromLineForm.Match(text):
		return true, line
	case !looseFromLine.Match(text):
		return false, line
	}
	line = bytes.Clone(line)
	ahead, err := b.Peek(1000)
	if err != nil && len(ahead) == 0 {
		return false, line
	}
	next, _ := cutLine(ahead)
	return isField(next), line
}

// splitMbox cuts an mbox file at its From lines. One stands at the start or behind a blank line; in
// the text of a message it is written ">From " (">>From " for ">From "), which is undone.
func splitMbox(path string, b *bufio.Reader, take func(Item) error) error {
	box := mboxReader{path: path, take: take}
	blank, lineStart := true, true
	for {
		line, err := b.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("read mbox %s: %w", path, err)
		}
		from := false
		if lineStart && blank && bytes.HasPrefix(line, []byte("From ")) {
			from, line = separates(line, b)
		}
		switch {
		case from:
			if err := box.flush(); err != nil {
				return err
			}
			box.open = true
		case lineStart && isQuotedFrom(line):
			box.add(line[1:])
		default:
			box.add(line)
		}
		blank = lineStart && len(bytes.TrimRight(line, "\r\n")) == 0
		lineStart = !errors.Is(err, bufio.ErrBufferFull)
		if errors.Is(err, io.EOF) {
			return box.flush()
		}
	}
}

// isQuotedFrom says whether a line is a From line with one or more ">" before it.
func isQuotedFrom(line []byte) bool {
	rest := bytes.TrimLeft(line, ">")
	return len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From "))
}

// mboxReader holds the message being read.
type mboxReader struct {
	path string
	take func(Item) error
	raw  []byte
	open bool
	cut  bool
	n    int
}

func (m *mboxReader) add(line []byte) {
	if len(m.raw)+len(line) > MaxFile {
		m.cut = true
		return
	}
	m.open = true
	m.raw = append(m.raw, line...)
}

// flush hands the message over, without the blank line that the mbox format puts behind it.
func (m *mboxReader) flush() error {
	if !m.open {
		return nil
	}
	m.n++
	raw := m.raw
	if bytes.HasSuffix(raw, []byte("\n\n")) {
		raw = raw[:len(raw)-1]
	} else if bytes.HasSuffix(raw, []byte("\r\n\r\n")) {
		raw = raw[:len(raw)-2]
	}
	item := Item{File: m.path, N: m.n, Raw: raw, Cut: m.cut}
	m.raw, m.open, m.cut = nil, false, false
	return m.take(item)
}
