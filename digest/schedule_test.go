package digest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/digest"
)

func TestScheduleFiresOnceWhateverTheClockDoes(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"a plain day", "0 7 * * *", "Africa/Lagos", "2026-03-02T06:00:00Z", []string{"2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z"}},
		{"a minute in the gap fires after it", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"several minutes in the gap fire once", "*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
		{"a repeated minute fires at its first", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"a weekly one in the gap is not skipped", "30 1 * * 0", "Europe/London", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-04-05T00:30:00Z"}},
		{"a repeated midnight", "0 0 * * *", "America/Havana", "2026-10-31T12:00:00Z", []string{"2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}},
		{"half an hour of shift", "0 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:00:00Z"}},
		{"in the hour that is shown again", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"a day that was left out", "0 7 * * *", "Pacific/Apia", "2011-12-29T18:00:00Z", []string{"2011-12-30T10:00:00Z", "2011-12-30T17:00:00Z"}},
		{"the last day of a leap year far ahead", "30 23 * * *", "America/New_York", "2044-12-30T12:00:00Z", []string{"2044-12-31T04:30:00Z", "2045-01-01T04:30:00Z", "2045-01-02T04:30:00Z"}},
		{"a leap day", "0 7 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T07:00:00Z", "2032-02-29T07:00:00Z"}},
	} {
		s, err := digest.ParseSchedule(c.cron, c.zone)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		at, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			at = s.Next(at)
			if got := at.UTC().Format(time.RFC3339); got != want {
				t.Errorf("%s: %s, want %s", c.name, got, want)
			}
		}
	}
}

func TestBadScheduleGetsASentence(t *testing.T) {
	for _, c := range []struct{ cron, zone, want string }{
		{"TZ=UTC", "UTC", "time zone is set beside its schedule"},
		{"TZ= 0 7 * * *", "UTC", "time zone is set beside its schedule"},
		{"CRON_TZ=Asia/Tokyo 0 7 * * *", "UTC", "time zone is set beside its schedule"},
		{"", "UTC", "five fields"},
		{"0 7 * *", "UTC", "five fields"},
		{"*/0 7 * * *", "UTC", "cannot be read"},
		{"* * * * 5-1", "UTC", "cannot be read"},
		{"@daily", "UTC", "five fields"},
		{"61 7 * * *", "UTC", "cannot be read"},
		{"0 7 31 2 *", "UTC", "never comes"},
		{"0 7 * * *", "Mars/Olympus", "no time zone"},
		{"0 7 * * *", "", "no time zone"},
	} {
		if _, err := digest.ParseSchedule(c.cron, c.zone); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %q: %v, want a sentence with %q", c.cron, c.zone, err, c.want)
		}
	}
}

func TestOwnHourIsTheNextOnTheReadersClock(t *testing.T) {
	for _, c := range []struct {
		name, zone, due string
		hour, minute    int
		want            string
	}{
		{"east of it", "Africa/Lagos", "2026-03-02T04:00:00Z", 7, 0, "2026-03-02T06:00:00Z"},
		{"at the due time itself", "Africa/Lagos", "2026-03-02T06:00:00Z", 7, 0, "2026-03-02T06:00:00Z"},
		{"just gone by", "Africa/Lagos", "2026-03-02T06:01:00Z", 7, 0, "2026-03-03T06:00:00Z"},
		{"gone by for less than a second", "Africa/Lagos", "2026-03-02T06:00:00.001Z", 7, 0, "2026-03-03T06:00:00Z"},
		{"in a gap", "Europe/Berlin", "2026-03-28T12:00:00Z", 2, 30, "2026-03-29T01:00:00Z"},
		{"right after a gap", "Europe/Berlin", "2026-03-28T12:00:00Z", 3, 0, "2026-03-29T01:00:00Z"},
		{"a repeated minute", "Europe/Berlin", "2026-10-24T12:00:00Z", 2, 30, "2026-10-25T00:30:00Z"},
		{"a repeated minute, from between", "Europe/Berlin", "2026-10-25T01:10:00Z", 2, 30, "2026-10-25T01:30:00Z"},
		{"not within a day of 25 hours", "Europe/Berlin", "2026-10-24T05:30:00Z", 7, 0, "2026-10-24T05:30:00Z"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		due, err := time.Parse(time.RFC3339, c.due)
		if err != nil {
			t.Fatal(err)
		}
		if got := digest.OwnHour(due, c.hour, c.minute, loc).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
