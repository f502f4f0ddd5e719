package mailer_test

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	light "github.com/olomotimes/tipsheet/proof/sink" // sink is smtp-sink here
)

// A stopwatch notes when a relay, by the clock of the test, had each message.
type stopwatch struct {
	clock *datatest.Clock
	mu    sync.Mutex
	at    []time.Time
}

func (w *stopwatch) action(c smtptest.Call) smtptest.Action {
	if c.Command == "DOT" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.at = append(w.at, w.clock.Now())
	}
	return smtptest.Action{}
}

func (w *stopwatch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.at)
}

// most is the largest number of messages within any span.
func (w *stopwatch) most(span time.Duration) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortFunc(w.at, time.Time.Compare)
	most, from := 0, 0
	for i, at := range w.at {
		for at.Sub(w.at[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func TestFlowLimitASecondHoldsAcrossRestarts(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, datatest.NewClock(), 160, 20)
			r.s.Window = window
			watch := &stopwatch{clock: r.clock}
			relay := scripted(t, smtptest.Script{Action: watch.action})
			s := at(t, relay.Port(), 3)
			s.Rate = 20
			for part := 1; part <= 3; part++ {
				stop := r.run(s)
				r.until("a part to be sent", 100*time.Millisecond, func() bool { return watch.count() >= 40*part })
				stop()
			}
			r.run(s)
			r.complete(100 * time.Millisecond)
			r.wantOnce(counted(relay.Messages()))
			if n := watch.most(time.Second); n > 20 {
				t.Errorf("%d were sent within a second, 20 may be", n)
			}
		})
	}
}

// jump moves the clock whenever nothing was sent for a moment.
func (r *rig) jump(watch *stopwatch, by time.Duration, until string, is func() bool) {
	r.t.Helper()
	last, still := 0, 0
	r.until(until, 0, func() bool {
		if n := watch.count(); n != last {
			last, still = n, 0
		} else if still++; still >= 4 {
			r.clock.Add(by)
			still = 0
		}
		return is()
	})
}

func TestFlowLimitsAnHourAndADayHoldAcrossRestarts(t *testing.T) {
	t.Parallel()
	r := newRig(t, datatest.NewClock(), 250, 25)
	r.s.Window = 4
	watch := &stopwatch{clock: r.clock}
	relay := scripted(t, smtptest.Script{Action: watch.action})
	s := at(t, relay.Port(), 2)
	s.PerHour, s.PerDay = 60, 100
	for _, part := range []int{20, 70, 130, 200} {
		stop := r.run(s)
		r.jump(watch, 47*time.Minute, "a part to be sent", func() bool { return watch.count() >= part })
		stop()
	}
	r.run(s)
	r.jump(watch, 47*time.Minute, "the issue to be complete", func() bool {
		return state(t, r.db, r.issue.MailingID) == data.MailingComplete
	})
	r.wantOnce(counted(relay.Messages()))
	if n := watch.most(time.Hour); n > 60 {
		t.Errorf("%d were sent within an hour, 60 may be", n)
	}
	if n := watch.most(24 * time.Hour); n > 100 {
		t.Errorf("%d were sent within a day, 100 may be", n)
	}
	// Five days at least would be slower than the limits ask for.
	if d := r.clock.Now().Sub(r.issue.DueAt); d < 48*time.Hour || d > 5*24*time.Hour {
		t.Errorf("it took %s", d)
	}
}

// domains closes an issue for n readers at each of the domains, in turn.
func domains(t *testing.T, clock *datatest.Clock, n int, names ...string) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock, n: n * len(names), log: &words{}, s: settingsOfLedger()}
	r.db = datatest.Open(t, clock)
	r.nl = datatest.Newsletter(t, r.db, "daily", 0)
	var rows []data.Import
	for i := range n {
		for _, name := range names {
			rows = append(rows, data.Import{Address: fmt.Sprintf("reader%d@%s", i, name)})
		}
	}
	if added, err := r.db.ImportSubscribers(t.Context(), r.nl.ID, rows, "test"); err != nil || added.Added != r.n {
		t.Fatal(added, err)
	}
	r.issue = datatest.ClosedIssue(t, r.db, r.nl, 20)
	return r
}

func TestFlowAnswerAboutADomainShutsOnlyThatDomain(t *testing.T) {
	t.Parallel()
	for _, answer := range []smtptest.Action{
		{Reply: "421 4.7.0 too many from you", Drop: true},
		{Reply: "451 4.7.1 slow down"},
	} {
		for _, window := range []int{1, 8} {
			t.Run(fmt.Sprint(answer.Reply[:9], " window ", window), func(t *testing.T) {
				t.Parallel()
				r := domains(t, datatest.NewClock(), 30, "fine.example.com", "busy.example.org", "good.example.net")
				r.s.Window = window
				var asked, healed atomic.Int32
				relay := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
					if c.Command == "RCPT" && strings.Contains(c.Line, "@busy.") && healed.Load() == 0 {
						asked.Add(1)
						return answer
					}
					return smtptest.Action{}
				}})
				r.run(at(t, relay.Port(), 2))
				// Time goes on a little, for what was given back until a moment later.
				r.waitWord(data.WordAccepted, 60, 5*time.Millisecond)
				for address := range counted(relay.Messages()) {
					if strings.Contains(address, "@busy.") {
						t.Errorf("%s got one", address)
					}
				}
				if n := int(asked.Load()); n == 0 || n > 2*(window+2) {
					t.Errorf("the shut domain was asked for %d times", n)
				}
				healed.Store(1)
				r.complete(5 * time.Second)
				r.wantOnce(counted(relay.Messages()))
				if d := r.clock.Now().Sub(r.issue.DueAt); d > time.Hour {
					t.Errorf("it took %s", d)
				}
			})
		}
	}
}

func TestFlowSecondRelayCarriesOnWhenTheFirstIsDown(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]int{"from the start": 0, "in the middle": 150} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, 600, 25)
			r.s.Uncertain = data.PolicyHold
			var dots atomic.Int64
			first := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
				return smtptest.Action{Drop: c.Command != "DOT" && dots.Load() >= int64(dies) || c.Command == "DOT" && dots.Add(1) > int64(dies)}
			}})
			second := scripted(t, smtptest.Script{})
			a, b := plain("first", first.Port()), plain("second", second.Port())
			a.Weight, b.Weight = 9, 1
			began := time.Now()
			r.run(a, b)
			r.complete(0)
			if d := time.Since(began); d > 25*time.Second {
				t.Errorf("it took %s", d)
			}
			got := counted(slices.Concat(first.Messages(), second.Messages()))
			r.wantAtMost(got, 0)
			w := r.words()
			if w[data.WordAccepted]+w[data.WordHeld] != 600 || w[data.WordHeld] > a.Connections {
				t.Errorf("words: %v", w)
			}
			if n := len(second.Messages()); n < 600-dies-50 {
				t.Errorf("the second carried %d", n)
			}
		})
	}
}

func TestFlowWeightsHoldOverTenThousand(t *testing.T) {
	t.Parallel()
	const readers = 10_000
	r := newRig(t, nil, readers, 100)
	r.s.Window = 16
	weights := []int{5, 3, 2}
	var sinks []*light.Sink
	var relays []smtp.Settings
	for i, weight := range weights {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		one := light.Serve(l, light.Options{Pipelining: true, Chunking: true})
		t.Cleanup(func() { one.Close() })
		s := plain(fmt.Sprint("relay", i), one.Port())
		s.Weight, s.Connections = weight, 2
		sinks, relays = append(sinks, one), append(relays, s)
	}
	r.run(relays...)
	r.complete(0)
	all := int64(0)
	for i, one := range sinks {
		n := one.Counts().Messages
		all += n
		want := float64(readers) * float64(weights[i]) / 10
		if off := math.Abs(float64(n)-want) / want; off > 0.05 {
			t.Errorf("relay %d of weight %d had %d of %d, which is %.1f %% off", i, weights[i], n, readers, 100*off)
		}
	}
	if all != readers {
		t.Errorf("%d mails in all, want %d", all, readers)
	}
}
