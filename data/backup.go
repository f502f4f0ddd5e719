package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes a consistent copy of the database to a file that must not exist yet, while
// everything else goes on. The copy knows that it is one: nothing is sent from it until a
// person adopts it. The large raw messages under mail/ are not in it: they never change once
// written, and a copy of that folder made afterwards holds all that the copy of the database
// names.
func (db *DB) Backup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err == nil {
		return &UserError{Message: file + " exists already", Hint: "name a new file for the backup"}
	}
	// A connection of its own: the readers' may not write, not even another file, and the
	// writer's is needed meanwhile.
	own, err := sql.Open("sqlite3", dsn(db.path, true))
	if err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	defer own.Close()
	if err := copyInto(ctx, own, file, func(part string) error { return markCopy(ctx, part, millis(db.Now())) }); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	return nil
}

// copyInto writes a copy of a database, has it finished, and only then gives it its name: a copy
// that was cut short is never taken for a whole one.
func copyInto(ctx context.Context, from *sql.DB, file string, finish func(part string) error) (err error) {
	part := file + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part) // what it is an error about may be why this fails too
		}
	}()
	if _, err := from.ExecContext(ctx, `VACUUM INTO ?1`, part); err != nil {
		return err
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := finish(part); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// markCopy has a copy say so. Its commit syncs the whole file.
func markCopy(ctx context.Context, file string, now int64) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	own, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: abs}).EscapedPath()+"?_journal_mode=DELETE&_synchronous=FULL&_busy_timeout=2000")
	if err != nil {
		return err
	}
	defer own.Close()
	_, err = own.ExecContext(ctx, bind(`UPDATE instance SET copied_at = $1 WHERE one = 1`), now)
	return err
}
