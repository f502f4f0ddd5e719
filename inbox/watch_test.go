package inbox_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

// running runs an inbox for a test and tells its steps.
type running struct {
	t     *testing.T
	ctx   context.Context
	steps chan string
}

func run(t *testing.T, ctx context.Context, o inbox.Options) running {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	r := running{t: t, ctx: ctx, steps: make(chan string, 10000)}
	in := newInbox(t, o)
	in.OnStep(func(name string) { r.steps <- name })
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

// until waits for a step.
func (r running) until(name string) {
	r.t.Helper()
	for {
		select {
		case step := <-r.steps:
			if step == name {
				return
			}
		case <-r.ctx.Done():
			r.t.Fatalf("waiting for the step %q: %v", name, r.ctx.Err())
		}
	}
}

func TestIdleBringsANewMessageAtOnce(t *testing.T) {
	servers(t, func(t *testing.T, s server) {
		ctx, db := within(t, time.Minute), open(t)
		o := options(t, db, loopback(s.port, imap.FilingMove))
		o.Settings.Poll = imap.Duration(time.Hour)
		r := run(t, ctx, o)
		r.until("waiting")
		began := time.Now()
		s.deliver(letter(1, "tip"))
		r.until("filed")
		filed := time.Since(began)
		r.until("move recorded")
		moved := time.Since(began)
		t.Logf("filed after %v, moved after %v", filed, moved)
		if filed > 10*time.Second {
			t.Errorf("it took %v", filed)
		}
		if s.count("Tips") != 1 || s.count("INBOX") != 0 {
			t.Errorf("INBOX %d, Tips %d", s.count("INBOX"), s.count("Tips"))
		}
	})
}

func TestAllFoldersArePolledWhateverTheServerAnnounces(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{Folders: []string{"Tips"}})
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	o.Settings.Poll = imap.Duration(50 * time.Millisecond)
	r := run(t, ctx, o)
	r.until("waiting")
	for i, folder := range []string{"Junk", "Tips"} {
		must(t, s.Append(folder, letter(i, "tip"), time.Now()))
		r.until("filed")
	}
	if len(cards(t, db)) != 2 {
		t.Error("not all folders were read")
	}
}

func TestARequestAndACorrectionWakeTheInbox(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(letter(1, "tip")))
	o := options(t, db, loopback(s.Port(), imap.FilingMove))
	o.Settings.Poll, o.Settings.Look = imap.Duration(time.Hour), imap.Duration(20*time.Millisecond)
	r := run(t, ctx, o)
	r.until("move recorded")
	r.until("waiting")
	must(t, s.Append("Junk", letter(2, "tip"), time.Now())) // nobody announces what comes into Junk
	must(t, db.Ask(ctx, data.RoleInbox, "poll", 0))
	r.until("filed")
	must(t, db.CorrectConversation(ctx, cards(t, db)["tip: mail 1"].ID, "gossip", 0))
	r.until("move recorded")
	if s.Count("Gossip") != 1 || s.Count("Tips") != 0 {
		t.Errorf("Gossip %d, Tips %d", s.Count("Gossip"), s.Count("Tips"))
	}
}

func TestALostLineIsTakenUpAgain(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	o.Settings.Retry = imap.Duration(time.Millisecond)
	r := run(t, ctx, o)
	r.until("waiting")
	s.CutAll()
	must(t, s.Deliver(letter(1, "tip")))
	r.until("failed")
	r.until("filed")
	if got := alarms(t, db); len(got) != 0 {
		t.Errorf("an alarm for a moment's trouble: %q", got)
	}
}

func TestAWrongPasswordIsAnAlarmInWordsAndHeals(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var right atomic.Bool
	s := startScripted(t, imaptest.Script{Mails: fiveMails(), Answers: map[string]func(*imaptest.Exchange){
		"AUTHENTICATE": func(e *imaptest.Exchange) {
			if right.Load() {
				e.Polite()
				return
			}
			e.No("[AUTHENTICATIONFAILED] invalid credentials")
		},
	}})
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	o.Settings.RetryLogin, o.Settings.Look = imap.Duration(time.Hour), imap.Duration(20*time.Millisecond)
	r := run(t, ctx, o)
	r.until("failed")
	got := alarms(t, db)
	if len(got) != 1 || !strings.Contains(got[0], "refused the user name or password") || !strings.Contains(got[0], "127.0.0.1") {
		t.Fatalf("alarms: %q", got)
	}
	right.Store(true)
	must(t, db.Ask(ctx, data.RoleInbox, "poll", 0)) // who mended it need not wait for the hour to pass
	r.until("waiting")
	if got := alarms(t, db); len(got) != 0 {
		t.Errorf("it is well, and still: %q", got)
	}
}

func TestAMendedPasswordFileHealsWithoutARestart(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	file := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(file, []byte("wrong\n"), 0o600))
	o.Mailboxes[0].Settings.PasswordFile, o.Mailboxes[0].Password = file, "wrong"
	in := newInbox(t, o)
	if _, err := in.Poll(ctx); err == nil || len(alarms(t, db)) != 1 {
		t.Fatalf("%v, alarms %q", err, alarms(t, db))
	}
	must(t, os.WriteFile(file, []byte("secret\n"), 0o600))
	if _, err := in.Poll(ctx); err != nil || len(alarms(t, db)) != 0 {
		t.Errorf("%v, alarms %q", err, alarms(t, db))
	}
}

func TestEachTroubleHasItsOwnWords(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := closed.Addr().(*net.TCPAddr).Port
	must(t, closed.Close())
	scripted := func(script imaptest.Script) imap.Settings {
		return loopback(startScripted(t, script).Port(), imap.FilingLeave)
	}
	silent := scripted(imaptest.Script{Mute: true})
	silent.Timeout = imap.Duration(time.Second)
	tls := scripted(imaptest.Script{})
	tls.TLS = "starttls"
	for name, c := range map[string]struct {
		settings imap.Settings
		atOnce   bool
		says     string
	}{
		"the line":   {loopback(port, imap.FilingLeave), false, "no connection to the mail server"},
		"silence":    {silent, false, "does not answer"},
		"the server": {scripted(imaptest.Script{Answers: map[string]func(*imaptest.Exchange){"LIST": imaptest.Refuse("[SERVERBUG] out of disk")}}), false, "out of disk"},
		"TLS":        {tls, true, "no safe connection"},
	} {
		t.Run(name, func(t *testing.T) {
			clock := datatest.NewClock()
			ctx, db := within(t, time.Minute), datatest.Open(t, clock)
			in := newInbox(t, options(t, db, c.settings))
			if _, err := in.Poll(ctx); err == nil {
				t.Error("no error")
			}
			if got := alarms(t, db); (len(got) == 1) != c.atOnce {
				t.Errorf("at once: %q", got)
			}
			clock.Add(6 * time.Minute)
			if _, err := in.Poll(ctx); err == nil {
				t.Error("no error")
			}
			if got := alarms(t, db); len(got) != 1 || !strings.Contains(got[0], c.says) {
				t.Errorf("after six minutes: %q", got)
			}
		})
	}
}

func TestAMailboxUnreadForAnHourIsAnAlarm(t *testing.T) {
	clock := datatest.NewClock()
	ctx, db := within(t, time.Minute), datatest.Open(t, clock)
	s := startEmbedded(t, imaptest.Options{})
	in := newInbox(t, options(t, db, loopback(s.Port(), imap.FilingLeave)))
	_, err := in.Poll(ctx)
	must(t, err)
	clock.Add(59 * time.Minute)
	in.Watchdog(ctx)
	if got := alarms(t, db); len(got) != 0 {
		t.Errorf("after 59 minutes: %q", got)
	}
	clock.Add(time.Minute)
	in.Watchdog(ctx)
	if got := alarms(t, db); len(got) != 1 || !strings.Contains(got[0], "was not read for 1h0m0s, since 06:00 UTC") {
		t.Errorf("after an hour: %q", got)
	}
	_, err = in.Poll(ctx)
	must(t, err)
	if got := alarms(t, db); len(got) != 0 {
		t.Errorf("read again: %q", got)
	}
}

func TestAMissingFolderOfTheConfigIsAnAlarmAndTheRestIsRead(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(letter(1, "tip")))
	settings := loopback(s.Port(), imap.FilingLeave)
	settings.Folders = []string{"Tipz", "inbox"}
	o := options(t, db, settings)
	if r := poll(t, ctx, o); r.New != 1 || r.Known != 0 {
		t.Errorf("%+v", r)
	}
	if got := alarms(t, db); len(got) != 1 || !strings.Contains(got[0], `no folder "Tipz"`) {
		t.Errorf("alarms: %q", got)
	}
	must(t, s.CreateFolder("Tipz"))
	poll(t, ctx, o)
	if got := alarms(t, db); len(got) != 0 {
		t.Errorf("alarms: %q", got)
	}
}

func TestOneMailboxThatFailsDoesNotKeepTheOtherFromBeingRead(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	bad, good := startEmbedded(t, imaptest.Options{Username: "a@example.org", Password: "other"}), startEmbedded(t, imaptest.Options{})
	must(t, good.Deliver(letter(1, "tip")))
	first := loopback(bad.Port(), imap.FilingLeave)
	first.Username = "a@example.org"
	r, err := newInbox(t, options(t, db, first, loopback(good.Port(), imap.FilingLeave))).Poll(ctx)
	if err == nil || r.Opened != 1 || r.Mailboxes != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := alarms(t, db); len(got) != 1 {
		t.Errorf("alarms: %q", got)
	}
}
