package data

import (
	"context"
	"time"
)

// A Correction is an editor's word on what a conversation is.
type Correction struct {
	ID             int64
	ConversationID int64
	Category       string
	At             time.Time
}

// LatestCorrection is the id of the newest correction, 0 where there is none.
func (db *DB) LatestCorrection(ctx context.Context) (int64, error) {
	var id int64
	err := db.row(ctx, `SELECT COALESCE(MAX(id), 0) FROM correction`).Scan(&id)
	return id, found(err, "find latest correction")
}

// CorrectionsAfter are the standing corrections behind the one with that id that were made
// since an instant, oldest first. Of several on one conversation only the newest is returned.
func (db *DB) CorrectionsAfter(ctx context.Context, after int64, since time.Time) ([]Correction, error) {
	all, err := query(ctx, db, func(s scanner) (Correction, error) {
		var c Correction
		err := s.Scan(&c.ID, &c.ConversationID, &c.Category, at(&c.At))
		return c, err
	}, `
		SELECT id, conversation_id, category, at
		FROM correction
		WHERE id > $1 AND at >= $2 AND undone_at IS NULL
		  AND id IN (SELECT MAX(id) FROM correction WHERE undone_at IS NULL GROUP BY conversation_id)
		ORDER BY id`, after, millis(since))
	return all, found(err, "list corrections")
}

// RefileMessage asks for the move in the mailbox that a correction means: moves that still
// wait are dropped, and this one takes their place. Where the message was filed since the
// correction, it does nothing; so it may be repeated. It reports whether it asked.
func (db *DB) RefileMessage(ctx context.Context, message int64, target string, c Correction) (asked bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		asked = false
		var since int
		if err := t.row(`SELECT COUNT(*) FROM filing WHERE message_id = $1 AND made_at > $2`, message, millis(c.At)).Scan(&since); err != nil {
			return err
		}
		if since > 0 {
			return nil
		}
		if _, err := t.exec(`
			UPDATE filing
			SET state = 'dropped', error = 'an editor sorted it otherwise'
			WHERE message_id = $1 AND state = 'pending'`, message); err != nil {
			return err
		}
		asked = true
		_, err := t.exec(`
			INSERT INTO filing (message_id, target, state, next_at, made_at)
			VALUES ($1, $2, 'pending', $3, $3)`, message, target, t.now)
		return err
	})
	return asked, found(err, "refile message %d", message)
}
