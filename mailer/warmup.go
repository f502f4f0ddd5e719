package mailer

import (
	"time"

	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// warmupDay is which day of a warm-up an instant falls on, the first being 0. A day is 24 hours
// from when the first message was asked for, wherever midnight lies: two issues at the same time
// of the day fall on two days. One that has not begun is on its first.
func warmupDay(begun, now time.Time) int {
	if begun.IsZero() || now.Before(begun) {
		return 0
	}
	return int(now.Sub(begun) / (24 * time.Hour))
}

// dailyLimit is how many messages a relay may be handed in the 24 hours that end now, by its
// setting and its warm-up together; 0 knows no limit. Since it never shrinks, no day that ends
// earlier had more.
func dailyLimit(s smtp.Settings, begun, now time.Time) int {
	most, warming := s.Warmup.Limit(warmupDay(begun, now))
	switch {
	case !warming:
		return s.PerDay
	case s.PerDay > 0:
		return min(most, s.PerDay)
	}
	return most
}

// nextWarmupDay is when the limit grows next; the zero time outside of a warm-up.
func nextWarmupDay(s smtp.Settings, begun, now time.Time) time.Time {
	day := warmupDay(begun, now)
	if _, warming := s.Warmup.Limit(day); !warming {
		return time.Time{}
	}
	return begun.Add(time.Duration(day+1) * 24 * time.Hour)
}
