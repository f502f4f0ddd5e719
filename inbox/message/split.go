package message

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// MaxFile is how many bytes of one message Split hands over; Cut says that there were more.
const MaxFile = 100 << 20

// Item is one raw message of a file.
type Item struct {
	File string // the path as given; of a Maildir the path of the message in it; "-" for standard input
	N    int    // counts from 1 within the path given
	Raw  []byte // owned by the receiver
	Cut  bool   // the message is longer than MaxFile and was cut there
}

// Split hands over every message of path, in order: of an eml file the one, of an mbox file each, of a
// Maildir each of cur and new by name; "-" is stdin, which may be eml or mbox. Only one message
// is held in memory at a time. Any file is taken, mail or not: that is for Parse to say. It
// ends early with the error of take, and fails where path cannot be read. A file of a Maildir that cannot be read does not
// keep the others back; it is in the error at the end.
func Split(path string, stdin io.Reader, take func(Item) error) error {
	if path == "-" {
		return splitReader(path, stdin, take)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	if info.IsDir() {
		return splitMaildir(path, take)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	err = splitReader(path, f, take)
	return errors.Join(err, f.Close())
}

// splitMaildir reads cur and new of a Maildir; tmp holds what is still being delivered.
func splitMaildir(path string, take func(Item) error) error {
	n, found := 0, false
	var unread []error
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(path, sub))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read maildir: %w", err)
		}
		found = true
		for _, entry := range entries {
			if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			item, err := readInMaildir(filepath.Join(path, sub, entry.Name()))
			if err != nil {
				unread = append(unread, err) // it was moved or removed meanwhile, or is no file: the others are read all the same
				continue
			}
			n++
			item.N = n
			if err := take(item); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("read mail: %s is a folder without cur and new, so it is no Maildir; name the files in it instead", path)
	}
	return errors.Join(unread...)
}

func readInMaildir(path string) (Item, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Item{}, fmt.Errorf("read mail: %w", err)
	}
	if !info.Mode().IsRegular() { // a pipe would keep us waiting
		return Item{}, fmt.Errorf("read mail: %s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Item{}, fmt.Errorf("read mail: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return Item{}, fmt.Errorf("read mail: %w", err)
	}
	item := Item{File: path, Raw: raw}
	if len(raw) > MaxFile {
		item.Raw, item.Cut = raw[:MaxFile], true
	}
	return item, nil
}

// splitReader tells an mbox by its first line that is not blank and cuts it; anything else is one message.
func splitReader(path string, r io.Reader, take func(Item) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read mail %s: %w", path, err)
	}
	if first := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), "\r\n"); bytes.HasPrefix(first, []byte("From ")) {
		if _, err := b.Discard(len(head) - len(first)); err != nil {
			return fmt.Errorf("read mail %s: %w", path, err)
		}
		return splitMbox(path, b, take)
	}
	raw, err := io.ReadAll(io.LimitReader(b, MaxFile+1))
	if err != nil {
		return fmt.Errorf("read mail %s: %w", path, err)
	}
	item := Item{File: path, N: 1, Raw: raw}
	if len(raw) > MaxFile {
		item.Raw, item.Cut = raw[:MaxFile], true
	}
	return take(item)
}
