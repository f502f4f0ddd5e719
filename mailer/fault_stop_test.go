package mailer_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestRow7SecondInstanceOnADatabaseIsRefusedUntilTheFirstIsDead(t *testing.T) {
	t.Parallel()
	db := datatest.Open(t, nil)
	first := startChild(t, childHolds, db.Path())
	if line := first.line(); line != "it has the role" {
		t.Fatalf("the first says %q", line)
	}
	second := startChild(t, childHolds, db.Path())
	if line := second.line(); !strings.Contains(line, fmt.Sprintf("another tipsheet (process %d) already has the role mailer", first.pid())) {
		t.Errorf("the second says %q", line)
	}
	if code := second.end(); code != 1 {
		t.Errorf("the second ends with %d, want 1", code)
	}
	if err := syscall.Kill(first.pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	first.end()
	third := startChild(t, childHolds, db.Path())
	if line := third.line(); line != "it has the role" {
		t.Errorf("after the first was killed, the next says %q", line)
	}
}

// A process is stopped for longer than its lease, with one message before its intent and one
// whose dot is on the wire, and another takes its work. Continued, it must send nothing more,
// and what it hears still counts.
func TestRow30ProcessThatWasStoppedLongerThanItsLeaseSendsNothingMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, 40, 10)
	r.s.Uncertain, r.s.Lease = data.PolicyHold, smtp.Duration(shortLease)
	before, after := make(chan struct{}), make(chan struct{})
	atData, atDot := make(chan string, 1), make(chan string, 1)
	relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		switch {
		case c.Command == "DATA" && c.Conn == 1 && c.Message == 3:
			atData <- "here"
			return smtptest.Action{Wait: before}
		case c.Command == "DOT" && c.Conn == 2 && c.Message == 3:
			atDot <- "here"
			return smtptest.Action{Wait: after}
		}
		return smtptest.Action{}
	}})
	child := startChild(t, childSends, r.db.Path(), fmt.Sprint(relay.Port()))
	<-atData
	<-atDot
	// What it has heard so far is written within 50 ms; then it holds no lock of the database.
	r.waitWord(data.WordAccepted, 4, 0)
	if err := syscall.Kill(child.pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	until(t, "the lease to be over", func() bool { return time.Since(stopped) > shortLease+time.Second/2 })

	s := at(t, relay.Port(), 2)
	s.Timeouts.Dot = smtp.Duration(shortDot)
	r.run(s)
	r.until("the other process to finish", 0, func() bool {
		p, err := r.db.Progress(t.Context(), r.issue.MailingID)
		return err == nil && p.Words[data.WordAccepted]+p.Words[data.WordHeld] == 40
	})
	if held := r.words()[data.WordHeld]; held != 1 {
		t.Errorf("%d are held, want the one whose dot was on the wire", held)
	}
	sent := len(relay.Messages())
	close(before)
	close(after)
	if err := syscall.Kill(child.pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if line := child.line(); line != "an intent was refused" {
		t.Errorf("the continued process says %q", line)
	}
	r.complete(0)
	// Its wait for the answer to the dot is over too; where it reads the 250 all the same, that
	// is still true.
	if w := r.words(); w[data.WordAccepted]+w[data.WordHeld] != 40 || w[data.WordHeld] > 1 {
		t.Errorf("words: %v", w)
	}
	if n := len(relay.Messages()); n != sent {
		t.Errorf("%d more were sent after it was continued", n-sent)
	}
	r.wantOnce(counted(relay.Messages()))
}

// Fifty restarts in the middle of one issue: what is on the wire is finished, nothing is left
// uncertain, and nobody gets two.
func TestRow34StopDuringSendFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			const restarts = 25
			r := newRig(t, nil, 3000, 30)
			r.s.Window = window
			var count atomic.Int64
			reached := make(chan struct{}, 1)
			var goal atomic.Int64
			goal.Store(20)
			relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
				if c.Command == "DOT" && count.Add(1) == goal.Load() {
					reached <- struct{}{}
				}
				return smtptest.Action{}
			}})
			for i := range restarts {
				stop := r.run(at(t, relay.Port(), 4))
				<-reached
				stop()
				w := r.words()
				if w[data.WordUncertain] != 0 || w[data.WordDeferred] != 0 {
					t.Fatalf("after stop %d: %v", i+1, w)
				}
				if n := len(relay.Messages()); n != w[data.WordAccepted] {
					t.Fatalf("after stop %d the relay has %d, and the ledger says %d", i+1, n, w[data.WordAccepted])
				}
				goal.Store(count.Load() + 20)
			}
			if left := r.words()[data.WordOpen]; left == 0 {
				t.Fatal("there was nothing left to be stopped")
			}
			r.run(at(t, relay.Port(), 4))
			r.complete(0)
			r.wantOnce(counted(relay.Messages()))
			if n := r.log.count("uncertain"); n != 0 {
				t.Errorf("%d times something was uncertain", n)
			}
		})
	}
}
