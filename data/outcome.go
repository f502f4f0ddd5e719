package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const insertOutcome = `
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		VALUES ($1, $2, $3, 'outcome', 0, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT DO NOTHING`

// firstOutcome is insertOutcome where it is the delivery's first word, as nearly always.
const firstOutcome = `
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		SELECT $1, $2, $3, 'outcome', 0, $4, $5, $6, $7, $8, $9, $10, $11
		WHERE NOT EXISTS (SELECT 1 FROM attempt b WHERE b.mailing_id = $1 AND b.seq = $2 AND b.kind <> 'intent')`

// commitOutcome appends what the relay said. It is never refused: a stale worker's 250 is
// still true. Written twice, the first stands.
func (t *tx) commitOutcome(o Outcome) error {
	if o.Attempt == 1 && o.Chunk != 0 {
		n, err := t.steadyExec(firstOutcome, o.MailingID, o.Seq, o.Attempt, o.Word, o.Token, t.now, o.Relay, o.Step, o.Code, o.Enhanced, o.Text)
		if err != nil {
			return err
		}
		if n == 1 {
			t.count(o.MailingID, o.Word, 1)
			if o.Word == WordDeferred {
				return t.planRetry(o.Delivery, o.RetryAt)
			}
			return nil // it was never queued
		}
	}
	n, err := t.exec(insertOutcome, o.MailingID, o.Seq, o.Attempt, o.Word, o.Token, t.now, o.Relay, o.Step, o.Code, o.Enhanced, o.Text)
	if err != nil || n == 0 {
		return err
	}
	if err := t.countOutcome(o); err != nil {
		return err
	}
	if o.Word == WordDeferred {
		return t.planRetry(o.Delivery, o.RetryAt)
	}
	return t.dropRetry(o.Delivery)
}

// mostTogether is how many outcomes one statement takes.
const mostTogether = 32

// commitOutcomes is commitOutcome for several. Nearly all are accepted at the first attempt with
// the same code, and those go together.
func (t *tx) commitOutcomes(all []Outcome) error {
	plain := make([]Outcome, 0, len(all))
	for _, o := range all {
		if o.Word == WordAccepted && o.Attempt == 1 && o.Chunk != 0 {
			plain = append(plain, o)
			continue
		}
		if err := t.commitOutcome(o); err != nil {
			return err
		}
	}
	slices.SortFunc(plain, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.MailingID, b.MailingID), cmp.Compare(a.Seq, b.Seq))
	})
	for len(plain) > 0 {
		n := 1
		for n < len(plain) && n < mostTogether && plain[n].goesWith(plain[0]) {
			n++
		}
		if err := t.commitTogether(plain[:n]); err != nil {
			return err
		}
		plain = plain[n:]
	}
	return nil
}

func (o Outcome) goesWith(b Outcome) bool {
	return o.MailingID == b.MailingID && o.Relay == b.Relay && o.Step == b.Step && o.Code == b.Code && o.Enhanced == b.Enhanced
}

// together is firstOutcome for so many accepted outcomes of one mailing.
func together(size int) string {
	var q strings.Builder
	q.WriteString(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		SELECT $1, v.column1, 1, 'outcome', 0, 'accepted', v.column2, $2, $3, $4, $5, $6, v.column3
		FROM (VALUES `)
	for i := range size {
		if i > 0 {
			q.WriteString(", ")
		}
		at := 6 + 3*i
		fmt.Fprintf(&q, "($%d, $%d, $%d)", at+1, at+2, at+3)
	}
	q.WriteString(`) v
		WHERE NOT EXISTS (SELECT 1 FROM attempt b WHERE b.mailing_id = $1 AND b.seq = v.column1 AND b.kind <> 'intent')`)
	return q.String()
}

// commitTogether inserts those outcomes that are their delivery's first word, and counts them at
// once; what is left of them goes one by one.
func (t *tx) commitTogether(all []Outcome) error {
	if len(all) == 1 {
		return t.commitOutcome(all[0])
	}
	first := all[0]
	args := append(make([]any, 0, 6+3*len(all)), first.MailingID, t.now, first.Relay, first.Step, first.Code, first.Enhanced)
	for _, o := range all {
		args = append(args, o.Seq, o.Token, o.Text)
	}
	n, err := t.steadyExec(together(len(all)), args...)
	if err != nil {
		return err
	}
	t.count(first.MailingID, WordAccepted, int(n))
	if int(n) == len(all) {
		return nil
	}
	for _, o := range all { // what was just written stands, and is not counted twice
		if err := t.commitOutcome(o); err != nil {
			return err
		}
	}
	return nil
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
