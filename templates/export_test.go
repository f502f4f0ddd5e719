package templates

import (
	"io/fs"
	"time"
)

// Files is what is embedded.
func Files() fs.FS { return files }

// ParsePages and ParseMail parse from other files than the embedded ones.
func ParsePages(from fs.FS) (*Pages, error) { return parsePages(from) }

// ParseMail is ParsePages for mails.
func ParseMail(from fs.FS) (*Mail, error) { return parseMail(from) }

// EmptyPages is one empty value of each page.
func EmptyPages() []Page { return allPages() }

// FileOf is the template that shows the page; SharedFiles are those that all of a folder use.
func FileOf(p Page) string { return p.file() }

// SharedFiles are the files that all pages of a folder are parsed with.
func SharedFiles(folder string) []string { return shared(folder) }

// AssetPath is where a static file is served.
func (p *Pages) AssetPath(name string) (string, error) { return p.assets.path(name) }

// Contrast is WCAG's ratio between two colours written #rrggbb; 0 when one cannot be read.
func Contrast(a, b string) float64 {
	x, ok1 := parseColour(a)
	y, ok2 := parseColour(b)
	if !ok1 || !ok2 {
		return 0
	}
	return contrast(x, y)
}

// Words for tests.
func Age(now, t time.Time) string  { return age(now, t) }
func When(now, t time.Time) string { return when(now, t) }
func Number(n int) string          { return number(n) }
func Percent(f float64) string     { return percent(f) }
func ByteSize(n int64) string      { return byteSize(n) }
func Initials(s string) string     { return initials(s) }
func Join(w []string) string       { return joinWords(w) }
func Chip(s Sorting) string        { return chipWords(s) }
func QuotedSize(s string) int      { return EncodedSize(s) }

// BarWidths are the widths of a bar's slices, as written.
func BarWidths(c Counts) (tones, widths []string) {
	for _, s := range barOf(c).Slices {
		tones, widths = append(tones, s.Tone), append(widths, s.W)
	}
	return tones, widths
}

// SparkPoints are the points of a spark line, "" when nothing is drawn.
func SparkPoints(values []int) (points, words string) {
	if s := sparkOf(values); s != nil {
		return s.Points, s.Words
	}
	return "", ""
}

// MaxHTMLSize is the limit of a mail once encoded.
const MaxHTMLSize = maxHTMLSize
