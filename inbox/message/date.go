package message

import (
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
)

// dateLayouts are forms that programs write beside RFC 5322's, tried in order.
var dateLayouts = []string{
	"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04 -0700",
	"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006 -0700", "Mon Jan 2 15:04:05 -0700 2006",
	"Mon, 2-Jan-2006 15:04:05 -0700", "2-Jan-2006 15:04:05 -0700", "Mon, 2 Jan 06 15:04:05 -0700",
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "Mon, 2 January 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 3:04:05 PM -0700", "Mon, 2 Jan 2006 15.04.05 -0700", "Jan 2 2006 15:04:05 -0700", "Mon, Jan 2 2006 15:04:05 -0700",
}

var (
	dateComment = regexp.MustCompile(`\([^)]*\)?`)
	dateZone    = regexp.MustCompile(`(?i)\s+(GMT|UTC|UT|Z|EST|EDT|CST|CDT|MST|MDT|PST|PDT|CET|CEST|MET|MEST|WET|WEST|BST|JST|IST|EET|EEST|MSK)([+-]\d{4})?$`)
)

// zones are the offsets of zone names as RFC 5322, section 4.3 and common use give them; BST is
// British Summer Time. IST is left out of it, since three zones claim it.
var zones = map[string]string{
	"EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500", "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
	"CET": "+0100", "CEST": "+0200", "MET": "+0100", "MEST": "+0200", "WET": "+0000", "WEST": "+0100", "BST": "+0100",
	"JST": "+0900", "EET": "+0200", "EEST": "+0300", "MSK": "+0300",
}

// parseDate reads a Date field, or gives the zero time. Years outside of four digits are refused,
// since RFC 3339 cannot write them.
func parseDate(s string) time.Time {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 200 {
		return time.Time{}
	}
	s = strings.Join(strings.Fields(dateComment.ReplaceAllString(s, " ")), " ")
	if m := dateZone.FindStringSubmatchIndex(s); m != nil {
		name, offset := strings.ToUpper(s[m[2]:m[3]]), "+0000"
		if m[4] >= 0 {
			offset = s[m[4]:m[5]]
		} else if known, ok := zones[name]; ok {
			offset = known
		}
		s = s[:m[0]] + " " + offset
	}
	if t, err := netmail.ParseDate(s); err == nil {
		return sane(t)
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return sane(t)
		}
	}
	return time.Time{}
}

func sane(t time.Time) time.Time {
	for _, year := range []int{t.Year(), t.UTC().Year()} { // a zone may carry the last day of 9999 into the year after
		if year < 1 || year > 9999 {
			return time.Time{}
		}
	}
	_, offset := t.Zone()
	if offset <= -24*3600 || offset >= 24*3600 {
		return t.UTC()
	}
	return t
}
