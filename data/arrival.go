package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// An Arrival is one message as it was fetched: where it lies, and all of its bytes.
type Arrival struct {
	UID        uint32
	Raw        []byte
	ReceivedAt time.Time // the server's INTERNALDATE
	Ours       bool      // it lies in Sent
}

// A Gap is a message on the server that could not be fetched: retried and shown, not
// forgotten.
type Gap struct {
	FolderID    int64
	UIDValidity uint32
	UID         uint32
	Tries       int
	NextAt      time.Time
	Error       string
}

// Stored says what StoreArrivals did.
type Stored struct {
	New   []int64 // messages that were not known
	Known int     // known bytes at a new place: a new location, never a new card
}

// StoreArrivals keeps up to 100 fetched messages, the gaps between them and the cursor in one
// commit. A message is known by the SHA-256 of its raw bytes. The cursor moves to through
// only forward. It may be repeated.
func (db *DB) StoreArrivals(ctx context.Context, f Folder, arrivals []Arrival, gaps []Gap, through uint32) (Stored, error) {
	var s Stored
	files := make([]string, len(arrivals))
	for i, a := range arrivals {
		if len(a.Raw) > maxRawRow {
			name, err := db.keepRawFile(SumOf(a.Raw), a.Raw)
			if err != nil {
				return s, err
			}
			files[i] = name
		}
	}
	err := db.update(ctx, func(t *tx) error {
		s = Stored{}
		for i, a := range arrivals {
			if err := t.storeArrival(f, a, files[i], &s); err != nil {
				return err
			}
		}
		for _, g := range gaps {
			if _, err := t.exec(`
				INSERT INTO gap (folder_id, uidvalidity, uid, tries, next_at, error)
				VALUES ($1, $2, $3, 1, $4, $5)
				ON CONFLICT (folder_id, uidvalidity, uid) DO UPDATE
				SET tries = gap.tries + 1, next_at = excluded.next_at, error = excluded.error`,
				f.ID, f.UIDValidity, g.UID, millis(g.NextAt), g.Error); err != nil {
				return err
			}
		}
		_, err := t.exec(`
			UPDATE folder
			SET last_uid = $1
			WHERE id = $2 AND uidvalidity = $3 AND last_uid < $1`, through, f.ID, f.UIDValidity)
		return err
	})
	return s, found(err, "store arrivals of folder %d", f.ID)
}

func (t *tx) storeArrival(f Folder, a Arrival, file string, s *Stored) error {
	sum := SumOf(a.Raw)
	id, made, err := t.keepMessage(sum, a, file)
	if err != nil {
		return err
	}
	if made {
		s.New = append(s.New, id)
	} else {
		s.Known++
	}
	if _, err := t.exec(`
		INSERT INTO location (folder_id, uidvalidity, uid, message_id, seen_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (folder_id, uidvalidity, uid) DO UPDATE
		SET gone_at = NULL, message_id = excluded.message_id`, f.ID, f.UIDValidity, a.UID, id, t.now); err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM gap WHERE folder_id = $1 AND uidvalidity = $2 AND uid = $3`, f.ID, f.UIDValidity, a.UID)
	return err
}

func (t *tx) keepMessage(sum string, a Arrival, file string) (id int64, made bool, err error) {
	err = t.row(`SELECT id FROM message WHERE sha256 = $1`, sum).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, false, err
	}
	var raw any
	if file == "" {
		raw = a.Raw
	}
	received := t.now
	if !a.ReceivedAt.IsZero() {
		received = min(millis(a.ReceivedAt), t.now) // a wrong clock elsewhere puts nothing on top for ever
	}
	id, err = t.insert(`
		INSERT INTO message (sha256, size, raw, raw_file, arrived_at, seen_at, state, ours)
		VALUES ($1, $2, $3, $4, $5, $6, 'received', $7)
		RETURNING id`, sum, len(a.Raw), raw, file, received, t.now, a.Ours)
	return id, true, err
}

// ImportMessage keeps a message that does not lie in a mailbox: from an mbox or eml file. It
// reports whether it was new.
func (db *DB) ImportMessage(ctx context.Context, raw []byte, received time.Time) (id int64, made bool, err error) {
	file := ""
	if len(raw) > maxRawRow {
		if file, err = db.keepRawFile(SumOf(raw), raw); err != nil {
			return 0, false, err
		}
	}
	err = db.update(ctx, func(t *tx) error {
		var err error
		id, made, err = t.keepMessage(SumOf(raw), Arrival{Raw: raw, ReceivedAt: received}, file)
		return err
	})
	return id, made, found(err, "import message")
}

// DueGaps are the gaps of a folder that are to be tried again now.
func (db *DB) DueGaps(ctx context.Context, f Folder) ([]Gap, error) {
	all, err := query(ctx, db, scanGap, `
		SELECT folder_id, uidvalidity, uid, tries, next_at, error
		FROM gap
		WHERE folder_id = $1 AND uidvalidity = $2 AND next_at <= $3
		ORDER BY uid`, f.ID, f.UIDValidity, millis(db.Now()))
	return all, found(err, "list gaps of folder %d", f.ID)
}

// Gaps are all messages that could not be fetched.
func (db *DB) Gaps(ctx context.Context) ([]Gap, error) {
	all, err := query(ctx, db, scanGap, `
		SELECT folder_id, uidvalidity, uid, tries, next_at, error
		FROM gap
		ORDER BY folder_id, uid`)
	if err != nil {
		return nil, fmt.Errorf("list gaps: %w", err)
	}
	return all, nil
}

func scanGap(s scanner) (Gap, error) {
	var g Gap
	err := s.Scan(&g.FolderID, &g.UIDValidity, &g.UID, &g.Tries, at(&g.NextAt), &g.Error)
	return g, err
}

// DropGap ends a gap whose message is no longer on the server.
func (db *DB) DropGap(ctx context.Context, g Gap) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			DELETE FROM gap
			WHERE folder_id = $1 AND uidvalidity = $2 AND uid = $3`, g.FolderID, g.UIDValidity, g.UID)
		return err
	})
	return found(err, "drop gap %d/%d", g.FolderID, g.UID)
}
