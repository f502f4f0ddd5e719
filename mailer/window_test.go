package mailer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// startWith is start with settings of the ledger.
func startWith(t *testing.T, db *data.DB, s mailer.Settings, relays ...smtp.Settings) (stop func()) {
	t.Helper()
	o := mailer.Options{DB: db, Keys: keys(t), Settings: s, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, r := range relays {
		o.Relays = append(o.Relays, mailer.Relay{Settings: r})
	}
	m, err := mailer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestAWindowOfAnySizeReachesEachReaderOnce(t *testing.T) {
	for _, window := range []int{1, 7, 32} {
		db := datatest.Open(t, nil)
		nl := datatest.Newsletter(t, db, "daily", 333)
		relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
			switch {
			case e.Stage == smtptest.StageRcpt && e.To == "reader40@example.com":
				return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user"}
			case e.Stage == smtptest.StageRcpt && e.To == "reader41@example.com":
				return &smtptest.Refusal{Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "mailbox full"}
			}
			return nil
		}})
		issue := datatest.ClosedIssue(t, db, nl, 50)
		s := mailer.DefaultSettings()
		s.Window = window
		stop := startWith(t, db, s, settings(t, relay.Addr(), 3))
		until(t, "all to be tried", func() bool {
			a, err := db.Progress(t.Context(), issue.MailingID)
			return err == nil && a.Words[data.WordOpen] == 0
		})
		stop()
		got := map[string]int{}
		for _, m := range relay.Messages() {
			got[m.To[0]]++
		}
		for i := 1; i <= 333; i++ {
			want := 1
			if i == 40 || i == 41 {
				want = 0
			}
			if n := got[fmt.Sprintf("reader%d@example.com", i)]; n != want {
				t.Errorf("window %d: reader %d got %d", window, i, n)
			}
		}
		a, err := db.Account(t.Context(), issue.MailingID)
		if err != nil || a.Words[data.WordAccepted] != 331 || a.Words[data.WordRefused] != 1 || a.Words[data.WordDeferred] != 1 {
			t.Errorf("window %d: account %+v (%v)", window, a, err)
		}
	}
}

// A frontDoor takes connections and closes them at once, as an overloaded relay does, until it
// is opened: then it passes them on.
type frontDoor struct {
	net.Listener
	taken atomic.Int32
	open  atomic.Bool
}

func newFrontDoor(t *testing.T, relay string) *frontDoor {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := &frontDoor{Listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			door.taken.Add(1)
			if !door.open.Load() {
				c.Close()
				continue
			}
			all.Go(func() { pass(c, relay) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return door
}

func pass(c net.Conn, to string) {
	defer c.Close()
	r, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer r.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(c, r)
		c.Close()
	}()
	_, _ = io.Copy(r, c)
	r.Close()
	<-back
}

func TestAShortOutageCostsNoAttempt(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 50)
	relay := server(t, smtptest.Options{})
	door := newFrontDoor(t, relay.Addr())
	issue := datatest.ClosedIssue(t, db, nl, 50)
	start(t, db, settings(t, door.Addr().String(), 2))
	until(t, "a few failures", func() bool { return door.taken.Load() >= 3 })
	door.open.Store(true)
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })
	if n := len(relay.Messages()); n != 50 {
		t.Errorf("%d mails arrived, want 50", n)
	}
	listed, err := db.Deliveries(t.Context(), issue.MailingID, "", 0, 100)
	if err != nil || len(listed) != 50 {
		t.Fatal(len(listed), err)
	}
	for _, d := range listed {
		if d.Attempts != 1 {
			t.Errorf("delivery %d took %d attempts", d.Seq, d.Attempts)
		}
	}
}

// dropper is a relay that drops the link at a command, as long as it is told to.
func dropper(t *testing.T, drop func(line string) bool) *smtptest.Scripted {
	t.Helper()
	s, err := smtptest.StartScripted(smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		return smtptest.Action{Drop: drop(c.Line)}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestARelayThatDropsEachMessageIsLeftAlone(t *testing.T) {
	for _, window := range []int{1, 8} {
		db := datatest.Open(t, nil)
		nl := datatest.Newsletter(t, db, "daily", 60)
		issue := datatest.ClosedIssue(t, db, nl, 20)
		var dropped, healed atomic.Int32
		relay := dropper(t, func(line string) bool {
			if healed.Load() > 0 || !strings.HasPrefix(line, "MAIL") {
				return false
			}
			dropped.Add(1)
			return true
		})
		s := mailer.DefaultSettings()
		s.Window = window
		startWith(t, db, s, settings(t, fmt.Sprintf("127.0.0.1:%d", relay.Port()), 2))
		until(t, "some drops", func() bool { return dropped.Load() >= 4 })
		healed.Store(1)
		until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })
		if n := len(relay.Messages()); n != 60 {
			t.Errorf("window %d: %d mails arrived, want 60", window, n)
		}
		if dropped.Load() > 30 {
			t.Errorf("window %d: %d messages were thrown at a relay that drops them", window, dropped.Load())
		}
	}
}

func TestAMessageThatBreaksTheLinkDoesNotHoldUpTheOthers(t *testing.T) {
	for _, window := range []int{1, 8} {
		db := datatest.Open(t, nil)
		nl := datatest.Newsletter(t, db, "daily", 30)
		issue := datatest.ClosedIssue(t, db, nl, 30)
		relay := dropper(t, func(line string) bool {
			return strings.HasPrefix(line, "RCPT") && strings.Contains(line, "<reader2@example.com>")
		})
		s := mailer.DefaultSettings()
		s.Window = window
		startWith(t, db, s, settings(t, fmt.Sprintf("127.0.0.1:%d", relay.Port()), 1))
		until(t, "the others", func() bool {
			a, err := db.Progress(t.Context(), issue.MailingID)
			return err == nil && a.Words[data.WordAccepted] == 29 && a.Words[data.WordDeferred] == 1
		})
		if n := len(relay.Messages()); n != 29 {
			t.Errorf("window %d: %d mails arrived, want 29", window, n)
		}
	}
}

func TestAMailingThatCannotBeComposedIsHeldWithAnAlarm(t *testing.T) {
	db := datatest.Open(t, nil)
	relay := server(t, smtptest.Options{})
	id, err := db.AddLetter(t.Context(), data.Letter{Kind: data.LetterReply, To: "a@example.com", Subject: "s", Text: "t",
		Header: data.Header{From: "d@example.com", Domain: "example.com", InReplyTo: "<x@y>\r\nBcc: z@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "the letter to be held", func() bool { return state(t, db, id) == data.MailingHeld })
	alarms, err := db.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || len(relay.Messages()) != 0 {
		t.Errorf("alarms %+v (%v), %d mails", alarms, err, len(relay.Messages()))
	}
}

func TestALeaseThatTheDotOutlivesIsRefused(t *testing.T) {
	s := mailer.DefaultSettings()
	s.Lease = smtp.Duration(10 * time.Minute)
	relay := smtp.DefaultSettings()
	relay.Host = "relay.example.com"
	_, err := mailer.New(mailer.Options{DB: datatest.Open(t, nil), Settings: s, Relays: []mailer.Relay{{Settings: relay}}})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("lease")) {
		t.Errorf("a lease of 10m with a dot of 10m: %v", err)
	}
}
