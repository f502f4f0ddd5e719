package data

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

func (db *DB) migrator() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// Migrate brings the schema up to date, each migration in a transaction of its own. It may
// be called on every start, and by several processes at once: the second finds nothing left
// to do. It returns the version that the database is at.
func (db *DB) Migrate(ctx context.Context) (int64, error) {
	p, err := db.migrator()
	if err != nil {
		return 0, err
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("migrate %s: %w", db.path, err)
	}
	v, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate %s: %w", db.path, err)
	}
	return v, nil
}

// Newest is the schema version that this program writes.
func Newest() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("read migrations: none are built in (%w)", err)
	}
	return int64(len(names)), nil
}

// refuseNewer returns a UserError for a database that a newer tipsheet has migrated.
func (db *DB) refuseNewer(ctx context.Context) error {
	newest, err := Newest()
	if err != nil {
		return err
	}
	var at int64
	var tables int
	if err := db.row(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'`).Scan(&tables); err != nil {
		return fmt.Errorf("read the schema version of %s: %w", db.path, err)
	}
	if tables == 0 {
		return nil
	}
	if err := db.row(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied = 1`).Scan(&at); err != nil {
		return fmt.Errorf("read the schema version of %s: %w", db.path, err)
	}
	if at > newest {
		return &UserError{
			Message: fmt.Sprintf("%s was written by a newer tipsheet (schema %d, this one knows %d)", db.path, at, newest),
			Hint:    "run the newer tipsheet, or restore a backup made before the upgrade",
		}
	}
	return nil
}
