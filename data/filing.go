package data

import (
	"context"
	"time"
)

// A Filing is a move in the mailbox that still has to be made, after the commit that filed
// the message.
type Filing struct {
	ID        int64
	MessageID int64
	Target    string // folder
	Tries     int
	At        FilingPlace
}

// A FilingPlace is where the message lies now.
type FilingPlace struct {
	FolderID    int64
	Mailbox     string
	Folder      string
	UIDValidity uint32
	UID         uint32
}

// DueFilings are the moves that are due in a mailbox, each with the place its message was
// last seen at. A message that lies nowhere any more is left out.
func (db *DB) DueFilings(ctx context.Context, mailbox string, limit int) ([]Filing, error) {
	all, err := query(ctx, db, func(s scanner) (Filing, error) {
		var f Filing
		err := s.Scan(&f.ID, &f.MessageID, &f.Target, &f.Tries, &f.At.FolderID, &f.At.Mailbox, &f.At.Folder, &f.At.UIDValidity, &f.At.UID)
		return f, err
	}, `
		SELECT g.id, g.message_id, g.target, g.tries, o.id, o.mailbox, o.name, l.uidvalidity, l.uid
		FROM filing g
		JOIN location l ON l.id = (
			SELECT MAX(x.id)
			FROM location x
			JOIN folder y ON y.id = x.folder_id AND y.uidvalidity = x.uidvalidity
			WHERE x.message_id = g.message_id AND x.gone_at IS NULL AND y.mailbox = $1)
		JOIN folder o ON o.id = l.folder_id
		WHERE g.state = 'pending' AND g.next_at <= $2
		ORDER BY g.id
		LIMIT $3`, mailbox, millis(db.Now()), limit)
	return all, found(err, "list filings")
}

// FilingDone notes a move that the server has confirmed. newUID and uidvalidity are the place
// in the target folder (COPYUID), or 0 where the server did not say.
func (db *DB) FilingDone(ctx context.Context, f Filing, target int64, uidvalidity, newUID uint32) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.move(`UPDATE filing SET state = 'done' WHERE id = $1 AND state = 'pending'`, f.ID); err != nil {
			return err
		}
		if f.At.FolderID == target {
			return nil
		}
		if _, err := t.exec(`
			UPDATE location
			SET gone_at = $1
			WHERE folder_id = $2 AND uidvalidity = $3 AND uid = $4`, t.now, f.At.FolderID, f.At.UIDValidity, f.At.UID); err != nil {
			return err
		}
		if newUID == 0 {
			return nil
		}
		_, err := t.exec(`
			INSERT INTO location (folder_id, uidvalidity, uid, message_id, seen_at)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (folder_id, uidvalidity, uid) DO NOTHING`, target, uidvalidity, newUID, f.MessageID, t.now)
		return err
	})
	return found(err, "note filing %d", f.ID)
}

// FilingFailed notes why a move was not made, and when it is tried again.
func (db *DB) FilingFailed(ctx context.Context, f Filing, why string, next time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`
			UPDATE filing
			SET tries = tries + 1, error = $1, next_at = $2
			WHERE id = $3 AND state = 'pending'`, why, millis(next), f.ID)
	})
	return found(err, "note filing %d", f.ID)
}

// DropFiling ends a move that has become pointless: the message is gone from the mailbox.
func (db *DB) DropFiling(ctx context.Context, f Filing, why string) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`UPDATE filing SET state = 'dropped', error = $1 WHERE id = $2 AND state = 'pending'`, why, f.ID)
	})
	return found(err, "drop filing %d", f.ID)
}

// CountPendingFilings counts the moves that still have to be made.
func (db *DB) CountPendingFilings(ctx context.Context) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM filing WHERE state = 'pending'`).Scan(&n)
	return n, found(err, "count filings")
}
