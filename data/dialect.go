package data

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Everything that only SQLite knows is in this file.

var placeholder = regexp.MustCompile(`\$(\d+)`)

// bind rewrites $1, $2 to ?1, ?2: go-sqlite3 takes $1 for a name and numbers names by
// first appearance, so that "$2, $1" would bind the wrong way round without an error.
func bind(query string) string {
	if known, ok := bound.Load(query); ok {
		return known.(string)
	}
	rewritten := placeholder.ReplaceAllString(query, "?$1")
	bound.Store(query, rewritten)
	return rewritten
}

// steadily rewrites the numbers that a hot statement compares with, = $1 to = $1+0. SQLite looks
// whether a bound number is 0 or 1, or fits a partial index, and prepares the statement anew
// each time it is bound, which takes twenty times as long as running it; into an expression it
// does not look. A parameter that is a text must not be compared with in such a statement.
func steadily(query string) string {
	if known, ok := steadied.Load(query); ok {
		return known.(string)
	}
	rewritten := compared.ReplaceAllString(query, "$1+0")
	steadied.Store(query, rewritten)
	return rewritten
}

var steadied sync.Map

var compared = regexp.MustCompile(`([=<>] \$\d+)\b`)

// bound remembers what bind has rewritten: each query text is in the source, so there are few.
var bound sync.Map

// dsn says in the DSN what must hold on each connection of a pool. go-sqlite3 ignores an
// option that it does not know, so verify reads them back.
func dsn(path string, write bool) string {
	q := url.Values{}
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", "FULL") // NORMAL forgets the last commits at a power cut
	q.Set("_foreign_keys", "1")
	q.Set("_busy_timeout", "10000")
	q.Set("_stmt_cache_size", "128")
	if write {
		q.Set("_txlock", "immediate") // a deferred transaction that turns writer fails at once
	} else {
		q.Set("_query_only", "1")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func verify(ctx context.Context, pool *sql.DB) error {
	for pragma, want := range map[string]string{
		"journal_mode": "wal",
		"synchronous":  "2",
		"foreign_keys": "1",
		"busy_timeout": "10000",
	} {
		var got string
		if err := pool.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", pragma, err)
		}
		if got != want {
			return fmt.Errorf("the database runs with %s=%s and must run with %s", pragma, got, want)
		}
	}
	return nil
}

// isUnique says that err is a violated UNIQUE or PRIMARY KEY constraint.
func isUnique(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code == 2067 || code == 1555) // SQLITE_CONSTRAINT_UNIQUE, …_PRIMARYKEY
}

// greatest is the largest of several values: GREATEST elsewhere.
func greatest(values ...string) string {
	return "MAX(" + strings.Join(values, ", ") + ")"
}

// LimitPages has the database refuse to grow past its present size, as on a full disk, or lifts
// that. It is for drills and tests.
func (db *DB) LimitPages(ctx context.Context, full bool) error {
	limit := "4294967294"
	if full {
		limit = "1" // SQLite raises it to the present size
	}
	_, err := db.write.ExecContext(ctx, "PRAGMA max_page_count = "+limit)
	return found(err, "limit the database's size")
}
