package data

import "context"

// A Place is where a message lies now, with the role of its folder.
type Place struct {
	FilingPlace
	Role string
}

// Places are where a message lies, the latest seen first. None: it was imported from a file,
// or is gone from every mailbox.
func (db *DB) Places(ctx context.Context, message int64) ([]Place, error) {
	all, err := query(ctx, db, func(s scanner) (Place, error) {
		var p Place
		err := s.Scan(&p.FolderID, &p.Mailbox, &p.Folder, &p.Role, &p.UIDValidity, &p.UID)
		return p, err
	}, `
		SELECT f.id, f.mailbox, f.name, f.role, l.uidvalidity, l.uid
		FROM location l
		JOIN folder f ON f.id = l.folder_id AND f.uidvalidity = l.uidvalidity
		WHERE l.message_id = $1 AND l.gone_at IS NULL
		ORDER BY l.id DESC`, message)
	return all, found(err, "list places of message %d", message)
}

// LeavePlace notes that no message is there any more. It may be called twice.
func (db *DB) LeavePlace(ctx context.Context, p FilingPlace) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			UPDATE location
			SET gone_at = $1
			WHERE folder_id = $2 AND uidvalidity = $3 AND uid = $4 AND gone_at IS NULL`, t.now, p.FolderID, p.UIDValidity, p.UID)
		return err
	})
	return found(err, "leave place in folder %d", p.FolderID)
}

// Folder returns one folder of a watched mailbox, or ErrNotFound.
func (db *DB) Folder(ctx context.Context, id int64) (Folder, error) {
	f, err := scanFolder(db.row(ctx, `SELECT `+folderColumns+` FROM folder WHERE id = $1`, id))
	return f, found(err, "read folder %d", id)
}
