package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Word is what became of a delivery, by its strongest attempt.
type Word string

// The words of the ledger. Open, Deferred and Uncertain are not final.
const (
	WordOpen      Word = "open"
	WordDeferred  Word = "deferred"
	WordUncertain Word = "uncertain" // the final dot may have been on the wire, and nobody knows the answer
	WordAccepted  Word = "accepted"
	WordAssumed   Word = "assumed"
	WordRefused   Word = "refused"
	WordGaveUp    Word = "gave_up"
	WordSkipped   Word = "skipped"
	WordHeld      Word = "held"
)

// An Intent is written right before the final dot of a message: from then on it may have
// been handed over.
type Intent struct {
	Delivery
	Relay string
	// Dot is how long the answer to the dot may take. The lease must outlive it.
	Dot time.Duration
}

// A Verdict is the answer to an Intent. The dot may be sent only where Go is true.
type Verdict struct {
	Go      bool
	Skipped string // a final reason, now written down: unsubscribed, suppressed, cancelled
}

// An Outcome is what a relay said, or why the link was lost before the dot.
type Outcome struct {
	Delivery
	Word     Word // accepted, deferred or refused
	Relay    string
	Step     string
	Code     int
	Enhanced string
	Text     string
	RetryAt  time.Time // deferred: when the next attempt is due
}

// commitIntent inserts the intent if nothing speaks against it: the token is current, the
// lease outlives the dot's time-out, the mailing is sending, the reader has not left.
func (t *tx) commitIntent(i Intent) (Verdict, error) {
	claim, which := `
		FROM chunk c
		JOIN mailing m ON m.id = c.mailing_id
		JOIN delivery d ON d.mailing_id = c.mailing_id AND d.seq = $2
		WHERE c.mailing_id = $1 AND c.token = $3 AND c.lease_until > $4 AND c.n = $5`, i.Chunk
	if i.Chunk == 0 {
		claim, which = `
		FROM retry c
		JOIN mailing m ON m.id = c.mailing_id
		JOIN delivery d ON d.mailing_id = c.mailing_id AND d.seq = c.seq
		WHERE c.mailing_id = $1 AND c.seq = $2 AND c.token = $3 AND c.lease_until > $4 AND c.attempt = $5`, i.Attempt
	}
	args := []any{i.MailingID, i.Seq, i.Token, t.now + i.Dot.Milliseconds(), which}
	n, err := t.exec(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay)
		SELECT $1, $2, $6, 'intent', 0, 'intent', $3, $7, $8`+claim+`
		  AND m.state = 'sending' AND `+maySend, append(args, i.Attempt, t.now, i.Relay)...)
	if err != nil {
		return Verdict{}, err
	}
	if n == 1 {
		return Verdict{Go: true}, t.dropRetry(i.Delivery)
	}
	return t.whyNot(i, claim, args)
}

// maySend: the reader has not left, and the address is not suppressed. A confirmation goes
// to a suppressed address, whose owner has just asked for it, and so does an editor's own
// letter.
const maySend = `
	(d.subscription_id IS NULL OR (SELECT s.state FROM subscription s WHERE s.id = d.subscription_id) = 'active')
	AND ((m.kind = 'letter' AND (SELECT l.kind FROM letter l WHERE l.mailing_id = m.id) IN ('confirmation', 'reply', 'test', 'alarm'))
		OR NOT EXISTS (
			SELECT 1 FROM suppression x
			WHERE x.address = COALESCE((SELECT r.address FROM subscriber r WHERE r.id = d.subscriber_id), LOWER(d.address))))`

// whyNot writes the ruling skipped where the reason is final for this delivery, under the
// claim's current token. A pause or a lost lease writes nothing: the delivery stays open.
func (t *tx) whyNot(i Intent, claim string, args []any) (Verdict, error) {
	var state MailingState
	var left bool
	err := t.row(`
		SELECT m.state, NOT (`+maySend+`)`+claim, args...).Scan(&state, &left)
	if errors.Is(err, sql.ErrNoRows) {
		return Verdict{}, ErrLeaseLost
	}
	if err != nil {
		return Verdict{}, err
	}
	reason := ""
	switch {
	case state == MailingCancelled:
		reason = "cancelled"
	case left:
		reason = "left"
	default:
		return Verdict{}, nil
	}
	if err := t.rule(i.Delivery, WordSkipped, reason); err != nil {
		return Verdict{}, err
	}
	return Verdict{Skipped: reason}, t.dropRetry(i.Delivery)
}

// rule appends a ruling on an attempt; the last one stands.
func (t *tx) rule(d Delivery, word Word, why string) error {
	_, err := t.exec(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, text)
		SELECT $1, $2, $3, 'ruling', COALESCE(MAX(n), 0) + 1, $4, $5, $6, $7
		FROM attempt
		WHERE mailing_id = $1 AND seq = $2 AND attempt = $3 AND kind = 'ruling'`,
		d.MailingID, d.Seq, d.Attempt, word, d.Token, t.now, why)
	return err
}

func (t *tx) dropRetry(d Delivery) error {
	_, err := t.exec(`DELETE FROM retry WHERE mailing_id = $1 AND seq = $2 AND attempt <= $3`, d.MailingID, d.Seq, d.Attempt)
	return err
}

// planRetry queues the attempt after d's, or rules gave_up when that would be too late.
func (t *tx) planRetry(d Delivery, next time.Time) error {
	var giveUp int64
	if err := t.row(`SELECT give_up_at FROM mailing WHERE id = $1`, d.MailingID).Scan(&giveUp); err != nil {
		return err
	}
	if millis(next) > giveUp {
		return t.rule(d, WordGaveUp, "no time left for another attempt")
	}
	_, err := t.exec(`
		INSERT INTO retry (mailing_id, seq, attempt, next_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (mailing_id, seq) DO NOTHING`, d.MailingID, d.Seq, d.Attempt+1, millis(next))
	return err
}

// commitOutcome appends what the relay said. It is never refused: a stale worker's 250 is
// still true. Written twice, the first stands.
func (t *tx) commitOutcome(o Outcome) error {
	n, err := t.exec(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		VALUES ($1, $2, $3, 'outcome', 0, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT DO NOTHING`, o.MailingID, o.Seq, o.Attempt, o.Word, o.Token, t.now, o.Relay, o.Step, o.Code, o.Enhanced, o.Text)
	if err != nil || n == 0 {
		return err
	}
	if err := t.dropRetry(o.Delivery); err != nil {
		return err
	}
	if o.Word == WordDeferred {
		return t.planRetry(o.Delivery, o.RetryAt)
	}
	return nil
}

// A Policy says how an uncertain delivery is settled.
type Policy string

// The policies. Resend loses nobody and may repeat; Hold asks a person; Assume counts it as
// accepted.
const (
	PolicyResend Policy = "resend"
	PolicyHold   Policy = "hold"
	PolicyAssume Policy = "assume-sent"
)

// settle rules on one uncertain attempt.
func (t *tx) settle(d Delivery, p Policy, next time.Time) error {
	switch p {
	case PolicyHold:
		return t.rule(d, WordHeld, "uncertain: held for a person")
	case PolicyAssume:
		return t.rule(d, WordAssumed, "uncertain: assumed to have been accepted")
	}
	if err := t.rule(d, "resend", "uncertain: sent again with the same bytes"); err != nil {
		return err
	}
	return t.planRetry(d, next)
}

// Withdraw rules that an intent was not used: its dot was never written, and this process
// knows it. The next attempt follows at next. It returns ErrNotFound where no such intent
// stands.
func (db *DB) Withdraw(ctx context.Context, d Delivery, next time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`
			SELECT 1
			FROM attempt_word
			WHERE mailing_id = $1 AND seq = $2 AND attempt = $3 AND intent = 1 AND outcome IS NULL AND ruling IS NULL`,
			d.MailingID, d.Seq, d.Attempt); err != nil {
			return err
		}
		if err := t.rule(d, "withdrawn", "the link was lost before the dot"); err != nil {
			return err
		}
		return t.planRetry(d, next)
	})
	return found(err, "withdraw intent of delivery %d/%d", d.MailingID, d.Seq)
}

// SettleUncertain applies the policy to one delivery whose dot may have been on the wire.
func (db *DB) SettleUncertain(ctx context.Context, d Delivery, p Policy, next time.Time) error {
	err := db.update(ctx, func(t *tx) error { return t.settle(d, p, next) })
	return found(err, "settle delivery %d/%d", d.MailingID, d.Seq)
}

// SettleMailing applies a policy to the next size deliveries of a mailing that are uncertain
// or held, and reports how many there were. It is called until it says 0.
func (db *DB) SettleMailing(ctx context.Context, mailing int64, p Policy, size int) (int, error) {
	return db.settleSome(ctx, `
		SELECT t.mailing_id, t.seq, t.attempt
		FROM attempt_word t
		JOIN delivery_word w ON w.mailing_id = t.mailing_id AND w.seq = t.seq
		WHERE t.mailing_id = $1 AND w.word IN ('uncertain', 'held') AND t.intent = 1 AND t.outcome IS NULL
		  AND (t.ruling IS NULL OR t.ruling = 'held')
		  AND NOT ($2 = 'hold' AND t.ruling = 'held')
		LIMIT $3`, p, mailing, string(p), size)
}

func (db *DB) settleSome(ctx context.Context, q string, p Policy, args ...any) (int, error) {
	var n int
	err := db.update(ctx, func(t *tx) error {
		rows, err := t.rows(q, args...)
		if err != nil {
			return err
		}
		all, err := collect(rows, func(s scanner) (Delivery, error) {
			var d Delivery
			err := s.Scan(&d.MailingID, &d.Seq, &d.Attempt)
			return d, err
		})
		if err != nil {
			return err
		}
		n = len(all)
		for _, d := range all {
			if err := t.settle(d, p, fromMillis(t.now)); err != nil {
				return err
			}
		}
		return nil
	})
	return n, found(err, "settle uncertain deliveries")
}

// TakeOver is for the process that has just taken the mailer's lock: every earlier owner is
// dead. It raises the token of their chunks and retries, frees them, and settles what they
// left uncertain by policy. It returns how many deliveries were uncertain.
func (db *DB) TakeOver(ctx context.Context, p Policy) (int, error) {
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`
			UPDATE chunk
			SET state = 'open', owner = '', token = token + 1, lease_until = 0
			WHERE state = 'claimed'`); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE retry SET token = token + 1, lease_until = 0 WHERE lease_until > 0`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take over: %w", err)
	}
	total := 0
	for {
		n, err := db.settleSome(ctx, `
			SELECT t.mailing_id, t.seq, t.attempt
			FROM mailing m
			JOIN attempt_word t ON t.mailing_id = m.id
			WHERE m.state IN ('sending', 'paused', 'held', 'cancelled')
			  AND m.completed_at IS NULL AND t.intent = 1 AND t.outcome IS NULL AND t.ruling IS NULL
			LIMIT $1`, p, 200)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}
