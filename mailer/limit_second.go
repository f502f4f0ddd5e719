package mailer

import "time"

// paced keeps a relay's messages a second. What holds: in any second, wherever the relay's
// clock begins it, it counts at most that many, if it counts a message somewhere between our
// permit and its answer. A message therefore takes up room from its permit until a second after
// its answer; over a slow line this costs a little of the rate. At most a tenth of a second's
// messages go out at once.
//
// It is not safe for concurrent use. Times are milliseconds of the wall clock.
type paced struct {
	most  int           // in any span
	span  time.Duration // one second; longer for a rate below one
	gap   time.Duration // from one message to the next, on average
	burst int           // at once

	out  int // permitted, and no answer yet
	over int // answered within the last span: the sum of log
	log  []answers
	next time.Time // when the next message would go out at an even pace
}

// answers are n messages that were answered at one instant.
type answers struct {
	at time.Time
	n  int
}

// newPaced starts as if the last second were full: what an earlier process sent in it, nobody
// has written down. A rate of 0 has no limit and is nil.
func newPaced(rate float64, now time.Time) *paced {
	if rate <= 0 {
		return nil
	}
	p := &paced{most: max(int(rate), 1), span: time.Second}
	if rate < 1 {
		p.span = time.Duration(float64(time.Second) / rate)
	}
	p.gap = p.span / time.Duration(p.most)
	p.burst = max(p.most/10, 1)
	p.log, p.over = []answers{{now, p.most}}, p.most
	return p
}

// free is how many of n messages may go now; where none may, when to ask again.
func (p *paced) free(now time.Time, n int) (k int, again time.Time) {
	if p == nil {
		return n, now
	}
	p.forget(now)
	if p.most-p.out-p.over <= 0 {
		if len(p.log) == 0 {
			return 0, now.Add(p.gap) // all wait for their answers
		}
		return 0, p.expires(p.log[0])
	}
	ahead := max(p.next.Sub(now), 0)
	smooth := int((time.Duration(p.burst)*p.gap - ahead) / p.gap)
	if smooth <= 0 {
		return 0, p.next.Add(-time.Duration(p.burst-1) * p.gap)
	}
	return min(n, smooth, p.most-p.out-p.over), now
}

// spend takes k of the messages that free has offered.
func (p *paced) spend(now time.Time, k int) {
	if p == nil {
		return
	}
	p.out += k
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(k) * p.gap)
}

// end: n permitted messages have been answered or lost, or, where used is false, never went out.
func (p *paced) end(now time.Time, n int, used bool) {
	if p == nil || n == 0 {
		return
	}
	p.out -= n
	if !used {
		p.next = p.next.Add(-time.Duration(n) * p.gap)
		return
	}
	p.over += n
	if last := len(p.log) - 1; last >= 0 && !p.log[last].at.Before(now) {
		p.log[last].n += n
		return
	}
	p.log = append(p.log, answers{now, n})
}

// expires is the first millisecond that is over a span later than any instant within the
// answers' own.
func (p *paced) expires(a answers) time.Time { return a.at.Add(p.span + time.Millisecond) }

func (p *paced) forget(now time.Time) {
	keep := 0
	for i, a := range p.log {
		if a.at.After(now) { // the clock was set back
			p.log[i].at = now
		}
		if p.expires(p.log[i]).After(now) {
			break
		}
		p.over -= a.n
		keep = i + 1
	}
	p.log = append(p.log[:0], p.log[keep:]...)
	if p.next.Sub(now) > p.span { // the clock was set back
		p.next = now.Add(p.span)
	}
}
