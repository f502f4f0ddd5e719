package templates

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// funcs are the words that page templates may use; they hold all arithmetic.
func (p *Pages) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":    p.assets.path,
		"age":      age,
		"when":     when,
		"stamp":    stamp,
		"day":      day,
		"number":   number,
		"count":    count,
		"percent":  percent,
		"size":     byteSize,
		"category": CategoryName,
		"lane":     laneName,
		"status":   StatusName,
		"state":    StateName,
		"word":     wordName,
		"move":     moveOf,
		"tone":     tone,
		"chip":     chipWords,
		"initials": initials,
		"join":     joinWords,
		"resorts":  func() []resort { return resorts },
		"bar":      barOf,
		"spark":    sparkOf,
		"paras":    paragraphs,
		"web":      webURL,
		"upper":    upperFirst,
	}
}

// number writes n with thousands set off: 1,284.
func number(n int) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// count is a number with its noun: "1 story", "1,284 readers".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// percent writes a share of 0 to 1. Nothing the sorter says is certain, so it stops at 99.
func percent(share float64) string {
	if math.IsNaN(share) || share < 0 {
		share = 0
	}
	return fmt.Sprintf("%d\u00a0%%", int(min(math.Round(share*100), 99)))
}

// byteSize writes a size for people: "840 bytes", "1.2 MB".
func byteSize(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", max(n, 0))
	case n < 999_500:
		return fmt.Sprintf("%.0f KB", float64(n)/1e3)
	case n < 999_500_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// age is how long ago t was, short: "now", "6 min", "3 h", "2 d", "16 May". The zero time has none.
func age(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	case d < 7*24*time.Hour:
		return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
	}
	return shortDate(now, t)
}

// when names a time near now in words: "today 06:12", "tomorrow 07:00", "Friday 07:00",
// "16 May 07:00". It is shown in now's zone.
func when(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	clock := t.Format("15:04")
	switch days := dayNumber(t) - dayNumber(now); {
	case days == 0:
		return "today " + clock
	case days == 1:
		return "tomorrow " + clock
	case days == -1:
		return "yesterday " + clock
	case days > -7 && days < 7:
		return t.Format("Monday ") + clock
	}
	return shortDate(now, t) + " " + clock
}

// stamp is a time for a time element's datetime attribute.
func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// day is a date in full for readers: "Friday 16 May 2025".
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("Monday 2 January 2006")
}

func shortDate(now, t time.Time) string {
	t = t.In(now.Location())
	if t.Year() == now.Year() {
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}

// dayNumber counts calendar days, whatever the clock changes did to their length.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// initials are the first letters of a name's first and last words, for the round mark.
func initials(name string) string {
	words := strings.Fields(name)
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return string([]rune(strings.ToUpper(words[0]))[:1])
	}
	first, last := []rune(strings.ToUpper(words[0])), []rune(strings.ToUpper(words[len(words)-1]))
	return string(first[:1]) + string(last[:1])
}

// joinWords writes a list as people say it: "a", "a and b", "a, b and c".
func joinWords(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// paragraphs parts plain text at blank lines and drops empty pieces.
func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
