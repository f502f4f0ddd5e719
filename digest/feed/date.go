package feed

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The shapes of dates in feeds: RFC 3339 and its ISO 8601 relatives (Atom, JSON Feed, Dublin Core), RFC 822 and its
// relatives (RSS), and the American order that people write by hand.
var (
	isoDate = regexp.MustCompile(`^(\d{4})(?:[-/]?(\d{1,2})(?:[-/]?(\d{1,2}))?)?(?:(?:[Tt ]|, ?| at )(\d{1,2}):?(\d{2})?(?::?(\d{2})(?:[.,:]\d+)?)?)? ?(.*)$`)
	dayDate = regexp.MustCompile(`^(?:\pL+\.?,? ?)?(\d{1,2})(?:st|nd|rd|th)?,?[ -/.]?(\pL{3,12})\.?,?[ -/.]?(\d{2,4})(?:(?:,|,? at|:| -)? ?(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?)? ?(.*)$`)
	monDate = regexp.MustCompile(`^(?:\pL+\.?,? )?(\pL{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? ?(\d{4})(?:(?:,|,? at| -)? ?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)? ?(.*)$`)
	ansDate = regexp.MustCompile(`^(?:\pL+\.?,? )?(\pL{3,12}) (\d{1,2}) (\d{1,2}):(\d{1,2})(?::(\d{1,2}))? ?([A-Za-z0-9+: -]*?) ?(\d{4})$`)
	zone    = regexp.MustCompile(`^(?i:UTC|GMT|Z|UT)? ?([+-])-?(\d{1,2}):?(\d{2})?(?::?\d{2})?(?: ?\(?[A-Za-z ]*\)?)?$`)
	half    = regexp.MustCompile(`^(?i)([ap])\.? ?m\.?(?: |$)`)
)

// parseDate reads a date in any of the forms that feeds use, and gives it in UTC. A date without a zone is UTC.
// A year outside 1970 to 9999, a thirteenth month or an unknown word is no date.
func parseDate(s string) (time.Time, bool) {
	if len(s) > 200 {
		return time.Time{}, false
	}
	s = strings.Join(strings.Fields(s), " ")
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return date(m[1], m[2], m[3], m[4:7], m[7])
	}
	if m := ansDate.FindStringSubmatch(s); m != nil && month(m[1]) != "" {
		return date(m[7], month(m[1]), m[2], m[3:6], m[6])
	}
	if m := monDate.FindStringSubmatch(s); m != nil && month(m[1]) != "" {
		return date(m[3], month(m[1]), m[2], m[4:7], m[7])
	}
	if m := dayDate.FindStringSubmatch(s); m != nil && month(m[2]) != "" {
		return date(m[3], month(m[2]), m[1], m[4:7], m[7])
	}
	return time.Time{}, false
}

func date(year, mon, day string, clock []string, rest string) (time.Time, bool) {
	y, mo, d := number(year, 0), number(mon, 1), number(day, 1)
	h, mi, sec := number(clock[0], 0), number(clock[1], 0), number(clock[2], 0)
	if len(year) == 2 {
		// RFC 2822, section 4.3.
		if y += 1900; y < 1950 {
			y += 100
		}
	}
	if m := half.FindStringSubmatch(rest); m != nil && h <= 12 {
		h %= 12
		if strings.EqualFold(m[1], "p") {
			h += 12
		}
		rest = strings.TrimSpace(rest[len(m[0]):])
	}
	offset, ok := zoneOffset(rest)
	if !ok || y < 1970 || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 24 || mi > 59 || sec > 61 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(mo), d, h, mi, sec, 0, time.UTC).Add(-offset)
	return t, t.Year() >= 1970 && t.Year() <= 9999
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func number(s string, absent int) int {
	if s == "" {
		return absent
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

func month(name string) string {
	name = strings.ToLower(name)
	for i, m := range []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"} {
		if name == m || name == m[:3] || (m == "september" && name == "sept") {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

// zoneOffset reads "+01:00", "GMT+1", "WAT", "Z", "-0500 (EST)" or nothing at all.
func zoneOffset(s string) (time.Duration, bool) {
	s = strings.Trim(s, " ()")
	if s == "" {
		return 0, true
	}
	if m := zone.FindStringSubmatch(s); m != nil {
		hours, minutes := number(m[2], 0), number(m[3], 0)
		if hours > 15 || minutes > 59 {
			return 0, false
		}
		offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
		if m[1] == "-" {
			offset = -offset
		}
		return offset, true
	}
	name, rest, _ := strings.Cut(s, " ")
	minutes, ok := zones[strings.ToUpper(name)]
	if ok && rest != "" {
		// "EST -0500": the number is the surer word.
		return zoneOffset(rest)
	}
	return time.Duration(minutes) * time.Minute, ok
}

// zones are the abbreviations that feeds use, in minutes east of Greenwich. Several places share some of them;
// these are the readings of RFC 822 first, then of the places where most feeds come from.
var zones = map[string]int{
	"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"ET": -300, "CT": -360, "MT": -420, "PT": -480, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150,
	"AKST": -540, "AKDT": -480, "HST": -600, "BRT": -180, "ART": -180,
	"BST": 60, "IST": 330, "WEST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120, "EET": 120, "EEST": 180, "MSK": 180,
	"WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "PKT": 300, "WIB": 420, "HKT": 480, "SGT": 480, "PHT": 480, "MYT": 480,
	"AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}
