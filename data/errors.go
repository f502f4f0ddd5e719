package data

import (
	"database/sql"
	"errors"
	"fmt"
)

// ErrNotFound says that no row has that id, name or token, or that nothing is due.
var ErrNotFound = errors.New("not found")

// ErrConflict says that a row was not in the state that the move starts from: somebody
// else moved it first, or the move is not allowed from where it is.
var ErrConflict = errors.New("not in the state for this")

// ErrLeaseLost says that a chunk was claimed by another worker under a higher token.
var ErrLeaseLost = errors.New("lease lost")

// A UserError is a mistake that a person can mend: what is wrong, and what to do about it.
type UserError struct {
	Message string
	Hint    string
}

func (e *UserError) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// found turns sql.ErrNoRows into ErrNotFound and adds what was being done.
func found(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
