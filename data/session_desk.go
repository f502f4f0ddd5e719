package data

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// PeekSession is FindSession without noting a use: for a stream that an open page holds, which
// must end with the session and must not keep it alive.
func (db *DB) PeekSession(ctx context.Context, tokenHash []byte, now time.Time) (editor int64, ok bool, err error) {
	err = db.row(ctx, `
		SELECT s.editor_id
		FROM session s
		JOIN editor e ON e.id = s.editor_id
		WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.used_at > $3 AND e.removed_at IS NULL`,
		tokenHash, millis(now), millis(now.Add(-idleSession))).Scan(&editor)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return editor, err == nil, found(err, "find session")
}
