package mailer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	patience  = 2 * time.Second       // that a worker waits for a permit with its claim in hand
	shortLook = time.Millisecond      // the shortest wait between two looks at the clock
	longLook  = 50 * time.Millisecond // the longest: the clock may be set
	stale     = time.Minute           // from a permit to the answer: later ones count from the answer
)

// limits keep what one relay may be handed: a second, an hour, a day, and while it warms up.
// Each message needs a permit, and each permit ends in used or in giveBack: until then it takes
// up room. An hour and a day are any 60 minutes and any 24 hours, not those of the clock. It is
// safe for concurrent use.
//
// A twentieth of each hour's and day's limit is kept for letters, so that a confirmation does
// not wait for an hour behind an issue.
type limits struct {
	db      *data.DB
	limited bool
	shut    [2]atomic.Int64 // when quota is there again, in ms; for issues, for letters

	mu      sync.Mutex
	second  *paced
	quota   *quotas
	given   []lot // permits that have not ended, oldest first
	letters int   // letters that wait: issues stand back
}

// A lot is permits that were given within one minute. Which permit a message had does not
// matter: what ends is taken from the oldest, and counts from its own end where that lot is old.
type lot struct {
	at     time.Time // of the first
	minute time.Time // of the quota block that counts them
	n      int
}

func newLimits(db *data.DB, s smtp.Settings) *limits {
	l := &limits{db: db, second: newPaced(s.Rate, db.Now()), quota: newQuotas(db, s)}
	l.limited = l.second != nil || l.quota != nil
	return l
}

// take waits until at least one message may go, and gives permits for at most n. What would
// wait longer than a moment is a *waitError: the caller should give its claim back.
func (l *limits) take(ctx context.Context, n int, letter bool) (int, error) {
	waits := false
	defer func() {
		if waits {
			l.wait(-1)
		}
	}()
	for {
		k, again, err := l.try(ctx, n, letter)
		if err != nil || k > 0 || n <= 0 {
			return k, err
		}
		wait := again.Sub(l.db.Now())
		if wait > patience {
			return 0, &waitError{again}
		}
		if letter && !waits {
			waits = true
			l.wait(+1)
		}
		if !sleep(ctx, min(max(wait, shortLook), longLook)) {
			return 0, ctx.Err()
		}
	}
}

func (l *limits) wait(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.letters += by
}

// try is take without waiting. Without a permit it says when to ask again.
func (l *limits) try(ctx context.Context, n int, letter bool) (k int, again time.Time, err error) {
	if !l.limited || n <= 0 {
		return max(n, 0), again, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.db.Now()
	if l.letters > 0 && !letter {
		return 0, now.Add(longLook), nil
	}
	if k, again = l.second.free(now, n); k == 0 {
		return 0, again, nil
	}
	minute := now.Truncate(time.Minute)
	if l.quota != nil {
		k, minute, again, err = l.quota.take(ctx, now, k, letter)
		if err != nil {
			return 0, again, err
		}
		l.noteShut(again, k, letter)
		if k == 0 {
			return 0, again, nil
		}
	}
	l.second.spend(now, k)
	if last := len(l.given) - 1; last >= 0 && l.given[last].minute.Equal(minute) {
		l.given[last].n += k
	} else {
		l.given = append(l.given, lot{now, minute, k})
	}
	return k, now, nil
}

func (l *limits) noteShut(until time.Time, got int, letter bool) {
	which := &l.shut[kindOf(letter)]
	if got > 0 {
		which.Store(0)
	} else if !until.IsZero() {
		which.Store(until.UnixMilli())
	}
}

func kindOf(letter bool) int {
	if letter {
		return 1
	}
	return 0
}

// shutUntil is when the relay has quota again, for issues or for letters; the zero time where
// it has some. A limit a second does not shut it. It does not wait.
func (l *limits) shutUntil(letter bool) time.Time {
	until := l.shut[kindOf(letter)].Load()
	if until == 0 || l.db.Now().UnixMilli() >= until {
		return time.Time{}
	}
	return time.UnixMilli(until).UTC()
}

// used ends the permits of n messages: the relay has answered them, at whatever step, or the
// link was lost over them.
func (l *limits) used(n int) { l.end(n, true) }

// giveBack ends n permits of messages that were never offered.
func (l *limits) giveBack(n int) { l.end(n, false) }

func (l *limits) end(n int, used bool) {
	if !l.limited {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.db.Now()
	for n > 0 && len(l.given) > 0 {
		g := &l.given[0]
		k := min(n, g.n)
		n, g.n = n-k, g.n-k
		l.second.end(now, k, used)
		if l.quota != nil {
			l.endQuota(now, *g, k, used)
		}
		if g.n == 0 {
			l.given = append(l.given[:0], l.given[1:]...)
		}
	}
}

func (l *limits) endQuota(now time.Time, g lot, n int, used bool) {
	switch {
	case !used:
		l.quota.giveBack(g.minute, n)
		l.shut[0].Store(0)
		l.shut[1].Store(0)
	case now.Sub(g.at) > stale:
		l.quota.answeredLate(g.minute, now, n)
	}
}

// close gives the rest of the block back. Permits that end later count as used.
func (l *limits) close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quota == nil {
		return nil
	}
	return l.quota.settle(ctx, time.Time{})
}
