package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// A guarded part counts how often it was begun, and whether it runs.
type guarded struct{ begun, running atomic.Int32 }

func (g *guarded) run(ctx context.Context) error {
	g.begun.Add(1)
	g.running.Add(1)
	defer g.running.Add(-1)
	<-ctx.Done()
	return nil
}

// newKeeper keeps a database whose clock moves only by hand.
func newKeeper(t *testing.T) (*keeper, *datatest.Clock, *atomic.Int64) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	var passed atomic.Int64
	return &keeper{db: db, here: db.Here("one"), keep: 90 * 24 * time.Hour, log: slog.New(slog.DiscardHandler), look: time.Millisecond,
		elapsed: func() time.Duration { return time.Duration(passed.Load()) }}, clock, &passed
}

// running starts a guard; the test's end stops it.
func running(t *testing.T, k *keeper, run func(context.Context) error) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.guard(run)(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsSentFromACopyUntilItIsAdopted(t *testing.T) {
	k, _, _ := newKeeper(t)
	if err := k.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.here = k.db.Here("two")
	if err := k.compare(t.Context()); codeOf(err) != exitPerson || !strings.Contains(err.Error(), "another machine") {
		t.Fatalf("compare: %v", err)
	}
	var part guarded
	running(t, k, part.run)
	until(t, "the difference to stand", func() bool { d, err := k.db.Standing(t.Context()); return err == nil && !d.None() })
	if part.begun.Load() != 0 {
		t.Fatal("the part was begun")
	}
	if _, err := k.db.Adopt(t.Context(), k.here); err != nil {
		t.Fatal(err)
	}
	until(t, "the part to begin", func() bool { return part.running.Load() == 1 })
}

func TestAClockThatJumpsStopsTheWorkUntilAPersonHasLooked(t *testing.T) {
	k, clock, passed := newKeeper(t)
	var part guarded
	running(t, k, part.run)
	until(t, "the part to begin", func() bool { return part.running.Load() == 1 })
	passed.Add(int64(time.Hour))
	clock.Add(time.Hour) // an hour that passes is no jump
	clock.Add(24 * time.Hour)
	until(t, "the work to stop", func() bool { return part.running.Load() == 0 })
	until(t, "the alarm", func() bool {
		all, err := k.db.Alarms(t.Context())
		return err == nil && len(all) == 1 && strings.Contains(all[0].Text, "the clock jumped forwards by 24h0m0s")
	})
	if _, err := k.db.Adopt(t.Context(), k.here); err != nil {
		t.Fatal(err)
	}
	until(t, "the work to go on", func() bool { return part.running.Load() == 1 && part.begun.Load() == 2 })
}

func TestWhatAnotherProcessFoundStopsThisOneToo(t *testing.T) {
	k, _, _ := newKeeper(t)
	var part guarded
	running(t, k, part.run)
	until(t, "the part to begin", func() bool { return part.running.Load() == 1 })
	if _, err := k.db.HoldForJump(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	until(t, "the work to stop", func() bool { return part.running.Load() == 0 })
}

func TestAFailingPartEndsItsGuard(t *testing.T) {
	k, _, _ := newKeeper(t)
	broken := errors.New("broken")
	if err := k.guard(func(context.Context) error { return broken })(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
}

func TestTheHousekeepingFoldsOldIssuesAndTellsOfLostLetters(t *testing.T) {
	k, clock, _ := newKeeper(t)
	issue := datatest.ClosedIssue(t, k.db, datatest.Newsletter(t, k.db, "daily", 5), 10)
	if err := k.db.CancelIssue(t.Context(), issue.ID, "x"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n > 0; {
		var err error
		if n, err = k.db.FinishCancelled(t.Context(), issue.MailingID, 10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.db.AddLetter(t.Context(), data.Letter{Kind: data.LetterReply, To: "a@example.com", Subject: "s", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	clock.Add(91 * 24 * time.Hour)
	var said bytes.Buffer
	k.log = slog.New(slog.NewTextHandler(&said, nil))
	var part guarded
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.house(part.run)(ctx) }()
	until(t, "the issue to be folded", func() bool { f, err := k.db.FoldOf(t.Context(), issue.MailingID); return err == nil && !f.At.IsZero() })
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"letters were given up", "letters=1", "old deliveries were folded"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log lacks %q: %s", want, said.String())
		}
	}
}

func TestACopiedDatabaseSendsNoMailUntilItIsAdopted(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	db := datatest.OpenAt(t, filepath.Join(here, "tipsheet.db"), nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 20), 10)
	onTheWire(t, db)
	if err := db.Backup(t.Context(), filepath.Join(there, "tipsheet.db")); err != nil {
		t.Fatal(err)
	}
	relay, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	config := write(t, there, configName, sampleConfig+relayConfigText(relay.Port()))
	server := spawn(t, "-c", config, "serve", "--role", "mailer,scheduler")
	until(t, "the copy to be held", func() bool { return strings.Contains(server.log.String(), "tipsheet adopt") })
	copied := datatest.OpenAt(t, filepath.Join(there, "tipsheet.db"), nil)
	until(t, "the issue to be held", func() bool { return issueState(t, copied, issue.ID) == data.IssueHeld })
	refused(t, exitPerson, []string{"10 deliveries open", "1 delivery is uncertain", "it is a copy"}, "-c", config, "adopt", "--look")
	if n := relay.Count(); n != 0 {
		t.Fatalf("%d mails were sent from a copy", n)
	}
	code, out, errs := call(t, "-c", config, "adopt")
	if code != exitDone || !strings.Contains(out, "settled by the policy resend") {
		t.Fatalf("adopt: %d, %s%s", code, out, errs)
	}
	until(t, "the issue to be complete", func() bool { return issueState(t, copied, issue.ID) == data.IssueComplete })
	if n := relay.Count(); n != 11 { // the 10 open ones, and the uncertain one again
		t.Errorf("%d mails, want 11", n)
	}
}

// onTheWire leaves the ledger as a process does that dies: 9 of a chunk accepted, and one of
// which only the intent is written.
func onTheWire(t *testing.T, db *data.DB) {
	t.Helper()
	l := data.NewLedger(db)
	defer l.Close()
	c, err := db.ClaimChunk(t.Context(), "dead", time.Hour, false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.ChunkDeliveries(t.Context(), c, 0, 100)
	if err != nil || len(all) != 10 {
		t.Fatalf("%d deliveries, %v", len(all), err)
	}
	for i, d := range all {
		if _, err := l.CommitIntent(t.Context(), data.Intent{Delivery: d, Dot: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if i == len(all)-1 {
			return
		}
		if err := l.RecordOutcome(t.Context(), data.Outcome{Delivery: d, Word: data.WordAccepted, Code: 250}); err != nil {
			t.Fatal(err)
		}
	}
}
