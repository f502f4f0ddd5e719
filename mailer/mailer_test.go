package mailer_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/token"
)

func TestMain(m *testing.M) {
	crashChild()
	runFaultChild()
	// The race detector's run is short: it leaves the drills to the whole one.
	flag.Parse()
	if testing.Short() {
		if err := flag.Set("test.skip", "^TestRow|^TestFlow|^TestKilled|^TestNoIntentIsLater|^TestThousand|TakesNoMemory"); err != nil {
			panic(err)
		}
	}
	// Most tests here wait for a relay and not for a processor. The command line still wins.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var secret = bytes.Repeat([]byte("s"), 32)

func keys(t *testing.T) token.Keys {
	t.Helper()
	k, err := token.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func settings(t *testing.T, addr string, connections int) smtp.Settings {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.DefaultSettings()
	s.Name, s.Host, s.TLS, s.Connections = "main", host, dial.None, connections
	if s.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t *testing.T, db *data.DB, relay smtp.Settings) (stop func()) {
	t.Helper()
	m, err := mailer.New(mailer.Options{
		DB: db, Keys: keys(t), Settings: mailer.DefaultSettings(), Relays: []mailer.Relay{{Settings: relay}},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the mailer did not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

// until waits for a condition on the database, which another goroutine brings about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			t.Fatalf("waited 30 s for %s", what)
		case <-tick.C:
		}
	}
}

func state(t *testing.T, db *data.DB, mailing int64) data.MailingState {
	t.Helper()
	m, err := db.Mailing(t.Context(), mailing)
	if err != nil {
		t.Fatal(err)
	}
	return m.State
}

func server(t *testing.T, o smtptest.Options) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestEachReaderGetsTheIssueOnce(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 120)
	relay := server(t, smtptest.Options{})
	issue := datatest.ClosedIssue(t, db, nl, 10)
	start(t, db, settings(t, relay.Addr(), 4))
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })

	got := map[string]int{}
	for _, m := range relay.Messages() {
		got[m.To[0]]++
	}
	for i := 1; i <= 120; i++ {
		if n := got[fmt.Sprintf("reader%d@example.com", i)]; n != 1 {
			t.Errorf("reader %d got %d", i, n)
		}
	}
	if len(got) != 120 {
		t.Errorf("%d readers got one, want 120", len(got))
	}
}

func TestDigestSaysWhatTheRFCsAsk(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 1)
	relay := server(t, smtptest.Options{})
	issue := datatest.ClosedIssue(t, db, nl, 10)
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })

	raw := relay.Messages()[0].Data
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	h := m.Header
	link, _, _ := strings.Cut(strings.TrimPrefix(h.Get("List-Unsubscribe"), "<"), ">")
	if !strings.HasPrefix(link, "https://news.example.com/u/") {
		t.Fatalf("List-Unsubscribe: %q", h.Get("List-Unsubscribe"))
	}
	if sub, mailing, ok := keys(t).Open(token.Unsubscribe, link[strings.LastIndex(link, "/")+1:]); !ok || sub == 0 || mailing != issue.MailingID {
		t.Errorf("the token of %q opens as %d, %d, %v", link, sub, mailing, ok)
	}
	if a, b, ok := token.OpenMessageID(keys(t), h.Get("Message-Id")); !ok || a != issue.MailingID || b != 1 {
		t.Errorf("Message-ID %q opens as %d, %d, %v", h.Get("Message-Id"), a, b, ok)
	}
	for name, want := range map[string]string{
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Id": `"The daily" <daily.example.com>`,
		"To": `"Reader 1" <reader1@example.com>`, "Auto-Submitted": "auto-generated", "Precedence": "bulk",
		"X-Auto-Response-Suppress": "OOF, AutoReply", "Subject": "Bridge reopens", "Mime-Version": "1.0",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if !strings.HasPrefix(h.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("Content-Type: %q", h.Get("Content-Type"))
	}
	for name, values := range h {
		if len(values) > 1 {
			t.Errorf("%s stands %d times", name, len(values))
		}
	}
}

func TestGreylistingCostsNobodyTheIssue(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 5)
	var seen atomic.Int32
	relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
		if e.Stage == smtptest.StageRcpt && seen.Add(1) <= 5 {
			return &smtptest.Refusal{Code: 450, Enhanced: [3]int{4, 7, 1}, Text: "greylisted"}
		}
		return nil
	}})
	issue := datatest.ClosedIssue(t, db, nl, 10)
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "five deferrals", func() bool {
		a, err := db.Account(t.Context(), issue.MailingID)
		return err == nil && a.Words[data.WordDeferred] == 5
	})
	clock.Add(8 * time.Minute)
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })
	if n := len(relay.Messages()); n != 5 {
		t.Errorf("%d mails arrived, want 5", n)
	}
}

func TestRefusalOfOneReaderLeavesTheOthersAlone(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 5)
	relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
		if e.Stage == smtptest.StageRcpt && e.To == "reader3@example.com" {
			return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user"}
		}
		return nil
	}})
	issue := datatest.ClosedIssue(t, db, nl, 10)
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })
	a, err := db.Account(t.Context(), issue.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	if a.Words[data.WordAccepted] != 4 || a.Words[data.WordRefused] != 1 {
		t.Errorf("account: %+v", a)
	}
	all, err := db.Deliveries(t.Context(), issue.MailingID, data.WordRefused, 0, 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("refused deliveries: %v, %v", all, err)
	}
	lines, err := db.LedgerOf(t.Context(), issue.MailingID, all[0].Seq)
	if err != nil || len(lines) != 1 || lines[0].Code != 550 || lines[0].Text != "no such user" {
		t.Errorf("ledger of the refused one: %+v, %v", lines, err)
	}
}

func TestRelayThatRefusesUsPausesTheIssueAndBlamesNobody(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 60)
	relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
		if e.Stage == smtptest.StageMail {
			return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "your domain is not welcome"}
		}
		return nil
	}})
	issue := datatest.ClosedIssue(t, db, nl, 100)
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "the issue to be paused", func() bool { return state(t, db, issue.MailingID) == data.MailingPaused })
	until(t, "an alarm", func() bool {
		alarms, err := db.Alarms(t.Context())
		return err == nil && len(alarms) == 1 && alarms[0].Kind == "relay"
	})
	counts, err := db.CountSubscriptions(t.Context(), nl.ID)
	if err != nil || counts[data.SubscriptionActive] != 60 {
		t.Errorf("active after it: %v, %v", counts, err)
	}
}

func TestConfirmationGoesOutFromTheNullSender(t *testing.T) {
	db := datatest.Open(t, nil)
	relay := server(t, smtptest.Options{})
	id, err := db.AddLetter(t.Context(), data.Letter{
		Kind: data.LetterConfirmation, To: "new@example.org", Subject: "Please confirm", Text: "Follow the link.\n",
		Header: data.Header{From: "digest@example.com", Domain: "example.com", SiteURL: "https://news.example.com", Automatic: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, db, settings(t, relay.Addr(), 1))
	until(t, "the letter to be complete", func() bool { return state(t, db, id) == data.MailingComplete })
	m := relay.Messages()[0]
	if m.From != "" {
		t.Errorf("sender %q, want the null sender", m.From)
	}
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	if read.Header.Get("Auto-Submitted") != "auto-generated" || read.Header.Get("List-Id") != "" || read.Header.Get("Precedence") != "" {
		t.Errorf("headers: %v", read.Header)
	}
}

func TestStopFinishesWhatIsOnTheWire(t *testing.T) {
	db := datatest.Open(t, nil)
	nl := datatest.Newsletter(t, db, "daily", 300)
	reached := make(chan struct{}, 300)
	relay := server(t, smtptest.Options{OnMessage: func(smtptest.Message) { reached <- struct{}{} }})
	issue := datatest.ClosedIssue(t, db, nl, 20)
	stop := start(t, db, settings(t, relay.Addr(), 4))
	for range 40 {
		<-reached
	}
	stop()
	a, err := db.Account(t.Context(), issue.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	if a.Words[data.WordUncertain] != 0 {
		t.Errorf("uncertain after a clean stop: %+v", a)
	}
	if n := len(relay.Messages()); n != a.Words[data.WordAccepted] {
		t.Errorf("the relay has %d, the ledger says %d", n, a.Words[data.WordAccepted])
	}
	start(t, db, settings(t, relay.Addr(), 4))
	until(t, "the issue to be complete", func() bool { return state(t, db, issue.MailingID) == data.MailingComplete })
	if n := len(relay.Messages()); n != 300 {
		t.Errorf("%d mails in the end, want 300", n)
	}
}
