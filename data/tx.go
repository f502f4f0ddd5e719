package data

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// tx is one write transaction: its connection, and its one now.
type tx struct {
	sql *sql.Tx
	ctx context.Context
	now int64 // UTC milliseconds

	moved map[tallied]int // deliveries that changed their word in this transaction
}

// update runs do in one immediate transaction and commits it when do returns nil.
func (db *DB) update(ctx context.Context, do func(*tx) error) error {
	t, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer t.Rollback() // after a commit this does nothing
	one := &tx{sql: t, ctx: ctx, now: millis(db.Now())}
	if err := do(one); err != nil {
		return err
	}
	if err := one.writeTally(); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// exec runs a statement and returns the rows affected.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.sql.ExecContext(t.ctx, bind(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// insert runs an INSERT … RETURNING id.
func (t *tx) insert(query string, args ...any) (int64, error) {
	var id int64
	err := t.sql.QueryRowContext(t.ctx, bind(query), args...).Scan(&id)
	return id, err
}

// move runs a guarded update that must change exactly one row: else ErrConflict.
func (t *tx) move(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrConflict
	}
	return nil
}

func (t *tx) row(query string, args ...any) *sql.Row {
	return t.sql.QueryRowContext(t.ctx, bind(query), args...)
}

func (t *tx) rows(query string, args ...any) (*sql.Rows, error) {
	return t.sql.QueryContext(t.ctx, bind(query), args...)
}

// steadyExec, steadyRow and steadyRows are exec, row and rows for hot statements (see steadily).
func (t *tx) steadyExec(query string, args ...any) (int64, error) {
	return t.exec(steadily(query), args...)
}

func (t *tx) steadyRow(query string, args ...any) *sql.Row { return t.row(steadily(query), args...) }

func (t *tx) steadyRows(query string, args ...any) (*sql.Rows, error) {
	return t.rows(steadily(query), args...)
}

// row and query read outside of any transaction.
func (db *DB) row(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, bind(query), args...)
}

// scanner is a row or rows.
type scanner interface{ Scan(...any) error }

// query reads all rows through scan. The rows are closed before it returns: an open cursor
// would keep SQLite from shortening its log.
func query[T any](ctx context.Context, db *DB, scan func(scanner) (T, error), q string, args ...any) ([]T, error) {
	rows, err := db.read.QueryContext(ctx, bind(q), args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// maybeMillis is NULL for the zero time.
func maybeMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return millis(t)
}

// instant scans a nullable time: NULL is the zero time.
type instant struct{ to *time.Time }

func (i instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		*i.to = fromMillis(v)
	default:
		return fmt.Errorf("a time is kept as %T", v)
	}
	return nil
}

func at(t *time.Time) instant { return instant{t} }
