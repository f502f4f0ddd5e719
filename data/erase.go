package data

import (
	"context"
	"fmt"
)

const eraseSlice = 100 // mailings looked into in one transaction

// EraseSubscriber removes what we know of an address and keeps it suppressed, until its owner
// asks for a newsletter again and confirms. What it was sent stays counted in the ledger, without
// its name and address, and without the relays' words, which may name it. From the first commit
// on nothing more is sent to it. The ledger is gone through in slices; after a crash in between,
// the same call goes on.
func (db *DB) EraseSubscriber(ctx context.Context, address string) error {
	r, err := db.SubscriberByAddress(ctx, address)
	if err != nil {
		return err
	}
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`
			INSERT INTO suppression (address, reason, at)
			VALUES ($1, 'erased', $2)
			ON CONFLICT (address) DO NOTHING`, r.Address, t.now); err != nil {
			return err
		}
		return t.leaveAll(r.ID, "erased")
	})
	if err != nil {
		return found(err, "erase subscriber %d", r.ID)
	}
	for after := int64(0); ; {
		var seen int
		err := db.update(ctx, func(t *tx) error {
			var err error
			after, seen, err = t.eraseSome(r, after)
			return err
		})
		if err != nil {
			return found(err, "erase subscriber %d", r.ID)
		}
		if seen == 0 {
			break
		}
	}
	err = db.update(ctx, func(t *tx) error {
		return t.move(`UPDATE subscriber SET address = $1, typed = $1, name = '' WHERE id = $2`, goneAddress(r.ID), r.ID)
	})
	return found(err, "erase subscriber %d", r.ID)
}

// goneAddress stands in the place of an address that was erased. Nobody can have it: an address
// of ours has a dot in its domain.
func goneAddress(subscriber int64) string { return fmt.Sprintf("erased-%d@invalid", subscriber) }

// eraseSome erases a reader from the next mailings after one: the issues of its newsletters, and
// the letters about its subscriptions. A delivery has the address that the subscriber had, which
// never changes while it is there, and mailing and address are a key: no delivery of anybody else
// is read.
func (t *tx) eraseSome(r Subscriber, after int64) (last int64, seen int, err error) {
	rows, err := t.rows(`
		SELECT mailing_id FROM (
			SELECT i.mailing_id
			FROM issue i
			WHERE i.newsletter_id IN (SELECT newsletter_id FROM subscription WHERE subscriber_id = $1) AND i.mailing_id > $2
			UNION
			SELECT l.mailing_id
			FROM letter l
			WHERE l.subscription_id IN (SELECT id FROM subscription WHERE subscriber_id = $1) AND l.mailing_id > $2
		) mailings
		ORDER BY mailing_id
		LIMIT $3`, r.ID, after, eraseSlice)
	if err != nil {
		return after, 0, err
	}
	all, err := collect(rows, scanInt)
	if err != nil || len(all) == 0 {
		return after, 0, err
	}
	for _, mailing := range all {
		if err := t.eraseFrom(r, mailing); err != nil {
			return after, 0, err
		}
	}
	return all[len(all)-1], len(all), nil
}

func (t *tx) eraseFrom(r Subscriber, mailing int64) error {
	letter, err := t.exec(`UPDATE letter SET address = $1 WHERE mailing_id = $2`, goneAddress(r.ID), mailing)
	if err != nil {
		return err
	}
	which, args := `address = $2 AND subscriber_id = $3`, []any{mailing, r.Typed, r.ID}
	if letter > 0 { // it has one delivery, with the address as it was typed then
		which, args = `seq = $2 AND subscriber_id IS NULL AND $3 = $3`, []any{mailing, 1, r.ID}
		if _, err := t.exec(`
			UPDATE mailing
			SET state = 'cancelled', reason = 'erased'
			WHERE id = $1 AND state IN ('closed', 'sending', 'paused', 'held')`, mailing); err != nil {
			return err
		}
	}
	if _, err := t.exec(`
		UPDATE attempt
		SET text = ''
		WHERE mailing_id = $1 AND kind = 'outcome' AND text <> ''
		  AND seq = (SELECT seq FROM delivery WHERE mailing_id = $1 AND `+which+`)`, args...); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE delivery SET address = $4, name = '' WHERE mailing_id = $1 AND `+which, append(args, goneAddress(r.ID))...)
	return err
}
