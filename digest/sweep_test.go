package digest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/olomotimes/tipsheet/digest"
)

var swept = []string{"0 7 * * *", "30 2 * * *", "30 1 * * 0", "0 0 29 2 *", "0 */6 * * *", "*/30 * * * *"}

// Zones whose clocks do what few do; each sample has them.
var oddZones = []string{
	"Australia/Lord_Howe", // half an hour
	"Antarctica/Troll",    // two hours
	"Africa/Casablanca",   // at Ramadan
	"America/Havana",      // at midnight, both ways
	"Asia/Gaza",           // Ramadan in summer: twice each way
	"Europe/Dublin",       // summer is the standard
	"Asia/Kathmandu",      // a quarter of an hour
	"America/Scoresbysund", "Pacific/Chatham",
}

const (
	sampleZones = 24               // beside the odd ones
	sampleTime  = 40 * time.Second // then a sample takes no further zone
	looksAside  = 12               // into each window of a zone, from anywhere
)

// sweepSample is every zone where SWEEP is all, else a sample that SEED repeats.
func sweepSample(t *testing.T) ([]string, uint64) {
	t.Helper()
	all := zones(t)
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = s
	}
	if os.Getenv("SWEEP") == "all" {
		return all, seed
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if testing.Short() {
		return append(oddZones[:2:2], all[0]), seed
	}
	return append(slices.Clone(oddZones), all[:sampleZones]...), seed
}

// A sweep is what was compared so far.
type sweep struct {
	t                                     *testing.T
	seed                                  uint64
	expressions                           []*expression
	zones, gaps, repeats, due, looks, own atomic.Int64
}

// Every minute that the fields name is due once, in every zone, whatever its clocks do: the
// oracle of this package and the scheduler name the same instants from 2020 to 2035.
func TestScheduleIsDueWhenTheOracleSays(t *testing.T) {
	names, seed := sweepSample(t)
	s := &sweep{t: t, seed: seed}
	for _, text := range swept {
		e, err := readExpression(text)
		if err != nil {
			t.Fatal(err)
		}
		s.expressions = append(s.expressions, e)
	}
	begun := time.Now()
	work := make(chan string)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for name := range work {
				s.zone(name)
			}
		})
	}
	given := 0
	for _, name := range names {
		if os.Getenv("SWEEP") != "all" && given >= len(oddZones) && time.Since(begun) > sampleTime {
			break
		}
		work <- name
		given++
	}
	close(work)
	all.Wait()
	t.Logf("sweep: SEED=%d, %d zones, %d gaps, %d repeats, %d due times, %d looks from aside, %d own hours, in %s",
		seed, s.zones.Load(), s.gaps.Load(), s.repeats.Load(), s.due.Load(), s.looks.Load(), s.own.Load(), time.Since(begun).Round(time.Second))
	if s.zones.Load() != int64(given) || s.gaps.Load() < 30 || s.repeats.Load() < 30 || s.due.Load() < 5e5 || s.looks.Load() < 1e3 || s.own.Load() < 1e3 {
		t.Error("too little was compared")
	}
}

func (s *sweep) zone(name string) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		s.t.Error(err)
		return
	}
	a, err := newAlmanac(loc)
	if err != nil {
		s.t.Error(err)
		return
	}
	chance := rand.New(rand.NewPCG(s.seed, uint64(len(name))<<32|uint64(name[0])<<8|uint64(name[len(name)-1])))
	for _, e := range s.expressions {
		schedule, err := digest.ParseSchedule(e.text, name)
		if err != nil {
			s.t.Error(err)
			return
		}
		want := a.due(e)
		if err := compare(want, schedule.Next); err != nil {
			s.t.Errorf("%s in %s: %v", e.text, name, err)
			return
		}
		s.due.Add(int64(len(want)))
		s.fromAside(a, e, want, schedule, chance)
	}
	s.ownHours(a, chance)
	s.zones.Add(1)
	s.gaps.Add(int64(a.gaps))
	s.repeats.Add(int64(a.repeats))
}

// compare walks from each due time to the next.
func compare(want []int, next func(time.Time) time.Time) error {
	at := timeOf(sweepFrom).Add(-time.Second)
	for i, minute := range want {
		got := next(at)
		if !got.Equal(timeOf(minute)) {
			return fmt.Errorf("due time %d, after %s, is %s, want %s", i, at.Format(time.RFC3339), got.UTC().Format(time.RFC3339), timeOf(minute).Format(time.RFC3339))
		}
		at = got
	}
	if got := next(at); !got.IsZero() && got.Before(timeOf(sweepTo)) {
		return fmt.Errorf("due at %s too", got.UTC().Format(time.RFC3339))
	}
	return nil
}

// fromAside asks for the next due time from any second near a transition, as after a restart.
func (s *sweep) fromAside(a *almanac, e *expression, want []int, schedule digest.Schedule, chance *rand.Rand) {
	for _, w := range a.windows {
		for range looksAside {
			at := timeOf(w.from + chance.IntN(len(w.walls))).Add(time.Duration(chance.IntN(60_000)) * time.Millisecond)
			i := sort.Search(len(want), func(i int) bool { return timeOf(want[i]).After(at) })
			if i == len(want) || at.Before(timeOf(sweepFrom)) {
				continue
			}
			if got := schedule.Next(at); !got.Equal(timeOf(want[i])) {
				s.t.Errorf("%s in %s: after %s comes %s, want %s", e.text, a.loc, at.Format(time.RFC3339Nano), got.Format(time.RFC3339), timeOf(want[i]).Format(time.RFC3339))
			}
			s.looks.Add(1)
		}
	}
}

// ownHours asks for a reader's hour near each transition: half of the time one near the
// transition itself.
func (s *sweep) ownHours(a *almanac, chance *rand.Rand) {
	for _, w := range a.windows {
		for n := range 2 * looksAside {
			from := w.from + chance.IntN(len(w.walls)-1440)
			hour, minute := chance.IntN(24), chance.IntN(60)
			if n%2 == 0 {
				hour, minute = chance.IntN(4), 30*chance.IntN(2)
			}
			due := timeOf(from)
			got := digest.OwnHour(due, hour, minute, a.loc)
			if want := timeOf(w.own(from, hour, minute)); !got.Equal(want) || got.Before(due) || got.Sub(due) >= 24*time.Hour {
				s.t.Errorf("%02d:%02d in %s, due %s: %s, want %s", hour, minute, a.loc, due.Format(time.RFC3339), got.Format(time.RFC3339), want.Format(time.RFC3339))
			}
			s.own.Add(1)
		}
	}
}

// The oracle finds what cron/v3 does by itself: it fires twice in autumn and not in spring.
func TestTheOracleFindsWhatCronDoesWrong(t *testing.T) {
	for _, c := range []struct{ text, zone string }{
		{"30 2 * * *", "America/New_York"}, {"30 1 * * 0", "Europe/London"}, {"0 2 * * *", "Europe/Berlin"},
	} {
		e, err := readExpression(c.text)
		if err != nil {
			t.Fatal(err)
		}
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		a, err := newAlmanac(loc)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := cron.ParseStandard("CRON_TZ=" + c.zone + " " + c.text)
		if err != nil {
			t.Fatal(err)
		}
		if compare(a.due(e), alone.Next) == nil {
			t.Errorf("%s in %s: cron/v3 alone is right", c.text, c.zone)
		}
		scheduled, err := digest.ParseSchedule(c.text, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if err := compare(a.due(e), scheduled.Next); err != nil {
			t.Errorf("%s in %s: %v", c.text, c.zone, err)
		}
	}
}
