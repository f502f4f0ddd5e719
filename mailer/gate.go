package mailer

import (
	"context"
	"errors"
	"time"
)

// A gate is what stands before one relay: its share among the relays, and its own limits. A
// letter does not wait for a turn, only for the limits.
type gate struct {
	limits *limits
	share  *share
}

// mayClaim says whether a worker of the relay should claim work at all.
func (g *gate) mayClaim(letter bool) bool {
	return g.limits.shutUntil(letter).IsZero() && (letter || g.share.mayClaim())
}

// take gives permits for at most n messages. With wait it waits until there is one, for a
// moment at most; then the answer is a *waitError with the time until when the work is to be
// given back: now, where another relay may do it. Without wait there may be none.
func (g *gate) take(ctx context.Context, n int, letter, wait bool) (int, error) {
	turn := n
	if !letter {
		turn = g.share.try(n)
		if turn == 0 && wait {
			var err error
			if turn, err = g.share.take(ctx, n); errors.Is(err, errNotTurn) {
				return 0, &waitError{g.limits.db.Now()}
			} else if err != nil {
				return 0, err
			}
		}
	}
	if turn == 0 {
		return 0, nil
	}
	got, err := g.limited(ctx, turn, letter, wait)
	if !letter && got < turn {
		g.share.giveBack(turn - got)
	}
	return got, err
}

func (g *gate) limited(ctx context.Context, n int, letter, wait bool) (int, error) {
	if !wait {
		got, _, err := g.limits.try(ctx, n, letter)
		return got, err
	}
	got, err := g.limits.take(ctx, n, letter)
	var over *waitError
	if errors.As(err, &over) && g.share.others() {
		over.until = g.limits.db.Now()
	}
	return got, err
}

// used ends the permits of n messages that the relay has answered, at whatever step, or over
// which the link was lost.
func (g *gate) used(n int) { g.limits.used(n) }

// giveBack ends n permits of messages that were not offered.
func (g *gate) giveBack(n int, letter bool) {
	g.limits.giveBack(n)
	if !letter {
		g.share.giveBack(n)
	}
}

// waiting is until when the relay has no quota left for issues; the zero time: it has some.
func (g *gate) waiting() time.Time { return g.limits.shutUntil(false) }
