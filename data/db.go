package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// DB is the open database: one writing connection, many reading ones. It is safe for
// concurrent use. Other processes may work beside it.
type DB struct {
	write *sql.DB
	read  *sql.DB
	path  string
	clock func() time.Time
}

// Options are what Open needs besides the path. The zero value is right.
type Options struct {
	Clock   func() time.Time // nil: time.Now
	Readers int              // reading connections; 0: 8
}

// Open opens the SQLite database at path, creating an empty file where there is none, and
// reads back that it runs as it must (WAL, synchronous=FULL, foreign keys). It refuses a
// database that a newer tipsheet has written, and a network file system. The schema is
// brought up to date by Migrate.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := checkPlace(filepath.Dir(abs)); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Readers == 0 {
		o.Readers = 8
	}
	if err := makePrivate(abs); err != nil {
		return nil, err
	}
	if err := checkLog(abs); err != nil {
		return nil, err
	}
	db := &DB{path: abs, clock: o.Clock}
	if db.write, err = sql.Open("sqlite3", dsn(abs, true)); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite3", dsn(abs, false)); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.read.SetMaxOpenConns(o.Readers)
	db.read.SetMaxIdleConns(o.Readers)
	if err := db.check(ctx); err != nil {
		db.Close()
		return nil, err
	}
	// SQLite does not mind when the folder of a new log was not synced; we do.
	if err := syncDir(filepath.Dir(abs)); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

func (db *DB) check(ctx context.Context) error {
	for _, pool := range []*sql.DB{db.write, db.read} {
		if err := verify(ctx, pool); err != nil {
			if code, ok := sqliteCode(err); ok && code == 26 { // SQLITE_NOTADB
				return &UserError{Message: fmt.Sprintf("%s is not a tipsheet database", db.path), Hint: "name another file in [database] url, or restore a backup"}
			}
			return fmt.Errorf("open database %s: %w", db.path, err)
		}
	}
	return db.refuseNewer(ctx)
}

// checkPlace refuses what cannot hold a database: a folder that is not there, and a network
// file system, where locks and syncs are not to be trusted.
func checkPlace(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return &UserError{Message: fmt.Sprintf("there is no folder %s for the database", dir), Hint: "make it, or name another file in [database] url"}
	}
	if name := networkFileSystem(dir); name != "" {
		return &UserError{Message: fmt.Sprintf("%s lies on a network file system (%s), where a database loses what was written", dir, name), Hint: "name a file on a local disk in [database] url"}
	}
	return nil
}

// makePrivate makes the file where there is none, for its owner only: it holds the names of
// sources. SQLite gives the files beside it the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return f.Close()
}

// Path is the absolute path of the database file.
func (db *DB) Path() string { return db.path }

// Now is the database's clock in UTC, to the millisecond.
func (db *DB) Now() time.Time { return db.clock().UTC().Truncate(time.Millisecond) }

// Close closes all connections. It may be called twice.
func (db *DB) Close() error {
	var first error
	for _, pool := range []*sql.DB{db.read, db.write} {
		if pool == nil {
			continue
		}
		if err := pool.Close(); err != nil && first == nil {
			first = fmt.Errorf("close database: %w", err)
		}
	}
	return first
}
