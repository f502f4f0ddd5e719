package mailer_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/proof/smtpsink"
)

// The rows of the fault matrix that are about relays and about this process are tested in
// fault_*_test.go, each test named after its row. Where Debian's smtp-sink can do the fault,
// it does; the scripted server does the others.

// A rig is an issue with its database and its mailer, and what was logged.
type rig struct {
	t     *testing.T
	db    *data.DB
	clock *datatest.Clock // nil: the machine's
	nl    data.Newsletter
	issue data.Issue
	n     int
	s     mailer.Settings
	log   *words
}

// newRig closes an issue for n readers, in chunks of chunk.
func newRig(t *testing.T, clock *datatest.Clock, n, chunk int) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock, n: n, s: mailer.DefaultSettings(), log: &words{}}
	r.db = datatest.Open(t, clock)
	r.nl = datatest.Newsletter(t, r.db, "daily", n)
	r.issue = datatest.ClosedIssue(t, r.db, r.nl, chunk)
	return r
}

// run sends through the relays until the returned function is called, or the test is over.
func (r *rig) run(relays ...smtp.Settings) (stop func()) {
	r.t.Helper()
	o := mailer.Options{}
	for _, s := range relays {
		o.Relays = append(o.Relays, mailer.Relay{Settings: s, Password: canary})
	}
	return r.runWith(o)
}

func (r *rig) runWith(o mailer.Options) (stop func()) {
	r.t.Helper()
	o.DB, o.Keys, o.Settings, o.Log = r.db, keys(r.t), r.s, slog.New(slog.NewTextHandler(r.log, nil))
	m, err := mailer.New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

// canary is the password of every relay here: it must not be seen where TLS has failed.
const canary = "canary-password"

// at is a relay on this machine, without TLS.
func at(t *testing.T, port, connections int) smtp.Settings {
	t.Helper()
	s := settings(t, fmt.Sprintf("127.0.0.1:%d", port), connections)
	s.HELO = "client.test"
	return s
}

// until waits for a condition, and moves the clock by step at each look, if there is one. It
// waits for long, since many of these tests run at once.
func (r *rig) until(what string, step time.Duration, is func() bool) {
	r.t.Helper()
	deadline := time.NewTimer(75 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if r.clock != nil && step > 0 {
			r.clock.Add(step)
		}
		select {
		case <-deadline.C:
			r.t.Fatalf("waited 75 s for %s; words: %v", what, r.words())
		case <-tick.C:
		}
	}
}

// complete waits for the end of the issue.
func (r *rig) complete(step time.Duration) {
	r.t.Helper()
	r.until("the issue to be complete", step, func() bool {
		return state(r.t, r.db, r.issue.MailingID) == data.MailingComplete
	})
}

// words is what the ledger says of the issue, reader by reader.
func (r *rig) words() map[data.Word]int {
	r.t.Helper()
	a, err := r.db.Account(r.t.Context(), r.issue.MailingID)
	if err != nil {
		r.t.Fatal(err)
	}
	if a.Audience != r.n {
		r.t.Fatalf("the audience is %d, want %d", a.Audience, r.n)
	}
	return a.Words
}

func (r *rig) waitWord(w data.Word, n int, step time.Duration) {
	r.t.Helper()
	r.until(fmt.Sprintf("%d to be %s", n, w), step, func() bool {
		p, err := r.db.Progress(r.t.Context(), r.issue.MailingID)
		return err == nil && p.Words[w] == n
	})
}

// deliveries are all of the issue's, by address.
func (r *rig) deliveries() map[string]data.ListedDelivery {
	r.t.Helper()
	all, err := r.db.Deliveries(r.t.Context(), r.issue.MailingID, "", 0, r.n+1)
	if err != nil || len(all) != r.n {
		r.t.Fatalf("%d deliveries of %d: %v", len(all), r.n, err)
	}
	by := map[string]data.ListedDelivery{}
	for _, d := range all {
		by[d.Address] = d
	}
	return by
}

// wantOnce checks that each reader got exactly one.
func (r *rig) wantOnce(got map[string]int) {
	r.t.Helper()
	r.wantAtMost(got, 0)
	for address := range r.deliveries() {
		if got[address] == 0 {
			r.t.Errorf("%s got none", address)
		}
	}
}

// wantAtMost checks that no more than extra mails came twice, and none to a stranger.
func (r *rig) wantAtMost(got map[string]int, extra int) {
	r.t.Helper()
	all, twice := r.deliveries(), 0
	for address, n := range got {
		if _, ok := all[address]; !ok {
			r.t.Errorf("%s is no reader", address)
		}
		twice += n - 1
	}
	if twice > extra {
		r.t.Errorf("%d mails came a second time, at most %d may: %v", twice, extra, got)
	}
}

// allActive checks that nobody lost the subscription.
func (r *rig) allActive() {
	r.t.Helper()
	counts, err := r.db.CountSubscriptions(r.t.Context(), r.nl.ID)
	if err != nil || counts[data.SubscriptionActive] != r.n {
		r.t.Errorf("subscriptions: %v (%v), want %d active", counts, err, r.n)
	}
}

// alarm waits for one alarm, and checks that it is the only one.
func (r *rig) alarm(about string) data.Alarm {
	r.t.Helper()
	var all []data.Alarm
	until(r.t, "an alarm", func() (ok bool) {
		var err error
		all, err = r.db.Alarms(r.t.Context())
		return err == nil && len(all) > 0
	})
	if len(all) != 1 || all[0].About != about {
		r.t.Fatalf("alarms: %+v, want one about %s", all, about)
	}
	return all[0]
}

// scripted runs a scripted server.
func scripted(t *testing.T, script smtptest.Script) *smtptest.Scripted {
	t.Helper()
	s, err := smtptest.StartScripted(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// counted is how many mails came for each recipient.
func counted(all []smtptest.Message) map[string]int {
	got := map[string]int{}
	for _, m := range all {
		got[m.To[0]]++
	}
	return got
}

// sink runs Debian's smtp-sink.
func sink(t *testing.T, switches ...string) *smtpsink.Sink {
	t.Helper()
	s, err := smtpsink.Start(switches...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func heal(t *testing.T, s *smtpsink.Sink, switches ...string) {
	t.Helper()
	if err := s.Restart(switches...); err != nil {
		t.Fatal(err)
	}
}

func took(t *testing.T, s *smtpsink.Sink) map[string]int {
	t.Helper()
	all, err := s.Recipients()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, to := range all {
		got[to]++
	}
	return got
}

// closedPort is a port of this machine at which nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// words is a log that can be searched.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// count is how many lines have the words in them.
func (w *words) count(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.text.String(), what)
}

// plain is a relay by name; tests that need TLS change it.
func plain(name string, port int) smtp.Settings {
	s := smtp.DefaultSettings()
	s.Name, s.Host, s.Port, s.TLS, s.HELO = name, "127.0.0.1", port, dial.None, "client.test"
	return s
}
