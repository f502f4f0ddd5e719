package templates

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxStories  = 14  // stories shown in full when DigestMail.MaxStories is 0
	maxIndex    = 6   // headlines in the index on top
	maxSummary  = 320 // characters of a summary
	maxTitle    = 200 // characters of a headline
	maxSubject  = 90  // characters of a subject made by rule (design, section 3)
	maxPreview  = 140 // characters of a preheader made by rule
	maxHTMLSize = 90 << 10
)

// section is a heading with its stories.
type section struct {
	Name    string
	Stories []DigestStory
}

// sheet is a digest laid out: what both of its parts are set from.
type sheet struct {
	DigestMail
	Lang, Dir string
	When      string // the date line's date
	Facts     string // "9 stories, 4 minutes"
	Paras     []string
	Index     []indexed
	LeadStory *DigestStory
	Sections  []section
	Also      []DigestStory
	Why       string
	InFull    int
	Unlisted  int
}

// indexed is a headline of the index with its number.
type indexed struct {
	N int
	DigestStory
}

// layOut arranges the stories: the lead first, then sections in the order of their first story,
// unnamed ones last, at most inFull of them with their summary, at most also under "Also today".
func layOut(m DigestMail, inFull, also int) sheet {
	m.Site.Name, m.Site.PostalAddress, m.NewsletterName = oneLine(m.Site.Name), oneLine(m.Site.PostalAddress), oneLine(m.NewsletterName)
	for _, u := range []*string{&m.UnsubscribeURL, &m.PreferencesURL, &m.ViewURL, &m.ArchiveURL} {
		if webURL(*u) == "" {
			*u = "" // else it stays byte for byte: it may hold a placeholder
		}
	}
	s := sheet{DigestMail: m, When: oneLine(m.DateLabel), Paras: paragraphs(m.Note), Why: oneLine(m.WhySubscribed)}
	lang := m.Language
	if lang == "" {
		lang = m.Site.Language
	}
	s.Lang, s.Dir = language(lang), direction(lang)
	if s.When == "" && !m.Date.IsZero() {
		s.When = m.Date.Format("Monday 2 January")
	}
	stories := leadFirst(m.Stories)
	s.Facts = facts(len(stories), m.ReadingMinutes)
	for i, st := range stories {
		if i < maxIndex && len(stories) > 2 {
			s.Index = append(s.Index, indexed{i + 1, st})
		}
		switch {
		case i == 0:
			s.LeadStory = &stories[0]
			s.InFull++
		case s.InFull < inFull:
			s.Sections = place(s.Sections, st)
			s.InFull++
		case len(s.Also) < also:
			s.Also = append(s.Also, st)
		default:
			s.Unlisted++
		}
	}
	s.Sections = unnamedLast(s.Sections)
	return s
}

func facts(stories, minutes int) string {
	f := count(stories, "story", "stories")
	if minutes > 0 {
		f += ", " + count(minutes, "minute", "minutes")
	}
	return f
}

// leadFirst copies the stories, cleaned, with the first that is marked as lead in front.
func leadFirst(in []DigestStory) []DigestStory {
	out := make([]DigestStory, 0, len(in))
	lead := -1
	for i, st := range in {
		if st.Lead && lead < 0 {
			lead = i
		}
		out = append(out, clean(st))
	}
	if lead > 0 {
		st := out[lead]
		copy(out[1:lead+1], out[:lead])
		out[0] = st
	}
	return out
}

// clean makes one line of each field, cuts it to length and drops addresses that are not the web's.
func clean(st DigestStory) DigestStory {
	st.Title = cut(oneLine(st.Title), maxTitle)
	if st.Title == "" {
		st.Title = "Untitled"
	}
	st.Summary = cut(oneLine(st.Summary), maxSummary)
	st.Section = cut(oneLine(st.Section), 60)
	st.Author = cut(oneLine(st.Author), 80)
	st.ImageAlt = cut(oneLine(st.ImageAlt), 200)
	st.Link, st.Image = webURL(st.Link), webURL(st.Image)
	return st
}

func place(in []section, st DigestStory) []section {
	for i := range in {
		if in[i].Name == st.Section {
			in[i].Stories = append(in[i].Stories, st)
			return in
		}
	}
	return append(in, section{st.Section, []DigestStory{st}})
}

func unnamedLast(in []section) []section {
	var named, unnamed []section
	for _, s := range in {
		if s.Name == "" {
			unnamed = append(unnamed, s)
			continue
		}
		named = append(named, s)
	}
	return append(named, unnamed...)
}

// DefaultSubject is the lead story's title, then two more, cut at a word to 90 characters.
func DefaultSubject(stories []DigestStory) string {
	var titles []string
	for i, st := range leadFirst(stories) {
		if i < 3 {
			titles = append(titles, st.Title)
		}
	}
	return cut(strings.Join(titles, " · "), maxSubject)
}

// DefaultPreheader is the lead story's summary cut at a word, else the other titles.
func DefaultPreheader(stories []DigestStory) string {
	ordered := leadFirst(stories)
	if len(ordered) == 0 {
		return ""
	}
	if s := ordered[0].Summary; s != "" {
		return cut(s, maxPreview)
	}
	var titles []string
	for _, st := range ordered[1:] {
		titles = append(titles, st.Title)
	}
	return cut(strings.Join(titles, " · "), maxPreview)
}

// oneLine folds all white space and control characters into single spaces.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// cut shortens s to at most n characters, at a word where there is one in its last third.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)[:n-1]
	for i := len(r) - 1; i > n*2/3; i-- {
		if unicode.IsSpace(r[i]) {
			r = r[:i]
			break
		}
	}
	return strings.TrimRight(string(r), " ,;:.–-") + "…"
}

// validFor says a length of time in whole days or hours.
func validFor(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d >= 24*time.Hour:
		return count(int(d/(24*time.Hour)), "day", "days")
	}
	return count(int(max(d/time.Hour, 1)), "hour", "hours")
}

// quotedSize is how long text is once encoded as quoted-printable (RFC 2045, section 6.7), which
// is what a mail reader's limit counts.
func quotedSize(text string) int {
	n := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '\n' || c == '\t' || (c >= ' ' && c <= '~' && c != '=') {
			n++
			continue
		}
		n += 3
	}
	return n + n/25 // soft line breaks: three bytes in each 76
}

// sizeError says that a mail stays too long whatever is left out of it.
func sizeError(size int) error {
	return fmt.Errorf("digest is %d bytes long with one story, over %d: shorten the note", size, maxHTMLSize)
}
