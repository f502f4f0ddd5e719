package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// NewMailFrom is NewMail with a newsroom's own files: a mail/… or words/… file of the folder stands
// in for ours of the same name, and a words/… file may add a language. It reads each file once. A file
// that does not parse, or one that no mail uses, is an error that names it. Call [Mail.Check] before it is used.
func NewMailFrom(folder fs.FS) (*Mail, error) {
	if err := misplaced(folder); err != nil {
		return nil, err
	}
	return parseMail(over{folder, files})
}

// misplaced names the files of a folder that would be read by nothing, such as a misspelt one.
func misplaced(folder fs.FS) error {
	var all []error
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && len(name) > 1 && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		if _, err := fs.Stat(files, name); err != nil && !strings.HasPrefix(name, "words/") || !strings.HasPrefix(name, "mail/") && !strings.HasPrefix(name, "words/") {
			all = append(all, fmt.Errorf("%s: no mail has a file of this name", name))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read own templates: %w", err)
	}
	return errors.Join(all...)
}

// over is one folder of files laid over another.
type over struct{ top, under fs.FS }

// Open opens the file on top, or else the one under it.
func (o over) Open(name string) (fs.File, error) {
	f, err := o.top.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.under.Open(name)
	}
	return f, err
}

// ReadDir lists both folders' files once each.
func (o over) ReadDir(name string) ([]fs.DirEntry, error) {
	top, err := fs.ReadDir(o.top, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	under, err := fs.ReadDir(o.under, name)
	if err != nil && len(top) == 0 {
		return nil, err
	}
	for _, e := range under {
		if !slices.ContainsFunc(top, func(t fs.DirEntry) bool { return t.Name() == e.Name() }) {
			top = append(top, e)
		}
	}
	slices.SortFunc(top, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return top, nil
}
