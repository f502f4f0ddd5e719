package data_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestSettlingLeavesAloneWhatIsOnTheWire(t *testing.T) {
	d := newDesk(t, 1, 10)
	v := d.deliveries(d.claim())[0]
	d.intent(v) // the relay is answering
	if n, err := d.db.SettleMailing(t.Context(), d.issue.MailingID, data.PolicyResend, 200); err != nil || n != 0 {
		t.Fatalf("settled %d (%v) while a live worker had it in hand", n, err)
	}
	d.outcome(v, data.WordAccepted)
	if _, err := d.db.ClaimRetry(t.Context(), lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Errorf("an accepted delivery waits for another attempt: %v", err)
	}
}

func TestLateAcceptanceStopsTheResend(t *testing.T) {
	d := newDesk(t, 1, 10)
	v := d.deliveries(d.claim())[0]
	d.intent(v)
	d.clock.Add(lease + time.Minute) // a machine that slept: its lease is over
	if n, err := d.db.SettleMailing(t.Context(), d.issue.MailingID, data.PolicyResend, 200); err != nil || n != 1 {
		t.Fatalf("settled %d (%v)", n, err)
	}
	again, err := d.db.ClaimRetry(t.Context(), lease, false)
	if err != nil {
		t.Fatal(err)
	}
	d.outcome(v, data.WordAccepted) // the old worker's 250
	if _, err := d.ledger.CommitIntent(t.Context(), data.Intent{Delivery: again, Dot: time.Minute}); !errors.Is(err, data.ErrLeaseLost) {
		t.Errorf("the resend of an accepted delivery: %v", err)
	}
	if a := d.account(); a.Words[data.WordAccepted] != 1 {
		t.Errorf("account: %+v", a)
	}
}

func TestSettlingACompleteIssueSendsTheHeldOnes(t *testing.T) {
	d := newDesk(t, 1, 10)
	d.intent(d.deliveries(d.claim())[0])
	if _, err := d.db.TakeOver(t.Context(), data.PolicyHold); err != nil {
		t.Fatal(err)
	}
	if err := d.db.ReleaseChunk(t.Context(), d.claim(), d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if err := d.db.CompleteMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Fatal(err)
	}
	if n, err := d.db.SettleMailing(t.Context(), d.issue.MailingID, data.PolicyResend, 200); err != nil || n != 1 {
		t.Fatalf("settled %d (%v)", n, err)
	}
	again, err := d.db.ClaimRetry(t.Context(), lease, false)
	if err != nil || !d.intent(again).Go {
		t.Fatalf("the settled delivery is not sent: %v", err)
	}
	d.outcome(again, data.WordAccepted)
	if err := d.db.CompleteMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Error(err)
	}
}

func TestCancelledMailingIsAccountedForWhateverWasOnTheWire(t *testing.T) {
	for name, then := range map[string]func(d desk, v data.Delivery){
		"deferred": func(d desk, v data.Delivery) { d.outcome(v, data.WordDeferred) },
		"crashed": func(d desk, v data.Delivery) {
			if n, err := d.db.TakeOver(d.Context(), data.PolicyHold); err != nil || n != 1 {
				d.Fatalf("took over %d (%v)", n, err)
			}
		},
	} {
		d := newDesk(t, 1, 10)
		c := d.claim()
		v := d.deliveries(c)[0]
		d.intent(v)
		if err := d.db.CancelMailing(t.Context(), d.issue.MailingID, "libel"); err != nil {
			t.Fatal(err)
		}
		if n, err := d.db.FinishCancelled(t.Context(), d.issue.MailingID, 500); n != 0 || err != nil {
			t.Fatalf("%s: skipped %d on the wire (%v)", name, n, err)
		}
		then(d, v)
		if err := d.db.ReleaseChunk(t.Context(), c, d.clock.Now()); err != nil {
			t.Fatal(err)
		}
		for n := 1; n > 0; {
			var err error
			if n, err = d.db.FinishCancelled(t.Context(), d.issue.MailingID, 500); err != nil {
				t.Fatal(err)
			}
		}
		m, err := d.db.Mailing(t.Context(), d.issue.MailingID)
		if a := d.account(); err != nil || a.Settled() != 1 || m.CompletedAt.IsZero() {
			t.Errorf("%s: %+v, completed %v (%v)", name, a, m.CompletedAt, err)
		}
	}
}

func TestResendAfterALongPauseIsStillTried(t *testing.T) {
	d := newDesk(t, 2, 10)
	all := d.deliveries(d.claim())
	d.intent(all[0])
	if err := d.db.PauseMailing(t.Context(), d.issue.MailingID, "by hand"); err != nil {
		t.Fatal(err)
	}
	d.clock.Add(25 * time.Hour) // killed, and resumed by a person the next day
	if _, err := d.db.TakeOver(t.Context(), data.PolicyResend); err != nil {
		t.Fatal(err)
	}
	if err := d.db.ResumeMailing(t.Context(), d.issue.MailingID); err != nil {
		t.Fatal(err)
	}
	if again, err := d.db.ClaimRetry(t.Context(), lease, false); err != nil || again.Attempt != 2 {
		t.Errorf("the uncertain delivery is not sent again: %+v, %v", again, err)
	}
	d.outcome(d.deliveries(d.claim())[0], data.WordDeferred)
	if a := d.account(); a.Words[data.WordGaveUp] > 0 {
		t.Errorf("given up after one attempt: %+v", a)
	}
}

// TestTheTallyIsTheAccount takes deliveries through random histories: whatever happens, the
// tally that is kept beside the lines says the same as the lines.
func TestTheTallyIsTheAccount(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	d := newDesk(t, 12, 4)
	words := map[data.Word]bool{}
	for step := range 150 {
		d.clock.Add(time.Duration(r.IntN(20)) * time.Minute)
		switch act := r.IntN(8); act {
		case 0, 1, 2:
			if c, err := d.db.ClaimChunk(t.Context(), "w", lease, false); err == nil {
				for _, v := range d.deliveries(c) {
					d.randomAttempt(r, v)
				}
				d.release(c)
			}
		case 3, 4, 5:
			if v, err := d.db.ClaimRetry(t.Context(), lease, false); err == nil {
				d.randomAttempt(r, v)
			}
		case 6:
			policy := []data.Policy{data.PolicyHold, data.PolicyResend, data.PolicyAssume}[r.IntN(3)]
			if _, err := d.db.TakeOver(t.Context(), policy); err != nil {
				t.Fatal(err)
			}
		case 7:
			policy := []data.Policy{data.PolicyHold, data.PolicyResend}[r.IntN(2)]
			if _, err := d.db.SettleMailing(t.Context(), d.issue.MailingID, policy, 200); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.ledger.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := d.account().Words
		got, err := d.db.Progress(t.Context(), d.issue.MailingID)
		if err != nil {
			t.Fatal(err)
		}
		for w := range want {
			words[w] = true
		}
		for _, words := range []map[data.Word]int{want, got.Words} {
			words[data.WordOpen] += words[data.WordUncertain] // a look at the claims, not a count
			maps.DeleteFunc(words, func(w data.Word, n int) bool { return n == 0 || w == data.WordUncertain })
		}
		if fmt.Sprint(got.Words) != fmt.Sprint(want) {
			t.Fatalf("step %d: the tally says %v, the lines %v", step, got.Words, want)
		}
	}
	if len(words) < 4 {
		t.Errorf("only the words %v were met", words)
	}
}

func (d desk) release(c data.Chunk) {
	d.Helper()
	if err := d.db.ReleaseChunk(d.Context(), c, d.clock.Now()); err != nil {
		d.Fatal(err)
	}
}

// randomAttempt may stop in the middle, as a crash does.
func (d desk) randomAttempt(r *rand.Rand, v data.Delivery) {
	next := d.clock.Now().Add(time.Minute)
	switch r.IntN(6) {
	case 0:
		d.ledger.NoteAside(v, next)
		return
	case 1:
		d.outcome(v, data.WordRefused) // at RCPT, without an intent
		return
	}
	verdict, err := d.ledger.CommitIntent(d.Context(), data.Intent{Delivery: v, Dot: time.Minute})
	if err != nil && !errors.Is(err, data.ErrLeaseLost) {
		d.Fatal(err)
	}
	if !verdict.Go {
		return
	}
	switch r.IntN(6) {
	case 0, 1:
		d.outcome(v, data.WordAccepted)
	case 2:
		d.outcome(v, data.WordDeferred)
	case 3:
		d.ledger.NoteWithdrawn(v, next)
	case 4:
		d.ledger.NoteUncertain(v, data.PolicyResend, next)
	}
	if r.IntN(10) == 0 { // a stale worker's word comes late
		d.outcome(v, data.WordAccepted)
	}
}

func TestNotesWaitForADiskThatIsFull(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 40), 100)
	c, err := db.ClaimChunk(t.Context(), "w", lease, false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.ChunkDeliveries(t.Context(), c, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	l := data.NewLedger(db)
	t.Cleanup(l.Close)
	full := datatest.Fill(t, db)
	for _, v := range all[:39] {
		l.NoteOutcome(data.Outcome{Delivery: v, Word: data.WordAccepted, Code: 250, Text: string(make([]byte, 4000))})
	}
	if _, err := l.CommitIntent(t.Context(), data.Intent{Delivery: all[39], Dot: time.Minute}); err == nil {
		t.Fatal("an intent was committed on a full disk")
	}
	full.MakeRoom()
	if err := l.Flush(t.Context()); err != nil {
		for range 50 {
			if err = l.Flush(t.Context()); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := db.Account(t.Context(), issue.MailingID)
	if err != nil || a.Words[data.WordAccepted] != 39 {
		t.Errorf("after room was made: %+v (%v)", a, err)
	}
}
