package mailer

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/olomotimes/tipsheet/data/datatest"
)

// A stable is relays at work on chunks, in steps of a millisecond, on a clock of its own.
type stable struct {
	c      *choice
	clock  *datatest.Clock
	r      *rand.Rand
	left   int   // deliveries in chunks that nobody has
	sent   []int // by relay
	shares []*share
	down   []bool
	hangs  []bool // it does not take its turn
}

type hand struct {
	relay, has int
	busy       time.Time
	waits      time.Time // for its turn, since then
}

func newStable(weights ...int) *stable {
	s := &stable{clock: datatest.NewClock(), r: rand.New(rand.NewPCG(9, 9)), sent: make([]int, len(weights)), down: make([]bool, len(weights)), hangs: make([]bool, len(weights))}
	s.c = &choice{now: s.clock.Now}
	for i, w := range weights {
		s.shares = append(s.shares, s.c.join(w, func() bool { return s.down[i] }))
	}
	return s
}

// run has connections of each relay work until nothing is left, in windows that take each
// relay its own time. at is called at each step.
func (s *stable) run(t *testing.T, connections, window int, took []time.Duration, at func(sent int)) {
	t.Helper()
	var hands []*hand
	for i := range s.shares {
		for range connections {
			hands = append(hands, &hand{relay: i})
		}
	}
	begun := s.clock.Now()
	for {
		total, held := 0, 0
		for _, n := range s.sent {
			total += n
		}
		for _, h := range hands {
			held += h.has
		}
		if s.left+held == 0 {
			return
		}
		if s.clock.Now().Sub(begun) > 3*time.Hour {
			t.Fatalf("after three hours %d are not sent", s.left+held)
		}
		at(total)
		for _, h := range hands {
			s.work(h, window, took)
		}
		s.clock.Add(time.Millisecond)
	}
}

func (s *stable) work(h *hand, window int, took []time.Duration) {
	now := s.clock.Now()
	if now.Before(h.busy) || s.hangs[h.relay] {
		return
	}
	share := s.shares[h.relay]
	if s.down[h.relay] {
		s.left, h.has = s.left+h.has, 0
		return
	}
	if h.has == 0 {
		if s.left == 0 || !share.mayClaim() {
			h.busy = now.Add(poll)
			return
		}
		h.has = min(312, s.left)
		s.left -= h.has
	}
	k := share.try(min(window, h.has))
	if k == 0 {
		if h.waits.IsZero() {
			h.waits = now
		} else if now.Sub(h.waits) > turnFor {
			s.left, h.has, h.waits = s.left+h.has, 0, time.Time{}
		}
		return
	}
	h.waits = time.Time{}
	h.has -= k
	s.sent[h.relay] += k
	h.busy = now.Add(took[h.relay] + time.Duration(s.r.Int64N(int64(took[h.relay]))))
}

func nothing(int) {}

func TestRelaysShareByWeightWithin5PercentOf10000(t *testing.T) {
	for _, c := range []struct {
		weights []int
		took    []time.Duration
		window  int
	}{
		{[]int{1, 1}, []time.Duration{5 * time.Millisecond, 5 * time.Millisecond}, 32},
		{[]int{3, 1}, []time.Duration{5 * time.Millisecond, 20 * time.Millisecond}, 32},
		{[]int{3, 1}, []time.Duration{40 * time.Millisecond, 2 * time.Millisecond}, 32},
		{[]int{1, 3}, []time.Duration{3 * time.Millisecond, 9 * time.Millisecond}, 1},
		{[]int{5, 3, 2}, []time.Duration{9 * time.Millisecond, 3 * time.Millisecond, 30 * time.Millisecond}, 16},
		{[]int{9, 1, 0}, []time.Duration{2 * time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond}, 32},
	} {
		s := newStable(c.weights...)
		s.left = 10_000
		s.run(t, 4, c.window, c.took, nothing)
		all := 0
		for _, w := range c.weights {
			all += w
		}
		for i, w := range c.weights {
			want := 10_000 * w / all
			if off := s.sent[i] - want; off > want/20 || -off > want/20 {
				t.Errorf("weights %v, times %v: relay %d sent %d, want %d within 5 %%", c.weights, c.took, i+1, s.sent[i], want)
			}
		}
	}
}

func TestTheSecondRelayCarriesOnWithinAMinute(t *testing.T) {
	for name, fail := range map[string]func(*stable){
		"down":  func(s *stable) { s.down[0] = true },
		"hangs": func(s *stable) { s.hangs[0] = true },
	} {
		for _, weights := range [][]int{{1, 1}, {1, 0}, {20, 1}} {
			s := newStable(weights...)
			s.left = 20_000
			var failed, back time.Time
			var then []int
			gap, last, lastAt := time.Duration(0), 0, s.clock.Now()
			s.run(t, 2, 32, []time.Duration{10 * time.Millisecond, 10 * time.Millisecond}, func(sent int) {
				now := s.clock.Now()
				if sent > last {
					gap, last, lastAt = max(gap, now.Sub(lastAt)), sent, now
				}
				switch {
				case sent > 5_000 && failed.IsZero():
					failed = now
					fail(s)
				case sent > 12_000 && back.IsZero():
					back = now
					s.down[0], s.hangs[0] = false, false
					then = append(then, s.sent...)
				}
			})
			if gap > 30*time.Second || back.IsZero() {
				t.Errorf("%s, weights %v: nothing was sent for %s", name, weights, gap)
				continue
			}
			// It takes part from there on, and does not catch up what it has missed.
			first, second := s.sent[0]-then[0], s.sent[1]-then[1]
			want := float64(first+second) * float64(weights[0]) / float64(weights[0]+weights[1])
			if off := float64(first) - want; off > want/10+100 || -off > want/10+100 {
				t.Errorf("%s, weights %v: once it was back the first sent %d and the second %d", name, weights, first, second)
			}
		}
	}
}

func TestStandbyIsUsedOnlyWhileNoOtherWorks(t *testing.T) {
	s := newStable(0, 1)
	if s.shares[0].mayClaim() || !s.shares[1].mayClaim() || s.c.first() != 1 {
		t.Fatal("the standby is used beside a relay that works")
	}
	s.down[1] = true
	if !s.shares[0].mayClaim() || s.shares[1].mayClaim() || s.c.first() != 0 {
		t.Fatal("the standby is not used although the other is down")
	}
	s.down[0] = true
	if s.shares[0].mayClaim() || s.c.first() != 0 {
		t.Fatal("a relay that is down is used")
	}
}

func TestAWorkerGivesItsClaimBackWhenItIsAnothersTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &choice{now: time.Now}
		open := func() bool { return false }
		first, second := c.join(1, open), c.join(1, open)
		for got := 0; got < lead; {
			k, err := first.take(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			got += k
		}
		began := time.Now()
		if k, err := first.take(t.Context(), 10); k != 0 || !errors.Is(err, errNotTurn) {
			t.Fatalf("got %d, %v", k, err)
		}
		if took := time.Since(began); took > 2*turnFor {
			t.Fatalf("it waited %s", took)
		}
		if first.mayClaim() || !second.mayClaim() {
			t.Fatal("want the second to claim")
		}
		time.AfterFunc(turnFor/2, func() { second.try(10) })
		if k, err := first.take(t.Context(), 20); k != 10 || err != nil {
			t.Fatalf("got %d, %v, want the 10 that the second has caught up", k, err)
		}
		first.giveBack(10)
		if k := first.try(20); k != 10 {
			t.Fatalf("got %d after 10 came back", k)
		}
	})
}
