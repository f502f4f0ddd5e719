package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A Role is a job that at most one process does on a SQLite database.
type Role string

// The roles. The web pages are not one: any number of processes may show them.
const (
	RoleMailer    Role = "mailer"
	RoleInbox     Role = "inbox"
	RoleScheduler Role = "scheduler"
)

// A RoleLock is held for as long as its process lives: it is a flock on a file beside the
// database, so that SIGKILL frees it.
type RoleLock struct {
	Role Role
	file *os.File
}

// TakeRole takes the lock of a role. Where another process holds it, it returns a UserError
// that names that process. Who holds the mailer's lock knows that each earlier owner is dead.
func (db *DB) TakeRole(role Role) (*RoleLock, error) {
	path := db.path + "." + string(role) + ".lock"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take role %s: %w", role, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid, _ := os.ReadFile(path) // best effort: it only makes the sentence better
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("take role %s: %w", role, err)
		}
		by := ""
		if p := strings.TrimSpace(string(pid)); p != "" {
			by = " (process " + p + ")"
		}
		return nil, &UserError{
			Message: fmt.Sprintf("another tipsheet%s already has the role %s on %s", by, role, filepath.Base(db.path)),
			Hint:    "stop it first, or start this one with other roles (--role web)",
		}
	}
	if err := errors.Join(f.Truncate(0), writePID(f)); err != nil {
		f.Close()
		return nil, fmt.Errorf("take role %s: %w", role, err)
	}
	return &RoleLock{Role: role, file: f}, nil
}

func writePID(f *os.File) error {
	_, err := fmt.Fprintf(f, "%d\n", os.Getpid())
	return err
}

// Release frees the lock. It may be called twice.
func (l *RoleLock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close() // closing the last descriptor ends the flock
}
