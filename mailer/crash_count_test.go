package mailer_test

import (
	"context"
	"maps"

	"github.com/olomotimes/tipsheet/data"
)

// count compares what the ledger says in the end with what the counter has.
func (r *round) count() {
	r.Helper()
	got := r.far.report(r.T)
	if len(got) == 0 {
		r.Fatal("nothing was accepted")
	}
	r.with(func(ctx context.Context, db *data.DB) error {
		issue, err := db.Issue(ctx, 1)
		if err != nil {
			return err
		}
		total := 0
		for mailing := issue.MailingID; mailing <= issue.MailingID+int64(r.letters); mailing++ {
			audience := 1
			if mailing == issue.MailingID {
				audience = crashReaders
			}
			if err := r.countMailing(ctx, db, mailing, audience, got); err != nil {
				return err
			}
			n, err := db.CountUncertain(ctx, mailing)
			if err != nil {
				return err
			}
			total += n
		}
		r.countUncertain(total)
		return nil
	})
	for to := range got {
		r.Errorf("%s got a mail and is nobody's delivery", to)
	}
	switch {
	case r.policy == data.PolicyHold && r.duplicates > 0:
		r.Errorf("%d duplicates under hold", r.duplicates)
	case r.duplicates > r.uncertain:
		r.Errorf("%d duplicates of %d uncertain deliveries", r.duplicates, r.uncertain)
	}
}

// countMailing checks each delivery of a mailing, and takes it out of got.
func (r *round) countMailing(ctx context.Context, db *data.DB, mailing int64, audience int, got map[string]taken) error {
	m, err := db.Mailing(ctx, mailing)
	if err != nil {
		return err
	}
	account, err := db.Account(ctx, mailing)
	if err != nil {
		return err
	}
	progress, err := db.Progress(ctx, mailing)
	if err != nil {
		return err
	}
	if m.State != data.MailingComplete || account.Audience != audience || account.Settled() != audience {
		r.Errorf("mailing %d is %s, with %+v of %d", mailing, m.State, account, audience)
	}
	if !maps.Equal(account.Words, progress.Words) {
		r.Errorf("mailing %d: its tally says %v, its rows %v", mailing, progress.Words, account.Words)
	}
	all, err := db.Deliveries(ctx, mailing, "", 0, audience+1)
	if err != nil {
		return err
	}
	if len(all) != audience {
		r.Errorf("mailing %d has %d deliveries of %d", mailing, len(all), audience)
	}
	r.deliveries += len(all)
	for i, d := range all {
		if d.Seq != int64(i+1) {
			r.Errorf("delivery %d/%d comes after %d", mailing, d.Seq, i)
		}
		there := got[d.Address]
		delete(got, d.Address)
		if err := r.countDelivery(ctx, db, d, there); err != nil {
			return err
		}
	}
	return nil
}

// countDelivery compares one delivery's word with the copies that the counter has.
func (r *round) countDelivery(ctx context.Context, db *data.DB, d data.ListedDelivery, there taken) error {
	r.duplicates += max(0, there.N-1)
	if there.Differs {
		r.Errorf("the copies of delivery %d/%d differ", d.MailingID, d.Seq)
	}
	explained := false
	switch n := readerNumber(d.Address); d.Word {
	case data.WordAccepted:
		explained = there.N > 0
	case data.WordRefused:
		explained = there.N == 0 && refusedForGood(n)
	case data.WordSkipped:
		explained = r.hasLeft(n)
	case data.WordHeld:
		explained = r.policy == data.PolicyHold
	}
	if explained && (there.N == 0 || d.Word == data.WordAccepted && there.N == 1) {
		return nil
	}
	lines, err := db.LedgerOf(ctx, d.MailingID, d.Seq)
	if err != nil {
		return err
	}
	if explained { // it arrived unheard of, and the ledger must know that it may have
		unheard := there.N
		if d.Word == data.WordAccepted {
			unheard--
		}
		explained = dotsUnanswered(lines) >= unheard
	}
	if !explained {
		r.lost += min(1, max(0, 1-there.N))
		r.Errorf("delivery %d/%d is %s, and %d copies arrived: %+v", d.MailingID, d.Seq, d.Word, there.N, lines)
	}
	return nil
}

func (r *round) hasLeft(reader int) bool {
	for n := 1; n <= r.unhappy; n++ {
		if leaver(n) == reader {
			return true
		}
	}
	return false
}

// dotsUnanswered counts the attempts whose dot may have gone and whose answer nobody knows.
func dotsUnanswered(lines []data.LedgerLine) int {
	open := map[int]bool{}
	for _, l := range lines {
		switch {
		case l.Kind == "intent":
			open[l.Attempt] = true
		case l.Kind == "outcome", l.Word == "withdrawn":
			delete(open, l.Attempt)
		}
	}
	return len(open)
}
