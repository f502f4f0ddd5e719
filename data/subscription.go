package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A SubscriptionState says whether a reader gets a newsletter.
type SubscriptionState string

// The states of a subscription.
const (
	SubscriptionPending      SubscriptionState = "pending"
	SubscriptionActive       SubscriptionState = "active"
	SubscriptionUnsubscribed SubscriptionState = "unsubscribed"
	SubscriptionBounced      SubscriptionState = "bounced"
	SubscriptionComplained   SubscriptionState = "complained"
)

// A Subscription is a subscriber on one newsletter.
type Subscription struct {
	ID           int64
	SubscriberID int64
	NewsletterID int64
	State        SubscriptionState
	Source       string
	AskedAt      time.Time
	MovedAt      time.Time
	Choice       Choice // only from SubscriptionsOf
}

const subscriptionColumns = `id, subscriber_id, newsletter_id, state, source, asked_at, moved_at`

func scanSubscription(s scanner) (Subscription, error) {
	var u Subscription
	err := s.Scan(&u.ID, &u.SubscriberID, &u.NewsletterID, &u.State, &u.Source, at(&u.AskedAt), at(&u.MovedAt))
	return u, err
}

// moveSubscription writes a move down with its time. It is a no-op where the state is that
// already.
func (t *tx) moveSubscription(id int64, to SubscriptionState, why string) error {
	n, err := t.exec(`
		UPDATE subscription
		SET state = $1, moved_at = $2
		WHERE id = $3 AND state <> $1`, to, t.now, id)
	if err != nil || n == 0 {
		return err
	}
	return t.noteMove(id, to, why)
}

func (t *tx) noteMove(id int64, to SubscriptionState, why string) error {
	_, err := t.exec(`
		INSERT INTO subscription_move (subscription_id, at, state, why)
		VALUES ($1, $2, $3, $4)`, id, t.now, to, why)
	return err
}

// leaveAll unsubscribes every subscription of a subscriber.
func (t *tx) leaveAll(subscriber int64, why string) error {
	rows, err := t.rows(`SELECT id FROM subscription WHERE subscriber_id = $1`, subscriber)
	if err != nil {
		return err
	}
	ids, err := collect(rows, scanInt)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.moveSubscription(id, SubscriptionUnsubscribed, why); err != nil {
			return err
		}
	}
	return nil
}

// Asked is what AskSubscription found.
type Asked struct {
	Subscription Subscription
	Subscriber   Subscriber
	// Mail is true where a confirmation is due: never twice for one subscription within 24 h.
	Mail bool
}

// AskSubscription notes that somebody asked for a newsletter in the name of an address. It
// never downgrades an active subscription, so that a stranger cannot silence a reader. The
// subscription is pending until its confirmation.
func (db *DB) AskSubscription(ctx context.Context, newsletter int64, address, source string) (Asked, error) {
	var a Asked
	err := db.update(ctx, func(t *tx) error {
		subscriber, _, err := t.keepSubscriber(address, "", "")
		if err != nil {
			return err
		}
		id, made, err := t.keepSubscription(subscriber, newsletter, SubscriptionPending, source)
		if err != nil {
			return err
		}
		a.Subscription, err = scanSubscription(t.row(`SELECT `+subscriptionColumns+` FROM subscription WHERE id = $1`, id))
		if err != nil {
			return err
		}
		if a.Subscriber, err = scanSubscriber(t.row(`SELECT `+subscriberColumns+` FROM subscriber WHERE id = $1`, subscriber)); err != nil {
			return err
		}
		if a.Subscription.State == SubscriptionActive {
			return nil
		}
		left := a.Subscription.State != SubscriptionPending && !a.Subscription.MovedAt.Before(a.Subscription.AskedAt)
		a.Mail = made || left || t.now-millis(a.Subscription.AskedAt) >= (24*time.Hour).Milliseconds()
		if !a.Mail {
			return nil
		}
		_, err = t.exec(`UPDATE subscription SET asked_at = $1 WHERE id = $2`, t.now, id)
		return err
	})
	return a, found(err, "ask for a subscription")
}

func (t *tx) keepSubscription(subscriber, newsletter int64, state SubscriptionState, source string) (id int64, made bool, err error) {
	err = t.row(`SELECT id FROM subscription WHERE subscriber_id = $1 AND newsletter_id = $2`, subscriber, newsletter).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, false, err
	}
	id, err = t.insert(`
		INSERT INTO subscription (subscriber_id, newsletter_id, state, source, asked_at, moved_at)
		VALUES ($1, $2, $3, $4, $5, $5)
		RETURNING id`, subscriber, newsletter, state, source, t.now)
	if err != nil {
		return 0, false, err
	}
	return id, true, t.noteMove(id, state, source)
}

// ConfirmSubscription makes a subscription active: its owner has followed the link that only
// its mailbox got. That lifts the suppression of a reader who had been erased, and one for
// bounces, since the mailbox works; one for a complaint stays. The link of a reader who was
// erased since is ErrNotFound. It may be called twice.
func (db *DB) ConfirmSubscription(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		var address string
		if err := t.row(`
			SELECT r.address
			FROM subscription s
			JOIN subscriber r ON r.id = s.subscriber_id
			WHERE s.id = $1 AND r.address NOT LIKE '%@invalid'`, id).Scan(&address); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM suppression WHERE address = $1 AND reason <> 'complaint'`, address); err != nil {
			return err
		}
		return t.moveSubscription(id, SubscriptionActive, "confirmed")
	})
	return found(err, "confirm subscription %d", id)
}

// Unsubscribe ends a subscription. Once it has returned, no delivery to it passes its
// intent. It may be called twice.
func (db *DB) Unsubscribe(ctx context.Context, id int64, why string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM subscription WHERE id = $1`, id); err != nil {
			return err
		}
		return t.moveSubscription(id, SubscriptionUnsubscribed, why)
	})
	return found(err, "unsubscribe subscription %d", id)
}

// UnsubscribeAddress ends every subscription of an address.
func (db *DB) UnsubscribeAddress(ctx context.Context, address, why string) error {
	r, err := db.SubscriberByAddress(ctx, address)
	if err != nil {
		return err
	}
	err = db.update(ctx, func(t *tx) error { return t.leaveAll(r.ID, why) })
	return found(err, "unsubscribe subscriber %d", r.ID)
}

// An Import is one row of an import: a reader who has agreed elsewhere.
type Import struct {
	Address, Name string
	Choice        Choice
	Choose        bool // one who is known already gets this choice too
}

// ImportResult says what became of the rows of one slice.
type ImportResult struct {
	Added      int
	Known      int // subscribed already, or left earlier: an import revives nobody
	Suppressed int
	Bad        []error // one a row that is no address
}

// ImportSubscribers adds a slice of readers to a newsletter as active, in one transaction;
// call it with slices of a few hundred. It never revives who has left, bounced or complained,
// and never adds an address that is suppressed.
func (db *DB) ImportSubscribers(ctx context.Context, newsletter int64, rows []Import, source string) (ImportResult, error) {
	var r ImportResult
	err := db.update(ctx, func(t *tx) error {
		r = ImportResult{}
		for _, row := range rows {
			normal, err := NormalAddress(row.Address)
			if err != nil {
				r.Bad = append(r.Bad, err)
				continue
			}
			var suppressed int
			if err := t.row(`SELECT COUNT(*) FROM suppression WHERE address = $1`, normal).Scan(&suppressed); err != nil {
				return err
			}
			if suppressed > 0 {
				r.Suppressed++
				continue
			}
			subscriber, _, err := t.keepSubscriber(row.Address, row.Name, "")
			if err != nil {
				return err
			}
			subscription, made, err := t.keepSubscription(subscriber, newsletter, SubscriptionActive, source)
			if err != nil {
				return err
			}
			if row.Choose || (made && row.Choice != Choice{}) {
				if err := t.choose(subscription, row.Choice); err != nil {
					return err
				}
			}
			if made {
				r.Added++
			} else {
				r.Known++
			}
		}
		return nil
	})
	return r, found(err, "import subscribers")
}

// Subscription returns one subscription, or ErrNotFound.
func (db *DB) Subscription(ctx context.Context, id int64) (Subscription, error) {
	u, err := scanSubscription(db.row(ctx, `SELECT `+subscriptionColumns+` FROM subscription WHERE id = $1`, id))
	return u, found(err, "read subscription %d", id)
}

// SubscriptionsOf are the subscriptions of a subscriber, with what was chosen.
func (db *DB) SubscriptionsOf(ctx context.Context, subscriber int64) ([]Subscription, error) {
	all, err := query(ctx, db, func(s scanner) (Subscription, error) {
		var u Subscription
		c := &u.Choice
		err := s.Scan(&u.ID, &u.SubscriberID, &u.NewsletterID, &u.State, &u.Source, at(&u.AskedAt), at(&u.MovedAt),
			&c.ID, &c.Topics, &c.Edition, &c.Language, &c.Minute, &c.TimeZone)
		c.OwnHour, c.Minute = c.Minute >= 0, max(c.Minute, 0)
		return u, err
	}, `
		SELECT s.id, s.subscriber_id, s.newsletter_id, s.state, s.source, s.asked_at, s.moved_at,
			COALESCE(c.id, 0), COALESCE(c.topics, ''), COALESCE(c.edition, 'full'), COALESCE(c.language, ''), COALESCE(c.minute, -1), COALESCE(c.time_zone, '')
		FROM subscription s
		LEFT JOIN choice c ON c.id = s.choice_id
		WHERE s.subscriber_id = $1
		ORDER BY s.id`, subscriber)
	return all, found(err, "list subscriptions of subscriber %d", subscriber)
}

// CountSubscriptions counts a newsletter's subscriptions by state.
func (db *DB) CountSubscriptions(ctx context.Context, newsletter int64) (map[SubscriptionState]int, error) {
	type counted struct {
		state SubscriptionState
		n     int
	}
	rows, err := query(ctx, db, func(s scanner) (counted, error) {
		var c counted
		err := s.Scan(&c.state, &c.n)
		return c, err
	}, `
		SELECT state, COUNT(*)
		FROM subscription
		WHERE newsletter_id = $1
		GROUP BY state`, newsletter)
	if err != nil {
		return nil, fmt.Errorf("count subscriptions of newsletter %d: %w", newsletter, err)
	}
	all := map[SubscriptionState]int{}
	for _, c := range rows {
		all[c.state] = c.n
	}
	return all, nil
}
