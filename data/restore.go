package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Restored is what Restore has done.
type Restored struct {
	Replaced string // where the database that lay there is kept now; empty: there was none
	Messages int    // large raw messages that were copied into mail/
	Damaged  int    // those that were not, since they are no longer what they were
}

// Restore puts a backup in place of the database at path, with the large raw messages that lie
// in mail/ beside the backup. It wants the database alone: where another process has it open it
// changes nothing and returns a UserError. The database that lay there is kept under another
// name. Nothing is sent from the restored one until a person adopts it.
func Restore(ctx context.Context, backup, path string, o Options) (Restored, error) {
	var r Restored
	path, err := filepath.Abs(path)
	if err != nil {
		return r, fmt.Errorf("restore: %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil { // a link stays one
		path = real
	}
	if err := checkPlace(filepath.Dir(path)); err != nil {
		return r, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	ready := path + ".restoring"
	if err := prepare(ctx, backup, ready, o); err != nil {
		return r, err
	}
	alone, err := takeAlone(ctx, path)
	if err != nil {
		return r, errors.Join(err, os.Remove(ready))
	}
	defer alone()
	if r.Messages, r.Damaged, err = copyMail(filepath.Dir(backup), filepath.Dir(path)); err != nil {
		return r, errors.Join(fmt.Errorf("restore mail: %w", err), os.Remove(ready))
	}
	if _, err := os.Stat(path); err == nil {
		r.Replaced = path + ".replaced-" + o.Clock().UTC().Format("20060102T150405.000")
		for _, part := range []string{"", "-wal", "-shm"} { // a damaged one may have left its log
			if err := os.Rename(path+part, r.Replaced+part); err != nil && (part == "" || !errors.Is(err, fs.ErrNotExist)) {
				return r, fmt.Errorf("restore: %w", err)
			}
		}
	}
	if err := errors.Join(os.Rename(ready, path), syncDir(filepath.Dir(path))); err != nil {
		return r, fmt.Errorf("restore: %w", err)
	}
	return r, nil
}

// prepare makes the database that is put in place: whole, of this schema, marked as a copy.
func prepare(ctx context.Context, backup, ready string, o Options) error {
	if _, err := os.Stat(backup); err != nil {
		return &UserError{Message: "there is no backup " + backup, Hint: "name the file that `tipsheet backup` wrote"}
	}
	abs, err := filepath.Abs(backup)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	from, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: abs}).EscapedPath()+"?_busy_timeout=2000")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer from.Close()
	var said string
	if err := from.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil || said != "ok" {
		return &UserError{Message: fmt.Sprintf("%s is no database, or a damaged one", backup), Hint: "take another backup"}
	}
	var tables int
	if err := from.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name IN ('goose_db_version', 'mailing')`).Scan(&tables); err != nil || tables != 2 {
		return &UserError{Message: backup + " is not a tipsheet database", Hint: "name the file that `tipsheet backup` wrote"}
	}
	err = copyInto(ctx, from, ready, func(part string) error {
		db, err := Open(ctx, part, o)
		if err != nil {
			return err
		}
		_, err = db.Migrate(ctx)
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		return markCopy(ctx, part, o.Clock().UnixMilli())
	})
	return found(err, "restore %s", backup)
}

// takeAlone sees that nobody else has the database at path open, and keeps its roles until the
// function that it returns is called.
func takeAlone(ctx context.Context, path string) (release func(), err error) {
	var locks []*RoleLock
	release = func() {
		for _, l := range locks {
			l.Release() // closing a file that was only locked: what could fail costs nothing
		}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return release, nil
	}
	for _, role := range []Role{RoleMailer, RoleInbox, RoleScheduler} {
		l, err := (&DB{path: path}).TakeRole(role)
		if err != nil {
			release()
			return nil, err
		}
		locks = append(locks, l)
	}
	own, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_busy_timeout=2000")
	if err == nil {
		// SQLite leaves WAL mode only for who is alone, and folds the log into the file as it does.
		var mode string
		err = errors.Join(own.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode), own.Close())
	}
	switch code, _ := sqliteCode(err); code & 0xff {
	case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB: that is what a backup is for
		err = nil
	case 5: // SQLITE_BUSY
		err = &UserError{Message: fmt.Sprintf("another tipsheet has %s open", filepath.Base(path)), Hint: "stop it, then restore again"}
	}
	if err != nil {
		release()
		return nil, found(err, "take the database alone")
	}
	return release, nil
}
