package enquiry

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dates are when an advert should run. A day is given as month and day, since
// a mail seldom names the year; what the words leave open is null.
type Dates struct {
	From *string `json:"from"` // "03-01", or null
	To   *string `json:"to"`   // "03-14", or null
	Days *int    `json:"days"` // how long, or null
}

const (
	month       = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b`
	weekday     = `(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?),?`
	day         = `\d{1,2}(?i:st|nd|rd|th)?`
	dayMonth    = `(?:` + weekday + ` )?(?:the )?(?:` + day + ` (?:of )?` + month + `|` + month + ` ` + day + `\b)(?:,? 20\d\d)?`
	through     = ` ?(?:-|–|—|\b(?:to|till|til|until|through|reach|and)\b) ?`
	weekdayName = `(?:mon|tues|wednes|thurs|fri|satur|sun)day\b`
	number      = `(?:\d{1,3}|(?i:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen))`
)

// datePatterns come in the order of trust: a span of days, then a day; the
// length of a run only where no day is named.
var (
	spanPattern = regexp.MustCompile(`(?:\b(?:[Ff]rom|[Bb]etween|the weeks? of|weekend of) )?(?:` +
		dayMonth + through + dayMonth + `|` +
		`(?:` + weekday + ` )?(?:the )?\b` + day + through + `(?:` + weekday + ` )?(?:the )?` + day + ` (?:of )?` + month + `(?: 20\d\d)?|` +
		`\b` + month + ` ` + day + through + day + `\b)`)
	monthsPattern = regexp.MustCompile(`(?:\b[Ff]rom )?\b` + month + through + month)
	startPattern  = regexp.MustCompile(`\b` + number + `[ -](?i:days?|weeks?|months?),? (?:(?:starting|beginning|commencing|start)(?: from| on)?|from) (?:` + dayMonth + `|` + month + `)`)
	vaguePattern  = regexp.MustCompile(`(?i)\b(?:throughout ` + month + `|(?:the )?(?:whole )?month of ` + month + `|all of ` + month + `|mid-` + month + `|` +
		`(?:(?:first|second|third|last) (?:week|half|two weeks|weekend)|end) of (?:` + month + `|month|this month|next month)|` +
		`(?:this|next) (?:week|weekend|month)\b|(?:this|next) ` + weekdayName + `\b|(?:this |next |on )?` + weekdayName + ` ` + day + `\b|tomorrow\b|` +
		`(?:Easter|Christmas|Xmas|Sallah|Ramadan|Valentine's|Black Friday|Independence)(?: (?:week|weekend|period|holidays|season|Monday|day)\b)|before (?:Easter|Christmas|Xmas|Sallah|Ramadan)\b)`)
	dayPattern    = regexp.MustCompile(`\b(?:(?:the week|weekend) of )?` + dayMonth)
	lengthPattern = regexp.MustCompile(`\b` + number + `[ -](?i:days?|weeks?|months?)\b`)

	deadline   = regexp.MustCompile(`^(?:date|sent|le|on) ?:|(?:reply|respond|response|quot\w*|submit\w*|revert|proposal|bids?|deadline|not later than|closes?|before noon|let us have.*|send .*|confirm.*) ?(?:by|before|until|on|latest|later than)?[^.]{0,12}$|\bby (?:close of |noon )?$|\bsince $|\bborn\b|dated? $|founded|published on|invoice|\bof your\b|last $`)
	pastLength = regexp.MustCompile(`(?:in business|old|ago|experience|within|after|last|past|for the|every|within the next|net|reply in|valid|delivery|in $)[^.]{0,8}$`)
	notLength  = regexp.MustCompile(`^ ?(?:ago|old|before|later|of experience|in business|notice|running|warranty|from|in advance|course|after)`)
)

// dates takes the one time that is named for the advert or its event, and not
// the one for our answer.
func (t *text) dates() *Fact {
	for _, pattern := range []*regexp.Regexp{startPattern, spanPattern, monthsPattern, dayPattern, vaguePattern, lengthPattern} {
		found, several := (*Fact)(nil), false
		for _, at := range pattern.FindAllStringIndex(t.all, 30) {
			from, to := at[0], at[1]
			before := t.before(from, 50)
			if from > 0 && (isAlnum(t.all[from-1]) || t.all[from-1] == '/') || t.quoted(from) || deadline.MatchString(before) {
				continue
			}
			if r, _ := utf8.DecodeRuneInString(t.all[to:]); unicode.IsLetter(r) {
				continue
			}
			if pattern == lengthPattern && (pastLength.MatchString(before) || notLength.MatchString(t.after(to, 20))) {
				continue
			}
			f := t.fact(from, to, datesOf(t.all[from:to], pattern))
			several = several || found != nil && !strings.EqualFold(found.Text, f.Text)
			if found == nil {
				found = f
			}
		}
		if several {
			return nil
		}
		if found != nil {
			return found
		}
	}
	return nil
}

var (
	dayFirst   = regexp.MustCompile(`(\d{1,2})(?i:st|nd|rd|th)?(?: (?:of )?(` + month + `))?`)
	monthFirst = regexp.MustCompile(`(` + month + `) (\d{1,2})`)
)

// datesOf computes what the words say beyond doubt.
func datesOf(words string, pattern *regexp.Regexp) Dates {
	switch pattern {
	case lengthPattern:
		return Dates{Days: days(words)}
	case startPattern, vaguePattern, monthsPattern:
		return Dates{}
	}
	var ends [][2]int // month, day
	if m := monthFirst.FindAllStringSubmatch(words, 2); m != nil && !dayFirst.MatchString(words[:strings.Index(words, m[0][0])]) {
		for _, e := range m {
			ends = append(ends, [2]int{monthNumber(e[1]), atoi(e[2])})
		}
		if rest := dayFirst.FindAllStringSubmatch(words, 3); len(ends) == 1 && len(rest) == 2 && rest[1][2] == "" {
			ends = append(ends, [2]int{ends[0][0], atoi(rest[1][1])})
		}
	} else {
		for _, e := range dayFirst.FindAllStringSubmatch(words, 2) {
			ends = append(ends, [2]int{monthNumber(e[2]), atoi(e[1])})
		}
		if len(ends) == 2 && ends[0][0] == 0 {
			ends[0][0] = ends[1][0]
		}
	}
	var d Dates
	for i, e := range ends {
		if e[0] == 0 || e[1] < 1 || e[1] > 31 {
			return Dates{}
		}
		s := twoDigits(e[0]) + "-" + twoDigits(e[1])
		if i == 0 {
			d.From = &s
		}
		d.To = &s
	}
	return d
}

var numbers = map[string]int{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fourteen": 14,
}

func days(words string) *int {
	first, unit, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(words, "-", " ")), " ")
	n := numbers[first]
	if n == 0 {
		n = atoi(first)
	}
	switch {
	case strings.HasPrefix(unit, "week"):
		n *= 7
	case strings.HasPrefix(unit, "month"):
		return nil // a month has no fixed number of days
	}
	return &n
}

func monthNumber(word string) int {
	if len(word) < 3 {
		return 0
	}
	return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(word[:3]))/3 + 1
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
