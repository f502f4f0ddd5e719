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

// commitOutcomes is commitOutcome for several. Nearly all are accepted at the first attempt, and
// those of one chunk go together, by powers of two so that there are few statements to prepare.
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
		for n < len(plain) && n < mostTogether && plain[n].sharesChunk(plain[0]) {
			n++
		}
		for n&(n-1) != 0 {
			n &= n - 1
		}
		if err := t.commitTogether(plain[:n]); err != nil {
			return err
		}
		plain = plain[n:]
	}
	return nil
}

func (o Outcome) sharesChunk(b Outcome) bool {
	return o.MailingID == b.MailingID && o.Chunk == b.Chunk && o.Token == b.Token && o.Relay == b.Relay && o.Step == b.Step
}

// together is the statement for so many accepted outcomes of one mailing.
func together(size int) string {
	var q strings.Builder
	q.WriteString(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay, step, code, enhanced, text)
		VALUES `)
	for i := range size {
		if i > 0 {
			q.WriteString(", ")
		}
		at := 5 + 4*i
		fmt.Fprintf(&q, "($1, $%d, 1, 'outcome', 0, 'accepted', $2, $3, $4, $5, $%d, $%d, $%d)", at+1, at+2, at+3, at+4)
	}
	q.WriteString(`
		ON CONFLICT DO NOTHING`)
	return q.String()
}

// commitTogether inserts outcomes of one chunk, in the order of their deliveries, and counts
// them: all at once where nobody in between has a word yet.
func (t *tx) commitTogether(all []Outcome) error {
	if len(all) == 1 {
		return t.commitOutcome(all[0])
	}
	mailing := all[0].MailingID
	var others int
	if err := t.steadyRow(`
		SELECT COUNT(*)
		FROM attempt
		WHERE mailing_id = $1 AND seq BETWEEN $2 AND $3 AND kind <> 'intent'`, mailing, all[0].Seq, all[len(all)-1].Seq).Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		for _, o := range all {
			if err := t.commitOutcome(o); err != nil {
				return err
			}
		}
		return nil
	}
	args := append(make([]any, 0, 5+4*len(all)), mailing, all[0].Token, t.now, all[0].Relay, all[0].Step)
	for _, o := range all {
		args = append(args, o.Seq, o.Code, o.Enhanced, o.Text)
	}
	n, err := t.exec(together(len(all)), args...)
	if err == nil && int(n) != len(all) {
		err = fmt.Errorf("%d of %d outcomes were written", n, len(all))
	}
	t.count(mailing, WordAccepted, int(n))
	return err
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
