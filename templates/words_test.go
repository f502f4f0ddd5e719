package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/templates"
)

func TestTimesAreSaidInWords(t *testing.T) {
	now := sampleNow() // Friday 15 May 2026, 06:18 in Lagos
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, lagos())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		at        time.Time
		age, when string
	}{
		{time.Time{}, "", ""},
		{now, "now", "today 06:18"},
		{at("2026-05-15 06:12"), "6 min", "today 06:12"},
		{at("2026-05-15 06:12").UTC(), "6 min", "today 06:12"},
		{at("2026-05-15 00:01"), "6 h", "today 00:01"},
		{at("2026-05-14 23:59"), "6 h", "yesterday 23:59"},
		{at("2026-05-11 07:00"), "3 d", "Monday 07:00"},
		{at("2026-05-01 07:00"), "1 May", "1 May 07:00"},
		{at("2025-12-31 07:00"), "31 December 2025", "31 December 2025 07:00"},
		{at("2026-05-16 07:00"), "now", "tomorrow 07:00"},
		{at("2026-05-17 09:00"), "now", "Sunday 09:00"},
	} {
		if a, w := templates.Age(now, c.at), templates.When(now, c.at); a != c.age || w != c.when {
			t.Errorf("%v is %q and %q, want %q and %q", c.at, a, w, c.age, c.when)
		}
	}
}

func TestNumbersAreSaidForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1284: "1,284", 1000000: "1,000,000", -1284: "−1,284"} {
		if got := templates.Number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0\u00a0%", 0.974: "97\u00a0%", 0.999: "99\u00a0%", 1: "99\u00a0%", -1: "0\u00a0%"} {
		if got := templates.Percent(f); got != want {
			t.Errorf("%v is %q, want %q", f, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1200: "1 KB", 1_212_000: "1.2 MB", 999_600: "1.0 MB", 2_500_000_000: "2.5 GB"} {
		if got := templates.ByteSize(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for s, want := range map[string]string{"": "?", "amaka": "A", "Amaka Okoro": "AO", "ọlá de Silva": "ỌS"} {
		if got := templates.Initials(s); got != want {
			t.Errorf("initials of %q are %q, want %q", s, got, want)
		}
	}
	if got := templates.Join([]string{"a", "b", "c"}); got != "a, b and c" {
		t.Errorf("list is %q", got)
	}
}

func TestChipsSayHowSure(t *testing.T) {
	for want, s := range map[string]templates.Sorting{
		"tip 97 %":                     {Category: "tip", Confidence: .97, By: "sorter"},
		"unsure: tip 58 %, other 35 %": {Category: "tip", Confidence: .58, Unsure: true, Second: "other", SecondBest: .35},
		"unsure: tip 41 %":             {Category: "tip", Confidence: .41, Unsure: true},
		"gossip, by hand":              {Category: "gossip", By: "editor"},
		"advert, by rule":              {Category: "advert", By: "rule"},
	} {
		if got := strings.ReplaceAll(templates.Chip(s), "\u00a0", " "); got != want {
			t.Errorf("chip is %q, want %q", got, want)
		}
	}
}

func TestSchedulesAreSaidInWords(t *testing.T) {
	for cron, want := range map[string]string{
		"":                 "now and then",
		"0 7 * * *":        "every day at 07:00",
		"30 6,18 * * *":    "every day at 06:30 and 18:30",
		"0 7 * * 1-5":      "on weekdays at 07:00",
		"0 9 * * 0":        "every Sunday at 09:00",
		"0 9 * * 7":        "every Sunday at 09:00",
		"0 18 * * MON,fri": "every Monday and Friday at 18:00",
		"0 10 * * 6,0":     "on Saturdays and Sundays at 10:00",
		"0 10 * * 0,6":     "on Saturdays and Sundays at 10:00",
		"0 9 1 * *":        "on the 1st of each month at 09:00",
		"0 9 22 * *":       "on the 22nd of each month at 09:00",
		"0 9 11 * *":       "on the 11th of each month at 09:00",
		"0 * * * *":        "every hour",
		"0 */6 * * *":      "every 6 hours",
		"*/30 * * * *":     "every 30 minutes",
		"*/7 * * * *":      "by its own timetable",
		"0 7 1 * 1":        "by its own timetable",
		"0 0 29 2 *":       "by its own timetable",
		"61 7 * * *":       "by its own timetable",
		"0 25 * * *":       "by its own timetable",
		"0 7 32 * *":       "by its own timetable",
		"0 7 * *":          "by its own timetable",
		"@daily":           "by its own timetable",
		"TZ=UTC":           "by its own timetable",
	} {
		if got := templates.TimesInWords(cron, 0); got != want {
			t.Errorf("%q is %q, want %q", cron, got, want)
		}
	}
	if got := templates.TimesInWords("", 30*time.Minute); got != "as stories come" {
		t.Errorf("one that follows its stories comes %q", got)
	}
}

func TestDeliveryBarShowsEvenOneRefusal(t *testing.T) {
	tones, widths := templates.BarWidths(templates.Counts{Audience: 1_000_000, Accepted: 500_000, Refused: 1})
	if strings.Join(tones, " ") != "good bad" || widths[0] != "50" || widths[1] != "0.8" {
		t.Errorf("bar is %v %v", tones, widths)
	}
	if tones, _ := templates.BarWidths(templates.Counts{}); len(tones) != 0 {
		t.Errorf("before the close there is a bar: %v", tones)
	}
	_, widths = templates.BarWidths(templates.Counts{Audience: 1000, Accepted: 999, Refused: 1})
	if strings.Join(widths, " ") != "99.9 0.1" {
		t.Errorf("a bar leaves its box: %v", widths)
	}
	if got := (templates.Counts{Audience: 1284, Accepted: 1268, Refused: 3}).Words(); got != "1,268 of 1,284 delivered, 3 refused" {
		t.Errorf("words are %q", got)
	}
}

func TestSparkLineNeedsTwoValues(t *testing.T) {
	if p, w := templates.SparkPoints([]int{1, 3, 2}); p != "2,25 59,3 116,14" || w != "1 more in 2 days" {
		t.Errorf("line is %q, %q", p, w)
	}
	if p, _ := templates.SparkPoints([]int{7}); p != "" {
		t.Errorf("one value draws %q", p)
	}
}

func TestIssueSaysWhatWillHappen(t *testing.T) {
	now := sampleNow()
	due := now.Add(42 * time.Minute)
	for want, r := range map[string]templates.IssueRow{
		"Sends to 1,284 readers today 07:00 · 9 stories":           {State: "draft", Due: due, Readers: 1284, Stories: 9},
		"Sends to 1 reader today 07:00, once somebody approves it": {State: "awaiting_approval", Due: due, Readers: 1},
		"Sends today 07:00":                                              {State: "draft", Due: due},
		"Sent, 3 still waiting for another try":                          {State: "sending", Counts: templates.Counts{Audience: 1284, Deferred: 3}},
		"Sending now: 412 still to go":                                   {State: "sending", Counts: templates.Counts{Audience: 1284, Open: 412}},
		"Paused, 412 still to go: the relay refused the password":        {State: "paused", Reason: "the relay refused the password", Counts: templates.Counts{Open: 412}},
		"Sent to 1,281 of 1,284 readers":                                 {State: "complete", Counts: templates.Counts{Audience: 1284, Accepted: 1281}},
		"Not sent: no stories":                                           {State: "skipped", Reason: "no stories"},
		"Held for a person: the clock jumped":                            {State: "held", Reason: "the clock jumped"},
		"Not sent; its stories went into the next issue: found 3 h late": {State: "merged", Reason: "found 3 h late"},
		"Cancelled": {State: "cancelled"},
	} {
		if got := r.Sentence(now); got != want {
			t.Errorf("%s is %q, want %q", r.State, got, want)
		}
	}
}
