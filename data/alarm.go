package data

import (
	"context"
	"time"
)

// An Alarm is something that a person must know, until it is well again.
type Alarm struct {
	ID       int64
	Kind     string // mailbox, due, feed, relay, backup, mailing, instance, letter
	About    string // an id or a name from the config, never an address of a reader
	Text     string
	Hint     string
	RaisedAt time.Time
}

// RaiseAlarm raises an alarm, or follows the words of the one that stands. It reports whether
// it was raised now.
func (db *DB) RaiseAlarm(ctx context.Context, a Alarm) (raised bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		raised, err = t.raiseAlarm(a)
		return err
	})
	return raised, found(err, "raise %s alarm", a.Kind)
}

func (t *tx) raiseAlarm(a Alarm) (raised bool, err error) {
	n, err := t.exec(`
		UPDATE alarm
		SET text = $1, hint = $2
		WHERE kind = $3 AND about = $4 AND cleared_at IS NULL`, a.Text, a.Hint, a.Kind, a.About)
	if err != nil || n > 0 {
		return false, err
	}
	_, err = t.exec(`
		INSERT INTO alarm (kind, about, text, hint, raised_at)
		VALUES ($1, $2, $3, $4, $5)`, a.Kind, a.About, a.Text, a.Hint, t.now)
	return true, err
}

// ClearAlarm ends an alarm. It reports whether one stood.
func (db *DB) ClearAlarm(ctx context.Context, kind, about string) (cleared bool, err error) {
	var standing int
	if err := db.row(ctx, `SELECT COUNT(*) FROM alarm WHERE kind = $1 AND about = $2 AND cleared_at IS NULL`, kind, about).Scan(&standing); err != nil {
		return false, found(err, "clear %s alarm", kind)
	}
	if standing == 0 {
		return false, nil
	}
	err = db.update(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE alarm SET cleared_at = $1 WHERE kind = $2 AND about = $3 AND cleared_at IS NULL`, t.now, kind, about)
		cleared = n > 0
		return err
	})
	return cleared, found(err, "clear %s alarm", kind)
}

// Alarms are those that stand, the oldest first.
func (db *DB) Alarms(ctx context.Context) ([]Alarm, error) {
	all, err := query(ctx, db, func(s scanner) (Alarm, error) {
		var a Alarm
		err := s.Scan(&a.ID, &a.Kind, &a.About, &a.Text, &a.Hint, at(&a.RaisedAt))
		return a, err
	}, `
		SELECT id, kind, about, text, hint, raised_at
		FROM alarm
		WHERE cleared_at IS NULL
		ORDER BY raised_at, id`)
	return all, found(err, "list alarms")
}
