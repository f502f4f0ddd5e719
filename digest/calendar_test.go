package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// calendar is every issue as "day hour:minute state", by due time.
func calendar(t *testing.T, db *data.DB) []string {
	t.Helper()
	all, err := db.Issues(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, i := range slices.Backward(all) {
		lines = append(lines, i.DueAt.UTC().Format("02 15:04 ")+string(i.State))
	}
	return lines
}

func expect(t *testing.T, db *data.DB, want ...string) {
	t.Helper()
	if got := calendar(t, db); !slices.Equal(got, want) {
		t.Fatalf("issues:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// lateNewsletter is due at 07:00 each day; the clock says 06:00, and its draft and a story wait.
func lateNewsletter(t *testing.T, late string) (*datatest.Clock, *data.DB, data.Newsletter) {
	t.Helper()
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	n := datatest.Newsletter(t, db, "daily", 2)
	n.Late = late
	if err := db.EditNewsletter(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	look(t, newDesk(t, db))
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	return clock, db, n
}

func TestDownAcrossADueTimeWithinItsGrace(t *testing.T) {
	for _, late := range []string{data.LateMerge, data.LateHold, data.LateSend} {
		t.Run(late, func(t *testing.T) {
			clock, db, _ := lateNewsletter(t, late)
			clock.Add(2*time.Hour + 55*time.Minute) // 08:55
			d := newDesk(t, db)
			look(t, d)
			look(t, d)
			expect(t, db, "02 07:00 closed", "03 07:00 draft")
			if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err != nil {
				t.Errorf("it is not sent: %v", err)
			}
		})
	}
}

func TestDownAcrossDueTimesBeyondTheirGrace(t *testing.T) {
	for _, c := range []struct {
		late string
		sent bool
		want []string
	}{
		{data.LateMerge, false, []string{"02 07:00 merged", "03 07:00 merged", "04 07:00 merged", "05 07:00 merged", "06 07:00 draft"}},
		{data.LateHold, false, []string{"02 07:00 held", "03 07:00 merged", "04 07:00 merged", "05 07:00 held", "06 07:00 draft"}},
		{data.LateSend, true, []string{"02 07:00 closed", "03 07:00 merged", "04 07:00 merged", "05 07:00 skipped", "06 07:00 draft"}},
	} {
		t.Run(c.late, func(t *testing.T) {
			clock, db, _ := lateNewsletter(t, c.late)
			clock.Add(3*24*time.Hour + 5*time.Hour)
			d := newDesk(t, db)
			for range 3 {
				look(t, d)
			}
			expect(t, db, c.want...)
			alarms, err := db.Alarms(t.Context())
			if err != nil || len(alarms) != strings.Count(strings.Join(c.want, " "), "held") {
				t.Errorf("alarms: %+v, %v", alarms, err)
			}
			if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); (err == nil) != c.sent {
				t.Errorf("claim: %v, want sent: %v", err, c.sent)
			}
		})
	}
}

func TestClockSetBackAnHourMakesNoSecondIssue(t *testing.T) {
	clock, db, n := lateNewsletter(t, data.LateMerge)
	clock.Add(65 * time.Minute) // 07:05
	d := newDesk(t, db)
	look(t, d)
	expect(t, db, "02 07:00 closed", "03 07:00 draft")
	if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err != nil { // it is begun
		t.Fatal(err)
	}
	datatest.Story(t, db, "Market opens", clock.Now().Add(-2*time.Hour))
	clock.Add(-time.Hour)
	for range 2 * 60 / 5 { // 06:05 to 08:05
		look(t, d)
		clock.Add(5 * time.Minute)
	}
	expect(t, db, "02 07:00 sending", "03 07:00 draft")
	if free, err := db.Candidates(t.Context(), n.ID, 10); err != nil || len(free) != 1 {
		t.Errorf("the story that came since waits for the next issue: %d, %v", len(free), err)
	}
}

func TestClockSetForwardADaySendsNothingAndForgetsNothing(t *testing.T) {
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed %v", closed), func(t *testing.T) {
			clock, db, _ := lateNewsletter(t, data.LateMerge)
			d := newDesk(t, db)
			if closed {
				clock.Add(57 * time.Minute)
				look(t, d)
				expect(t, db, "02 07:00 closed", "03 07:00 draft")
				clock.Add(-57 * time.Minute)
			}
			clock.Add(24 * time.Hour)
			look(t, d)
			expect(t, db, "02 07:00 merged", "03 07:00 draft")
			if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err == nil {
				t.Fatal("something is sent")
			}
			clock.Add(-24 * time.Hour) // it is set right
			for range 24 {
				look(t, d)
				clock.Add(time.Hour)
			}
			expect(t, db, "02 07:00 merged", "03 07:00 draft")
			clock.Add(57 * time.Minute)
			look(t, d)
			expect(t, db, "02 07:00 merged", "03 07:00 closed", "04 07:00 draft")
			if i := latest(t, db, data.IssueClosed); i.Subject != "Bridge reopens" || i.Audience != 2 {
				t.Errorf("the issue after it: %+v", i)
			}
		})
	}
}

func TestNewsletterThatCannotBePlannedHoldsUpNoOther(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	n := datatest.Newsletter(t, db, "broken", 0)
	n.TimeZone = "Mars/Olympus"
	if err := db.EditNewsletter(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	datatest.Newsletter(t, db, "daily", 1)
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	d := newDesk(t, db)
	for range 2 {
		if err := d.Look(t.Context()); err == nil || strings.Count(err.Error(), "no time zone") != 1 {
			t.Errorf("the broken one is told as %v", err)
		}
		clock.Add(time.Hour)
	}
	expect(t, db, "02 07:00 closed")
}

// A newsletter that follows its stories.
func TestEachStoryGoesAsItComesButForAGap(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	n := datatest.Newsletter(t, db, "alerts", 1)
	n.Cron, n.Gap = "", 30*time.Minute
	if err := db.EditNewsletter(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, db)
	look(t, d)
	expect(t, db)
	story := func(at string, titles ...string) {
		t.Helper()
		for _, title := range titles {
			datatest.Story(t, db, title, clock.Now())
		}
		look(t, d)
		if now := clock.Now().Format("15:04"); now != at {
			t.Fatalf("it is %s, not %s", now, at)
		}
	}
	clock.Add(10 * time.Minute)
	story("06:10", "One")
	expect(t, db, "02 06:10 closed")
	if _, err := db.ClaimChunk(t.Context(), "worker", 24*time.Hour, false); err != nil {
		t.Fatalf("it is not sent at once: %v", err)
	}
	clock.Add(5 * time.Minute)
	story("06:15", "Two")
	clock.Add(24 * time.Minute)
	story("06:39", "Three")
	expect(t, db, "02 06:10 sending", "02 06:40 draft")
	clock.Add(time.Minute)
	story("06:40")
	expect(t, db, "02 06:10 sending", "02 06:40 closed")
	if _, err := db.ClaimChunk(t.Context(), "worker", 24*time.Hour, false); err != nil {
		t.Fatal(err)
	}
	clock.Add(80 * time.Minute)
	story("08:00")
	expect(t, db, "02 06:10 sending", "02 06:40 sending")

	// Nobody looks for five hours: what came meanwhile goes with the next story.
	datatest.Story(t, db, "Four", clock.Now())
	clock.Add(5 * time.Hour)
	story("13:00")
	expect(t, db, "02 06:10 sending", "02 06:40 sending", "02 08:00 merged")
	clock.Add(time.Hour)
	story("14:00", "Five")
	expect(t, db, "02 06:10 sending", "02 06:40 sending", "02 08:00 merged", "02 14:00 closed")
	told, err := db.IssueStories(t.Context(), latest(t, db, data.IssueClosed).ID)
	if err != nil || len(told) != 2 {
		t.Fatalf("stories of the last issue: %+v, %v", told, err)
	}
}
