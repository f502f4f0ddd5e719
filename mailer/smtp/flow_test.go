package smtp

import (
	"strings"
	"testing"
)

func TestWarmupGrowsDayByDay(t *testing.T) {
	w := Warmup{Start: 100, Days: 4, Grow: 2}
	for day, want := range []int{100, 200, 400, 800} {
		if most, ok := w.Limit(day); most != want || !ok {
			t.Errorf("day %d: %d, %v, want %d", day, most, ok, want)
		}
	}
	if most, ok := w.Limit(4); ok {
		t.Errorf("after its days there is still a limit of %d", most)
	}
	if most, ok := (Warmup{}).Limit(0); ok {
		t.Errorf("no warm-up has a limit of %d", most)
	}
	if most, ok := (Warmup{Start: 1 << 30, Days: 365, Grow: 10}).Limit(364); !ok || most <= 0 {
		t.Errorf("a huge one overflows: %d, %v", most, ok)
	}
}

func TestFlowSettingsAreChecked(t *testing.T) {
	for key, change := range map[string]func(*Settings){
		"rate":         func(s *Settings) { s.Rate = 1.5 },
		"per_hour":     func(s *Settings) { s.PerHour = -1 },
		"per_day":      func(s *Settings) { s.PerDay = -1 },
		"weight":       func(s *Settings) { s.Weight = -1 },
		"warmup.start": func(s *Settings) { s.Warmup.Start = -1 },
		"warmup.days":  func(s *Settings) { s.Warmup.Start, s.Warmup.Days = 50, 0 },
		"warmup.grow":  func(s *Settings) { s.Warmup.Start, s.Warmup.Grow = 50, 0.5 },
	} {
		s := DefaultSettings()
		s.Host = "relay.example.com"
		if wrong := s.Validate(); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		change(&s)
		if wrong := s.Validate(); len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), key+": ") {
			t.Errorf("%s: %v, want one mistake that names it", key, wrong)
		}
	}
	s := DefaultSettings()
	s.Host, s.Rate, s.PerHour, s.PerDay, s.Weight, s.Warmup.Start = "relay.example.com", 0.5, 500, 2000, 0, 50
	if wrong := s.Validate(); len(wrong) > 0 {
		t.Error(wrong)
	}
}
