package data

import (
	"context"
	"time"
)

// A SubscriptionMove is one move of a subscription.
type SubscriptionMove struct {
	At    time.Time
	State SubscriptionState
	Why   string
}

// LastMove is the latest move of a subscription, or ErrNotFound.
func (db *DB) LastMove(ctx context.Context, subscription int64) (SubscriptionMove, error) {
	var m SubscriptionMove
	err := db.row(ctx, `
		SELECT at, state, why
		FROM subscription_move
		WHERE subscription_id = $1
		ORDER BY id DESC
		LIMIT 1`, subscription).Scan(at(&m.At), &m.State, &m.Why)
	return m, found(err, "read last move of subscription %d", subscription)
}

// CountConfirmations says how many confirmation letters went to a subscriber since an instant,
// for whichever newsletter.
func (db *DB) CountConfirmations(ctx context.Context, subscriber int64, since time.Time) (int, error) {
	var n int
	err := db.row(ctx, `
		SELECT COUNT(*)
		FROM letter l
		JOIN mailing m ON m.id = l.mailing_id
		WHERE l.kind = 'confirmation' AND m.made_at > $1
		  AND l.subscription_id IN (SELECT id FROM subscription WHERE subscriber_id = $2)`, millis(since), subscriber).Scan(&n)
	return n, found(err, "count confirmations of subscriber %d", subscriber)
}

// A ListedSubscription is a subscription with its reader and its newsletter.
type ListedSubscription struct {
	Subscription
	Address    string // as typed
	Newsletter string
	Why        string // of its latest move
}

// ListSubscriptions are the subscriptions with ids below before (0: the latest), the latest
// first, at most limit; subscriber 0: everybody's.
func (db *DB) ListSubscriptions(ctx context.Context, subscriber, before int64, limit int) ([]ListedSubscription, error) {
	all, err := query(ctx, db, func(s scanner) (ListedSubscription, error) {
		var l ListedSubscription
		var err error
		l.Subscription, err = scanSubscription(tail{s, []any{&l.Address, &l.Newsletter, &l.Why}})
		return l, err
	}, `
		SELECT s.id, s.subscriber_id, s.newsletter_id, s.state, s.source, s.asked_at, s.moved_at, r.typed, n.name,
			COALESCE((SELECT v.why FROM subscription_move v WHERE v.subscription_id = s.id ORDER BY v.id DESC LIMIT 1), '')
		FROM subscription s
		JOIN subscriber r ON r.id = s.subscriber_id
		JOIN newsletter n ON n.id = s.newsletter_id
		WHERE ($1 = 0 OR s.subscriber_id = $1) AND ($2 = 0 OR s.id < $2)
		ORDER BY s.id DESC
		LIMIT $3`, subscriber, before, limit)
	return all, found(err, "list subscriptions")
}

// AddressOf is a subscriber's address as its owner typed it, or ErrNotFound.
func (db *DB) AddressOf(ctx context.Context, subscriber int64) (string, error) {
	var address string
	err := db.row(ctx, `SELECT typed FROM subscriber WHERE id = $1`, subscriber).Scan(&address)
	return address, found(err, "read address of subscriber %d", subscriber)
}
