package mailer_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestRow13SlowRelayIsWaitedForAndNothingComesTwice(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 4} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, 8, 1)
			r.s.Window, r.s.Uncertain = window, data.PolicyHold
			relay := sink(t, "-W", ".:1") // a second after each dot
			r.run(at(t, relay.Port(), 4))
			r.complete(0)
			r.wantOnce(took(t, relay))
			if w := r.words(); w[data.WordAccepted] != 8 {
				t.Errorf("words: %v", w)
			}
		})
	}
	if d := time.Duration(smtp.DefaultSettings().Timeouts.Dot); d != 10*time.Minute {
		t.Errorf("the answer to a dot is waited for %s, want 10 minutes (RFC 5321, section 4.5.3.2.6)", d)
	}
}

func TestRow13TarpitOnOneConnectionLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		r := newRig(t, nil, 200, 10)
		r.s.Window, r.s.Uncertain = window, data.PolicyHold
		answer := make(chan struct{})
		var first atomic.Bool
		relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "DOT" && first.CompareAndSwap(false, true) {
				return smtptest.Action{Wait: answer}
			}
			return smtptest.Action{}
		}})
		r.run(at(t, relay.Port(), 4))
		r.until("all but the chunk of one connection", 0, func() bool {
			p, err := r.db.Progress(t.Context(), r.issue.MailingID)
			return err == nil && p.Words[data.WordAccepted] >= 190
		})
		close(answer)
		r.complete(0)
		r.wantOnce(counted(relay.Messages()))
		if w := r.words(); w[data.WordAccepted] != 200 {
			t.Errorf("window %d: words %v", window, w)
		}
	}
}

// The relay has taken the message and says so after the time that we wait for it.
func TestRow13AnswerThatComesTooLateIsUncertainAndNotARefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, 3, 3)
	r.s.Uncertain = data.PolicyHold
	never := make(chan struct{})
	relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		if c.Command == "DOT" {
			return smtptest.Action{Wait: never}
		}
		return smtptest.Action{}
	}})
	s := at(t, relay.Port(), 1)
	s.Timeouts.Dot = smtp.Duration(300 * time.Millisecond)
	r.run(s)
	r.complete(0)
	if w := r.words(); w[data.WordHeld] != 3 {
		t.Errorf("words: %v, want 3 held", w)
	}
	r.wantOnce(counted(relay.Messages()))
}

func TestRow14AnswerOf4xxAtAnyStageIsTriedAgainAndCostsNobody(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"CONNECT", "MAIL", "RCPT", "DATA", "."} {
		for _, window := range []int{1, 4} {
			t.Run(fmt.Sprint(stage, " window ", window), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, datatest.NewClock(), 5, 5)
				r.s.Window = window
				relay := sink(t, "-r", stage)
				r.run(at(t, relay.Port(), 1))
				if stage == "CONNECT" {
					until(t, "a failure", func() bool { return r.log.count("relay could not be used") > 0 })
				} else {
					r.waitWord(data.WordDeferred, 5, 0)
				}
				if n := len(took(t, relay)); n != 0 && stage != "." {
					t.Errorf("%d came through a relay that takes none", n)
				}
				heal(t, relay)
				r.complete(30 * time.Second)
				r.allActive()
				for address, d := range r.deliveries() {
					if d.Word != data.WordAccepted || d.Attempts > 2 {
						t.Errorf("%s: %s after %d attempts", address, d.Word, d.Attempts)
					}
				}
				got := took(t, relay)
				for address := range r.deliveries() { // smtp-sink keeps, too, what it refused at the dot
					if n := got[address]; n != 1 && !(stage == "." && n == 2) {
						t.Errorf("%s got %d", address, n)
					}
				}
			})
		}
	}
}

// Each recipient is told to come again until five minutes after it was first seen.
func TestRow14GreylistingOfFiveMinutesCostsNobody(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		clock := datatest.NewClock()
		r := newRig(t, clock, 40, 10)
		r.s.Window = window
		list := newGreylist(clock.Now)
		relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "RCPT" && !list.passes(c.Line) {
				return smtptest.Action{Reply: "450 4.7.1 greylisted, come again in 5 minutes"}
			}
			return smtptest.Action{}
		}})
		r.run(at(t, relay.Port(), 2))
		r.waitWord(data.WordDeferred, 40, 0)
		r.complete(10 * time.Second)
		r.wantOnce(counted(relay.Messages()))
		r.allActive()
		if clock.Now().Sub(r.issue.DueAt) > time.Hour {
			t.Errorf("window %d: it took %s", window, clock.Now().Sub(r.issue.DueAt))
		}
	}
}

func TestRow15RefusalOfSomeReadersIsTheirs(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		r := newRig(t, nil, 120, 20)
		r.s.Window = window
		relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "RCPT" && strings.Contains(c.Line, "<reader1") { // 1, 10 to 19, 100 to 120
				return smtptest.Action{Reply: "550 5.1.1 no such user"}
			}
			return smtptest.Action{}
		}})
		r.run(at(t, relay.Port(), 3))
		r.complete(0)
		if w := r.words(); w[data.WordAccepted] != 88 || w[data.WordRefused] != 32 {
			t.Errorf("window %d: words %v, want 88 accepted and 32 refused", window, w)
		}
		if alarms, err := r.db.Alarms(t.Context()); err != nil || len(alarms) != 0 {
			t.Errorf("window %d: alarms %+v, %v", window, alarms, err)
		}
	}
}

func TestRow15RefusalOfAllReadersPausesTheIssueWithAnAlarmAndUnsubscribesNobody(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"MAIL", "RCPT", "DATA", "."} {
		for _, window := range []int{1, 16} {
			t.Run(fmt.Sprint(stage, " window ", window), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, nil, 100, 50)
				r.s.Window = window
				relay := sink(t, "-f", stage, "-B", "550 5.7.1 sending quota exceeded")
				stop := r.run(at(t, relay.Port(), 1))
				until(t, "the issue to be paused", func() bool { return state(t, r.db, r.issue.MailingID) == data.MailingPaused })
				if a := r.alarm("main"); !strings.Contains(a.Text, "paused") {
					t.Errorf("alarm: %q", a.Text)
				}
				r.allActive()
				stop() // all outcomes are written now, and what was in the window went to its end
				if n := r.words()[data.WordRefused]; n < 21 || n > 21+window {
					t.Errorf("%d were refused before the pause", n)
				}
			})
		}
	}
}

func TestRow15RefusedLoginPausesTheIssueWithAnAlarm(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, 30, 10)
	authority, config := certified(t, time.Hour, "127.0.0.1")
	relay := scripted(t, smtptest.Script{
		Extensions: []string{"PIPELINING", "AUTH PLAIN"}, TLSConfig: config,
		Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "AUTH" {
				return smtptest.Action{Reply: "535 5.7.8 the account is closed"}
			}
			return smtptest.Action{}
		}})
	s := starttls(relay.Port(), authority)
	r.runWith(mailer.Options{Relays: []mailer.Relay{{Settings: s, Password: canary}}})
	until(t, "the issue to be paused", func() bool { return state(t, r.db, r.issue.MailingID) == data.MailingPaused })
	until(t, "the relay's words in the log of alarms", func() bool {
		all, err := r.db.Alarms(t.Context())
		return err == nil && len(all) == 1 && (strings.Contains(all[0].Text, "login") || strings.Contains(all[0].Text, "the account is closed"))
	})
	r.allActive()
	if w := r.words(); w[data.WordOpen] != 30 {
		t.Errorf("words: %v, want all open", w)
	}
}
