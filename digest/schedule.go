package digest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Schedule says when the issues of a newsletter are due: a cron expression, read on the
// clock of a time zone. The zero value is never due and must not be asked; ParseSchedule makes
// one that may be used by several goroutines.
type Schedule struct {
	walls cron.Schedule // wall-clock minutes, as if they were UTC
	zone  *time.Location
}

// ParseSchedule reads a cron expression of five fields and an IANA time zone. The error is a
// sentence for whoever typed it.
func ParseSchedule(expression, zone string) (Schedule, error) {
	// cron/v3 reads "TZ=…" before the fields as a time zone, and panics where no fields follow.
	if strings.Contains(expression, "=") {
		return Schedule{}, fmt.Errorf("the schedule %.60q has an \"=\" in it; a newsletter's time zone is set beside its schedule, which is five fields such as \"0 7 * * *\"", expression)
	}
	if n := len(strings.Fields(expression)); n != 5 {
		return Schedule{}, fmt.Errorf("the schedule %.60q does not have five fields; write minute, hour, day, month, weekday, such as \"0 7 * * *\" for every day at 07:00", expression)
	}
	s := Schedule{}
	var err error
	if s.zone, err = time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return Schedule{}, fmt.Errorf("there is no time zone %.60q; write one such as Africa/Lagos", zone)
	}
	if s.walls, err = parseFields(expression); err != nil {
		return Schedule{}, fmt.Errorf("the schedule %.60q cannot be read (%w); write it such as \"0 7 * * *\"; weekdays are 0, for Sunday, to 6", expression, err)
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("the schedule %.60q never comes; there is no such day", expression)
	}
	return s, nil
}

// parseFields turns a panic of the library, which is made for programs' own constants, into an
// error.
func parseFields(expression string) (walls cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("a field is not understood")
		}
	}()
	return cron.ParseStandard(expression)
}

// Next is the first due time after t, in UTC; zero when there is none within five years.
//
// cron/v3 skips a wall-clock minute that the clock change in spring leaves out, and fires twice
// for one that the change in autumn repeats. It is therefore asked for wall-clock minutes only,
// as if they were UTC. A named minute is due at the first instant at which the wall has shown it
// or a later one: at the first minute after a gap that swallowed it, once for all that fell into
// the gap, and at the first showing of a minute that is shown again. Put so, a minute that is
// due after t is a minute later than any that the wall has shown up to t.
func (s Schedule) Next(t time.Time) time.Time {
	wall := s.walls.Next(s.reached(t))
	if wall.IsZero() {
		return time.Time{}
	}
	return s.reach(t, wall)
}

// furthestBack is more than any clock was ever set back: from one side of the date line to the
// other.
const furthestBack = 26 * time.Hour

// reached is the latest time that the wall has shown up to t.
func (s Schedule) reached(t time.Time) time.Time {
	local := t.In(s.zone)
	latest := asWall(local)
	for {
		start, _ := local.ZoneBounds()
		if start.IsZero() || t.Sub(start) > furthestBack {
			return latest
		}
		local = start.Add(-time.Nanosecond).In(s.zone)
		if wall := asWall(local); wall.After(latest) {
			latest = wall
		}
	}
}

// reach is the first instant after t at which the wall shows the given time or a later one. It
// has not done so up to t.
func (s Schedule) reach(t, wall time.Time) time.Time {
	for at := t; ; {
		local := at.In(s.zone)
		due := at.Add(wall.Sub(asWall(local)))
		if due.Before(at) { // the clock has just been put forward over it
			due = at
		}
		end := periodEnd(local)
		if end.IsZero() || due.Before(end) {
			return due.UTC()
		}
		at = end
	}
}

// asWall is what the clock on the wall shows, written as UTC.
func asWall(t time.Time) time.Time {
	_, seconds := t.Zone()
	return t.UTC().Add(time.Duration(seconds) * time.Second)
}

// periodEnd is an instant after t up to which its zone keeps t's offset; zero: it does so for
// ever. Package time gives years of the distant future 365 days, so that on the last day of a
// leap year its own end lies in the past: the offset holds until midnight then.
func periodEnd(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		return t.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	return end
}
