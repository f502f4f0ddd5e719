package data

import (
	"context"
	"time"
)

// ClaimRetries leases the next due retries, letters first, at most limit. A retry's row stays
// until its attempt has an outcome or a ruling, so that a crash in between forgets nothing: one
// that already has an intent is uncertain, or another worker's, and is never claimed again.
// Where letters is true it looks at letters only. None due: an empty list.
func (db *DB) ClaimRetries(ctx context.Context, lease time.Duration, letters bool, limit int) ([]Delivery, error) {
	var all []Delivery
	err := db.update(ctx, func(t *tx) error {
		rows, err := t.steadyRows(`
			SELECT r.mailing_id, r.seq, r.attempt, r.token + 1, d.address, d.name, COALESCE(d.subscription_id, 0), COALESCE(d.variant_id, 0), NOT (`+maySend+`), (
				SELECT COUNT(*)
				FROM attempt b
				WHERE b.mailing_id = r.mailing_id AND b.seq = r.seq AND b.kind = 'outcome' AND b.word = 'deferred')
			FROM retry r
			JOIN mailing m ON m.id = r.mailing_id
			JOIN delivery d ON d.mailing_id = r.mailing_id AND d.seq = r.seq
			WHERE r.next_at <= $1 AND r.lease_until < $1 AND m.state = 'sending' AND (m.kind = 'letter' OR NOT $2)
			  AND NOT EXISTS (
				SELECT 1 FROM attempt a
				WHERE a.mailing_id = r.mailing_id AND a.seq = r.seq AND a.attempt = r.attempt AND a.kind = 'intent')
			ORDER BY m.kind DESC, r.next_at, r.mailing_id, r.seq
			LIMIT $3`, t.now, letters, limit)
		if err != nil {
			return err
		}
		if all, err = collect(rows, func(s scanner) (Delivery, error) {
			var d Delivery
			err := s.Scan(&d.MailingID, &d.Seq, &d.Attempt, &d.Token, &d.Address, &d.Name, &d.Subscription, &d.Variant, &d.Left, &d.Tries)
			return d, err
		}); err != nil {
			return err
		}
		for _, d := range all {
			if err := t.move(`
				UPDATE retry
				SET token = $1, lease_until = $2
				WHERE mailing_id = $3 AND seq = $4`, d.Token, t.now+lease.Milliseconds(), d.MailingID, d.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	return all, found(err, "claim retries")
}

// ClaimRetry is ClaimRetries for one. It returns ErrNotFound when nothing is due.
func (db *DB) ClaimRetry(ctx context.Context, lease time.Duration, letters bool) (Delivery, error) {
	all, err := db.ClaimRetries(ctx, lease, letters, 1)
	if err == nil && len(all) == 0 {
		err = found(ErrNotFound, "claim retry")
	}
	if err != nil {
		return Delivery{}, err
	}
	return all[0], nil
}

func (t *tx) releaseRetry(d Delivery, next time.Time) error {
	_, err := t.exec(`
		UPDATE retry
		SET lease_until = 0, next_at = $1
		WHERE mailing_id = $2 AND seq = $3 AND token = $4`, millis(next), d.MailingID, d.Seq, d.Token)
	return err
}
