package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A sign is what the file beside the database knows of it. The database is written first, so
// that a database which knows less than the file is an older copy, put in its place.
type sign struct {
	id    string
	beats int64
}

func (db *DB) besidePath() string { return db.resolved() + ".instance" }

// resolved is the database's path without links.
func (db *DB) resolved() string {
	path, err := filepath.EvalSymlinks(db.path)
	if err != nil {
		return db.path // it was opened, so it is there; a path that cannot be resolved is still a path
	}
	return path
}

// readBeside returns the zero sign where there is no such file: it was moved alone, or never ran.
func (db *DB) readBeside() (sign, error) {
	text, err := os.ReadFile(db.besidePath())
	if errors.Is(err, fs.ErrNotExist) {
		return sign{}, nil
	}
	if err != nil {
		return sign{}, err
	}
	var s sign
	if _, err := fmt.Sscanf(string(text), "%s %d", &s.id, &s.beats); err != nil {
		return sign{}, nil // cut short by a power cut: it knows nothing
	}
	return s, nil
}

// writeBeside writes over what the file says, always the same number of bytes. It is not synced:
// one that was lost only knows less.
func (db *DB) writeBeside(s sign) error {
	f, err := os.OpenFile(db.besidePath(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("note that the database is in use: %w", err)
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "%-32s %020d\n", s.id, s.beats), 0)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("note that the database is in use: %w", err)
	}
	return nil
}

// machineID is a hash of the machine's id (machine-id(5) asks not to show the id itself), or
// empty where the machine has none, as in many containers.
func machineID() string {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		text, err := os.ReadFile(path)
		if id := strings.TrimSpace(string(text)); err == nil && id != "" && id != "uninitialized" {
			sum := sha256.Sum256([]byte("tipsheet machine " + id))
			return hex.EncodeToString(sum[:6])
		}
	}
	return ""
}
