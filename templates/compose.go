package templates

import (
	"fmt"
	"html/template"
	"strings"
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

// line is a story as the templates see it.
type line struct {
	DigestStory
	N      int    // its number in the index
	First  bool   // it is the lead
	Byline string // "Bisi Adewumi · From your tips"
	Accent template.CSS
}

// section is a heading with its stories.
type section struct {
	Name    string
	Ruled   bool // an unnamed group that follows another one is set off by a rule
	Stories []line
	After   []placed
	Accent  template.CSS
}

// placed is a placement with the words that label it.
type placed struct {
	Placement
	Label  string
	Accent template.CSS
}

// sheet is a digest laid out: what both of its parts are set from.
type sheet struct {
	DigestMail
	W                   *catalogue
	Lang, Dir           string // of the stories
	WordsLang, WordsDir string // of our own words
	Accent, AccentDark  template.CSS
	When                string // the date line's date
	Facts               string // "9 stories, 4 minutes"
	Opening             bool   // there is something above the index
	Paras               []string
	Index               []line
	LeadStory           *line
	Top, Foot           []placed
	Sections            []section
	Also                []line
	MovedWords          string // "3 stories stand here without …"
	MoreWords           string // "And 12 more"
	Why                 string
	Links               []footLink
	InFull              int
	Moved               int
	Unlisted            int
}

// footLink is one of the reader's own addresses with its words.
type footLink struct{ Words, URL string }

// caps are how much of a digest is shown.
type caps struct {
	inFull int // stories with their summary
	also   int // stories under "Also today"
	first  int // stories that would have their summary were there no limit of size; -1: not known yet
}

func (d DigestMail) language() string {
	if d.Language != "" {
		return d.Language
	}
	return d.Site.Language
}

// Headlines says whether this is the edition of titles alone.
func (d DigestMail) Headlines() bool { return d.Edition == EditionHeadlines }

// together keeps a short phrase on one line.
func together(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }

// layOut arranges the stories, which are in order: the lead first, then sections in the order of their first story,
// unnamed ones last.
func (m *Mail) layOut(d DigestMail, w *catalogue, c caps) sheet {
	d.Site.Name, d.Site.PostalAddress, d.NewsletterName = oneLine(d.Site.Name), oneLine(d.Site.PostalAddress), oneLine(d.NewsletterName)
	d.Greeting, d.NoteBy = oneLine(d.Greeting), oneLine(d.NoteBy)
	s := sheet{DigestMail: d, W: w, When: oneLine(d.DateLabel), Paras: paragraphs(d.Note),
		Accent: d.Site.MailAccent(), AccentDark: d.Site.MailAccentDark()}
	_, s.WordsLang = m.wordsOf(d.language())
	s.Lang, s.Dir, s.WordsDir = language(d.language()), direction(d.language()), direction(s.WordsLang)
	if s.When == "" {
		s.When = w.day(d.Date)
	}
	s.Opening = s.Greeting != "" || s.NoteBy != "" || len(s.Paras) > 0
	s.Corrections = corrections(d.Corrections)
	s.Facts = together(w.count(w.Stories, len(d.Stories)))
	if d.ReadingMinutes > 0 {
		s.Facts += ", " + together(w.count(w.Minutes, d.ReadingMinutes))
	}
	s.arrange(w, c)
	s.foot(w)
	s.place(w)
	return s
}

// arrange gives each story its place. They are in order, see leadFirst.
func (s *sheet) arrange(w *catalogue, c caps) {
	stories := s.Stories
	headlines := s.Headlines()
	for i, st := range stories {
		l := s.line(w, st)
		if !headlines && i < maxIndex && len(stories) > 2 {
			l.N = i + 1
			s.Index = append(s.Index, l)
		}
		switch {
		case i == 0 && !headlines && !st.Also:
			l.First = true
			s.LeadStory = &l
			s.InFull++
		case !st.Also && s.InFull < c.inFull && (headlines || s.roomIn(st.Section)):
			s.settle(l)
			s.InFull++
		case len(s.Also) < c.also:
			s.Also = append(s.Also, l)
		default:
			s.Unlisted++
		}
	}
	s.Sections = unnamedLast(s.Sections)
	if s.Moved = max(c.first-s.InFull, 0); s.Moved > 0 {
		s.MovedWords = w.count(w.Moved, s.Moved)
	}
	if s.Unlisted > 0 {
		s.MoreWords = w.count(w.More, s.Unlisted)
	}
}

// line is a story with what its edition shows of it.
func (s *sheet) line(w *catalogue, st DigestStory) line {
	if s.Headlines() {
		st.Summary, st.Image, st.Author, st.FromTip = "", "", "", false
	}
	if st.Title == "" {
		st.Title = w.Untitled
	}
	l := line{DigestStory: st, Byline: st.Author, Accent: s.Accent}
	if st.FromTip {
		l.Byline = strings.TrimPrefix(l.Byline+" · "+w.FromTips, " · ")
	}
	return l
}

func (s *sheet) roomIn(name string) bool {
	for _, sec := range s.Sections {
		if sec.Name == name {
			return s.MaxPerSection <= 0 || len(sec.Stories) < s.MaxPerSection
		}
	}
	return true
}

func (s *sheet) settle(l line) {
	for i := range s.Sections {
		if s.Sections[i].Name == l.Section {
			s.Sections[i].Stories = append(s.Sections[i].Stories, l)
			return
		}
	}
	s.Sections = append(s.Sections, section{Name: l.Section, Stories: []line{l}, Accent: s.Accent})
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
	for i := range unnamed {
		unnamed[i].Ruled = true
	}
	return append(named, unnamed...)
}

// leadFirst copies the stories, cleaned, with the lead in front: the first that is marked so,
// else the first with a picture, else the first; a story for "Also today" only where it is marked.
func leadFirst(in []DigestStory) []DigestStory {
	out := make([]DigestStory, 0, len(in))
	marked, pictured, first := -1, -1, -1
	for i, st := range in {
		st = clean(st)
		out = append(out, st)
		if st.Lead && marked < 0 {
			marked = i
			out[i].Also = false
		}
		if !st.Also && st.Image != "" && pictured < 0 {
			pictured = i
		}
		if !st.Also && first < 0 {
			first = i
		}
	}
	lead := marked
	for _, next := range []int{pictured, first} {
		if lead < 0 {
			lead = next
		}
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
	st.Summary = cut(oneLine(st.Summary), maxSummary)
	st.Section = cut(oneLine(st.Section), 60)
	st.Author = cut(oneLine(st.Author), 80)
	st.ImageAlt = cut(oneLine(st.ImageAlt), 200)
	st.Link, st.Image = webURL(st.Link), webURL(st.Image)
	return st
}

// DefaultSubject is the lead story's title, then two more, cut at a word to 90 characters.
func DefaultSubject(stories []DigestStory) string { return subjectOf(leadFirst(stories)) }

func subjectOf(ordered []DigestStory) string {
	var titles []string
	for i, st := range ordered {
		if i < 3 {
			titles = append(titles, st.Title)
		}
	}
	return cut(strings.Join(titles, " · "), maxSubject)
}

// DefaultPreheader is the lead story's summary cut at a word, else the other titles.
func DefaultPreheader(stories []DigestStory) string { return preheaderOf(leadFirst(stories)) }

func preheaderOf(ordered []DigestStory) string {
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

// oneLine folds all white space and control characters into single spaces, and drops the marks
// that turn the direction of what follows (U+202A to U+202E): a title must not mirror the text behind it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '\u202a' && r <= '\u202e' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
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

// EncodedSize is how long a mail's text or HTML is once encoded as quoted-printable (RFC 2045, section 6.7), which
// is what a mail reader's limit counts.
func EncodedSize(text string) int {
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
	return fmt.Errorf("digest is %d bytes long with one story, over %d: shorten the note, the corrections or the placements", size, maxHTMLSize)
}
