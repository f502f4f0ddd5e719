package data_test

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

var quotaLimits = []data.QuotaLimit{{Span: time.Hour, Most: 200}, {Span: 24 * time.Hour, Most: 1500}}

// mostIn is the largest number of instants that any span holds, both of its ends included.
func mostIn(all []time.Time, span time.Duration) int {
	most, from := 0, 0
	for to := range all {
		for all[to].Sub(all[from]) > span {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

func TestQuotaHoldsForAnyHourAndAnyDay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	clock := datatest.NewClock()
	path := filepath.Join(t.TempDir(), "tipsheet.db")
	db := datatest.OpenAt(t, path, clock)
	var handed []time.Time
	for end := clock.Now().Add(60 * time.Hour); clock.Now().Before(end); {
		want := 1 + r.IntN(100)
		b, err := db.TakeQuota(t.Context(), "main", quotaLimits, want)
		if err != nil {
			t.Fatal(err)
		}
		if b.N > want || b.N == 0 && !b.ResetAt.After(clock.Now()) {
			t.Fatalf("asked for %d and got %+v at %s", want, b, clock.Now())
		}
		used := b.N
		if r.IntN(3) == 0 {
			used = r.IntN(b.N + 1)
			if r.IntN(4) > 0 { // else the process dies with the rest of its block
				if err := db.GiveBackQuota(t.Context(), "main", b.Minute, b.N-used); err != nil {
					t.Fatal(err)
				}
			}
		}
		// The relay counts them up to a minute later.
		for range used {
			handed = append(handed, clock.Now().Add(time.Duration(r.Int64N(int64(59*time.Second)))))
		}
		step := time.Duration(r.IntN(90_000)) * time.Millisecond
		if b.N == 0 {
			step = b.ResetAt.Sub(clock.Now())
		}
		clock.Add(step)
		if r.IntN(20) == 0 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = datatest.OpenAt(t, path, clock)
		}
	}
	sortTimes(handed)
	for _, l := range quotaLimits {
		if most := mostIn(handed, l.Span); most > l.Most || most < l.Most*9/10 {
			t.Errorf("%d in some %s, want at most %d and nearly as many", most, l.Span, l.Most)
		}
	}
	if len(handed) < 3000 {
		t.Errorf("only %d were handed over in 60 hours", len(handed))
	}
}

func sortTimes(all []time.Time) {
	for i := range all { // nearly sorted already
		for j := i; j > 0 && all[j].Before(all[j-1]); j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}

func TestQuotaSaysWhenThereIsMore(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	take := func(want int) data.QuotaBlock {
		t.Helper()
		b, err := db.TakeQuota(t.Context(), "main", quotaLimits[:1], want)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := take(150); b.N != 150 {
		t.Fatalf("got %+v", b)
	}
	clock.Add(10 * time.Minute)
	if b := take(100); b.N != 50 {
		t.Fatalf("got %+v, want the 50 that are left", b)
	}
	b := take(1)
	if want := datatest.NewClock().Now().Add(62 * time.Minute); b.N != 0 || !b.ResetAt.Equal(want) {
		t.Fatalf("got %+v, want none until %s", b, want)
	}
	clock.Add(b.ResetAt.Sub(clock.Now()) - time.Millisecond)
	if b := take(1); b.N != 0 {
		t.Fatalf("got %+v a millisecond early", b)
	}
	clock.Add(time.Millisecond)
	if b := take(1000); b.N != 150 {
		t.Fatalf("got %+v, want the first 150 again", b)
	}
	if other, err := db.TakeQuota(t.Context(), "second", quotaLimits[:1], 100); err != nil || other.N != 100 {
		t.Fatalf("another relay got %+v, %v", other, err)
	}
}

func TestQuotaOfALateAnswerCountsFromTheAnswer(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	first := clock.Now()
	if _, err := db.TakeQuota(t.Context(), "main", quotaLimits, 100); err != nil {
		t.Fatal(err)
	}
	clock.Add(8 * time.Minute)
	if err := db.NoteQuota(t.Context(), "main", clock.Now(), 30); err != nil {
		t.Fatal(err)
	}
	if err := db.GiveBackQuota(t.Context(), "main", first, 30); err != nil {
		t.Fatal(err)
	}
	uses, err := db.QuotaUses(t.Context(), "main")
	if err != nil || len(uses) != 2 || uses[0].Used != 70 || uses[1].Used != 30 || !uses[1].Minute.Equal(first.Add(8*time.Minute)) {
		t.Fatalf("got %+v, %v", uses, err)
	}
}

func TestWarmupRemembersItsBeginning(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	if _, err := db.WarmupBegan(t.Context(), "main"); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("a warm-up that nobody began: %v", err)
	}
	first := clock.Now()
	for range 2 {
		begun, err := db.BeginWarmup(t.Context(), "main")
		if err != nil || !begun.Equal(first) {
			t.Fatalf("began at %s, %v; want %s", begun, err, first)
		}
		clock.Add(time.Hour)
	}
}

func TestPaceIsSampledWhileAnIssueIsSending(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 3), 10)
	sample := func() int {
		t.Helper()
		if err := db.SamplePace(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		clock.Add(data.PaceEvery)
		all, err := db.Paces(t.Context(), issue.MailingID)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := sample(); n != 0 {
		t.Fatalf("%d samples of an issue that nobody sends", n)
	}
	if _, err := db.ClaimChunk(t.Context(), "one", time.Hour, false); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if n := sample(); n != min(i+1, 60) {
			t.Fatalf("%d samples after %d", n, i+1)
		}
	}
	if err := db.PauseMailing(t.Context(), issue.MailingID, "lunch"); err != nil {
		t.Fatal(err)
	}
	before, err := db.Paces(t.Context(), issue.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	sample()
	after, err := db.Paces(t.Context(), issue.MailingID)
	if err != nil || len(after) != 60 || after[59] != before[59] {
		t.Fatalf("a paused issue was sampled: %v", err)
	}
}
