package data

import (
	"context"
	"database/sql"
	"fmt"
	"os"
)

// Backup writes a consistent copy of the database to a file that must not exist yet, while
// everything else goes on. The large raw messages under mail/ are not in it: they never
// change once written, and a copy of that folder made afterwards holds all that the copy of
// the database names.
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
	if _, err := own.ExecContext(ctx, `VACUUM INTO ?1`, file); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	return nil
}
