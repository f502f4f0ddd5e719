package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TimesInWords says when a newsletter comes: as stories come where its issues follow them, a gap
// apart at least, and else what its cron expression says.
func TimesInWords(cron string, gap time.Duration) string {
	if gap > 0 {
		return "as stories come"
	}
	return ScheduleInWords(cron)
}

// ScheduleInWords says a five-field cron expression as a reader would: "every day at 07:00", "on
// weekdays at 07:00", "every Sunday at 08:00", "on the 1st of each month at 09:00", "every 30
// minutes". What it cannot say plainly is "by its own timetable"; an empty expression is "now and
// then".
func ScheduleInWords(cron string) string {
	f := strings.Fields(cron)
	if len(f) == 0 {
		return "now and then"
	}
	const other = "by its own timetable"
	if len(f) != 5 || f[3] != "*" {
		return other
	}
	if f[2] == "*" && f[4] == "*" {
		if s, ok := everySoOften(f[0], f[1]); ok {
			return s
		}
	}
	times, ok := clockTimes(f[0], f[1])
	if !ok {
		return other
	}
	switch {
	case f[2] == "*":
		if days, ok := weekdays(f[4]); ok {
			return days + " at " + times
		}
	case f[4] == "*":
		if n, err := strconv.Atoi(f[2]); err == nil && n >= 1 && n <= 31 {
			return "on the " + ordinal(n) + " of each month at " + times
		}
	}
	return other
}

// everySoOften says steps: "*/30 *" is every 30 minutes, "0 */6" is every 6 hours.
func everySoOften(minute, hour string) (string, bool) {
	if hour == "*" {
		if minute == "0" {
			return "every hour", true
		}
		if n, ok := step(minute, 60); ok {
			return fmt.Sprintf("every %d minutes", n), true
		}
	}
	if minute == "0" {
		if n, ok := step(hour, 24); ok {
			return fmt.Sprintf("every %d hours", n), true
		}
	}
	return "", false
}

// step reads */n where n parts the whole evenly; other steps are not "every n".
func step(field string, whole int) (int, bool) {
	rest, ok := strings.CutPrefix(field, "*/")
	n, err := strconv.Atoi(rest)
	if !ok || err != nil || n < 2 || n >= whole || whole%n != 0 {
		return 0, false
	}
	return n, true
}

// clockTimes says one minute of up to four hours: "07:00", "07:00 and 18:00".
func clockTimes(minute, hours string) (string, bool) {
	m, err := strconv.Atoi(minute)
	if err != nil || m < 0 || m > 59 {
		return "", false
	}
	var out []string
	for _, h := range strings.Split(hours, ",") {
		n, err := strconv.Atoi(h)
		if err != nil || n < 0 || n > 23 {
			return "", false
		}
		out = append(out, fmt.Sprintf("%02d:%02d", n, m))
	}
	return joinWords(out), len(out) <= 4
}

// weekdays says the fifth field; 0 and 7 are both Sunday.
func weekdays(field string) (string, bool) {
	switch strings.ToUpper(field) {
	case "*":
		return "every day", true
	case "1-5", "MON-FRI":
		return "on weekdays", true
	case "0,6", "6,0", "6,7", "6-7", "SAT,SUN", "SUN,SAT":
		return "on Saturdays and Sundays", true
	}
	var out []string
	for _, d := range strings.Split(strings.ToUpper(field), ",") {
		name, ok := weekday(d)
		if !ok {
			return "", false
		}
		out = append(out, name)
	}
	return "every " + joinWords(out), true
}

func weekday(d string) (string, bool) {
	switch d {
	case "0", "7", "SUN":
		return "Sunday", true
	case "1", "MON":
		return "Monday", true
	case "2", "TUE":
		return "Tuesday", true
	case "3", "WED":
		return "Wednesday", true
	case "4", "THU":
		return "Thursday", true
	case "5", "FRI":
		return "Friday", true
	case "6", "SAT":
		return "Saturday", true
	}
	return "", false
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
