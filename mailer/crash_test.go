package mailer_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const crashReaders = 3000

// number reads an environment variable.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestKilledSenderLosesNobody sends issues of 3,000 deliveries over four connections from a
// process that is killed at each step and at random, to a counting relay that lives on. KILLS
// says how often, SEED repeats a run, WINDOW keeps to one ledger.window.
func TestKilledSenderLosesNobody(t *testing.T) {
	wanted, box := 100, 45*time.Second
	if testing.Short() {
		wanted, box = 17, time.Second
	}
	if n := number(t, "KILLS", 0); n > 0 {
		wanted, box = int(n), 24*time.Hour
	}
	seed := number(t, "SEED", uint64(time.Now().UnixNano()))
	fmt.Printf("%s: SEED=%d\n", t.Name(), seed)
	windows := []int{1, 8, 32}
	if n := number(t, "WINDOW", 0); n > 0 {
		windows = []int{int(n)}
	}
	combos := 2 * len(windows)
	share := max(17, (wanted+combos-1)/combos) // of a round, so that each policy and window has some
	far := startFarEnd(t)
	begun := time.Now()
	all, kinds := newTally(), map[string]*tally{}
	first := int(seed % uint64(combos)) // a run that is short of time does not always leave out the same
	for i := first; all.kills < wanted && time.Since(begun) < box; i++ {
		r := &round{T: t, tally: *newTally(), chance: rand.New(rand.NewPCG(seed, uint64(i))), far: far,
			policy: []data.Policy{data.PolicyResend, data.PolicyHold}[i%2], window: windows[i/2%len(windows)],
			extras: []string{"PIPELINING 8BITMIME", "PIPELINING 8BITMIME CHUNKING"}[(i+i/6)/2%2]}
		took := time.Now()
		r.run(min(share, wanted-all.kills))
		t.Logf("round %d: policy=%s window=%d offers=%q: %v in_transaction=%d took=%v", i+1-first, r.policy, r.window, r.extras, &r.tally, r.inMail, time.Since(took).Round(time.Millisecond))
		all.add(&r.tally)
		kind := fmt.Sprintf("policy=%s window=%d bound=%d", r.policy, r.window, crashLinks*r.window+1)
		if kinds[kind] == nil {
			kinds[kind] = newTally()
		}
		kinds[kind].add(&r.tally)
		if t.Failed() {
			break
		}
	}
	all.say(t, time.Since(begun))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Printf("%s: %v\n", kind, kinds[kind])
	}
	fmt.Printf("crash: %v\n", all)
}

// say prints what was killed when, and checks that the kills hit what they were to hit.
func (a *tally) say(t *testing.T, took time.Duration) {
	t.Helper()
	for _, moment := range slices.Sorted(maps.Keys(a.at)) {
		if undoneSQL(moment, 0) == "" && moment != midContent {
			t.Logf("killed %s: %d", moment, a.at[moment])
			continue
		}
		t.Logf("killed %s: %d, of these %d before its end", moment, a.at[moment], a.cut[moment])
		if a.cut[moment] == 0 && a.at[moment] >= 5 {
			t.Errorf("no kill %s hit it", moment)
		}
	}
	fmt.Printf("of %d kills %d hit an open transaction, %d in the middle of its content, in %v\n", a.kills, a.inMail, a.inContent, took.Round(time.Second))
	if a.inMail*2 < a.kills {
		t.Errorf("only %d of %d kills hit an open transaction", a.inMail, a.kills)
	}
}

// A tally is what the crash test counts.
type tally struct {
	kills, inMail, inContent     int // of the kills, those with an open transaction, and with content under way
	deliveries, lost, duplicates int
	uncertain, most              int            // most after one kill
	at                           map[string]int // kills by moment
	cut                          map[string]int // of these, those that left the step undone
}

func newTally() *tally { return &tally{at: map[string]int{}, cut: map[string]int{}} }

func (a *tally) String() string {
	return fmt.Sprintf("kills=%d deliveries=%d lost=%d uncertain=%d duplicates=%d max_uncertain_per_kill=%d",
		a.kills, a.deliveries, a.lost, a.uncertain, a.duplicates, a.most)
}

func (a *tally) add(b *tally) {
	a.kills += b.kills
	a.inMail += b.inMail
	a.inContent += b.inContent
	a.deliveries += b.deliveries
	a.lost += b.lost
	a.duplicates += b.duplicates
	a.uncertain += b.uncertain
	a.most = max(a.most, b.most)
	for moment, n := range b.at {
		a.at[moment] += n
		a.cut[moment] += b.cut[moment]
	}
}
