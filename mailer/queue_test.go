package mailer

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// inHand is a worker of its own with three deliveries in hand, as if they were retries.
func inHand(t *testing.T, window int) (*worker, *queue, *smtptest.Server, data.Issue) {
	t.Helper()
	db := datatest.Open(t, nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 3), 10)
	server, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	relay := smtp.DefaultSettings()
	relay.Name, relay.Host, relay.Port, relay.TLS = "main", "127.0.0.1", server.Port(), dial.None
	s := DefaultSettings()
	s.Window = window
	m, err := New(Options{DB: db, Keys: testKeys(t), Settings: s, Relays: []Relay{{Settings: relay}}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	m.ledger = data.NewLedger(db)
	w := newWorker(m, m.relays[0], "test", false)
	t.Cleanup(func() {
		w.hangUp()
		m.ledger.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := db.ClaimChunk(t.Context(), w.name, time.Hour, false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.ChunkDeliveries(t.Context(), c, 0, 10)
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	return w, &queue{w: w, rest: all, leaseUntil: c.LeaseUntil}, server, issue
}

// A retry that is not given back waits for its lease to run out.
func TestWhatCouldNotBeCommittedIsGivenBack(t *testing.T) {
	for _, window := range []int{1, 8} {
		w, q, server, _ := inHand(t, window)
		w.m.ledger.Close() // it takes nothing any more
		if err := w.deliver(t.Context(), q); !errors.Is(err, data.ErrLedgerClosed) {
			t.Fatalf("window %d: %v", window, err)
		}
		if left := q.untried(); len(left) != 3 || len(server.Messages()) != 0 {
			t.Errorf("window %d: %d of 3 are given back, %d mails arrived", window, len(left), len(server.Messages()))
		}
	}
}

func TestWhatAPauseStoppedIsGivenBack(t *testing.T) {
	for _, window := range []int{1, 8} {
		w, q, server, issue := inHand(t, window)
		if err := w.m.DB.PauseMailing(t.Context(), issue.MailingID, "by hand"); err != nil {
			t.Fatal(err)
		}
		if err := w.deliver(t.Context(), q); !errors.Is(err, errStop) {
			t.Fatalf("window %d: %v", window, err)
		}
		if left := q.untried(); len(left) != 3 || len(server.Messages()) != 0 {
			t.Errorf("window %d: %d of 3 are given back, %d mails arrived", window, len(left), len(server.Messages()))
		}
	}
}
