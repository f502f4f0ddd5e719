package mailer

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	rateOver   = 5 * time.Minute      // of sending that a rate is taken from
	farthest   = 366 * 24 * time.Hour // that an end is foretold
	dayMinutes = 24 * 60
)

// ETA foretells when each delivery of an issue will have had its first answer: from the rate of
// the last minutes of sending, pauses left out, and from what the relays' hourly and daily
// limits leave room for. It is not ok while nothing is known yet, while the issue is not being
// sent, or where the end is over a year away.
func ETA(ctx context.Context, db *data.DB, relays []smtp.Settings, mailing int64) (end time.Time, ok bool, err error) {
	m, err := db.Mailing(ctx, mailing)
	if err != nil || m.State != data.MailingSending {
		return end, false, err
	}
	account, err := db.Progress(ctx, mailing)
	if err != nil {
		return end, false, err
	}
	paces, err := db.Paces(ctx, mailing)
	if err != nil {
		return end, false, err
	}
	now, open := db.Now(), account.Words[data.WordOpen]
	rate, ok := rateOf(append(paces, data.Pace{At: now, Done: account.Audience - open}))
	if !ok {
		return end, false, nil
	}
	var all []*plan
	for _, s := range relays {
		p, err := newPlan(ctx, db, s, now)
		if err != nil {
			return end, false, err
		}
		all = append(all, p)
	}
	end, ok = foretell(now, open, rate, all)
	return end, ok, nil
}

// rateOf is how many deliveries a second got their word over the last minutes of sending.
// Stretches in which the relays had no quota, and those without samples, do not count; where
// there are no others, the best stretch does.
func rateOf(paces []data.Pace) (perSecond float64, ok bool) {
	var done, best float64
	var took time.Duration
	for i := len(paces) - 1; i > 0 && took < rateOver; i-- {
		to, from := paces[i], paces[i-1]
		span, n := to.At.Sub(from.At), float64(max(to.Done-from.Done, 0))
		if span <= 0 || span > 2*data.PaceEvery {
			continue
		}
		best = max(best, n/span.Seconds())
		if !to.Waiting {
			done, took = done+n, took+span
		}
	}
	if done > 0 {
		return done / took.Seconds(), true
	}
	return best, best > 0
}

// A plan is what one relay will have room for, minute by minute from now on.
type plan struct {
	settings smtp.Settings
	begun    time.Time // of the warm-up
	used     []int     // by minute: the last day's, then those foretold
}

const planBefore = dayMinutes + 2 // minutes before now that count

func newPlan(ctx context.Context, db *data.DB, s smtp.Settings, now time.Time) (*plan, error) {
	p := &plan{settings: s, begun: now, used: make([]int, planBefore)}
	if newQuotas(db, s) == nil {
		return p, nil
	}
	uses, err := db.QuotaUses(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	first := now.Truncate(time.Minute).Add(-(planBefore - 1) * time.Minute)
	for _, u := range uses {
		if i := int(u.Minute.Sub(first) / time.Minute); i >= 0 && i < len(p.used) {
			p.used[i] += u.Used
		}
	}
	begun, err := db.WarmupBegan(ctx, s.Name)
	if err == nil {
		p.begun = begun
	} else if !errors.Is(err, data.ErrNotFound) {
		return nil, err
	}
	return p, nil
}

// foretell goes on minute by minute at the rate, as far as the relays have room.
func foretell(now time.Time, open int, rate float64, relays []*plan) (end time.Time, ok bool) {
	left := float64(open)
	at := now
	sums := make([]sums, len(relays))
	for i, p := range relays {
		sums[i].begin(p)
	}
	for at.Sub(now) < farthest {
		next := at.Truncate(time.Minute).Add(time.Minute)
		room := 0.0
		for i, p := range relays {
			room += sums[i].room(p, at)
		}
		possible := math.Min(rate*next.Sub(at).Seconds(), room)
		if left <= possible {
			return at.Add(time.Duration(left / rate * float64(time.Second))), true
		}
		for i, p := range relays {
			part := 0.0
			if room > 0 {
				part = possible * sums[i].room(p, at) / room
			}
			sums[i].next(p, part)
		}
		left -= possible
		at = next
	}
	return end, false
}

// sums are what counts against the hour's and the day's limit in the minute that a plan has
// come to, the last of used.
type sums struct {
	hour, day float64
	ahead     []float64 // what was foretold, by minute; used has what was before
}

const hourWindow = 62 // minutes that an hour's limit is summed over, as the quota does it

func (s *sums) begin(p *plan) {
	for i, n := range p.used {
		s.day += float64(n)
		if i >= len(p.used)-hourWindow {
			s.hour += float64(n)
		}
	}
}

// room is what the relay's limits leave for the minute; a relay without any has room for all.
func (s *sums) room(p *plan, at time.Time) float64 {
	room := float64(math.MaxInt32)
	for _, l := range limitsAt(p.settings, p.begun, at, false) {
		have := s.day
		if l.Span == time.Hour {
			have = s.hour
		}
		room = min(room, max(float64(l.Most)-have, 0))
	}
	return room
}

// next ends the minute, in which n were handed over, and begins the one after.
func (s *sums) next(p *plan, n float64) {
	s.hour, s.day = s.hour+n, s.day+n
	s.ahead = append(s.ahead, n)
	at := len(p.used) + len(s.ahead) - 1 // the minute that has begun
	s.hour -= s.usedIn(p, at-hourWindow)
	s.day -= s.usedIn(p, at-planBefore)
}

// usedIn is what was handed over in a minute. What was foretold for the minute that is now adds
// to what was used in it.
func (s *sums) usedIn(p *plan, minute int) float64 {
	n := 0.0
	if minute >= 0 && minute < len(p.used) {
		n += float64(p.used[minute])
	}
	if i := minute - len(p.used) + 1; i >= 0 && i < len(s.ahead) {
		n += s.ahead[i]
	}
	return n
}
