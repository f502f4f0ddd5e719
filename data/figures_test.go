package data_test

import (
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestFiguresAreThoseOfTheAccount(t *testing.T) {
	d := newDesk(t, 25, 10)
	first := d.deliveries(d.claim())
	for i, w := range []data.Word{data.WordAccepted, data.WordRefused, data.WordDeferred, data.WordAccepted} {
		d.intent(first[i])
		d.outcome(first[i], w)
	}
	d.intent(first[4]) // on the wire
	d.intent(first[5])
	if err := d.db.SettleUncertain(t.Context(), first[5], data.PolicyHold, d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	d.clock.Add(time.Minute)
	letter := d.clock.Now()
	if _, err := d.db.AddLetter(t.Context(), data.Letter{Kind: data.LetterTest, To: "ada@example.com", Subject: "x", Text: "x\n", Header: data.Header{From: "desk@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.RaiseAlarm(t.Context(), data.Alarm{Kind: "due", About: "1", Text: "Late."}); err != nil {
		t.Fatal(err)
	}
	f, err := d.db.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[data.Word]int{"daily": {}, "": {}}
	for _, one := range f.Deliveries {
		got[one.Newsletter][one.Word] = one.N
	}
	a := d.account()
	for _, w := range []data.Word{data.WordAccepted, data.WordRefused, data.WordDeferred, data.WordHeld} {
		if got["daily"][w] != a.Words[w] || a.Words[w] == 0 {
			t.Errorf("%d %s, the account has %d", got["daily"][w], w, a.Words[w])
		}
	}
	if open := a.Words[data.WordOpen] + a.Words[data.WordUncertain]; got["daily"][data.WordOpen] != open || got[""][data.WordOpen] != 1 {
		t.Errorf("%d open, the account has %d; letters %v", got["daily"][data.WordOpen], open, got[""])
	}
	if f.Uncertain != 1 || f.Held != 1 || f.ChunksClaimed != 1 || f.ChunksOpen != 4 || f.RetriesWaiting != 1 || f.RetriesClaimed != 0 {
		t.Errorf("%+v", f)
	}
	if !f.OldestLetter.Equal(letter) || f.NextRetry.IsZero() || len(f.Alarms) != 1 || f.Bytes["database"] == 0 || f.HeldBack {
		t.Errorf("%+v", f)
	}
	want := map[data.MailingFigure]bool{{Kind: "issue", State: data.MailingSending, N: 1}: true, {Kind: "letter", State: data.MailingClosed, N: 1}: true}
	for _, m := range f.Mailings {
		if !want[m] {
			t.Errorf("%+v", m)
		}
	}
	if len(f.Mailings) != len(want) {
		t.Errorf("%+v", f.Mailings)
	}
}

func TestFiguresOfAnEmptyDatabase(t *testing.T) {
	f, err := datatest.Open(t, nil).Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Deliveries)+len(f.Mailings)+len(f.Alarms)+len(f.Messages)+f.Held+f.Uncertain != 0 || !f.OldestLetter.IsZero() || !f.NextRetry.IsZero() || !f.Beat.IsZero() {
		t.Errorf("%+v", f)
	}
}

func TestMeterCountsCommitsAndThoseThatFail(t *testing.T) {
	d := newDesk(t, 3, 3)
	meter := data.NewMeter()
	ledger := data.OpenLedger(d.db, data.LedgerOptions{Meter: meter})
	all := d.deliveries(d.claim())
	for _, v := range all {
		if _, err := ledger.CommitIntent(t.Context(), data.Intent{Delivery: v, Relay: "main", Dot: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	ledger.Close()
	f := meter.Figures()
	if n := f.Size.Counts[0]; n != 3 || f.Size.Sum != 3 || f.Failed != 0 || f.Waiting != 0 || f.Took.Sum <= 0 || f.Took.Worst > f.Took.Sum {
		t.Errorf("%+v", f)
	}
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
	again := data.OpenLedger(d.db, data.LedgerOptions{Meter: meter})
	if _, err := again.CommitIntent(t.Context(), data.Intent{Delivery: all[0], Relay: "main", Dot: time.Minute}); err == nil {
		t.Fatal("an intent was committed to a closed database")
	}
	again.Close()
	if f := meter.Figures(); f.Failed == 0 || f.Size.Sum <= 3 {
		t.Errorf("%+v", f)
	}
}

func TestHistorySaysWhatADeliveryWaitsFor(t *testing.T) {
	d := newDesk(t, 5, 5)
	all := d.deliveries(d.claim())
	d.intent(all[0])
	d.outcome(all[0], data.WordAccepted)
	d.intent(all[1])
	d.outcome(all[1], data.WordDeferred)
	d.intent(all[2])
	for i, want := range []data.History{
		{Word: data.WordAccepted, Attempts: 1, Working: true},
		{Word: data.WordDeferred, Attempts: 1, Next: 2, NextAt: d.clock.Now().Add(7*time.Minute + 30*time.Second)},
		{Word: data.WordUncertain, Attempts: 1, Working: true},
		{Word: data.WordOpen, Working: true},
	} {
		h, err := d.db.History(t.Context(), d.issue.MailingID, all[i].Seq)
		if err != nil {
			t.Fatal(err)
		}
		if h.Word != want.Word || h.Attempts != want.Attempts || h.Next != want.Next || !h.NextAt.Equal(want.NextAt) || h.Working != want.Working {
			t.Errorf("delivery %d: %+v", i, h)
		}
		if h.IssueID != d.issue.ID || h.Letter != "" || h.Address != all[i].Address || h.Mailing != data.MailingSending || h.GiveUpAt.IsZero() {
			t.Errorf("delivery %d: %+v", i, h)
		}
		if l, ok := h.Verdict(); ok != (i == 1 || i == 2) || i == 1 && (l.Kind != "outcome" || l.Text != "ok") || i == 2 && l.Kind != "intent" {
			t.Errorf("delivery %d: %v %+v", i, ok, l)
		}
	}
	if _, err := d.db.History(t.Context(), d.issue.MailingID, 99); err == nil {
		t.Error("a delivery that is not there has a history")
	}
}
