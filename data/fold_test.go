package data_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// complete sends a desk's issue: each reader's fate follows from its number.
func (d desk) complete() {
	d.Helper()
	fates := []data.Word{data.WordAccepted, data.WordAccepted, data.WordAccepted, data.WordRefused, data.WordSkipped, data.WordAssumed, data.WordHeld, data.WordGaveUp}
	for {
		c, err := d.db.ClaimChunk(d.Context(), "w", lease, false)
		if err != nil {
			break
		}
		for _, v := range d.deliveries(c) {
			switch w := fates[int(v.Seq)%len(fates)]; w {
			case data.WordSkipped:
				d.must(d.db.UnsubscribeAddress(d.Context(), v.Address, "link"))
				d.intent(v)
			case data.WordAssumed:
				d.intent(v)
				d.must(d.db.SettleUncertain(d.Context(), v, data.PolicyAssume, d.clock.Now()))
			case data.WordHeld:
				d.intent(v)
				d.must(d.db.SettleUncertain(d.Context(), v, data.PolicyHold, d.clock.Now()))
			case data.WordGaveUp:
				d.intent(v)
				o := data.Outcome{Delivery: v, Word: data.WordDeferred, Code: 451, RetryAt: d.clock.Now().Add(1000 * time.Hour)}
				d.must(d.ledger.RecordOutcome(d.Context(), o))
			default:
				d.intent(v)
				d.outcome(v, w)
			}
		}
		d.must(d.db.ReleaseChunk(d.Context(), c, d.clock.Now()))
	}
	d.must(d.db.CompleteMailing(d.Context(), d.issue.MailingID))
}

func (d desk) listed(w data.Word) int {
	d.Helper()
	all, err := d.db.Deliveries(d.Context(), d.issue.MailingID, w, 0, 10000)
	d.must(err)
	return len(all)
}

func TestAFoldedIssueKeepsItsFiguresAndItsTroubles(t *testing.T) {
	d := newDesk(t, 160, 50)
	d.complete()
	before := d.account()
	if before.Words[data.WordAccepted] != 60 || before.Words[data.WordGaveUp] != 20 || len(before.Words) != 6 {
		t.Fatalf("account: %+v", before)
	}
	uncertain, err := d.db.CountUncertain(t.Context(), d.issue.MailingID)
	d.must(err)
	d.clock.Add(90 * 24 * time.Hour)
	if n, err := d.db.FoldSome(t.Context(), d.clock.Now().Add(-90*24*time.Hour), 7); n != 0 || err != nil {
		t.Fatalf("folded %d before their time, %v", n, err)
	}
	calls := 0
	for n := 1; n > 0; calls++ {
		n, err = d.db.FoldSome(t.Context(), d.clock.Now(), 7)
		d.must(err)
		if a := d.account(); !maps.Equal(a.Words, before.Words) || a.Audience != 160 || a.Active != 160 {
			t.Fatalf("after %d slices: %+v, before: %+v", calls, a, before)
		}
	}
	if calls < 160/7 {
		t.Fatalf("folded in %d slices", calls)
	}
	f, err := d.db.FoldOf(t.Context(), d.issue.MailingID)
	if err != nil || f.At.IsZero() || f.Deliveries != 100 {
		t.Fatalf("fold: %+v, %v", f, err)
	}
	for w, want := range map[data.Word]int{"": 60, data.WordRefused: 20, data.WordHeld: 20, data.WordAssumed: 20, data.WordAccepted: 0} {
		if got := d.listed(w); got != want {
			t.Errorf("%d rows of %q are kept, want %d", got, w, want)
		}
	}
	if n, err := d.db.CountUncertain(t.Context(), d.issue.MailingID); err != nil || n != uncertain || n == 0 {
		t.Errorf("%d uncertain, before %d, %v", n, uncertain, err)
	}
}

func TestADeliveryThatWasEverUncertainIsKept(t *testing.T) {
	d := newDesk(t, 2, 10)
	c := d.claim()
	all := d.deliveries(c)
	d.intent(all[0])
	d.must(d.db.SettleUncertain(t.Context(), all[0], data.PolicyResend, d.clock.Now()))
	d.intent(all[1])
	d.ledger.NoteWithdrawn(all[1], d.clock.Now()) // its dot was never sent: nothing is uncertain
	d.must(d.ledger.Flush(t.Context()))
	d.must(d.db.ReleaseChunk(t.Context(), c, d.clock.Now()))
	for range 2 {
		r, err := d.db.ClaimRetry(t.Context(), lease, false)
		d.must(err)
		d.intent(r)
		d.outcome(r, data.WordAccepted)
	}
	d.must(d.db.CompleteMailing(t.Context(), d.issue.MailingID))
	d.clock.Add(time.Hour)
	for n := 1; n > 0; {
		var err error
		n, err = d.db.FoldSome(t.Context(), d.clock.Now(), 10)
		d.must(err)
	}
	kept, err := d.db.Deliveries(t.Context(), d.issue.MailingID, "", 0, 10)
	if err != nil || len(kept) != 1 || kept[0].Seq != all[0].Seq || kept[0].Attempts != 2 {
		t.Fatalf("kept: %+v, %v", kept, err)
	}
}

func TestHeldDeliveriesOfAFoldedIssueCanStillBeSent(t *testing.T) {
	d := newDesk(t, 8, 10)
	d.complete()
	d.clock.Add(time.Hour)
	for n := 1; n > 0; {
		var err error
		n, err = d.db.FoldSome(t.Context(), d.clock.Now(), 3)
		d.must(err)
	}
	before := d.account()
	if n, err := d.db.SettleMailing(t.Context(), d.issue.MailingID, data.PolicyResend, 10); n != 1 || err != nil {
		t.Fatalf("settled %d, %v", n, err)
	}
	r, err := d.db.ClaimRetry(t.Context(), lease, false)
	d.must(err)
	if !d.intent(r).Go {
		t.Fatal("no go")
	}
	d.outcome(r, data.WordAccepted)
	d.must(d.db.CompleteMailing(t.Context(), d.issue.MailingID))
	after := d.account()
	if after.Words[data.WordAccepted] != before.Words[data.WordAccepted]+1 || after.Words[data.WordHeld] != 0 || after.Settled() != 8 {
		t.Fatalf("account: %+v, before: %+v", after, before)
	}
}

func TestOnlyOldIssuesThatEndedAreFolded(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 3)
	open := datatest.ClosedIssue(t, db, nl, 10)
	clock.Add(time.Minute)
	cancelled := datatest.ClosedIssue(t, db, nl, 10)
	if err := db.CancelIssue(t.Context(), cancelled.ID, "x"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n > 0; {
		var err error
		if n, err = db.FinishCancelled(t.Context(), cancelled.MailingID, 10); err != nil {
			t.Fatal(err)
		}
	}
	letter := addLetter(t, db, data.LetterReply, "a@example.com")
	clock.Add(100 * time.Hour)
	if _, err := db.RuleOnLateLetters(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	clock.Add(100 * time.Hour)
	for n := 1; n > 0; {
		var err error
		if n, err = db.FoldSome(t.Context(), clock.Now(), 10); err != nil {
			t.Fatal(err)
		}
	}
	for mailing, want := range map[int64]int{open.MailingID: 0, cancelled.MailingID: 3, letter: 0} {
		f, err := db.FoldOf(t.Context(), mailing)
		if err != nil || f.Deliveries != want {
			t.Errorf("mailing %d: folded %+v, %v, want %d", mailing, f, err, want)
		}
	}
}

// BenchmarkFoldSlice prints what one slice of a complete issue takes: `-benchtime 300x`.
func BenchmarkFoldSlice(b *testing.B) {
	const slice = 500
	clock := datatest.NewClock()
	db := datatest.Open(b, clock)
	n := (b.N + 2) * slice
	issue := datatest.ClosedIssue(b, db, datatest.Newsletter(b, db, "daily", n), slice)
	ctx := b.Context()
	l := data.NewLedger(db)
	defer l.Close()
	for {
		c, err := db.ClaimChunk(ctx, "w", lease, false)
		if err != nil {
			break
		}
		all, err := db.ChunkDeliveries(ctx, c, 0, slice)
		if err != nil {
			b.Fatal(err)
		}
		var intents []data.Intent
		for _, v := range all {
			intents = append(intents, data.Intent{Delivery: v, Relay: "main", Dot: time.Minute})
		}
		if _, err := l.CommitIntents(ctx, intents); err != nil {
			b.Fatal(err)
		}
		for _, v := range all {
			l.NoteOutcome(data.Outcome{Delivery: v, Word: data.WordAccepted, Relay: "main", Step: "dot", Code: 250, Text: "2.0.0 Ok: queued as " + fmt.Sprint(v.Seq)})
		}
		if err := l.Flush(ctx); err != nil {
			b.Fatal(err)
		}
		if err := db.ReleaseChunk(ctx, c, clock.Now()); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.CompleteMailing(ctx, issue.MailingID); err != nil {
		b.Fatal(err)
	}
	clock.Add(time.Hour)
	var worst time.Duration
	b.ResetTimer()
	for range b.N {
		begun := time.Now()
		if got, err := db.FoldSome(ctx, clock.Now(), slice); err != nil || got != slice {
			b.Fatalf("folded %d, %v", got, err)
		}
		worst = max(worst, time.Since(begun))
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}
