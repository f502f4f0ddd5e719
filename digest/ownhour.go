package digest

import "time"

// OwnHour is when a reader's part of an issue may go who wants it at an hour of their own: the
// first instant at or after the due time at which the clock in loc shows hour:minute, or
// at which it has just been put forward over it. It is less than 24 h after due, in UTC. On a
// day of 25 hours there may be no such instant: then it is due itself, because news that is up
// to an hour late for that reader is better than news of yesterday.
func OwnHour(due time.Time, hour, minute int, loc *time.Location) time.Time {
	last := due.Add(24 * time.Hour)
	for at := due; at.Before(last); {
		local := at.In(loc)
		wall := asWall(local)
		named := time.Date(wall.Year(), wall.Month(), wall.Day(), hour, minute, 0, 0, time.UTC)
		if named.Before(wall) {
			named = named.Add(24 * time.Hour)
		}
		shown := at.Add(named.Sub(wall))
		end := periodEnd(local)
		if end.IsZero() || shown.Before(end) {
			if shown.Before(last) {
				return shown.UTC()
			}
			break
		}
		if end.Before(last) && !named.After(asWall(end.In(loc))) {
			return end.UTC()
		}
		at = end
	}
	return due.UTC()
}
