package data_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func check(t *testing.T, db *data.DB, name string) data.Difference {
	t.Helper()
	d, err := db.CheckInstance(t.Context(), db.Here(name))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ours(t *testing.T, db *data.DB) {
	t.Helper()
	if d := check(t, db, "one"); !d.None() {
		t.Fatalf("a difference where none is: %s", d)
	}
}

func differs(t *testing.T, db *data.DB, name, want string) {
	t.Helper()
	d := check(t, db, name)
	if !strings.Contains(d.String(), want) {
		t.Fatalf("the difference is %q, want %q", d, want)
	}
	alarms, err := db.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || alarms[0].Kind != "instance" || !strings.Contains(alarms[0].Text, want) {
		t.Fatalf("alarms: %+v, %v", alarms, err)
	}
}

func states(t *testing.T, db *data.DB) string {
	t.Helper()
	var all []string
	for id := int64(1); ; id++ {
		m, err := db.Mailing(t.Context(), id)
		if errors.Is(err, data.ErrNotFound) {
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.State))
	}
}

// file copies a database that nobody writes to.
func file(t *testing.T, from, to string) {
	t.Helper()
	for _, part := range []string{"", "-wal"} {
		raw, err := os.ReadFile(from + part)
		if errors.Is(err, os.ErrNotExist) && part != "" {
			if err := os.RemoveAll(to + part); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+part, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSamePlaceIsNoDifference(t *testing.T) {
	clock := datatest.NewClock()
	path := filepath.Join(t.TempDir(), "tipsheet.db")
	db := datatest.OpenAt(t, path, clock)
	ours(t, db)
	clock.Add(time.Hour)
	if err := db.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.Add(-30 * time.Second) // a clock that was set right
	ours(t, datatest.OpenAt(t, path, clock))
	clock.Add(40 * 24 * time.Hour)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	ours(t, datatest.OpenAt(t, link, clock))
}

func TestADatabaseThatDiffersSendsNothingUntilItIsAdopted(t *testing.T) {
	clock := datatest.NewClock()
	dir := t.TempDir()
	db := datatest.OpenAt(t, filepath.Join(dir, "tipsheet.db"), clock)
	nl := datatest.Newsletter(t, db, "daily", 3)
	issue := datatest.ClosedIssue(t, db, nl, 10) // 1
	ours(t, db)
	if _, err := db.ClaimChunk(t.Context(), "w", lease, false); err != nil {
		t.Fatal(err)
	}
	addLetter(t, db, data.LetterReply, "a@example.com") // 2
	clock.Add(time.Minute)                              // another due time
	paused := datatest.ClosedIssue(t, db, nl, 10)       // 3
	if err := db.PauseMailing(t.Context(), paused.MailingID, "by hand"); err != nil {
		t.Fatal(err)
	}
	differs(t, db, "two", "it ran on another machine")
	clock.Add(time.Minute)
	datatest.ClosedIssue(t, db, nl, 10)                 // 4
	addLetter(t, db, data.LetterReply, "b@example.com") // 5
	if got := states(t, db); got != "held held paused held held" {
		t.Fatalf("states: %s", got)
	}
	if _, err := db.ClaimChunk(t.Context(), "w", lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("claim while held: %v", err)
	}
	var person *data.UserError
	for _, err := range []error{db.ResumeMailing(t.Context(), issue.MailingID), db.DueNow(t.Context(), issue.ID)} {
		if !errors.As(err, &person) || !errors.Is(err, data.ErrConflict) {
			t.Fatalf("one mailing let go while all are held: %v", err)
		}
	}
	if d, err := db.Standing(t.Context()); err != nil || d.None() || d.Since.IsZero() {
		t.Fatalf("standing: %+v, %v", d, err)
	}
	differs(t, db, "one", "it ran on another machine") // back where it was, and a person has not said so
	if err := db.CancelMailing(t.Context(), 5, "no longer needed"); err != nil {
		t.Fatal(err)
	}
	s, err := db.HeldStock(t.Context())
	if err != nil || s.Mailings != 3 || s.Open != 7 || s.Uncertain != 0 {
		t.Fatalf("stock: %+v, %v", s, err)
	}
	if d, err := db.Adopt(t.Context(), db.Here("two")); err != nil || d.None() {
		t.Fatalf("adopt: %s, %v", d, err)
	}
	if got := states(t, db); got != "sending closed paused closed cancelled" {
		t.Fatalf("states: %s", got)
	}
	if alarms, err := db.Alarms(t.Context()); err != nil || len(alarms) != 0 {
		t.Fatalf("alarms: %+v, %v", alarms, err)
	}
	if d := check(t, db, "two"); !d.None() {
		t.Fatalf("after adopt: %s", d)
	}
}

func TestAnIssueThatIsFreezingIsHeldAsItCloses(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 3)
	ours(t, db)
	id, err := db.AddIssue(t.Context(), nl.ID, clock.Now(), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	story := datatest.Story(t, db, "Rain", clock.Now())
	if err := db.BeginClosing(t.Context(), id, []int64{story}, data.Header{}, clock.Now()); err != nil {
		t.Fatal(err)
	}
	differs(t, db, "two", "another machine")
	if _, err := db.FreezeSlice(t.Context(), id, 10); err != nil {
		t.Fatal(err)
	}
	if err := db.FinishClosing(t.Context(), id, data.Variant{Edition: "full", Subject: "s", Text: "t"}, 10); err != nil {
		t.Fatal(err)
	}
	if i, err := db.Issue(t.Context(), id); err != nil || i.State != data.IssueHeld || !strings.Contains(i.Reason, "tipsheet adopt") {
		t.Fatalf("it is %s (%s), %v", i.State, i.Reason, err)
	}
}

func TestManyMailingsAreHeldAndFreedInSlices(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	ours(t, db)
	for range 1100 {
		addLetter(t, db, data.LetterReply, "a@example.com")
	}
	differs(t, db, "two", "another machine")
	if n := strings.Count(states(t, db), "held"); n != 1100 {
		t.Fatalf("%d are held", n)
	}
	for _, id := range []int64{1, 2, 499, 700} { // gaps must not end the freeing early
		if err := db.CancelMailing(t.Context(), id, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Adopt(t.Context(), db.Here("two")); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(states(t, db), "closed"); n != 1096 {
		t.Fatalf("%d were freed", n)
	}
}

func TestWhatWasFoundTooLateIsNotSentByAnAdoption(t *testing.T) {
	d := newDesk(t, 2, 10)
	ours(t, d.db)
	differs(t, d.db, "two", "another machine")
	d.clock.Add(3 * time.Hour)
	if _, err := d.db.Adopt(t.Context(), d.db.Here("two")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.ClaimChunk(t.Context(), "w", lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("begun three hours late: %v", err)
	}
	if late, err := d.db.LateIssues(t.Context()); err != nil || len(late) != 1 {
		t.Fatalf("%d late issues, %v", len(late), err)
	}
}

func TestEachKindOfDifferenceIsFound(t *testing.T) {
	for name, one := range map[string]struct {
		want string
		make func(t *testing.T, db *data.DB, clock *datatest.Clock) string // the path to open then
	}{
		"moved": {"it lay at ", func(t *testing.T, db *data.DB, _ *datatest.Clock) string {
			to := filepath.Join(t.TempDir(), "moved.db")
			file(t, db.Path(), to)
			return to
		}},
		"clock behind": {"before the database was last written", func(t *testing.T, db *data.DB, clock *datatest.Clock) string {
			clock.Add(-2 * time.Minute)
			return db.Path()
		}},
		"backup": {"it is a copy", func(t *testing.T, db *data.DB, _ *datatest.Clock) string {
			to := filepath.Join(t.TempDir(), "backup.db")
			if err := db.Backup(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			if left, err := filepath.Glob(to + "*"); err != nil || len(left) != 1 {
				t.Fatalf("beside the backup lie %v, %v", left, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			file(t, to, db.Path())
			return db.Path()
		}},
		"older copy": {"an older copy was put in its place", func(t *testing.T, db *data.DB, _ *datatest.Clock) string {
			to := filepath.Join(t.TempDir(), "copy.db")
			file(t, db.Path(), to)
			if err := db.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			file(t, to, db.Path())
			return db.Path()
		}},
		"another database": {"another database lay in its place", func(t *testing.T, db *data.DB, clock *datatest.Clock) string {
			other := datatest.Open(t, clock)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			file(t, other.Path(), db.Path())
			return db.Path()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := datatest.NewClock()
			db := datatest.Open(t, clock)
			ours(t, db)
			clock.Add(time.Hour)
			if err := db.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
			path := one.make(t, db, clock)
			again := datatest.OpenAt(t, path, clock)
			before := datatest.Contents(t, again)
			if d, err := again.CompareInstance(t.Context(), again.Here("one")); err != nil || d.None() {
				t.Fatalf("compare: %s, %v", d, err)
			}
			if datatest.Contents(t, again) != before {
				t.Fatal("comparing changes something")
			}
			differs(t, again, "one", one.want)
			if _, err := again.Adopt(t.Context(), again.Here("one")); err != nil {
				t.Fatal(err)
			}
			ours(t, again)
		})
	}
}

func TestAClockJumpHoldsEverything(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	ours(t, db)
	var passed time.Duration
	watch := db.NewWatch(func() time.Duration { return passed })
	for _, step := range []struct{ wall, passed, want time.Duration }{
		{time.Second, time.Second, 0},
		{20 * time.Hour, 20 * time.Hour, 0}, // a long halt of this process only
		{9 * time.Minute, 0, 0},
		{11 * time.Minute, time.Second, 11*time.Minute - time.Second},
		{time.Second, time.Second, 0}, // told once
		{-time.Hour, time.Second, -time.Hour - time.Second},
	} {
		clock.Add(step.wall)
		passed += step.passed
		if got := watch.Jump(); got != step.want {
			t.Fatalf("wall %s, passed %s: jump of %s, want %s", step.wall, step.passed, got, step.want)
		}
	}
	addLetter(t, db, data.LetterReply, "a@example.com")
	if _, err := db.HoldForJump(t.Context(), -time.Hour); err != nil {
		t.Fatal(err)
	}
	differs(t, db, "one", "the clock jumped back by 1h0m0s")
	if got := states(t, db); got != "held" {
		t.Fatalf("states: %s", got)
	}
}

func TestTheMachineCountsTheTimeThatPasses(t *testing.T) {
	elapsed := data.Elapsed()
	first := elapsed()
	<-time.After(20 * time.Millisecond) // what is tried is real time
	if second := elapsed(); second <= first || second-first > time.Minute {
		t.Fatalf("from %s to %s", first, second)
	}
}
