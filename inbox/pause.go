package inbox

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
)

// A pause doubles from first to most, and is jittered so that mailboxes of one server do not all come back at once.
type pause struct{ first, most, now time.Duration }

func newPause(first, most imap.Duration) *pause {
	return &pause{first: time.Duration(first), most: time.Duration(most)}
}

func (p *pause) reset() { p.now = 0 }

// next is between three quarters and all of the pause.
func (p *pause) next() time.Duration {
	switch {
	case p.now == 0:
		p.now = min(p.first, p.most)
	case p.now < p.most:
		p.now = min(2*p.now, p.most)
	}
	return p.now - rand.N(p.now/4+1)
}

// wait waits for d, or until wake holds something. It reports false when ctx ended first.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
		return true
	case <-t.C:
		return true
	}
}

// later is a growing distance between tries of one row, by how often it was tried.
func later(tries int, first, most time.Duration) time.Duration {
	for ; tries > 0 && first < most; tries-- {
		first *= 2
	}
	return min(first, most)
}
