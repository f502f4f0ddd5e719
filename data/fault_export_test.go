package data

import (
	"context"
	"fmt"
	"time"
)

// Hurry has the writing connection wait for another program's lock only so long, so that a test
// of a long lock is short.
func (db *DB) Hurry(ctx context.Context, wait time.Duration) error {
	_, err := db.write.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", wait.Milliseconds()))
	return err
}
