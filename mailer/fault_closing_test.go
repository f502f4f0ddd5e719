package mailer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// A greylist lets a recipient pass five minutes after it was first seen.
type greylist struct {
	now func() time.Time
	mu  sync.Mutex
	at  map[string]time.Time
}

func newGreylist(now func() time.Time) *greylist {
	return &greylist{now: now, at: map[string]time.Time{}}
}

func (g *greylist) passes(who string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first, known := g.at[who]
	if !known {
		first = g.now()
		g.at[who] = first
	}
	return known && g.now().Sub(first) >= 5*time.Minute
}

// Whenever a relay says 421 in the middle of a transaction, or closes after some messages, the
// mailer connects again, and the message it was at goes out once and is no failure.
func TestRow16RelayThatClosesIsDialledAgainAndTheMessageGoesOutOnce(t *testing.T) {
	t.Parallel()
	const closing = "421 4.3.2 closing, come again"
	every := func(command string, n int, a smtptest.Action) func(smtptest.Call) smtptest.Action {
		return func(c smtptest.Call) smtptest.Action {
			if c.Command == command && c.Message == n {
				return a
			}
			return smtptest.Action{}
		}
	}
	for name, action := range map[string]func(smtptest.Call) smtptest.Action{
		"421 at MAIL":            every("MAIL", 10, smtptest.Action{Reply: closing, Drop: true}),
		"421 at RCPT":            every("RCPT", 10, smtptest.Action{Reply: closing, Drop: true}),
		"421 at DATA":            every("DATA", 10, smtptest.Action{Reply: closing, Drop: true}),
		"421 in the content":     every("CONTENT", 10, smtptest.Action{Reply: closing, Drop: true, After: 100}),
		"closes at MAIL":         every("MAIL", 10, smtptest.Action{Drop: true}),
		"closes at DATA":         every("DATA", 10, smtptest.Action{Drop: true}),
		"closes in the content":  every("CONTENT", 10, smtptest.Action{Drop: true, After: 100}),
		"closes after the reply": every("DOT", 9, smtptest.Action{Reply: "250 2.0.0 the last one", Drop: true}),
	} {
		for _, window := range []int{1, 8} {
			t.Run(fmt.Sprint(name, " window ", window), func(t *testing.T) {
				t.Parallel()
				clock := datatest.NewClock()
				r := newRig(t, clock, 120, 30)
				r.s.Window, r.s.Uncertain = window, data.PolicyHold
				relay := scripted(t, smtptest.Script{Action: action})
				r.run(at(t, relay.Port(), 2))
				r.complete(5 * time.Second)
				r.closedOn(relay, window, strings.HasSuffix(name, "in the content"))
			})
		}
	}
}

// closedOn checks what became of an issue whose relay closed each connection at its tenth
// message. Where that was in the content, the dot may have been on its way.
func (r *rig) closedOn(relay *smtptest.Scripted, window int, mayBeUncertain bool) {
	r.t.Helper()
	if relay.Connections() < 10 {
		r.t.Errorf("the relay closed only %d connections", relay.Connections())
	}
	got := counted(relay.Messages())
	r.wantAtMost(got, 0)
	for address, d := range r.deliveries() {
		switch {
		case d.Word == data.WordAccepted && got[address] == 1:
		case d.Word == data.WordHeld && got[address] == 0 && mayBeUncertain:
		default:
			r.t.Errorf("%s is %s and got %d", address, d.Word, got[address])
		}
		// A window has its intents before its first byte, so an attempt more is honest there.
		if window == 1 && d.Attempts != 1 && !mayBeUncertain {
			r.t.Errorf("%s took %d attempts", address, d.Attempts)
		}
	}
	if held := r.words()[data.WordHeld]; held > relay.Connections() {
		r.t.Errorf("%d are uncertain after %d connections", held, relay.Connections())
	}
}

// smtp-sink says 421 to every command of a kind for a while.
func TestRow16RelayThatSays421ForAWhileCostsNobody(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, datatest.NewClock(), 10, 5)
			r.s.Uncertain = data.PolicyHold
			relay := sink(t, "-Q", stage)
			r.run(at(t, relay.Port(), 1))
			until(t, "a word on it", func() bool {
				p, err := r.db.Progress(t.Context(), r.issue.MailingID)
				return err == nil && p.Words[data.WordDeferred] > 0 || r.log.count("relay could not be used") > 0
			})
			heal(t, relay)
			r.complete(30 * time.Second)
			r.allActive()
			if w := r.words(); w[data.WordAccepted] != 10 {
				t.Errorf("words: %v", w)
			}
			if stage != "." {
				r.wantOnce(took(t, relay))
			}
		})
	}
}
