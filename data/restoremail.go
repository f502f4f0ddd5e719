package data

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// copyMail copies the large raw messages that are under from's mail/ and not yet under to's,
// and says how many. Each is checked against the hash that it is named by: one that is no longer
// that message is left where it is. Other files are passed over.
func copyMail(from, to string) (n, damaged int, err error) {
	source := &DB{path: filepath.Join(from, "x")}
	target := &DB{path: filepath.Join(to, "x")}
	err = filepath.WalkDir(filepath.Join(from, "mail"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		sum := e.Name()
		if len(sum) != 64 || source.rawPath(sum) != path {
			return nil
		}
		if _, err := os.Stat(target.rawPath(sum)); err == nil {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if SumOf(raw) != sum {
			damaged++
			return nil
		}
		n++
		_, err = target.keepRawFile(sum, raw)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // the paper had no large messages, or the folder was not kept
	}
	return n, damaged, err
}
