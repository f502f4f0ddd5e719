package data

import (
	"context"
	"sort"
)

// tallied is a word of a mailing, of which the tally counts the deliveries.
type tallied struct {
	mailing int64
	word    Word
}

// counts says whether the tally knows a word: open and uncertain deliveries are the rest.
func counts(w Word) bool { return w != WordOpen && w != WordUncertain }

func (t *tx) count(mailing int64, w Word, by int) {
	if !counts(w) {
		return
	}
	if t.moved == nil {
		t.moved = map[tallied]int{}
	}
	t.moved[tallied{mailing, w}] += by
}

// countOutcome counts an outcome that was just inserted.
func (t *tx) countOutcome(o Outcome) error {
	lines, err := t.linesOf(o.MailingID, o.Seq)
	if err != nil {
		return err
	}
	before := lines[:0:0]
	for _, l := range lines {
		if l.Kind != "outcome" || l.Attempt != o.Attempt {
			before = append(before, l)
		}
	}
	t.count(o.MailingID, StrongestWord(before), -1)
	t.count(o.MailingID, StrongestWord(lines), 1)
	return nil
}

// recount runs a change of one delivery's lines and counts what it did to its word.
func (t *tx) recount(d Delivery, change func() error) error {
	before, err := t.linesOf(d.MailingID, d.Seq)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := t.linesOf(d.MailingID, d.Seq)
	if err != nil {
		return err
	}
	t.count(d.MailingID, StrongestWord(before), -1)
	t.count(d.MailingID, StrongestWord(after), 1)
	return nil
}

func (t *tx) linesOf(mailing, seq int64) ([]LedgerLine, error) {
	rows, err := t.steadyRows(`
		SELECT kind, attempt, word
		FROM attempt
		WHERE mailing_id = $1 AND seq = $2
		ORDER BY attempt, n`, mailing, seq)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(s scanner) (LedgerLine, error) {
		var l LedgerLine
		err := s.Scan(&l.Kind, &l.Attempt, &l.Word)
		return l, err
	})
}

// writeTally adds what the transaction counted. It is the last thing that a transaction does.
func (t *tx) writeTally() error {
	if len(t.moved) == 0 {
		return nil
	}
	keys := make([]tallied, 0, len(t.moved))
	for k := range t.moved {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		return a.mailing < b.mailing || a.mailing == b.mailing && a.word < b.word
	})
	for _, k := range keys {
		if t.moved[k] == 0 {
			continue
		}
		if _, err := t.exec(`
			INSERT INTO tally (mailing_id, word, n)
			VALUES ($1, $2, $3)
			ON CONFLICT (mailing_id, word) DO UPDATE SET n = n + excluded.n`, k.mailing, k.word, t.moved[k]); err != nil {
			return err
		}
	}
	return nil
}

// Progress is a mailing's account as the tally has it, at once, however large the mailing is.
// Uncertain in it are those on the wire just now, and those that a dead process left there.
// Active is not in it.
func (db *DB) Progress(ctx context.Context, mailing int64) (Account, error) {
	a := Account{Words: map[Word]int{}}
	var uncertain int
	err := db.row(ctx, `
		SELECT audience, (SELECT COUNT(*) FROM left_out l WHERE l.mailing_id = m.id), (
			SELECT COUNT(*)
			FROM chunk c
			JOIN attempt a ON a.mailing_id = c.mailing_id AND a.seq BETWEEN c.lo AND c.hi
			WHERE c.mailing_id = m.id AND c.state = 'claimed' AND a.kind = 'intent' AND `+unanswered+`
		) + (
			SELECT COUNT(*)
			FROM retry r
			JOIN attempt a ON a.mailing_id = r.mailing_id AND a.seq = r.seq AND a.attempt = r.attempt
			WHERE r.mailing_id = m.id AND r.lease_until > 0 AND a.kind = 'intent' AND `+unanswered+`)
		FROM mailing m
		WHERE id = $1`, mailing).Scan(&a.Audience, &a.LeftOut, &uncertain)
	if err != nil {
		return a, found(err, "progress of mailing %d", mailing)
	}
	type tally struct {
		word Word
		n    int
	}
	all, err := query(ctx, db, func(s scanner) (tally, error) {
		var one tally
		err := s.Scan(&one.word, &one.n)
		return one, err
	}, `SELECT word, n FROM tally WHERE mailing_id = $1 AND n <> 0`, mailing)
	open := a.Audience
	for _, one := range all {
		a.Words[one.word] = one.n
		open -= one.n
	}
	if uncertain = min(uncertain, open); uncertain > 0 {
		a.Words[WordUncertain] = uncertain
	}
	if open > uncertain {
		a.Words[WordOpen] = open - uncertain
	}
	return a, found(err, "progress of mailing %d", mailing)
}

// unanswered: neither an outcome nor a ruling stands for the attempt a.
const unanswered = `
	NOT EXISTS (
		SELECT 1 FROM attempt b
		WHERE b.mailing_id = a.mailing_id AND b.seq = a.seq AND b.attempt = a.attempt AND b.kind <> 'intent')`
