package data

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A History is a delivery with all that the ledger says of it, and what it waits for.
type History struct {
	MailingID int64
	Seq       int64
	IssueID   int64      // 0: a letter
	Letter    LetterKind // empty: an issue
	Address   string
	Word      Word
	Attempts  int
	Lines     []LedgerLine // in the order they were written

	Mailing  MailingState
	DueAt    time.Time // of the mailing
	LateAt   time.Time // it is not begun later than this
	GiveUpAt time.Time // no attempt is planned later than this

	Next    int       // the number of the attempt that it waits for; 0: it waits for none, or for its first
	NextAt  time.Time // when that is due; zero with Next
	Working bool      // a worker with a good claim has it in hand
}

// History reads one delivery. It returns ErrNotFound where there is none, or none any more.
func (db *DB) History(ctx context.Context, mailing, seq int64) (History, error) {
	h := History{MailingID: mailing, Seq: seq}
	now := millis(db.Now())
	err := db.row(ctx, `
		SELECT d.address, m.state, m.due_at, m.late_at, m.give_up_at,
			COALESCE((SELECT i.id FROM issue i WHERE i.mailing_id = m.id), 0),
			COALESCE((SELECT l.kind FROM letter l WHERE l.mailing_id = m.id), ''),
			EXISTS (
				SELECT 1 FROM chunk c
				WHERE c.mailing_id = m.id AND d.seq BETWEEN c.lo AND c.hi AND c.state = 'claimed' AND c.lease_until > $3)
		FROM delivery d
		JOIN mailing m ON m.id = d.mailing_id
		WHERE d.mailing_id = $1 AND d.seq = $2`, mailing, seq, now).
		Scan(&h.Address, &h.Mailing, at(&h.DueAt), at(&h.LateAt), at(&h.GiveUpAt), &h.IssueID, &h.Letter, &h.Working)
	if err != nil {
		return h, found(err, "read delivery %d/%d", mailing, seq)
	}
	if h.Lines, err = db.LedgerOf(ctx, mailing, seq); err != nil {
		return h, err
	}
	h.Word = StrongestWord(h.Lines)
	for _, l := range h.Lines {
		h.Attempts = max(h.Attempts, l.Attempt)
	}
	var leased bool
	err = db.row(ctx, `
		SELECT attempt, next_at, lease_until > $3
		FROM retry
		WHERE mailing_id = $1 AND seq = $2`, mailing, seq, now).Scan(&h.Next, at(&h.NextAt), &leased)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return h, nil
	case err == nil:
		h.Working = leased
	}
	return h, found(err, "read retry of delivery %d/%d", mailing, seq)
}

// Verdict is the line of the ledger that is why the delivery has its word; ok is false where
// nothing is written that would say it.
func (h History) Verdict() (l LedgerLine, ok bool) {
	for _, one := range h.Lines {
		if explains(h.Word, one) {
			l, ok = one, true
		}
	}
	return l, ok
}
