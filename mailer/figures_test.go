package mailer_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// journal is a log that may be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// watched runs a mailer whose figures and log are looked at.
func watched(t *testing.T, db *data.DB, relay smtp.Settings) (*mailer.Mailer, *journal) {
	t.Helper()
	log := &journal{}
	m, err := mailer.New(mailer.Options{DB: db, Keys: keys(t), Settings: mailer.DefaultSettings(), Relays: []mailer.Relay{{Settings: relay}},
		Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := m.Figures().Relays[0].Connections; n != 0 {
			t.Errorf("%d connections are open after the end", n)
		}
	})
	return m, log
}

func TestFiguresCountWhatTheRelayAndTheLedgerDid(t *testing.T) {
	db := datatest.Open(t, nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 60), 10)
	relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
		switch e.Stage + " " + e.To {
		case smtptest.StageRcpt + " reader3@example.com":
			return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "unknown"}
		case smtptest.StageRcpt + " reader4@example.com":
			return &smtptest.Refusal{Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "full"}
		case smtptest.StageDot + " reader5@example.com":
			return &smtptest.Refusal{Code: 451, Drop: true}
		}
		return nil
	}})
	s := settings(t, relay.Addr(), 2)
	s.PerDay = 1000
	m, _ := watched(t, db, s)
	want := map[data.Word]int64{data.WordAccepted: 57, data.WordRefused: 1, data.WordDeferred: 1, data.WordUncertain: 1}
	until(t, "each delivery to have its first answer", func() bool {
		got := m.Figures().Relays[0].Outcomes
		for w, n := range want {
			if got[w] < n {
				return false
			}
		}
		return true
	})
	f := m.Figures()
	for w, n := range want {
		if got := f.Relays[0].Outcomes[w]; got != n {
			t.Errorf("%d %s, want %d", got, w, n)
		}
	}
	until(t, "the ledger to be written", func() bool {
		a, err := db.Progress(t.Context(), issue.MailingID)
		if err != nil {
			t.Fatal(err)
		}
		return a.Words[data.WordAccepted] == 57 && m.Figures().Commits.Waiting == 0
	})
	c := m.Figures().Commits
	lines, commits := int(c.Size.Sum), int64(0)
	for _, n := range c.Took.Counts {
		commits += n
	}
	if lines < 2*57 || commits == 0 || commits > int64(lines) || c.Took.Worst <= 0 || c.Failed != 0 {
		t.Errorf("%d lines in %d commits: %+v", lines, commits, c)
	}
	quotas, err := mailer.Quotas(t.Context(), db, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(quotas) != 1 || quotas[0].Span != 24*time.Hour || quotas[0].Most != 1000 || quotas[0].Left > 1000-60 || quotas[0].Left < 1000-160 {
		t.Errorf("quotas: %+v", quotas)
	}
}

func TestLogTellsEachChangeOfAnIssueAndOfARelayWithoutAddresses(t *testing.T) {
	db := datatest.Open(t, nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 30), 10)
	relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
		if e.Stage == smtptest.StageRcpt {
			return &smtptest.Refusal{Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "full: " + e.To}
		}
		return nil
	}})
	_, log := watched(t, db, settings(t, relay.Addr(), 2))
	says := func(what string) {
		t.Helper()
		until(t, what, func() bool { return strings.Contains(log.String(), what) })
	}
	says(`msg="delivery deferred" mailing=1`)
	says(`msg="mailing is sending" mailing=1 kind=issue`)
	if err := db.PauseMailing(t.Context(), issue.MailingID, "coffee"); err != nil {
		t.Fatal(err)
	}
	says(`msg="mailing is paused" mailing=1 kind=issue`)
	if err := db.ResumeMailing(t.Context(), issue.MailingID); err != nil {
		t.Fatal(err)
	}
	until(t, "the issue to go on", func() bool { return strings.Count(log.String(), "mailing is sending") == 2 })
	if err := relay.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddLetter(t.Context(), data.Letter{Kind: data.LetterTest, To: "ada@example.com", Subject: "Lunch", Text: "Lunch.\n",
		Header: data.Header{From: "desk@example.com", Domain: "example.com"}}); err != nil {
		t.Fatal(err)
	}
	says(`msg="relay could not be used" relay=main trouble="link lost at connect" failures=1`)
	if err := db.CancelMailing(t.Context(), issue.MailingID, "lunch"); err != nil {
		t.Fatal(err)
	}
	says(`msg="mailing is cancelled" mailing=1 kind=issue`)
	for _, word := range []string{"example.com", "reader", "Lunch", "lunch", "coffee"} {
		if strings.Contains(log.String(), word) {
			t.Errorf("the log has %q: %s", word, log)
		}
	}
	if n := strings.Count(log.String(), "delivery deferred"); n > 10 {
		t.Errorf("%d lines on deferred deliveries", n)
	}
}
