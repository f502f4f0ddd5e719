package data_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// A scribe writes histories into the ledger.
type scribe struct {
	t      *testing.T
	db     *data.DB
	ledger *data.Ledger
	clock  *datatest.Clock
}

func (s scribe) intent(d data.Delivery) {
	s.t.Helper()
	if v, err := s.ledger.CommitIntent(s.t.Context(), data.Intent{Delivery: d, Relay: "main", Dot: time.Minute}); err != nil || !v.Go {
		s.t.Fatalf("intent of %d: %+v (%v)", d.Seq, v, err)
	}
}

func (s scribe) outcome(d data.Delivery, w data.Word) {
	s.t.Helper()
	o := data.Outcome{Delivery: d, Word: w, Relay: "main", Code: 450, RetryAt: s.clock.Now().Add(time.Minute)}
	if err := s.ledger.RecordOutcome(s.t.Context(), o); err != nil {
		s.t.Fatal(err)
	}
}

func (s scribe) settle(d data.Delivery, p data.Policy) {
	s.t.Helper()
	if err := s.db.SettleUncertain(s.t.Context(), d, p, s.clock.Now().Add(time.Hour)); err != nil {
		s.t.Fatal(err)
	}
}

// history gives each of nine deliveries another one; the first is not tried.
func (s scribe) history(d data.Delivery) {
	second := d
	second.Attempt = 2
	switch d.Seq {
	case 2:
		s.intent(d)
	case 3:
		s.intent(d)
		s.outcome(d, data.WordAccepted)
	case 4:
		s.outcome(d, data.WordRefused)
	case 5:
		s.outcome(d, data.WordDeferred)
	case 6:
		s.outcome(d, data.WordDeferred)
		s.outcome(second, data.WordAccepted)
	case 7:
		s.intent(d)
		s.settle(d, data.PolicyHold)
	case 8:
		s.intent(d)
		s.settle(d, data.PolicyHold)
		s.settle(d, data.PolicyAssume)
	case 9:
		s.intent(d)
		s.settle(d, data.PolicyResend)
		s.outcome(second, data.WordRefused)
	}
}

// histories is an issue whose nine deliveries met nine fates.
func histories(t *testing.T) (*data.DB, *datatest.Clock, data.Issue) {
	t.Helper()
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	i := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 9), 1)
	ledger := data.NewLedger(db)
	defer ledger.Close()
	for range 9 {
		c, err := db.ClaimChunk(t.Context(), "test", time.Hour, false)
		if err != nil {
			t.Fatal(err)
		}
		all, err := db.ChunkDeliveries(t.Context(), c, 0, 10)
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		scribe{t, db, ledger, clock}.history(all[0])
	}
	return db, clock, i
}

func TestTheStrongestWordIsTheViewsWord(t *testing.T) {
	db, _, i := histories(t)
	listed, err := db.Deliveries(t.Context(), i.MailingID, "", 0, 100)
	if err != nil || len(listed) != 9 {
		t.Fatal(len(listed), err)
	}
	words := map[data.Word]bool{}
	for _, d := range listed {
		lines, err := db.LedgerOf(t.Context(), d.MailingID, d.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if got := data.StrongestWord(lines); got != d.Word {
			t.Errorf("delivery %d: %s, the view says %s", d.Seq, got, d.Word)
		}
		words[d.Word] = true
	}
	if len(words) < 7 {
		t.Errorf("only the words %v were checked", words)
	}
}

func TestTroublesAndOutcomesNameWhatDidNotArrive(t *testing.T) {
	db, clock, i := histories(t)
	troubles, err := db.Troubles(t.Context(), clock.Now().Add(-time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, tr := range troubles {
		got += fmt.Sprintf("%d %s; ", tr.Seq, tr.Word)
	}
	if want := "9 refused; 7 held; 5 deferred; 4 refused; "; got != want {
		t.Errorf("troubles %q, want %q", got, want)
	}
	groups, err := db.Outcomes(t.Context(), i.MailingID, 10)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, g := range groups {
		total += g.N
	}
	if total != 6 { // all but the accepted and the open
		t.Errorf("%d deliveries in groups, want 6: %+v", total, groups)
	}
}
