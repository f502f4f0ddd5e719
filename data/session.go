package data

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// idleSession is how long a session lives without being used.
const idleSession = 12 * time.Hour

// FindSession returns the editor of a session that is neither over nor idle for too long.
// It notes the use, at most once a minute.
func (db *DB) FindSession(ctx context.Context, tokenHash []byte, now time.Time) (editor int64, ok bool, err error) {
	var used int64
	err = db.row(ctx, `
		SELECT s.editor_id, s.used_at
		FROM session s
		JOIN editor e ON e.id = s.editor_id
		WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.used_at > $3 AND e.removed_at IS NULL`,
		tokenHash, millis(now), millis(now.Add(-idleSession))).Scan(&editor, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, found(err, "find session")
	}
	if millis(now)-used < time.Minute.Milliseconds() {
		return editor, true, nil
	}
	err = db.update(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE session SET used_at = $1 WHERE token_hash = $2`, millis(now), tokenHash)
		return err
	})
	return editor, err == nil, found(err, "find session")
}

// CreateSession keeps a session under the hash of its token; those that are over go.
func (db *DB) CreateSession(ctx context.Context, tokenHash []byte, editor int64, now, expires time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM session WHERE expires_at < $1`, millis(now)); err != nil {
			return err
		}
		_, err := t.exec(`
			INSERT INTO session (token_hash, editor_id, made_at, used_at, expires_at)
			VALUES ($1, $2, $3, $3, $4)`, tokenHash, editor, millis(now), millis(expires))
		return err
	})
	return found(err, "create session")
}

// DeleteSession ends one session. Ending one that is not there is no error.
func (db *DB) DeleteSession(ctx context.Context, tokenHash []byte) error {
	return db.endSessions(ctx, `DELETE FROM session WHERE token_hash = $1`, tokenHash)
}

// DeleteSessionsOf ends each session of an editor.
func (db *DB) DeleteSessionsOf(ctx context.Context, editor int64) error {
	return db.endSessions(ctx, `DELETE FROM session WHERE editor_id = $1`, editor)
}

func (db *DB) endSessions(ctx context.Context, q string, arg any) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(q, arg)
		return err
	})
	return found(err, "end sessions")
}
