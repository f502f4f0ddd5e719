package data_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// lockAway has another program take the database for itself, until the function returned.
func lockAway(t *testing.T, path string) (release func()) {
	t.Helper()
	raw, err := sql.Open("sqlite3", "file:"+path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	held, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(held.Rollback(), raw.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A lock that is shorter than the patience of a connection (10 s) costs time, and nothing else.
func TestRow6ShortLockByAnotherToolIsWaitedOut(t *testing.T) {
	d := newDesk(t, 3, 10)
	all := d.deliveries(d.claim())
	release := lockAway(t, d.db.Path())
	d.ledger.NoteOutcome(accepted(all[1]))
	answer := make(chan error, 1)
	go func() {
		_, err := d.ledger.CommitIntent(t.Context(), data.Intent{Delivery: all[0], Dot: time.Minute})
		answer <- err
	}()
	select {
	case err := <-answer:
		t.Errorf("an intent was answered (%v) while nothing could be written", err)
	case <-time.After(300 * time.Millisecond):
	}
	release()
	if err := <-answer; err != nil {
		t.Errorf("after the lock: %v", err)
	}
	if a := d.account(); a.Words[data.WordAccepted] != 1 || a.Words[data.WordUncertain] != 1 {
		t.Errorf("account: %+v", a)
	}
}

// A longer one fails the intents, so that nothing is sent, and keeps the notes until it ends.
// The patience is shortened to a fifth of a second; nothing else differs from 60 s.
func TestRow6LongLockByAnotherToolPausesSendingAndLosesNothing(t *testing.T) {
	d := newDesk(t, 30, 30)
	c := d.claim()
	all := d.deliveries(c)
	for _, v := range all[:10] {
		d.intent(v)
	}
	if err := d.db.Hurry(t.Context(), 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	release := lockAway(t, d.db.Path())
	for _, v := range all[:10] {
		d.ledger.NoteOutcome(accepted(v))
	}
	for range 2 {
		if v, err := d.ledger.CommitIntent(t.Context(), data.Intent{Delivery: all[10], Dot: time.Minute}); err == nil {
			t.Errorf("an intent under a lock: %+v", v)
		}
	}
	if _, err := d.db.ClaimChunk(t.Context(), "worker", lease, false); err == nil || errors.Is(err, data.ErrNotFound) {
		t.Errorf("a claim under a lock: %v", err)
	}
	if a := d.account(); a.Words[data.WordUncertain] != 10 {
		t.Errorf("under the lock the desk reads %+v", a)
	}
	release()
	if err := d.ledger.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.ledger.Err() != nil {
		t.Errorf("a lock ended the ledger: %v", d.ledger.Err())
	}
	for _, v := range all[10:] {
		if !d.intent(v).Go {
			t.Fatalf("after the lock delivery %d may not be sent", v.Seq)
		}
		d.ledger.NoteOutcome(accepted(v))
	}
	if err := errors.Join(d.ledger.Flush(t.Context()), d.db.ReleaseChunk(t.Context(), c, d.clock.Now()), d.db.CompleteMailing(t.Context(), d.issue.MailingID)); err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, v := range all {
		l, err := d.db.LedgerOf(t.Context(), v.MailingID, v.Seq)
		if err != nil {
			t.Fatal(err)
		}
		lines[fmt.Sprint(len(l))]++
	}
	if lines["2"] != 30 {
		t.Errorf("lines of a delivery: %v", lines)
	}
}
