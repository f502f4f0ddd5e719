package data

import "time"

const insertOutcome = `
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		VALUES ($1, $2, $3, 'outcome', 0, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT DO NOTHING`

// commitOutcome appends what the relay said. It is never refused: a stale worker's 250 is
// still true. Written twice, the first stands.
func (t *tx) commitOutcome(o Outcome) error {
	n, err := t.exec(insertOutcome, o.MailingID, o.Seq, o.Attempt, o.Word, o.Token, t.now, o.Relay, o.Step, o.Code, o.Enhanced, o.Text)
	if err != nil || n == 0 {
		return err
	}
	first, err := t.countOutcome(o)
	if err != nil {
		return err
	}
	if o.Word == WordDeferred {
		return t.planRetry(o.Delivery, o.RetryAt)
	}
	if first && o.Chunk != 0 {
		return nil // it was never queued
	}
	return t.dropRetry(o.Delivery)
}

// rule appends a ruling on an attempt; the last one stands.
func (t *tx) rule(d Delivery, word Word, why string) error {
	return t.recount(d, func() error {
		_, err := t.steadyExec(`
			INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, text)
			SELECT $1, $2, $3, 'ruling', COALESCE(MAX(n), 0) + 1, $4, $5, $6, $7
			FROM attempt
			WHERE mailing_id = $1 AND seq = $2 AND attempt = $3 AND kind = 'ruling'`,
			d.MailingID, d.Seq, d.Attempt, word, d.Token, t.now, why)
		return err
	})
}

// dropRetry: the delivery has its final word, and waits for nothing more.
func (t *tx) dropRetry(d Delivery) error {
	_, err := t.steadyExec(`DELETE FROM retry WHERE mailing_id = $1 AND seq = $2`, d.MailingID, d.Seq)
	return err
}

// planRetry queues the attempt after d's once it was deferred. When that would be too late it
// rules gave_up, and on a cancelled mailing skipped.
func (t *tx) planRetry(d Delivery, next time.Time) error {
	var state MailingState
	var giveUp int64
	if err := t.steadyRow(`SELECT state, give_up_at FROM mailing WHERE id = $1`, d.MailingID).Scan(&state, &giveUp); err != nil {
		return err
	}
	word, why := WordGaveUp, "no time left for another attempt"
	switch {
	case state == MailingCancelled:
		word, why = WordSkipped, "cancelled"
	case millis(next) <= giveUp:
		return t.queueRetry(d, next)
	}
	if err := t.rule(d, word, why); err != nil {
		return err
	}
	return t.dropRetry(d)
}

// queueRetry queues the attempt after d's, whatever the time: it is owed.
func (t *tx) queueRetry(d Delivery, next time.Time) error {
	return t.setRetry(d, d.Attempt+1, next)
}

// setRetry has a delivery wait for the given attempt. One that waits for a later attempt
// already stays as it is.
func (t *tx) setRetry(d Delivery, attempt int, next time.Time) error {
	_, err := t.exec(`
		INSERT INTO retry (mailing_id, seq, attempt, next_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (mailing_id, seq) DO UPDATE
		SET attempt = excluded.attempt, next_at = excluded.next_at, token = retry.token + 1, lease_until = 0
		WHERE retry.attempt <= excluded.attempt`, d.MailingID, d.Seq, attempt, millis(next))
	return err
}
