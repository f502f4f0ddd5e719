package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// settle rules on one uncertain attempt.
func (t *tx) settle(d Delivery, p Policy, next time.Time) error {
	switch p {
	case PolicyHold:
		if err := t.rule(d, WordHeld, "uncertain: held for a person"); err != nil {
			return err
		}
		return t.dropRetry(d)
	case PolicyAssume:
		if err := t.rule(d, WordAssumed, "uncertain: assumed to have been accepted"); err != nil {
			return err
		}
		return t.dropRetry(d)
	}
	if err := t.rule(d, rulingResend, "uncertain: sent again with the same bytes"); err != nil {
		return err
	}
	return t.queueRetry(d, next) // nobody is lost for want of time
}

// withdraw rules that an intent was not used: its dot was never written, and this process
// knows it. Where no such intent stands it does nothing.
func (t *tx) withdraw(d Delivery, next time.Time) error {
	open, err := t.isUncertain(d)
	if err != nil || !open {
		return err
	}
	if err := t.rule(d, rulingWithdrawn, "the link was lost before the dot"); err != nil {
		return err
	}
	return t.queueRetry(d, next)
}

// settleIfUncertain settles an attempt that has neither an outcome nor a ruling.
func (t *tx) settleIfUncertain(d Delivery, p Policy, next time.Time) error {
	open, err := t.isUncertain(d)
	if err != nil || !open {
		return err
	}
	return t.settle(d, p, next)
}

func (t *tx) isUncertain(d Delivery) (bool, error) {
	var intents, others int
	err := t.steadyRow(`
		SELECT COUNT(CASE kind WHEN 'intent' THEN 1 END), COUNT(CASE kind WHEN 'intent' THEN NULL ELSE 1 END)
		FROM attempt
		WHERE mailing_id = $1 AND seq = $2 AND attempt = $3`, d.MailingID, d.Seq, d.Attempt).Scan(&intents, &others)
	return intents == 1 && others == 0, err
}

// SettleUncertain applies the policy to one delivery whose dot may have been on the wire.
func (db *DB) SettleUncertain(ctx context.Context, d Delivery, p Policy, next time.Time) error {
	err := db.update(ctx, func(t *tx) error { return t.settle(d, p, next) })
	return found(err, "settle delivery %d/%d", d.MailingID, d.Seq)
}

// SettleMailing applies a policy to the next size deliveries of a mailing that are uncertain
// or held, and reports how many there were. It is called until it says 0. What a live worker
// has on the wire is not uncertain: its claim is still good. A mailing that was complete, held
// deliveries among it, is sent again where they are.
func (db *DB) SettleMailing(ctx context.Context, mailing int64, p Policy, size int) (int, error) {
	var n int
	err := db.update(ctx, func(t *tx) error {
		all, err := t.attempts(`
			SELECT t.mailing_id, t.seq, t.attempt
			FROM attempt_word t
			JOIN delivery_word w ON w.mailing_id = t.mailing_id AND w.seq = t.seq
			WHERE t.mailing_id = $1 AND w.word IN ('uncertain', 'held') AND t.intent = 1 AND t.outcome IS NULL
			  AND (t.ruling IS NULL OR t.ruling = 'held')
			  AND NOT ($2 = 'hold' AND t.ruling = 'held')
			  AND (t.ruling = 'held' OR NOT `+underWay("$3")+`)
			LIMIT $4`, mailing, string(p), t.now, size)
		n = len(all)
		if err != nil || n == 0 {
			return err
		}
		for _, d := range all {
			if err := t.settle(d, p, fromMillis(t.now)); err != nil {
				return err
			}
		}
		if p != PolicyResend {
			return nil
		}
		_, err = t.exec(`
			UPDATE mailing
			SET state = 'sending', completed_at = NULL
			WHERE id = $1 AND state = 'complete'`, mailing)
		return err
	})
	return n, found(err, "settle uncertain deliveries of mailing %d", mailing)
}

// underWay: a worker with a claim that is good at now has the delivery t in hand.
func underWay(now string) string {
	return `
	(EXISTS (
		SELECT 1 FROM chunk c
		WHERE c.mailing_id = t.mailing_id AND t.seq BETWEEN c.lo AND c.hi AND c.state = 'claimed' AND c.lease_until > ` + now + `)
	OR EXISTS (
		SELECT 1 FROM retry r
		WHERE r.mailing_id = t.mailing_id AND r.seq = t.seq AND r.lease_until > ` + now + `))`
}

// attempts reads deliveries with the number of one attempt each.
func (t *tx) attempts(q string, args ...any) ([]Delivery, error) {
	rows, err := t.rows(q, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(s scanner) (Delivery, error) {
		var d Delivery
		err := s.Scan(&d.MailingID, &d.Seq, &d.Attempt)
		return d, err
	})
}

// TakeOver is for the process that has just taken the mailer's lock: every earlier owner is
// dead. It settles by policy what they left uncertain, which can only lie in the chunks and
// retries that they had claimed, frees these, and raises their tokens. It returns how many
// deliveries were uncertain. A crash in the middle of it changes nothing for the next one.
func (db *DB) TakeOver(ctx context.Context, p Policy) (int, error) {
	total := 0
	for {
		var chunks, n int
		err := db.update(ctx, func(t *tx) error {
			var err error
			chunks, n, err = t.takeOverChunk(p)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("take over chunk: %w", err)
		}
		total += n
		if chunks == 0 {
			break
		}
	}
	for {
		var retries, n int
		err := db.update(ctx, func(t *tx) error {
			var err error
			retries, n, err = t.takeOverRetries(p, 200)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("take over retries: %w", err)
		}
		total += n
		if retries == 0 {
			return total, nil
		}
	}
}

// takeOverChunk frees one claimed chunk of a dead owner.
func (t *tx) takeOverChunk(p Policy) (chunks, uncertain int, err error) {
	c, err := t.oneChunk(`SELECT mailing_id, n, lo, hi FROM chunk WHERE state = 'claimed' LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	all, err := t.attempts(`
		SELECT a.mailing_id, a.seq, a.attempt
		FROM attempt a
		WHERE a.mailing_id = $1 AND a.seq BETWEEN $2 AND $3 AND a.kind = 'intent' AND `+unanswered, c.MailingID, c.Lo, c.Hi)
	if err != nil {
		return 0, 0, err
	}
	for _, d := range all {
		if err := t.settle(d, p, fromMillis(t.now)); err != nil {
			return 0, 0, err
		}
	}
	_, err = t.exec(`
		UPDATE chunk
		SET state = 'open', owner = '', token = token + 1, lease_until = 0
		WHERE mailing_id = $1 AND n = $2`, c.MailingID, c.N)
	return 1, len(all), err
}

func (t *tx) oneChunk(q string, args ...any) (Chunk, error) {
	var c Chunk
	err := t.row(q, args...).Scan(&c.MailingID, &c.N, &c.Lo, &c.Hi)
	return c, err
}

// takeOverRetries frees the next claimed retries of a dead owner.
func (t *tx) takeOverRetries(p Policy, size int) (retries, uncertain int, err error) {
	claimed, err := t.attempts(`SELECT mailing_id, seq, attempt FROM retry WHERE lease_until > 0 LIMIT $1`, size)
	if err != nil {
		return 0, 0, err
	}
	for _, d := range claimed {
		open, err := t.isUncertain(d)
		if err != nil {
			return 0, 0, err
		}
		if open {
			uncertain++
			if err := t.settle(d, p, fromMillis(t.now)); err != nil {
				return 0, 0, err
			}
			continue
		}
		if _, err := t.exec(`
			UPDATE retry
			SET token = token + 1, lease_until = 0
			WHERE mailing_id = $1 AND seq = $2`, d.MailingID, d.Seq); err != nil {
			return 0, 0, err
		}
	}
	return len(claimed), uncertain, nil
}

// SettleForgotten settles by policy what is uncertain in a mailing of which nothing is claimed
// any more, and reports how many there were: it is called when such a mailing does not add up.
func (db *DB) SettleForgotten(ctx context.Context, mailing int64, p Policy) (int, error) {
	var n int
	err := db.update(ctx, func(t *tx) error {
		all, err := t.attempts(`
			SELECT t.mailing_id, t.seq, t.attempt
			FROM attempt_word t
			WHERE t.mailing_id = $1 AND t.intent = 1 AND t.outcome IS NULL AND t.ruling IS NULL
			  AND NOT `+underWay("$2")+`
			LIMIT 200`, mailing, t.now)
		n = len(all)
		for _, d := range all {
			if err := t.settle(d, p, fromMillis(t.now)); err != nil {
				return err
			}
		}
		return err
	})
	return n, found(err, "settle forgotten deliveries of mailing %d", mailing)
}
