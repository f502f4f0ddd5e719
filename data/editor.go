package data

import (
	"context"
	"strings"
	"time"
)

// The roles of an editor.
const (
	RoleAdmin  = "admin"
	RoleEditor = "editor"
	RoleSales  = "sales" // never sees tips
)

// An Editor is a person with a login at the desk.
type Editor struct {
	ID       int64
	Login    string
	Name     string
	Role     string
	Password string // as web.HashPassword made it
	AddedAt  time.Time
}

const editorColumns = `id, login, name, role, password, added_at`

func scanEditor(s scanner) (Editor, error) {
	var e Editor
	err := s.Scan(&e.ID, &e.Login, &e.Name, &e.Role, &e.Password, at(&e.AddedAt))
	return e, err
}

// AddEditor keeps an editor. A login that is taken is ErrConflict.
func (db *DB) AddEditor(ctx context.Context, e Editor) (int64, error) {
	var id int64
	err := db.update(ctx, func(t *tx) error {
		var err error
		id, err = t.insert(`
			INSERT INTO editor (login, name, role, password, added_at)
			VALUES ($1, $2, $3, $4, $5)
			RETURNING id`, strings.ToLower(e.Login), e.Name, e.Role, e.Password, t.now)
		if isUnique(err) {
			return ErrConflict
		}
		return err
	})
	return id, found(err, "add editor")
}

// Editors are the editors that have not been removed.
func (db *DB) Editors(ctx context.Context) ([]Editor, error) {
	all, err := query(ctx, db, scanEditor, `
		SELECT `+editorColumns+`
		FROM editor
		WHERE removed_at IS NULL
		ORDER BY id`)
	return all, found(err, "list editors")
}

// Editor returns an editor that has not been removed, or ErrNotFound.
func (db *DB) Editor(ctx context.Context, id int64) (Editor, error) {
	e, err := scanEditor(db.row(ctx, `SELECT `+editorColumns+` FROM editor WHERE id = $1 AND removed_at IS NULL`, id))
	return e, found(err, "read editor %d", id)
}

// EditorByLogin returns the editor with that login, in whatever case, or ErrNotFound.
func (db *DB) EditorByLogin(ctx context.Context, login string) (Editor, error) {
	e, err := scanEditor(db.row(ctx, `
		SELECT `+editorColumns+`
		FROM editor
		WHERE login = $1 AND removed_at IS NULL`, strings.ToLower(login)))
	return e, found(err, "read editor")
}

// SetPassword changes an editor's password and ends each of that editor's sessions.
func (db *DB) SetPassword(ctx context.Context, id int64, hash string) error {
	return db.changeEditor(ctx, id, `UPDATE editor SET password = $2 WHERE id = $1 AND removed_at IS NULL`, hash)
}

// RemoveEditor ends an editor's login and sessions; what the editor did stays.
func (db *DB) RemoveEditor(ctx context.Context, id int64) error {
	return db.changeEditor(ctx, id, `UPDATE editor SET removed_at = $2, login = login || ' (removed ' || id || ')' WHERE id = $1 AND removed_at IS NULL`, millis(db.Now()))
}

func (db *DB) changeEditor(ctx context.Context, id int64, q string, arg any) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.move(q, id, arg); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM session WHERE editor_id = $1`, id)
		return err
	})
	return found(err, "change editor %d", id)
}
