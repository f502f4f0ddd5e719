package data

import "context"

// A Request is what one process asks of the one that has the role, as a row: poll a feed
// now, look at a mailbox now.
type Request struct {
	ID    int64
	Verb  string
	About int64
}

// Ask leaves a request for a role.
func (db *DB) Ask(ctx context.Context, role Role, verb string, about int64) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO request (role, verb, about, made_at)
			VALUES ($1, $2, $3, $4)`, role, verb, about, t.now)
		return err
	})
	return found(err, "ask role %s to %s", role, verb)
}

// TakeRequests returns the requests for a role that nobody has taken, and takes them.
func (db *DB) TakeRequests(ctx context.Context, role Role) ([]Request, error) {
	var waiting int
	if err := db.row(ctx, `SELECT COUNT(*) FROM request WHERE role = $1 AND done_at IS NULL`, role).Scan(&waiting); err != nil {
		return nil, found(err, "take requests of role %s", role)
	}
	if waiting == 0 {
		return nil, nil
	}
	var all []Request
	err := db.update(ctx, func(t *tx) error {
		rows, err := t.rows(`
			UPDATE request
			SET done_at = $1
			WHERE role = $2 AND done_at IS NULL
			RETURNING id, verb, about`, t.now, role)
		if err != nil {
			return err
		}
		all, err = collect(rows, func(s scanner) (Request, error) {
			var r Request
			err := s.Scan(&r.ID, &r.Verb, &r.About)
			return r, err
		})
		return err
	})
	return all, found(err, "take requests of role %s", role)
}
