package data

import (
	"database/sql"
	"errors"

	"github.com/mattn/go-sqlite3"
)

// sqliteCode is the extended result code of a SQLite error.
func sqliteCode(err error) (int, bool) {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return int(e.ExtendedCode), true
}

// isTrouble says that the database itself cannot be written now: disk full, an I/O error,
// locked, read-only, out of memory. Anything else is wrong with what was to be written.
func isTrouble(err error) bool {
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		return false
	}
	code, ok := sqliteCode(err)
	if !ok {
		return true // the connection
	}
	switch sqlite3.ErrNo(code & 0xff) {
	case sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrError, sqlite3.ErrRange, sqlite3.ErrTooBig:
		return false
	}
	return true
}

// isSyncFailure says that a sync of the file or of its folder failed.
func isSyncFailure(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code == int(sqlite3.ErrIoErrFsync) || code == int(sqlite3.ErrIoErrDirFsync))
}
