package data

import (
	"context"
	"time"
)

// An OutcomeGroup is how many deliveries of a mailing met the same fate.
type OutcomeGroup struct {
	Word     Word
	Code     int
	Enhanced string
	Text     string // one of the relay's answers, or our reason
	N        int
}

// verdict picks the line of the ledger that explains a delivery's word: what the relay said
// last, or the ruling that stands.
const verdict = `
	LEFT JOIN attempt a ON a.mailing_id = w.mailing_id AND a.seq = w.seq AND a.attempt = w.attempts
		AND a.kind = CASE WHEN w.word IN ('refused', 'gave_up', 'deferred') THEN 'outcome' WHEN w.word = 'uncertain' THEN 'intent' ELSE 'ruling' END
		AND a.n = (
			SELECT MAX(b.n)
			FROM attempt b
			WHERE b.mailing_id = a.mailing_id AND b.seq = a.seq AND b.attempt = a.attempt AND b.kind = a.kind)`

// Outcomes groups the deliveries of a mailing that were tried and not simply accepted, the
// largest group first, at most limit. It reads each delivery, as Account does.
func (db *DB) Outcomes(ctx context.Context, mailing int64, limit int) ([]OutcomeGroup, error) {
	all, err := query(ctx, db, func(s scanner) (OutcomeGroup, error) {
		var g OutcomeGroup
		err := s.Scan(&g.Word, &g.Code, &g.Enhanced, &g.Text, &g.N)
		return g, err
	}, `
		SELECT w.word, COALESCE(a.code, 0), COALESCE(a.enhanced, ''), COALESCE(MIN(a.text), ''), COUNT(*)
		FROM delivery_word w`+verdict+`
		WHERE w.mailing_id = $1 AND w.word NOT IN ('accepted', 'open')
		GROUP BY w.word, a.code, a.enhanced
		UNION ALL
		SELECT word, 0, '', '', n FROM folded WHERE mailing_id = $1 AND word NOT IN ('accepted', 'open')
		ORDER BY 5 DESC, 1
		LIMIT $2`, mailing, limit)
	return all, found(err, "group outcomes of mailing %d", mailing)
}

// A Trouble is a delivery that was tried and not accepted, with the line of the ledger that
// says why.
type Trouble struct {
	MailingID      int64
	Seq            int64
	IssueID        int64      // 0: a letter
	Letter         LetterKind // empty: an issue
	ConversationID int64      // of a letter; 0: none
	Address        string
	Word           Word
	Attempts       int
	At             time.Time
	Relay          string
	Code           int
	Enhanced       string
	Text           string
}

// Troubles are the deliveries of mailings made since an instant that were refused, skipped,
// held or given up, or wait for another try: the latest mailing first, at most limit.
func (db *DB) Troubles(ctx context.Context, since time.Time, limit int) ([]Trouble, error) {
	type place struct{ mailing, seq int64 }
	places, err := query(ctx, db, func(s scanner) (place, error) {
		var p place
		err := s.Scan(&p.mailing, &p.seq)
		return p, err
	}, `
		SELECT mailing_id, seq
		FROM attempt
		WHERE mailing_id >= COALESCE((SELECT MIN(id) FROM mailing WHERE made_at > $1), 0)
		  AND word NOT IN ('intent', 'accepted', 'resend', 'withdrawn', 'assumed')
		GROUP BY mailing_id, seq
		ORDER BY mailing_id DESC, seq DESC
		LIMIT $2`, millis(since), limit)
	if err != nil {
		return nil, found(err, "list troubles")
	}
	var all []Trouble
	for _, p := range places {
		t, err := db.trouble(ctx, p.mailing, p.seq)
		if err != nil {
			return nil, err
		}
		if t.Word != WordAccepted && t.Word != WordAssumed { // a later attempt went well
			all = append(all, t)
		}
	}
	return all, nil
}

// trouble reads one delivery by its key. It does not ask the view delivery_word, which would
// read the whole mailing for it.
func (db *DB) trouble(ctx context.Context, mailing, seq int64) (Trouble, error) {
	t := Trouble{MailingID: mailing, Seq: seq}
	err := db.row(ctx, `
		SELECT d.address,
			COALESCE((SELECT i.id FROM issue i WHERE i.mailing_id = $1), 0),
			COALESCE((SELECT l.kind FROM letter l WHERE l.mailing_id = $1), ''),
			COALESCE((SELECT l.conversation_id FROM letter l WHERE l.mailing_id = $1), 0)
		FROM delivery d
		WHERE d.mailing_id = $1 AND d.seq = $2`, mailing, seq).Scan(&t.Address, &t.IssueID, &t.Letter, &t.ConversationID)
	if err != nil {
		return t, found(err, "read delivery %d/%d", mailing, seq)
	}
	lines, err := db.LedgerOf(ctx, mailing, seq)
	if err != nil {
		return t, err
	}
	t.Word = StrongestWord(lines)
	for _, l := range lines {
		t.Attempts = max(t.Attempts, l.Attempt)
		if explains(t.Word, l) {
			t.At, t.Relay, t.Code, t.Enhanced, t.Text = l.At, l.Relay, l.Code, l.Enhanced, l.Text
		}
	}
	return t, nil
}

// explains says that a line of the ledger is why a delivery has its word.
func explains(w Word, l LedgerLine) bool {
	switch w {
	case WordRefused, WordDeferred, WordGaveUp:
		return l.Kind == "outcome"
	case WordUncertain:
		return l.Kind == "intent"
	}
	return l.Kind == "ruling" && l.Word == string(w)
}

// StrongestWord is the word of one delivery by its whole ledger, as the view delivery_word
// has it.
func StrongestWord(lines []LedgerLine) Word {
	type try struct {
		intent          bool
		outcome, ruling string
	}
	tries := map[int]*try{}
	for _, l := range lines {
		t := tries[l.Attempt]
		if t == nil {
			t = &try{}
			tries[l.Attempt] = t
		}
		switch l.Kind {
		case "intent":
			t.intent = true
		case "outcome":
			t.outcome = l.Word
		case "ruling":
			t.ruling = l.Word // the last stands
		}
	}
	rank := []Word{WordAccepted, WordAssumed, WordRefused, WordGaveUp, WordSkipped, WordHeld, WordUncertain, WordDeferred, WordOpen}
	best := len(rank) - 1
	for _, t := range tries {
		words := []Word{Word(t.outcome), Word(t.ruling)}
		if t.intent && t.outcome == "" && t.ruling == "" {
			words = append(words, WordUncertain)
		}
		for i := range best {
			for _, w := range words {
				if w == rank[i] {
					best = min(best, i)
				}
			}
		}
	}
	return rank[best]
}
