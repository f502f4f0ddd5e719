package smtp

import (
	"fmt"
	"math"
)

// Warmup is a daily limit that grows: those who receive from a sender that they do not know
// take little at first. The zero value is no warm-up.
type Warmup struct {
	Start int     `toml:"start" doc:"messages in the first 24 hours; 0: no warm-up"`
	Days  int     `toml:"days" doc:"how many days the warm-up takes; then only per_day holds"`
	Grow  float64 `toml:"grow" doc:"what each day's limit is multiplied with for the next"`
}

// Limit is how many messages may be handed over in any 24 hours that end on the given day of
// the warm-up, the first being 0. Once the warm-up is over, or where there is none, it is 0 and
// ok is false.
func (w Warmup) Limit(day int) (most int, ok bool) {
	if w.Start <= 0 || day >= w.Days {
		return 0, false
	}
	most = int(min(float64(w.Start)*math.Pow(w.Grow, float64(max(day, 0))), math.MaxInt32))
	return most, true
}

const maxWarmupDays = 365

// validateFlow returns the mistakes in what limits a relay.
func (s Settings) validateFlow() []error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	switch {
	case s.Rate < 0 || math.IsNaN(s.Rate) || s.Rate > 1_000_000:
		say("rate: %v is not a number of messages a second", s.Rate)
	case s.Rate > 1 && s.Rate != math.Trunc(s.Rate):
		say("rate: above 1 it must be a whole number, such as %v", math.Trunc(s.Rate))
	case s.Rate > 0 && s.Rate < 1.0/3600:
		say("rate: %v is less than one an hour; use per_day", s.Rate)
	}
	for key, n := range map[string]int{"per_hour": s.PerHour, "per_day": s.PerDay, "weight": s.Weight, "warmup.start": s.Warmup.Start} {
		if n < 0 || n > math.MaxInt32 {
			say("%s: %d is not between 0 and %d", key, n, math.MaxInt32)
		}
	}
	if s.Warmup.Start > 0 {
		if s.Warmup.Days < 1 || s.Warmup.Days > maxWarmupDays {
			say("warmup.days: %d is not between 1 and %d", s.Warmup.Days, maxWarmupDays)
		}
		if !(s.Warmup.Grow >= 1 && s.Warmup.Grow <= 10) {
			say("warmup.grow: %v is not between 1 and 10", s.Warmup.Grow)
		}
	}
	return wrong
}
