package data

import (
	"context"
	"time"
)

// CommitIntents writes the intents of a window durably, in one commit, and says for each
// whether its dot may follow. Notes handed in before are in the same commit.
func (l *Ledger) CommitIntents(ctx context.Context, all []Intent) ([]Verdict, error) {
	verdicts := make([]Verdict, len(all))
	err := l.wait(ctx, line{what: kindIntent, number: len(all), do: func(t *tx) error {
		return found(t.commitIntents(all, verdicts), "commit %d intents", len(all))
	}})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// CommitIntent is CommitIntents for one. ErrLeaseLost says that another worker has the claim
// by now.
func (l *Ledger) CommitIntent(ctx context.Context, i Intent) (Verdict, error) {
	v, err := l.CommitIntents(ctx, []Intent{i})
	switch {
	case err != nil:
		return Verdict{}, err
	case v[0].Lost:
		return Verdict{}, found(ErrLeaseLost, "commit intent of delivery %d/%d", i.MailingID, i.Seq)
	}
	return v[0], nil
}

// NoteOutcome hands in what the relay said. It is never refused.
func (l *Ledger) NoteOutcome(o Outcome) {
	l.noteLine(line{what: kindOutcome, number: 1, outcome: &o, do: func(t *tx) error { return t.commitOutcome(o) }})
}

// RecordOutcome is NoteOutcome, and waits for the commit.
func (l *Ledger) RecordOutcome(ctx context.Context, o Outcome) error {
	l.NoteOutcome(o)
	return found(l.Flush(ctx), "record outcome of delivery %d/%d", o.MailingID, o.Seq)
}

// NoteWithdrawn hands in that an intent was not used: its dot was never written, and this
// process knows it. The next attempt is due at next. Where no such intent stands, as when its
// commit failed, nothing is written.
func (l *Ledger) NoteWithdrawn(d Delivery, next time.Time) {
	l.note(kindOther, func(t *tx) error { return t.withdraw(d, next) })
}

// NoteUncertain hands in that the dot of a delivery may have been on the wire and nobody knows
// the answer: the policy settles it. A resend is due at next.
func (l *Ledger) NoteUncertain(d Delivery, p Policy, next time.Time) {
	l.note(kindOther, func(t *tx) error { return t.settleIfUncertain(d, p, next) })
}

// NoteAside hands in that a delivery waits until then without an attempt, since the lane of
// its domain is shut.
func (l *Ledger) NoteAside(d Delivery, until time.Time) {
	l.note(kindOther, func(t *tx) error { return t.setRetry(d, d.Attempt, until) })
}

// NoteLeft hands in a delivery whose reader has left, by a look that was made earlier: if that
// still holds it is skipped. If not, it stays open.
func (l *Ledger) NoteLeft(d Delivery) {
	l.note(kindOther, func(t *tx) error {
		_, err := t.whyNot(Intent{Delivery: d})
		return err
	})
}

// NoteChunkReleased gives a chunk back before its end: done where all of its deliveries were
// tried, open again where some were not, not before next.
func (l *Ledger) NoteChunkReleased(c Chunk, next time.Time) {
	l.note(kindOther, func(t *tx) error { return t.releaseChunk(c, next) })
}

// NoteRetryReleased gives a claimed retry back untried, not before next.
func (l *Ledger) NoteRetryReleased(d Delivery, next time.Time) {
	l.note(kindOther, func(t *tx) error { return t.releaseRetry(d, next) })
}
