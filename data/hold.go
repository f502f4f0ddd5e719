package data

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

const holdSlice = 500 // mailings held or freed in one transaction

// heldReason is what a mailing says that is held because the database differs.
const heldReason = "the database is not where it was, or the clock is not right: see `tipsheet adopt`"

// hold notes a difference, raises the alarm, and holds every mailing that is closed or being
// sent. From its first commit on, new letters and issues that close are held too.
func (db *DB) hold(ctx context.Context, d Difference) error {
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`
			UPDATE instance
			SET held_at = COALESCE(held_at, $1), reasons = $2
			WHERE one = 1`, t.now, d.lines()); err != nil {
			return err
		}
		_, err := t.raiseAlarm(Alarm{Kind: "instance", Text: "Nothing is sent: " + d.String() + ".",
			Hint: "see that no other copy sends, then run `tipsheet adopt`"})
		return err
	})
	for n := holdSlice; err == nil && n == holdSlice; {
		err = db.update(ctx, func(t *tx) error {
			var err error
			n, err = t.holdSome(holdSlice)
			return err
		})
	}
	return found(err, "hold every mailing")
}

func (t *tx) holdSome(size int) (int, error) {
	n, err := t.exec(`
		INSERT INTO instance_hold (mailing_id, state)
		SELECT id, state
		FROM mailing
		WHERE state IN ('closed', 'sending')
		ORDER BY id
		LIMIT $1
		ON CONFLICT (mailing_id) DO UPDATE SET state = excluded.state`, size)
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = t.exec(`
		UPDATE mailing
		SET state = 'held', reason = $1
		WHERE state IN ('closed', 'sending') AND id IN (SELECT mailing_id FROM instance_hold)`, heldReason)
	return int(n), err
}

// holdNew holds a mailing that has just become closed, where the database is held.
func (t *tx) holdNew(mailing int64) error {
	held, err := t.isHeld()
	if err != nil || !held {
		return err
	}
	if _, err := t.exec(`
		INSERT INTO instance_hold (mailing_id, state)
		SELECT id, state
		FROM mailing
		WHERE id = $1 AND state = 'closed'
		ON CONFLICT (mailing_id) DO NOTHING`, mailing); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE mailing SET state = 'held', reason = $1 WHERE id = $2 AND state = 'closed'`, heldReason, mailing)
	return err
}

func (t *tx) isHeld() (bool, error) {
	var held bool
	err := t.row(`SELECT held_at IS NOT NULL FROM instance WHERE one = 1`).Scan(&held)
	return held, err
}

// refuseWhileHeld keeps a single mailing from being let go while the whole database is held. The
// error is a UserError and an ErrConflict.
func (t *tx) refuseWhileHeld() error {
	held, err := t.isHeld()
	if err != nil || !held {
		return err
	}
	return fmt.Errorf("%w (%w)", &UserError{Message: "nothing is sent from this database until a person has looked at it", Hint: "run `tipsheet adopt`"}, ErrConflict)
}

// HoldForJump holds every mailing because the clock jumped while the process ran: forwards, or
// backwards where by is negative. It lasts until Adopt.
func (db *DB) HoldForJump(ctx context.Context, by time.Duration) (Difference, error) {
	d, err := db.Standing(ctx)
	if err != nil {
		return d, err
	}
	word := "forwards"
	if by < 0 {
		word = "back"
	}
	d.add(differsClock, "the clock jumped %s by %s while tipsheet was running, at %s", word, by.Abs().Round(time.Second), db.Now().Format(time.RFC3339))
	return d, db.hold(ctx, d)
}

// A Stock is what an adoption lets go.
type Stock struct {
	Mailings  int // held for the difference only
	Open      int // their deliveries without a word, or that wait for another attempt
	Uncertain int // of all mailings: an intent and no word after it
}

// HeldStock counts what an adoption would let go. It reads each delivery of what is held.
func (db *DB) HeldStock(ctx context.Context) (Stock, error) {
	var s Stock
	open, err := db.OpenMailings(ctx)
	if err != nil {
		return s, err
	}
	for _, m := range open {
		var forThis bool
		if err := db.row(ctx, `SELECT COUNT(*) FROM instance_hold WHERE mailing_id = $1 AND $2 = 'held'`, m.ID, m.State).Scan(&forThis); err != nil {
			return s, found(err, "count what is held")
		}
		a, err := db.Account(ctx, m.ID)
		if err != nil {
			return s, err
		}
		s.Uncertain += a.Words[WordUncertain]
		if forThis {
			s.Mailings++
			s.Open += a.Words[WordOpen] + a.Words[WordDeferred]
		}
	}
	return s, nil
}

// Adopt is a person's word that the database may send from where it is: it lets go what was held
// for the difference only, and clears the alarm. What never began keeps its lateness, so that an
// issue found too late goes by its newsletter's rule; retries of what had begun have at least six
// hours. A copy becomes a database of its own. What is uncertain is settled by TakeOver, which
// the caller runs before where it has the mailer's role, and the next mailer where it has not.
func (db *DB) Adopt(ctx context.Context, here Instance) (Difference, error) {
	d, err := db.CompareInstance(ctx, here)
	if err != nil || d.None() {
		return d, err
	}
	for n := holdSlice; n == holdSlice; {
		if err := db.update(ctx, func(t *tx) error {
			var err error
			n, err = t.freeSome(holdSlice)
			return err
		}); err != nil {
			return d, found(err, "adopt")
		}
	}
	var id string
	if d.has(differsCopy) || d.has(differsPlace) {
		id = newID()
	}
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.freeSome(holdSlice); err != nil { // a letter that came in between
			return err
		}
		if _, err := t.exec(`
			UPDATE instance
			SET path = $1, machine = $2, id = CASE $3 WHEN '' THEN id ELSE $3 END,
				written_at = $4, copied_at = NULL, held_at = NULL, reasons = '', adopted_at = $4
			WHERE one = 1`, here.Path, here.Machine, id, t.now); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE alarm SET cleared_at = $1 WHERE kind = 'instance' AND cleared_at IS NULL`, t.now)
		return err
	})
	if err != nil {
		return d, found(err, "adopt")
	}
	return d, db.Beat(ctx)
}

// freeSome lets go the next mailings that were held for the difference. One that a person has
// cancelled since stays so.
func (t *tx) freeSome(size int) (int, error) {
	if _, err := t.exec(`
		UPDATE mailing
		SET state = (SELECT h.state FROM instance_hold h WHERE h.mailing_id = mailing.id), reason = '',
			give_up_at = CASE WHEN begun_at IS NULL THEN give_up_at ELSE `+greatest("give_up_at", "$1 + "+wordLasts)+` END
		WHERE state = 'held' AND id IN (SELECT mailing_id FROM instance_hold ORDER BY mailing_id LIMIT $2)`, t.now, size); err != nil {
		return 0, err
	}
	n, err := t.exec(`DELETE FROM instance_hold WHERE mailing_id IN (SELECT mailing_id FROM instance_hold ORDER BY mailing_id LIMIT $1)`, size)
	return int(n), err
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // crypto/rand never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}
