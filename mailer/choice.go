package mailer

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	lead       = 32                    // messages that a relay may be ahead of its share
	turnFor    = time.Second           // that a worker waits for its relay's turn with a claim in hand
	stalledFor = 15 * time.Second      // that the others wait for a relay which does not take its turn
	turnLook   = 10 * time.Millisecond // between two looks whether it is one's turn
)

// errNotTurn says that a relay has had its share for now. The claim goes back, so that another
// relay can have it.
var errNotTurn = errors.New("it is another relay's turn")

// A choice shares the deliveries of issues out among relays by weight. Each message counts for
// its relay; a relay that is more than a few messages ahead of the one furthest behind waits
// for it. So over any longer run each has its share, whatever it is that makes one faster, and
// all together are as fast as the slowest for its weight.
//
// A relay that is down or has used up its quota does not count: the others share the mail as if
// it was not there. Nor does one that leaves its turn for some seconds while others wait, such
// as one that hangs. When it is back, it takes part from there on, and does not catch up.
// Relays with weight 0 are used only while none of the others counts.
//
// Waiting goes by the clock now, which need not be the ledger's. It is safe for concurrent use.
type choice struct {
	now func() time.Time

	mu  sync.Mutex
	all []*share
}

// A share is one relay's part in a choice.
type share struct {
	c      *choice
	weight int
	shut   func() bool // down, or without quota

	done    float64   // messages, divided by the weight
	out     bool      // it did not count when last looked at
	waitFor time.Time // since when others wait for it; zero: they do not
}

// join adds a relay before the work begins. shut says whether it can be used now; it is called
// often, and must neither wait nor call the choice.
func (c *choice) join(weight int, shut func() bool) *share {
	s := &share{c: c, weight: weight, shut: shut}
	c.all = append(c.all, s)
	return s
}

// take waits until the relay may have at least one message, and takes at most n. It waits for
// a moment only, and then returns errNotTurn.
func (s *share) take(ctx context.Context, n int) (int, error) {
	began := s.c.now()
	for {
		if k := s.try(n); k > 0 {
			return k, nil
		}
		if s.c.now().Sub(began) >= turnFor {
			return 0, errNotTurn
		}
		if !sleep(ctx, turnLook) {
			return 0, ctx.Err()
		}
	}
}

// try is take without waiting.
func (s *share) try(n int) int {
	if len(s.c.all) == 1 {
		return n
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.waitFor = time.Time{}
	k := min(n, s.room())
	s.done += float64(k) / s.parts()
	return k
}

// mayClaim says whether the relay may have anything now: a worker asks before it claims.
func (s *share) mayClaim() bool {
	if len(s.c.all) == 1 {
		return !s.shut()
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.waitFor = time.Time{}
	return s.room() > 0
}

// giveBack returns n messages that were taken and not handed over.
func (s *share) giveBack(n int) {
	if len(s.c.all) == 1 {
		return
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.done -= float64(n) / s.parts()
}

// others says whether another relay can be used now.
func (s *share) others() bool {
	for _, o := range s.c.all {
		if o != s && !o.shut() {
			return true
		}
	}
	return false
}

func (s *share) parts() float64 { return float64(max(s.weight, 1)) }

// room is how many messages the relay may have now. Those that it would have to wait for are
// marked.
func (s *share) room() int {
	const all = 1 << 30
	live := s.c.look()
	mine := false
	for _, o := range live {
		mine = mine || o == s
	}
	switch {
	case !mine && s.shut():
		return 0
	case len(live) == 0:
		return all
	case !mine && s.weight == 0:
		for _, o := range live {
			o.heldBack()
		}
		return 0
	}
	most := float64(all)
	for _, o := range live {
		if o == s {
			continue
		}
		room := s.parts()*(o.done-s.done) + lead
		most = min(most, room)
		if room < 1 {
			o.heldBack()
		}
	}
	return max(int(most), 0)
}

// heldBack notes that another relay waits for this one.
func (s *share) heldBack() {
	if s.waitFor.IsZero() {
		s.waitFor = s.c.now()
	}
}

// look finds the relays that count now. One that is back begins where the others are.
func (c *choice) look() []*share {
	live := c.living(false)
	if len(live) == 0 {
		live = c.living(true)
	}
	behind, known := 0.0, false
	for _, o := range live {
		if !o.out && (!known || o.done < behind) {
			behind, known = o.done, true
		}
	}
	for _, o := range c.all {
		o.out = true
	}
	for _, o := range live {
		if known {
			o.done = max(o.done, behind)
		}
		o.out = false
	}
	return live
}

func (c *choice) living(standby bool) []*share {
	var live []*share
	for _, o := range c.all {
		if (o.weight == 0) == standby && !o.shut() && !c.stalled(o) {
			live = append(live, o)
		}
	}
	return live
}

func (c *choice) stalled(o *share) bool {
	return !o.waitFor.IsZero() && c.now().Sub(o.waitFor) >= stalledFor
}

// first is the relay for letters, which do not wait for a turn: the first in the order they
// joined that can be used, one with a weight before the others; where none can, the first.
func (c *choice) first() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, standby := range []bool{false, true} {
		for i, o := range c.all {
			if (o.weight == 0) == standby && !o.shut() {
				return i
			}
		}
	}
	return 0
}
