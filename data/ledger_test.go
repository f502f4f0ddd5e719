package data_test

import (
	"errors"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

const lease = 15 * time.Minute

// desk is a database with one closed issue and its ledger.
type desk struct {
	*testing.T
	db     *data.DB
	clock  *datatest.Clock
	ledger *data.Ledger
	issue  data.Issue
}

func newDesk(t *testing.T, readers, chunk int) desk {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", readers), chunk)
	l := data.NewLedger(db)
	t.Cleanup(l.Close)
	return desk{t, db, clock, l, issue}
}

func (d desk) claim() data.Chunk {
	d.Helper()
	c, err := d.db.ClaimChunk(d.Context(), "worker", lease, false)
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func (d desk) deliveries(c data.Chunk) []data.Delivery {
	d.Helper()
	all, err := d.db.ChunkDeliveries(d.Context(), c, 0, 1000)
	if err != nil {
		d.Fatal(err)
	}
	return all
}

func (d desk) intent(v data.Delivery) data.Verdict {
	d.Helper()
	got, err := d.ledger.CommitIntent(d.Context(), data.Intent{Delivery: v, Relay: "main", Dot: 10 * time.Minute})
	if err != nil {
		d.Fatal(err)
	}
	return got
}

func (d desk) outcome(v data.Delivery, w data.Word) {
	d.Helper()
	o := data.Outcome{Delivery: v, Word: w, Relay: "main", Step: "dot", Code: 250, Text: "ok", RetryAt: d.clock.Now().Add(7*time.Minute + 30*time.Second)}
	if err := d.ledger.RecordOutcome(d.Context(), o); err != nil {
		d.Fatal(err)
	}
}

func (d desk) account() data.Account {
	d.Helper()
	a, err := d.db.Account(d.Context(), d.issue.MailingID)
	if err != nil {
		d.Fatal(err)
	}
	return a
}

func TestEachDeliveryIsSentOnceAndAccountedFor(t *testing.T) {
	d := newDesk(t, 25, 10)
	for range 3 {
		c := d.claim()
		for _, v := range d.deliveries(c) {
			if !d.intent(v).Go {
				t.Fatalf("delivery %d: no go", v.Seq)
			}
			d.outcome(v, data.WordAccepted)
		}
		if err := d.db.ReleaseChunk(t.Context(), c, d.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.db.ClaimChunk(t.Context(), "worker", lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("after the last chunk: %v", err)
	}
	if err := d.db.CompleteMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Fatal(err)
	}
	a := d.account()
	if a.Words[data.WordAccepted] != 25 || a.Audience != 25 || a.Active != 25 {
		t.Fatalf("account: %+v", a)
	}
}

func TestIncompleteMailingIsNotComplete(t *testing.T) {
	d := newDesk(t, 3, 10)
	c := d.claim()
	all := d.deliveries(c)
	d.intent(all[0])
	d.outcome(all[0], data.WordAccepted)
	if err := d.db.CompleteMailing(t.Context(), d.issue.MailingID); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("complete with two open deliveries: %v", err)
	}
}

func TestUnsubscribedReaderPassesNoIntent(t *testing.T) {
	d := newDesk(t, 2, 10)
	all := d.deliveries(d.claim())
	r, err := d.db.SubscriberByAddress(t.Context(), all[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	subs, err := d.db.SubscriptionsOf(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.db.Unsubscribe(t.Context(), subs[0].ID, "link"); err != nil {
		t.Fatal(err)
	}
	if v := d.intent(all[0]); v.Go || v.Skipped == "" {
		t.Fatalf("intent after the unsubscribe: %+v", v)
	}
	if err := d.db.Suppress(t.Context(), all[1].Address, "complaint"); err != nil {
		t.Fatal(err)
	}
	if v := d.intent(all[1]); v.Go || v.Skipped == "" {
		t.Fatalf("intent to a suppressed address: %+v", v)
	}
	if a := d.account(); a.Words[data.WordSkipped] != 2 {
		t.Fatalf("account: %+v", a)
	}
}

func TestPausedMailingWritesNothingOnTheDelivery(t *testing.T) {
	d := newDesk(t, 1, 10)
	v := d.deliveries(d.claim())[0]
	if err := d.db.PauseMailing(t.Context(), d.issue.MailingID, "by hand"); err != nil {
		t.Fatal(err)
	}
	if got := d.intent(v); got.Go || got.Skipped != "" {
		t.Fatalf("intent while paused: %+v", got)
	}
	if a := d.account(); a.Words[data.WordOpen] != 1 {
		t.Fatalf("account: %+v", a)
	}
	if err := d.db.ResumeMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Fatal(err)
	}
	if !d.intent(v).Go {
		t.Fatal("no go after resume")
	}
}

func TestStaleWorkerMayNotStartButItsOutcomeStands(t *testing.T) {
	d := newDesk(t, 2, 10)
	all := d.deliveries(d.claim())
	d.intent(all[0])
	d.clock.Add(lease + time.Minute) // the lease runs out, another worker claims
	d.claim()
	_, err := d.ledger.CommitIntent(t.Context(), data.Intent{Delivery: all[1], Dot: time.Minute})
	if !errors.Is(err, data.ErrLeaseLost) {
		t.Fatalf("stale intent: %v", err)
	}
	d.outcome(all[0], data.WordAccepted)
	if a := d.account(); a.Words[data.WordAccepted] != 1 || a.Words[data.WordOpen] != 1 {
		t.Fatalf("account: %+v", a)
	}
}

func TestLeaseMustOutliveTheDot(t *testing.T) {
	d := newDesk(t, 1, 10)
	v := d.deliveries(d.claim())[0]
	d.clock.Add(lease - 5*time.Minute)
	if _, err := d.ledger.CommitIntent(t.Context(), data.Intent{Delivery: v, Dot: 10 * time.Minute}); !errors.Is(err, data.ErrLeaseLost) {
		t.Fatalf("intent with 5 min of lease left: %v", err)
	}
}

func TestDeferredDeliveryIsTriedAgainUntilItIsTooLate(t *testing.T) {
	d := newDesk(t, 1, 10)
	c := d.claim()
	v := d.deliveries(c)[0]
	d.intent(v)
	d.outcome(v, data.WordDeferred)
	if err := d.db.ReleaseChunk(t.Context(), c, d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.ClaimRetry(t.Context(), lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("retry before its time: %v", err)
	}
	d.clock.Add(8 * time.Minute)
	again, err := d.db.ClaimRetry(t.Context(), lease, false)
	if err != nil || again.Attempt != 2 || again.Seq != v.Seq {
		t.Fatalf("retry: %+v, %v", again, err)
	}
	if _, err := d.db.ClaimRetry(t.Context(), lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("the same retry claimed twice: %v", err)
	}
	if !d.intent(again).Go {
		t.Fatal("no go for the retry")
	}
	d.clock.Add(7 * time.Hour)
	d.outcome(again, data.WordDeferred)
	if a := d.account(); a.Words[data.WordGaveUp] != 1 {
		t.Fatalf("account: %+v", a)
	}
	if err := d.db.CompleteMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Fatal(err)
	}
}

func TestTakeOverSettlesWhatACrashLeftUncertain(t *testing.T) {
	for policy, want := range map[data.Policy]data.Word{
		data.PolicyResend: data.WordOpen,
		data.PolicyHold:   data.WordHeld,
		data.PolicyAssume: data.WordAssumed,
	} {
		d := newDesk(t, 3, 10)
		all := d.deliveries(d.claim())
		d.intent(all[0])
		if a := d.account(); a.Words[data.WordUncertain] != 1 {
			t.Fatalf("%s: before: %+v", policy, a)
		}
		n, err := d.db.TakeOver(t.Context(), policy)
		if err != nil || n != 1 {
			t.Fatalf("%s: took over %d, %v", policy, n, err)
		}
		a := d.account()
		if a.Words[data.WordUncertain] != 0 || (policy != data.PolicyResend && a.Words[want] != 1) {
			t.Fatalf("%s: after: %+v", policy, a)
		}
		if policy == data.PolicyResend {
			if r, err := d.db.ClaimRetry(t.Context(), lease, false); err != nil || r.Seq != all[0].Seq || r.Attempt != 2 {
				t.Fatalf("resend: %+v, %v", r, err)
			}
		}
		if c := d.claim(); len(d.deliveries(c)) != 2 {
			t.Fatalf("%s: the untried deliveries are not offered again", policy)
		}
	}
}

func TestReaderWhoLeavesDuringTheFreezeStaysInTheAudience(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 4)
	ctx := t.Context()
	story := datatest.Story(t, db, "Rain", clock.Now())
	id, err := db.AddIssue(ctx, nl.ID, clock.Now(), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.BeginClosing(ctx, id, []int64{story}, data.Header{From: "d@example.com"}, clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := db.UnsubscribeAddress(ctx, "reader3@example.com", "link"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ImportSubscribers(ctx, nl.ID, []data.Import{{Address: "late@example.com"}}, "test"); err != nil {
		t.Fatal(err)
	}
	for range 5 { // slices of one; more calls than needed
		if _, err := db.FreezeSlice(ctx, id, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.FinishClosing(ctx, id, data.Variant{Edition: "full", Language: "en", Subject: "s", Text: "t"}, 10); err != nil {
		t.Fatal(err)
	}
	i, err := db.Issue(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.Account(ctx, i.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	if a.Audience != 4 || a.Active != 4 {
		t.Fatalf("audience %d, active then %d, want 4 and 4", a.Audience, a.Active)
	}
}

func TestCancelledIssueGivesItsStoriesBackAndIsAccountedFor(t *testing.T) {
	d := newDesk(t, 3, 10)
	if err := d.db.CancelIssue(t.Context(), d.issue.ID, "libel"); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := d.db.FinishCancelled(t.Context(), d.issue.MailingID, 2)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if a := d.account(); a.Words[data.WordSkipped] != 3 {
		t.Fatalf("account: %+v", a)
	}
	free, err := d.db.Candidates(t.Context(), d.issue.NewsletterID, 10)
	if err != nil || len(free) != 1 {
		t.Fatalf("stories given back: %d, %v", len(free), err)
	}
}
