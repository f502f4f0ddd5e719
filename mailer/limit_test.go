package mailer

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// mostIn is the largest number of instants that any span holds, both of its ends included.
func mostIn(all []time.Time, span time.Duration) int {
	slices.SortFunc(all, time.Time.Compare)
	most, from := 0, 0
	for to := range all {
		for all[to].Sub(all[from]) > span {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// A pending message has its permit and no answer yet.
type pending struct{ answer time.Time }

// A drive has permits asked for and ended as a worker does it, on a clock that it moves. The
// relay counts each message at some instant between its permit and its answer.
type drive struct {
	t       *testing.T
	clock   *datatest.Clock
	r       *rand.Rand
	l       *limits
	lag     time.Duration // of an answer, at most
	waits   []pending
	counted []time.Time
}

func (d *drive) ask(n int, letter bool) int {
	d.t.Helper()
	now := d.clock.Now()
	k, _, err := d.l.try(d.t.Context(), n, letter)
	if err != nil {
		d.t.Fatal(err)
	}
	for range k {
		lag := time.Duration(d.r.Int64N(int64(d.lag) + 1))
		d.waits = append(d.waits, pending{now.Add(lag)})
		d.counted = append(d.counted, now.Add(time.Duration(d.r.Int64N(int64(lag)+1))))
	}
	return k
}

func (d *drive) step(by time.Duration) {
	d.clock.Add(by)
	over := 0
	d.waits = slices.DeleteFunc(d.waits, func(p pending) bool {
		if p.answer.After(d.clock.Now()) {
			return false
		}
		over++
		return true
	})
	d.l.used(over)
}

func relayWith(change func(*smtp.Settings)) smtp.Settings {
	s := smtp.DefaultSettings()
	s.Name, s.Host = "main", "relay.example.com"
	change(&s)
	return s
}

func TestNoSecondHasMoreThanTheRate(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 3, 14, 100, 2500} {
		for _, lag := range []time.Duration{0, 20 * time.Millisecond, 700 * time.Millisecond, 3 * time.Second} {
			clock := datatest.NewClock()
			db := datatest.Open(t, clock)
			s := relayWith(func(s *smtp.Settings) { s.Rate = rate })
			d := &drive{t: t, clock: clock, r: rand.New(rand.NewPCG(1, uint64(rate*10))), lag: lag, l: newLimits(db, s)}
			const took = 30 * time.Second
			for end := clock.Now().Add(took); clock.Now().Before(end); {
				d.ask(1+d.r.IntN(64), d.r.IntN(10) == 0)
				d.step(time.Duration(1+d.r.IntN(8)) * time.Millisecond)
				if d.r.IntN(2000) == 0 { // it is killed, with its links, and starts again at once
					d.waits, d.l = nil, newLimits(db, s)
					d.counted = slices.DeleteFunc(d.counted, clock.Now().Before)
				}
			}
			most, span := max(int(rate), 1), time.Second
			if rate < 1 {
				span = 2 * time.Second
			}
			if got := mostIn(d.counted, span); got > most || got == 0 {
				t.Errorf("rate %v, lag %s: %d in some %s", rate, lag, got, span)
			}
			if got := len(d.counted); lag == 0 && float64(got) < 0.8*rate*took.Seconds() {
				t.Errorf("rate %v: only %d in %s", rate, got, took)
			}
		}
	}
}

func TestHourAndDayLimitsHoldAcrossRestarts(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 50 * time.Second, 9 * time.Minute} {
		clock := datatest.NewClock()
		path := filepath.Join(t.TempDir(), "tipsheet.db")
		db := datatest.OpenAt(t, path, clock)
		s := relayWith(func(s *smtp.Settings) { s.PerHour, s.PerDay = 1000, 6000 })
		d := &drive{t: t, clock: clock, r: rand.New(rand.NewPCG(7, uint64(lag))), lag: lag, l: newLimits(db, s)}
		kills := 0
		for end := clock.Now().Add(50 * time.Hour); clock.Now().Before(end); {
			for range d.r.IntN(6) {
				if k := d.ask(1+d.r.IntN(32), d.r.IntN(50) == 0); k > 2 {
					// Some are not offered after all.
					back := d.r.IntN(2)
					d.l.giveBack(back)
					d.waits, d.counted = d.waits[:len(d.waits)-back], d.counted[:len(d.counted)-back]
				}
			}
			d.step(time.Duration(1+d.r.IntN(40_000)) * time.Millisecond)
			switch {
			case d.r.IntN(600) == 0 && lag < time.Minute: // killed
				kills++
				d.waits = nil
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db = datatest.OpenAt(t, path, clock)
				d.l = newLimits(db, s)
			case d.r.IntN(600) == 0 && len(d.waits) == 0: // stopped
				if err := d.l.close(t.Context()); err != nil {
					t.Fatal(err)
				}
				d.l = newLimits(db, s)
			}
		}
		hour, day := mostIn(d.counted, time.Hour), mostIn(d.counted, 24*time.Hour)
		if hour > s.PerHour || hour < s.PerHour*4/5 {
			t.Errorf("lag %s: %d in some hour, want at most %d and nearly as many", lag, hour, s.PerHour)
		}
		if day > s.PerDay || day < s.PerDay*4/5 {
			t.Errorf("lag %s: %d in some 24 hours, want at most %d and nearly as many", lag, day, s.PerDay)
		}
		if lag < time.Minute && kills < 5 {
			t.Errorf("lag %s: only %d kills", lag, kills)
		}
	}
}

func TestAMessageThatTheRelayCountsLateCountsFromThen(t *testing.T) {
	clock := datatest.NewClock()
	l := newLimits(datatest.Open(t, clock), relayWith(func(s *smtp.Settings) { s.PerHour = 100 }))
	all := func() (n int) {
		t.Helper()
		for {
			k, _, err := l.try(t.Context(), 32, false)
			if err != nil {
				t.Fatal(err)
			}
			if k == 0 {
				return n
			}
			n += k
		}
	}
	if n := all(); n != 95 {
		t.Fatalf("got %d, want 95", n)
	}
	clock.Add(9 * time.Minute)
	l.used(95) // it may have counted them just now
	clock.Add(54 * time.Minute)
	if n := all(); n != 0 {
		t.Fatalf("got %d, within the hour after 95 late answers", n)
	}
	clock.Add(8 * time.Minute)
	if n := all(); n != 95 {
		t.Fatalf("got %d more than an hour later, want 95", n)
	}
}

func TestASecondIsLongerThanTheClockTells(t *testing.T) {
	now := datatest.NewClock().Now()
	p := newPaced(1, now.Add(-time.Hour))
	p.spend(now, 1)
	p.end(now, 1, true) // up to a millisecond later than the clock said
	if k, again := p.free(now.Add(time.Second), 1); k != 0 || !again.Equal(now.Add(time.Second+time.Millisecond)) {
		t.Fatalf("got %d, and %s, exactly a second later", k, again)
	}
	if k, _ := p.free(now.Add(time.Second+time.Millisecond), 1); k != 1 {
		t.Fatalf("got %d a millisecond after the second", k)
	}
}

func TestWarmupHoldsFor14Days(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	s := relayWith(func(s *smtp.Settings) { s.Warmup.Start, s.PerDay = 100, 5000 })
	begun := clock.Now()
	d := &drive{t: t, clock: clock, r: rand.New(rand.NewPCG(2, 2)), l: newLimits(db, s)}
	for clock.Now().Sub(begun) < 17*24*time.Hour {
		d.ask(32, true)
		d.step(time.Duration(1+d.r.IntN(60)) * time.Second)
		if d.r.IntN(3000) == 0 {
			if err := d.l.close(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.l = newLimits(db, s)
		}
	}
	var byDay [17]int
	for _, at := range d.counted {
		byDay[at.Sub(begun)/(24*time.Hour)]++
	}
	limit := 100.0
	for day, n := range byDay {
		most := min(int(limit), 5000)
		if day >= 14 {
			most = 5000
		}
		if n > most || n < most*9/10 {
			t.Errorf("day %d: %d messages, want at most %d and nearly as many", day+1, n, most)
		}
		limit *= 1.5
	}
	for day := range 17 { // and wherever a day is begun
		end := begun.Add(time.Duration(day+1) * 24 * time.Hour)
		var until []time.Time
		for _, at := range d.counted {
			if at.Before(end) {
				until = append(until, at)
			}
		}
		most, ok := s.Warmup.Limit(day)
		if !ok {
			most = s.PerDay
		}
		if got := mostIn(until, 24*time.Hour-time.Millisecond); got > min(most, s.PerDay) {
			t.Errorf("by day %d, %d messages in some 24 hours, want at most %d", day+1, got, most)
		}
	}
}

func TestWarmUpLastsUntilItsLastDay(t *testing.T) {
	begun := datatest.NewClock().Now()
	none, warming := relayWith(func(*smtp.Settings) {}), relayWith(func(s *smtp.Settings) { s.Warmup.Start = 50 })
	for _, c := range []struct {
		what    string
		s       smtp.Settings
		begun   time.Time
		now     time.Time
		limited bool
	}{
		{"a relay without a warm-up", none, time.Time{}, begun, false},
		{"before it began", warming, time.Time{}, begun, true},
		{"in the last of its 14 days", warming, begun, begun.Add(14*24*time.Hour - time.Millisecond), true},
		{"after 14 days", warming, begun, begun.Add(14 * 24 * time.Hour), false},
	} {
		if most := dailyLimit(c.s, c.begun, c.now); (most > 0) != c.limited {
			t.Errorf("%s: %d a day, limited should be %v", c.what, most, c.limited)
		}
	}
}

func TestLettersHaveTheirPartOfTheQuota(t *testing.T) {
	clock := datatest.NewClock()
	l := newLimits(datatest.Open(t, clock), relayWith(func(s *smtp.Settings) { s.PerHour = 200 }))
	d := &drive{t: t, clock: clock, r: rand.New(rand.NewPCG(1, 1)), l: l}
	total := func(letter bool) (n int) {
		for k := 1; k > 0; n += k {
			k = d.ask(32, letter)
		}
		d.step(0)
		return n
	}
	if n := total(false); n != 190 {
		t.Fatalf("issues got %d of 200, want 190", n)
	}
	if l.shutUntil(false).IsZero() || !l.shutUntil(true).IsZero() {
		t.Fatal("want it shut for issues and open for letters")
	}
	if n := total(true); n != 10 {
		t.Fatalf("letters got %d, want the 10 that are left", n)
	}
	clock.Add(l.shutUntil(false).Sub(clock.Now()))
	if n := total(false); n != 190 {
		t.Fatalf("an hour later issues got %d, want 190", n)
	}
}

func TestUnusedPermitsComeBack(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	s := relayWith(func(s *smtp.Settings) { s.PerHour = 100 })
	l := newLimits(db, s)
	for range 300 { // the relay cannot be reached: each time a permit is taken for nothing
		k, _, err := l.try(t.Context(), 32, false)
		if err != nil || k == 0 {
			t.Fatalf("got %d, %v at %s", k, err, clock.Now())
		}
		clock.Add(45 * time.Second)
		l.giveBack(k)
	}
	if err := l.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	uses, err := db.QuotaUses(t.Context(), "main")
	if err != nil || len(uses) != 0 {
		t.Fatalf("after all came back: %+v, %v", uses, err)
	}
}

func TestAWorkerWaitsForItsPermitButNotForAnHour(t *testing.T) {
	clock := datatest.NewClock()
	l := newLimits(datatest.Open(t, clock), relayWith(func(s *smtp.Settings) { s.Rate, s.PerHour = 1, 20 }))
	got := make(chan int, 1)
	errs := make(chan error, 1)
	ask := func(ctx context.Context) {
		k, err := l.take(ctx, 5, false)
		l.used(k)
		got <- k
		errs <- err
	}
	go ask(t.Context())
	select {
	case k := <-got:
		t.Fatalf("got %d before the clock moved", k)
	case <-time.After(30 * time.Millisecond):
	}
	for i := range 19 {
		clock.Add(1001 * time.Millisecond)
		if k, err := <-got, <-errs; k != 1 || err != nil {
			t.Fatalf("message %d: got %d, %v", i, k, err)
		}
		if i < 18 {
			go ask(t.Context())
		}
	}
	clock.Add(1001 * time.Millisecond)
	ask(t.Context())
	var wait *waitError
	if k, err := <-got, <-errs; k != 0 || !errors.As(err, &wait) || wait.until.Sub(clock.Now()) < 55*time.Minute {
		t.Fatalf("got %d, %v, want to be told to come back in an hour", k, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	l = newLimits(l.db, relayWith(func(s *smtp.Settings) { s.Rate = 1 }))
	ask(ctx)
	if k, err := <-got, <-errs; k != 0 || !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped worker got %d, %v", k, err)
	}
}

func TestIssuesStandBackForALetter(t *testing.T) {
	clock := datatest.NewClock()
	l := newLimits(datatest.Open(t, clock), relayWith(func(s *smtp.Settings) { s.Rate = 1 }))
	l.wait(+1) // a letter waits
	clock.Add(2 * time.Second)
	if k, _, err := l.try(t.Context(), 1, false); k != 0 || err != nil {
		t.Fatalf("an issue got %d, %v before the letter", k, err)
	}
	if k, _, err := l.try(t.Context(), 1, true); k != 1 || err != nil {
		t.Fatalf("the letter got %d, %v", k, err)
	}
}

func TestARelayWithoutLimitsNeedsNoLedger(t *testing.T) {
	db := datatest.Open(t, nil)
	l := newLimits(db, relayWith(func(*smtp.Settings) {}))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	k, err := l.take(t.Context(), 32, false)
	l.used(k)
	if k != 32 || err != nil || l.close(t.Context()) != nil {
		t.Fatalf("got %d, %v", k, err)
	}
}

func TestNoLedgerNoPermit(t *testing.T) {
	db := datatest.Open(t, nil)
	l := newLimits(db, relayWith(func(s *smtp.Settings) { s.PerDay = 1000 }))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if k, err := l.take(t.Context(), 32, false); k != 0 || err == nil {
		t.Fatalf("got %d, %v from a database that is gone", k, err)
	}
}
