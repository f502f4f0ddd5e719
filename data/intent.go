package data

import (
	"database/sql"
	"errors"
)

// The claim through which a delivery may be tried: its chunk's, or its retry's.
const (
	throughChunk = `
		FROM chunk c
		JOIN mailing m ON m.id = c.mailing_id
		JOIN delivery d ON d.mailing_id = c.mailing_id AND d.seq = $2
		WHERE c.mailing_id = $1 AND c.token = $3 AND c.lease_until > $4 AND c.n = $5`
	throughRetry = `
		FROM retry c
		JOIN mailing m ON m.id = c.mailing_id
		JOIN delivery d ON d.mailing_id = c.mailing_id AND d.seq = c.seq
		WHERE c.mailing_id = $1 AND c.seq = $2 AND c.token = $3 AND c.lease_until > $4 AND c.attempt = $5`
)

// maySend: the reader has not left, and the address is not suppressed. A confirmation goes
// to a suppressed address, whose owner has just asked for it, and so does an editor's own
// letter.
const maySend = `
	(d.subscription_id IS NULL OR (SELECT s.state FROM subscription s WHERE s.id = d.subscription_id) = 'active')
	AND ((m.kind = 'letter' AND (SELECT l.kind FROM letter l WHERE l.mailing_id = m.id) IN ('confirmation', 'reply', 'test', 'alarm'))
		OR NOT EXISTS (
			SELECT 1 FROM suppression x
			WHERE x.address = COALESCE((SELECT r.address FROM subscriber r WHERE r.id = d.subscriber_id),
				(SELECT NULLIF(l.address, '') FROM letter l WHERE l.mailing_id = m.id), LOWER(d.address))))`

// acceptedBefore: an earlier attempt was accepted after all, such as a stale worker's.
const acceptedBefore = `
	EXISTS (
		SELECT 1 FROM attempt b
		WHERE b.mailing_id = $1 AND b.seq = $2 AND b.attempt < $6 AND b.kind = 'outcome' AND b.word = 'accepted')`

const insertIntent = `
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay)
		SELECT $1, $2, $6, 'intent', 0, 'intent', $3, $7, $8`

const (
	stillGood   = ` AND m.state = 'sending' AND ` + maySend
	intentFirst = insertIntent + throughChunk + stillGood
	intentAgain = insertIntent + throughRetry + stillGood + ` AND NOT ` + acceptedBefore
	whyChunk    = `SELECT m.state, NOT (` + maySend + `), $6 > 1 AND ` + acceptedBefore + throughChunk
	whyRetry    = `SELECT m.state, NOT (` + maySend + `), $6 > 1 AND ` + acceptedBefore + throughRetry
)

// claimArgs are $1 to $6 of the statements above.
func (t *tx) claimArgs(i Intent) []any {
	which := i.Chunk
	if which == 0 {
		which = i.Attempt
	}
	return []any{i.MailingID, i.Seq, i.Token, t.now + i.Dot.Milliseconds(), which, i.Attempt}
}

// A run is intents for deliveries that follow one another in a chunk: one statement for all.
const intentRun = `
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, token, at, relay)
		SELECT $1, d.seq, 1, 'intent', 0, 'intent', $3, $7, $8
		FROM chunk c
		JOIN mailing m ON m.id = c.mailing_id
		JOIN delivery d ON d.mailing_id = c.mailing_id AND d.seq BETWEEN $2 AND $6
		WHERE c.mailing_id = $1 AND c.token = $3 AND c.lease_until > $4 AND c.n = $5` + stillGood

// follows says that b stands behind a in the same run.
func (b Intent) follows(a Intent) bool {
	return a.Chunk != 0 && a.Chunk == b.Chunk && a.MailingID == b.MailingID && a.Token == b.Token && a.Relay == b.Relay &&
		a.Dot == b.Dot && a.Attempt == 1 && b.Attempt == 1 && b.Seq == a.Seq+1
}

// commitIntents commits the intents of a window, run by run.
func (t *tx) commitIntents(all []Intent, verdicts []Verdict) error {
	for lo, hi := 0, 0; lo < len(all); lo = hi {
		for hi = lo + 1; hi < len(all) && all[hi].follows(all[hi-1]); hi++ {
		}
		var err error
		if hi-lo == 1 {
			verdicts[lo], err = t.commitIntent(all[lo])
		} else {
			err = t.commitRun(all[lo:hi], verdicts[lo:hi])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) commitRun(run []Intent, verdicts []Verdict) error {
	first, last := run[0], run[len(run)-1]
	n, err := t.steadyExec(intentRun, first.MailingID, first.Seq, first.Token, t.now+first.Dot.Milliseconds(), first.Chunk, last.Seq, t.now, first.Relay)
	if err != nil {
		return err
	}
	for i := range verdicts {
		verdicts[i] = Verdict{Go: true}
	}
	if int(n) == len(run) {
		return nil
	}
	gone, err := t.attempts(`
		SELECT mailing_id, seq, attempt
		FROM attempt
		WHERE mailing_id = $1 AND seq BETWEEN $2 AND $3 AND attempt = 1 AND kind = 'intent'`, first.MailingID, first.Seq, last.Seq)
	if err != nil {
		return err
	}
	written := map[int64]bool{}
	for _, d := range gone {
		written[d.Seq] = true
	}
	for i, one := range run {
		if written[one.Seq] {
			continue
		}
		if verdicts[i], err = t.whyNot(one); err != nil {
			return err
		}
	}
	return nil
}

// commitIntent inserts the intent if nothing speaks against it: the token is current, the
// lease outlives the dot's time-out, the mailing is sending, the reader has not left.
func (t *tx) commitIntent(i Intent) (Verdict, error) {
	var n int64
	insert := func(statement string) func() error {
		return func() (err error) {
			n, err = t.steadyExec(statement, append(t.claimArgs(i), t.now, i.Relay)...)
			return err
		}
	}
	var err error
	if i.Chunk != 0 {
		err = insert(intentFirst)() // open it was, and open the tally has it
	} else {
		err = t.recount(i.Delivery, insert(intentAgain))
	}
	if err != nil {
		return Verdict{}, err
	}
	if n == 1 {
		return Verdict{Go: true}, nil
	}
	return t.whyNot(i)
}

// whyNot writes the ruling skipped where the reason is final for this delivery, under the
// claim's current token. A pause or a lost lease writes nothing: the delivery stays open.
func (t *tx) whyNot(i Intent) (Verdict, error) {
	statement := whyChunk
	if i.Chunk == 0 {
		statement = whyRetry
	}
	var state MailingState
	var left, accepted bool
	err := t.steadyRow(statement, t.claimArgs(i)...).Scan(&state, &left, &accepted)
	if errors.Is(err, sql.ErrNoRows) {
		return Verdict{Lost: true}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	reason := ""
	switch {
	case accepted: // its word is accepted already, and stays so
		return Verdict{Skipped: "accepted before"}, t.dropRetry(i.Delivery)
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
