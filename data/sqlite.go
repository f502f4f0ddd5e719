package data

import (
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
