package mailer

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// A guess is what was foretold at a time.
type guess struct {
	at, end time.Time
	done    int
}

// sendAll sends an issue through one relay on a clock, second by second, with a pause after
// some, and returns what was foretold on the way.
func sendAll(t *testing.T, readers int, perSecond float64, s smtp.Settings, pauseAt int) (all []guess, end time.Time) {
	t.Helper()
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	l := newLimits(db, s)
	d := &drive{t: t, clock: clock, r: rand.New(rand.NewPCG(4, 4)), l: l}
	var paces []data.Pace
	sampled := clock.Now()
	done, owed, waiting := 0, 0.0, false
	for done < readers {
		owed = min(owed+perSecond*(0.5+d.r.Float64()), 2*perSecond+1)
		for owed >= 1 && done < readers {
			k := d.ask(min(int(owed), readers-done, 32), false)
			if k == 0 {
				break
			}
			owed, done = owed-float64(k), done+k
		}
		waiting = waiting || !l.shutUntil(false).IsZero()
		if clock.Now().Sub(sampled) >= data.PaceEvery {
			sampled = clock.Now()
			paces = append(paces, data.Pace{At: sampled, Done: done, Waiting: waiting})
			often := !waiting || clock.Now().Minute()%30 == 0
			waiting = false
			if rate, ok := rateOf(paces); ok && often {
				p, err := newPlan(t.Context(), db, s, clock.Now())
				if err != nil {
					t.Fatal(err)
				}
				if end, ok := foretell(clock.Now(), readers-done, rate, []*plan{p}); ok {
					all = append(all, guess{clock.Now(), end, done})
				}
			}
		}
		step := time.Second
		if until := l.shutUntil(false); until.Sub(clock.Now()) > time.Minute {
			step = data.PaceEvery
		}
		if pauseAt > 0 && done >= pauseAt {
			step, pauseAt = 3*time.Hour, 0
			all = nil // nobody foretells a pause
		}
		d.step(step)
	}
	return all, clock.Now()
}

func TestTheEndIsForetoldWithin20Percent(t *testing.T) {
	for name, c := range map[string]struct {
		readers int
		rate    float64
		change  func(*smtp.Settings)
		pauseAt int
	}{
		"steady":            {20_000, 20, func(*smtp.Settings) {}, 0},
		"slow":              {800, 0.3, func(*smtp.Settings) {}, 0},
		"by the second":     {5_000, 100, func(s *smtp.Settings) { s.Rate = 10 }, 0},
		"by the hour":       {9_000, 50, func(s *smtp.Settings) { s.PerHour = 1000 }, 0},
		"by the day":        {12_000, 20, func(s *smtp.Settings) { s.PerDay = 5000 }, 0},
		"by hour and day":   {6_000, 20, func(s *smtp.Settings) { s.PerHour, s.PerDay = 900, 4000 }, 0},
		"in a warm-up":      {6_000, 50, func(s *smtp.Settings) { s.Warmup.Start = 2000 }, 0},
		"paused":            {20_000, 20, func(*smtp.Settings) {}, 4_000},
		"paused with hours": {9_000, 50, func(s *smtp.Settings) { s.PerHour = 1000 }, 3_000},
	} {
		t.Run(name, func(t *testing.T) {
			all, end := sendAll(t, c.readers, c.rate, relayWith(c.change), c.pauseAt)
			checked := 0
			for _, g := range all {
				if g.done < c.readers/4 {
					continue
				}
				checked++
				left := end.Sub(g.at)
				off := g.end.Sub(end).Abs()
				if off > left/5 && off > 2*time.Minute {
					t.Fatalf("with %d of %d done, %s before the end, %s were foretold", g.done, c.readers, left, g.end.Sub(g.at))
				}
			}
			if checked < 10 {
				t.Fatalf("only %d times was anything foretold", checked)
			}
		})
	}
}

func TestETAOfAnIssue(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 400), 400)
	relays := []smtp.Settings{relayWith(func(s *smtp.Settings) { s.PerHour = 120 })}
	foretold := func() (time.Time, bool) {
		t.Helper()
		end, ok, err := ETA(t.Context(), db, relays, issue.MailingID)
		if err != nil {
			t.Fatal(err)
		}
		return end, ok
	}
	if end, ok := foretold(); ok {
		t.Fatalf("%s was foretold before it began", end)
	}
	chunk, err := db.ClaimChunk(t.Context(), "one", 10*time.Hour, false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.ChunkDeliveries(t.Context(), chunk, 0, 400)
	if err != nil {
		t.Fatal(err)
	}
	ledger := data.NewLedger(db)
	defer ledger.Close()
	begun := clock.Now()
	for i := range 4 {
		if err := db.SamplePace(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		for _, d := range all[i*10 : i*10+10] {
			if _, err := db.TakeQuota(t.Context(), "main", nil, 1); err != nil {
				t.Fatal(err)
			}
			if err := ledger.RecordOutcome(t.Context(), data.Outcome{Delivery: d, Word: data.WordAccepted, Relay: "main", Step: "dot", Code: 250}); err != nil {
				t.Fatal(err)
			}
		}
		clock.Add(data.PaceEvery)
	}
	// One a second, 114 an hour: 40 now, 74 more at once, then 114 each 62 minutes and 58 in a third.
	end, ok := foretold()
	if from, to := begun.Add(3*62*time.Minute), begun.Add(3*62*time.Minute+3*time.Minute); !ok || end.Before(from) || end.After(to) {
		t.Fatalf("foretold %s, %v; want within %s and %s", end, ok, from, to)
	}
	if err := db.PauseMailing(t.Context(), issue.MailingID, "lunch"); err != nil {
		t.Fatal(err)
	}
	if end, ok := foretold(); ok {
		t.Fatalf("%s was foretold of a paused issue", end)
	}
}
