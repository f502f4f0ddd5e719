package digest

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Schedule says when the issues of a newsletter are due: a cron expression, read on the
// clock of a time zone.
type Schedule struct {
	walls cron.Schedule // wall-clock minutes, as if they were UTC
	zone  *time.Location
}

// ParseSchedule reads a cron expression of five fields and an IANA time zone. The error is a
// sentence for whoever typed it.
func ParseSchedule(expression, zone string) (s Schedule, err error) {
	if n := len(strings.Fields(expression)); n != 5 || strings.Contains(expression, "=") {
		return s, fmt.Errorf("the schedule %.60q does not have five fields; write minute, hour, day, month, weekday, such as \"0 7 * * *\" for every day at 07:00", expression)
	}
	if s.zone, err = time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return s, fmt.Errorf("there is no time zone %.60q; write one such as Africa/Lagos", zone)
	}
	defer func() {
		if recover() != nil { // cron/v3 panics on some expressions
			err = fmt.Errorf("the schedule %.60q cannot be read; write it such as \"0 7 * * *\"", expression)
		}
	}()
	if s.walls, err = cron.ParseStandard(expression); err != nil {
		return s, fmt.Errorf("the schedule %.60q cannot be read (%w); write it such as \"0 7 * * *\"", expression, err)
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return s, fmt.Errorf("the schedule %.60q never comes; there is no such day", expression)
	}
	return s, nil
}

// Next is the first due time after t, in UTC; zero when there is none.
//
// cron/v3 skips a wall-clock minute that the clock change in spring leaves out, and fires twice
// for one that the change in autumn repeats. It is therefore asked for wall-clock minutes only,
// as if they were UTC, and each becomes one instant here: the first minute after the gap where
// the wall never showed it, its first occurrence where it shows it twice.
func (s Schedule) Next(t time.Time) time.Time {
	local := t.In(s.zone)
	wall := asWall(local).Add(-26 * time.Hour) // a wall before any that could still become an instant after t
	for range 26*60*2 + 5*366*24*60 {
		wall = s.walls.Next(wall)
		if wall.IsZero() {
			return time.Time{}
		}
		if at := s.instant(wall); at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// asWall is what the clock on the wall shows, written as UTC.
func asWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// instant is when the wall shows that minute for the first time, or, where it never does, the
// first instant after the gap.
func (s Schedule) instant(wall time.Time) time.Time {
	before, after := s.offset(wall.Add(-24*time.Hour)), s.offset(wall.Add(24*time.Hour))
	var first time.Time
	for _, offset := range []time.Duration{before, after} {
		at := wall.Add(-offset)
		if asWall(at.In(s.zone)).Equal(wall) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if !first.IsZero() {
		return first
	}
	return s.transition(wall.Add(-24*time.Hour).Add(-before), wall.Add(24*time.Hour).Add(-after))
}

func (s Schedule) offset(wall time.Time) time.Duration {
	_, seconds := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, s.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// transition is the first instant in (from, to] with the offset that holds at to.
func (s Schedule) transition(from, to time.Time) time.Time {
	_, want := to.In(s.zone).Zone()
	for to.Sub(from) > time.Second {
		middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
		if middle.Equal(from) {
			break
		}
		if _, got := middle.In(s.zone).Zone(); got == want {
			to = middle
		} else {
			from = middle
		}
	}
	return to
}
