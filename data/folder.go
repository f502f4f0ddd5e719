package data

import (
	"context"
	"fmt"
	"time"
)

// A Folder is a folder of a watched mailbox, with how far it was read.
type Folder struct {
	ID          int64
	Mailbox     string // user@host
	Name        string
	Role        string // inbox, junk, sent, category or empty
	UIDValidity uint32 // 0: never read
	LastUID     uint32 // everything up to here is stored or a gap
	CheckedAt   time.Time
	FirstAt     time.Time // when it was first read to its end
}

const folderColumns = `id, mailbox, name, role, uidvalidity, last_uid, checked_at, first_at`

func scanFolder(s scanner) (Folder, error) {
	var f Folder
	err := s.Scan(&f.ID, &f.Mailbox, &f.Name, &f.Role, &f.UIDValidity, &f.LastUID, at(&f.CheckedAt), at(&f.FirstAt))
	return f, err
}

// KeepFolder returns the row of a folder, made now where it is new.
func (db *DB) KeepFolder(ctx context.Context, mailbox, name, role string) (Folder, error) {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO folder (mailbox, name, role)
			VALUES ($1, $2, $3)
			ON CONFLICT (mailbox, name) DO UPDATE SET role = excluded.role`, mailbox, name, role)
		return err
	})
	if err != nil {
		return Folder{}, fmt.Errorf("keep folder: %w", err)
	}
	f, err := scanFolder(db.row(ctx, `SELECT `+folderColumns+` FROM folder WHERE mailbox = $1 AND name = $2`, mailbox, name))
	return f, found(err, "keep folder")
}

// Folders are the folders of all watched mailboxes.
func (db *DB) Folders(ctx context.Context) ([]Folder, error) {
	all, err := query(ctx, db, scanFolder, `SELECT `+folderColumns+` FROM folder ORDER BY mailbox, id`)
	return all, found(err, "list folders")
}

// BeginFolder compares the server's UIDVALIDITY with the stored one. Where it changed, the
// old UIDs mean nothing any more: the cursor goes back to 0, the locations are gone, and the
// folder is read again from its start (what is known by its hash is not imported again). It
// returns the folder as it is now.
func (db *DB) BeginFolder(ctx context.Context, id int64, uidvalidity uint32) (f Folder, changed bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		var was uint32
		if err := t.row(`SELECT uidvalidity FROM folder WHERE id = $1`, id).Scan(&was); err != nil {
			return err
		}
		if was == uidvalidity {
			return nil
		}
		changed = was != 0
		if _, err := t.exec(`
			UPDATE folder
			SET uidvalidity = $1, last_uid = 0
			WHERE id = $2`, uidvalidity, id); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM gap WHERE folder_id = $1`, id); err != nil {
			return err
		}
		_, err := t.exec(`
			UPDATE location
			SET gone_at = $1
			WHERE folder_id = $2 AND uidvalidity <> $3 AND gone_at IS NULL`, t.now, id, uidvalidity)
		return err
	})
	if err != nil {
		return f, false, found(err, "begin folder %d", id)
	}
	f, err = scanFolder(db.row(ctx, `SELECT `+folderColumns+` FROM folder WHERE id = $1`, id))
	return f, changed, found(err, "begin folder %d", id)
}

// FolderChecked notes that a folder was read to its end.
func (db *DB) FolderChecked(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`
			UPDATE folder
			SET checked_at = $1, first_at = COALESCE(first_at, $1)
			WHERE id = $2`, t.now, id)
	})
	return found(err, "note check of folder %d", id)
}
