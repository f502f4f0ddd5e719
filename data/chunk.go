package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Chunk is a run of a mailing's deliveries that one connection works. Its Token fences
// what the worker may start: a claim by somebody else raises it.
type Chunk struct {
	MailingID  int64
	N          int
	Lo, Hi     int64 // sequence numbers, both within
	Token      int64
	LeaseUntil time.Time
}

// A Delivery is one mailing to one address.
type Delivery struct {
	MailingID int64
	Seq       int64
	Attempt   int // the number of the next attempt, from 1
	Tries     int // attempts before it that a relay answered or may have answered; withdrawn ones do not count
	Address   string
	Name      string
	// Subscription is what the delivery is for; 0 for a letter.
	Subscription int64
	Variant      int64 // of its mailing's words; 0: the only one
	Chunk        int   // the chunk it is claimed through; 0: through its retry
	Token        int64 // of that claim
	Left         bool  // when it was read, its reader had left
}

// begins: the mailing is being sent, or may begin at that time.
func begins(now string) string {
	return `(m.state = 'sending' OR (m.state = 'closed' AND m.late_at >= ` + now + `))`
}

// ClaimChunk leases the next due chunk to owner, letters first, until the lease runs out,
// when another worker may claim it under a higher token. Where letters is true it looks at
// letters only. A mailing whose first chunk is claimed is sending from then on. It returns
// ErrNotFound when nothing is due.
func (db *DB) ClaimChunk(ctx context.Context, owner string, lease time.Duration, letters bool) (Chunk, error) {
	var c Chunk
	err := db.update(ctx, func(t *tx) error {
		err := t.steadyRow(`
			SELECT c.mailing_id, c.n
			FROM chunk c
			JOIN mailing m ON m.id = c.mailing_id
			WHERE c.next_at <= $1
			  AND (c.state = 'open' OR (c.state = 'claimed' AND c.lease_until < $1))
			  AND m.due_at <= $1
			  AND `+begins("$1")+`
			  AND (m.kind = 'letter' OR NOT $2)
			ORDER BY m.kind DESC, c.next_at, c.mailing_id, c.n
			LIMIT 1`, t.now, letters).Scan(&c.MailingID, &c.N)
		if err != nil {
			return err
		}
		until := fromMillis(t.now).Add(lease)
		if err := t.row(`
			UPDATE chunk
			SET state = 'claimed', owner = $1, token = token + 1, lease_until = $2
			WHERE mailing_id = $3 AND n = $4
			RETURNING lo, hi, token`, owner, millis(until), c.MailingID, c.N).Scan(&c.Lo, &c.Hi, &c.Token); err != nil {
			return err
		}
		c.LeaseUntil = until
		_, err = t.exec(`
			UPDATE mailing
			SET state = 'sending', begun_at = COALESCE(begun_at, $1)
			WHERE id = $2 AND state = 'closed'`, t.now, c.MailingID)
		return err
	})
	return c, found(err, "claim chunk")
}

// RenewChunk prolongs a lease. It returns ErrLeaseLost when somebody else has claimed the
// chunk since.
func (db *DB) RenewChunk(ctx context.Context, c *Chunk, lease time.Duration) error {
	err := db.update(ctx, func(t *tx) error {
		until := fromMillis(t.now).Add(lease)
		err := t.move(`
			UPDATE chunk
			SET lease_until = $1
			WHERE mailing_id = $2 AND n = $3 AND token = $4 AND state = 'claimed'`, millis(until), c.MailingID, c.N, c.Token)
		if errors.Is(err, ErrConflict) {
			return ErrLeaseLost
		}
		if err == nil {
			c.LeaseUntil = until
		}
		return err
	})
	return found(err, "renew chunk %d/%d", c.MailingID, c.N)
}

// ReleaseChunk gives a chunk back before its end: done where all of its deliveries were
// tried, open again where some were not, not before next.
func (db *DB) ReleaseChunk(ctx context.Context, c Chunk, next time.Time) error {
	err := db.update(ctx, func(t *tx) error { return t.releaseChunk(c, next) })
	return found(err, "release chunk %d/%d", c.MailingID, c.N)
}

func (t *tx) releaseChunk(c Chunk, next time.Time) error {
	_, err := t.steadyExec(`
		UPDATE chunk
		SET owner = '', lease_until = 0, next_at = $1,
			state = CASE WHEN EXISTS (
				SELECT 1 FROM delivery d
				WHERE d.mailing_id = chunk.mailing_id AND d.seq BETWEEN chunk.lo AND chunk.hi
				  AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.mailing_id = d.mailing_id AND a.seq = d.seq)
				  AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.mailing_id = d.mailing_id AND r.seq = d.seq)
			) THEN 'open' ELSE 'done' END
		WHERE mailing_id = $2 AND n = $3 AND token = $4 AND state = 'claimed'`, millis(next), c.MailingID, c.N, c.Token)
	return err
}

// ChunkDeliveries are the deliveries of a claimed chunk that nobody has tried, in order,
// from after on, at most limit. Those that were tried are final or wait as a retry.
func (db *DB) ChunkDeliveries(ctx context.Context, c Chunk, after int64, limit int) ([]Delivery, error) {
	all, err := query(ctx, db, func(s scanner) (Delivery, error) {
		d := Delivery{MailingID: c.MailingID, Attempt: 1, Chunk: c.N, Token: c.Token}
		err := s.Scan(&d.Seq, &d.Address, &d.Name, &d.Subscription, &d.Variant, &d.Left)
		return d, err
	}, `
		SELECT d.seq, d.address, d.name, COALESCE(d.subscription_id, 0), COALESCE(d.variant_id, 0), NOT (`+maySend+`)
		FROM delivery d
		JOIN mailing m ON m.id = d.mailing_id
		WHERE d.mailing_id = $1 AND d.seq > $2 AND d.seq BETWEEN $3 AND $4
		  AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.mailing_id = d.mailing_id AND a.seq = d.seq)
		  AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.mailing_id = d.mailing_id AND r.seq = d.seq)
		ORDER BY d.seq
		LIMIT $5`, c.MailingID, after, c.Lo, c.Hi, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries of chunk %d/%d: %w", c.MailingID, c.N, err)
	}
	return all, nil
}

// NextDue is the time at which a chunk or a retry of a mailing that may be sent is due, or
// ErrNotFound. The mailer sleeps until then, or until it is woken.
func (db *DB) NextDue(ctx context.Context) (time.Time, error) {
	var next sql.NullInt64
	err := db.row(ctx, `
		SELECT MIN(at) FROM (
			SELECT MIN(`+greatest("c.next_at", "m.due_at", "CASE c.state WHEN 'claimed' THEN c.lease_until ELSE 0 END")+`) AS at
			FROM chunk c
			JOIN mailing m ON m.id = c.mailing_id
			WHERE c.state <> 'done' AND `+begins("$1")+`
			UNION ALL
			SELECT MIN(`+greatest("r.next_at", "r.lease_until")+`) AS at
			FROM retry r
			JOIN mailing m ON m.id = r.mailing_id
			WHERE m.state = 'sending'
		) due`, millis(db.Now())).Scan(&next)
	if err == nil && !next.Valid {
		err = sql.ErrNoRows
	}
	return fromMillis(next.Int64), found(err, "read next due time")
}
