package mailer

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// Figures are what a mailer has done since it was made, and what it is doing, for those who
// watch from outside.
type Figures struct {
	Relays  []RelayFigures // in the order of the config
	Commits data.CommitFigures
}

// RelayFigures are what one relay does.
type RelayFigures struct {
	Name        string
	Outcomes    map[data.Word]int64 // since the mailer was made: accepted, deferred, refused, uncertain
	Connections int                 // open now
	Rest        time.Duration       // that it is still left alone; 0: it works
	LanesShut   int                 // recipient domains that it is spared
}

// counted are the words that a relay's outcomes are counted by.
var counted = [...]data.Word{data.WordAccepted, data.WordDeferred, data.WordRefused, data.WordUncertain}

// counts are what one relay did. The zero value is ready; it is safe for concurrent use.
type counts struct {
	open  atomic.Int64 // connections
	words [len(counted)]atomic.Int64
}

func (c *counts) word(w data.Word) {
	for i, one := range counted {
		if one == w {
			c.words[i].Add(1)
		}
	}
}

// Figures may be asked for at any time, whether the mailer runs or not.
func (m *Mailer) Figures() Figures {
	f := Figures{Commits: m.meter.Figures()}
	for _, r := range m.relays {
		one := RelayFigures{
			Name: r.name(), Outcomes: map[data.Word]int64{}, Connections: int(r.counts.open.Load()),
			Rest: max(r.resting(time.Now()), 0), LanesShut: r.lanes.shut(m.DB.Now()),
		}
		for i, w := range counted {
			one.Outcomes[w] = r.counts.words[i].Load()
		}
		f.Relays = append(f.Relays, one)
	}
	return f
}

// A Quota is what a relay's limit leaves for a span of time that ends now.
type Quota struct {
	Span time.Duration
	Most int
	Left int // what a block that is in hand has left is not in it
}

// Quotas are the hour's and the day's limits of a relay with what is left of them now, from
// the rows: in whatever process the mailer runs. One without limits has none.
func Quotas(ctx context.Context, db *data.DB, s smtp.Settings) ([]Quota, error) {
	now := db.Now()
	p, err := newPlan(ctx, db, s, now)
	if err != nil {
		return nil, err
	}
	var used sums
	used.begin(p)
	var all []Quota
	for _, l := range limitsAt(s, p.begun, now, true) {
		have := used.day
		if l.Span == time.Hour {
			have = used.hour
		}
		all = append(all, Quota{l.Span, l.Most, max(l.Most-int(math.Round(have)), 0)})
	}
	return all, nil
}

// shut is how many domains are backed off from.
func (l *lanes) shut(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.all {
		if a.times > 0 && now.Before(a.until) {
			n++
		}
	}
	return n
}
