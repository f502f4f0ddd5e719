package mailer_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func settingsOfLedger() mailer.Settings { return mailer.DefaultSettings() }

// halted is an issue that is in the middle of being sent, with a count of what the relay has.
func halted(t *testing.T, window int) (r *rig, relay *smtptest.Scripted, count *atomic.Int64) {
	t.Helper()
	r = newRig(t, nil, 2000, 100)
	r.s.Window = window
	count = &atomic.Int64{}
	reached := make(chan struct{})
	relay = scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		if c.Command == "DOT" && count.Add(1) == 200 {
			close(reached)
		}
		return smtptest.Action{}
	}})
	r.run(at(t, relay.Port(), haltConnections))
	<-reached
	return r, relay, count
}

const haltConnections = 4

// still waits until the relay has had nothing new for a while, and returns what it has.
func still(t *testing.T, count *atomic.Int64) int64 {
	t.Helper()
	last, since := count.Load(), time.Now()
	until(t, "the sending to stop", func() bool {
		if n := count.Load(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
	return last
}

func TestFlowPauseStopsWithinAWindowAndResumeRepeatsNone(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			r, relay, count := halted(t, window)
			if err := r.db.PauseMailing(t.Context(), r.issue.MailingID, "coffee"); err != nil {
				t.Fatal(err)
			}
			paused := count.Load()
			n := still(t, count)
			if n-paused > int64(haltConnections*window) {
				t.Errorf("%d were sent after the pause over %d connections", n-paused, haltConnections)
			}
			if n == 2000 {
				t.Fatal("nothing was left to be paused")
			}
			if err := r.db.ResumeMailing(t.Context(), r.issue.MailingID); err != nil {
				t.Fatal(err)
			}
			r.complete(0)
			r.wantOnce(counted(relay.Messages()))
		})
	}
}

func TestFlowCancelLeavesTheRestSkipped(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			r, relay, count := halted(t, window)
			if err := r.db.CancelIssue(t.Context(), r.issue.ID, "a mistake in it"); err != nil {
				t.Fatal(err)
			}
			cancelled := count.Load()
			r.until("the rest to be skipped", 0, func() bool {
				p, err := r.db.Progress(t.Context(), r.issue.MailingID)
				return err == nil && p.Words[data.WordAccepted]+p.Words[data.WordSkipped] == 2000
			})
			if n := still(t, count); n-cancelled > int64(haltConnections*window) {
				t.Errorf("%d were sent after it was cancelled", n-cancelled)
			}
			got := counted(relay.Messages())
			r.wantAtMost(got, 0)
			for address, d := range r.deliveries() {
				if (d.Word == data.WordAccepted) != (got[address] == 1) {
					t.Errorf("%s is %s and got %d", address, d.Word, got[address])
				}
			}
			if w := r.words(); w[data.WordSkipped] == 0 {
				t.Errorf("words: %v", w)
			}
		})
	}
}

// manyReaders fills a newsletter as an import would, in one go: a million takes seconds.
func manyReaders(t *testing.T, db *data.DB, nl data.Newsletter, n int) {
	t.Helper()
	raw, err := sql.Open("sqlite3", "file:"+db.Path()+"?_busy_timeout=10000&_foreign_keys=1")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	now := db.Now().Add(-time.Hour).UnixMilli()
	const count = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) `
	for _, statement := range []string{
		`INSERT INTO subscriber (id, address, typed, name, added_at) ` + count + `
			SELECT i, 'reader' || i || '@example.com', 'reader' || i || '@example.com', 'Reader ' || i, ?2 FROM n WHERE ?3 > 0`,
		`INSERT INTO subscription (id, subscriber_id, newsletter_id, state, source, asked_at, moved_at) ` + count + `
			SELECT i, i, ?3, 'active', 'test', ?2, ?2 FROM n`,
		`INSERT INTO subscription_move (subscription_id, at, state, why) ` + count + `
			SELECT i, ?2, 'active', 'test' FROM n WHERE ?3 > 0`,
	} {
		if _, err := raw.ExecContext(t.Context(), statement, n, now, nl.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// A letter does not wait behind an issue of 100,000; FLOW_DELIVERIES=1000000 takes a million.
func TestFlowLetterIsOnTheWireWithin5SecondsBesideALargeIssue(t *testing.T) {
	t.Parallel()
	readers := 100_000
	if more := os.Getenv("FLOW_DELIVERIES"); more != "" {
		var err error
		if readers, err = strconv.Atoi(more); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{t: t, n: readers, s: mailer.DefaultSettings(), log: &words{}}
	r.s.Window = 16
	r.db = datatest.Open(t, nil)
	r.nl = datatest.Newsletter(t, r.db, "daily", 0)
	manyReaders(t, r.db, r.nl, readers)
	r.issue = datatest.ClosedIssue(t, r.db, r.nl, 500)
	var sent atomic.Int64
	begun, letters := make(chan struct{}), make(chan time.Time, 1)
	relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		switch {
		case c.Command == "DOT" && sent.Add(1) == 500:
			close(begun)
		case c.Command == "RCPT" && strings.Contains(c.Line, "<new@example.org>"):
			letters <- time.Now()
		}
		return smtptest.Action{}
	}})
	r.run(at(t, relay.Port(), 4))
	<-begun
	worst := time.Duration(0)
	for range 5 {
		asked := time.Now()
		if _, err := r.db.AddLetter(t.Context(), data.Letter{
			Kind: data.LetterConfirmation, To: "new@example.org", Subject: "Please confirm", Text: "Follow the link.\n",
			Header: data.Header{From: "digest@example.com", Domain: "example.com", SiteURL: "https://news.example.com", Automatic: true},
		}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		select {
		case at := <-letters:
			worst = max(worst, at.Sub(asked))
		case <-ctx.Done():
			worst = 10 * time.Second
		}
		cancel()
	}
	if worst > 5*time.Second {
		t.Errorf("a letter took %s", worst)
	}
	if n := sent.Load(); n >= int64(readers) {
		t.Fatalf("the issue was over with %d, so there was nothing to wait behind", n)
	}
	t.Logf("the slowest of 5 letters took %s, with %d of %d sent", worst, sent.Load(), readers)
}
