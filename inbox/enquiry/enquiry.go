// Package enquiry reads the facts out of an advert request: who asks, in what
// format, for how much, when, and where to answer.
//
// Each fact is looked for by patterns of its own, and taken only where the
// words around it say what it is; where two candidates contradict each other
// or the words are not clear, there is no fact. Inventing one is the worst
// error: an editor can ask, but does not check what looks certain. In
// particular a price that is asked of us, of somebody else, or for goods is
// never a budget. A fact keeps the words as they stood and where they stood.
//
// Reading cannot fail: any text gives facts, or none. It looks at the first
// 1 KB of a subject and 16 KB of a body, in time linear in their length.
package enquiry

import (
	"strings"
	"unicode/utf8"
)

// Version counts the changes to what Read finds.
const Version = 1

const (
	maxSubject = 1 << 10  // bytes read of a subject
	maxBody    = 16 << 10 // bytes read of a body
)

// Fact is one thing that a message says.
type Fact struct {
	Text  string `json:"text"`  // verbatim from the subject or the body
	Value any    `json:"value"` // Money, Dates, Format, Link, Phone or Name
	Span  [2]int `json:"span"`  // from and to, in characters of subject + newline + body
}

// Facts are those of one message; nil where it does not say.
type Facts struct {
	Company *Fact `json:"company"` // the advertiser; Value is a Name
	Offer   *Fact `json:"offer"`   // what is advertised; not read yet, always nil
	Format  *Fact `json:"format"`  // what is wanted; Value is a Format
	Budget  *Fact `json:"budget"`  // what the sender would pay; Value is a Money
	Dates   *Fact `json:"dates"`   // when it should run; Value is a Dates
	URL     *Fact `json:"url"`     // the advertiser's page; Value is a Link
	Phone   *Fact `json:"phone"`   // the sender's; Value is a Phone
	Contact *Fact `json:"contact"` // who asks; Value is a Name
}

// Name is a person's or a company's.
type Name struct {
	Name string `json:"name"`
}

// Read finds the facts of a message.
func Read(subject, body string) Facts {
	t := newText(subject, body)
	f := Facts{
		URL:    t.url(),
		Phone:  t.phone(),
		Budget: t.budget(),
		Dates:  t.dates(),
		Format: t.format(),
	}
	f.Company, f.Contact = t.company(), t.contact()
	return f
}

// Missing names the facts that were not found, in the order of the contract.
func (f Facts) Missing() []string {
	missing := []string{}
	for _, fact := range []struct {
		name string
		fact *Fact
	}{
		{"company", f.Company}, {"offer", f.Offer}, {"format", f.Format}, {"budget", f.Budget},
		{"dates", f.Dates}, {"url", f.URL}, {"phone", f.Phone}, {"contact", f.Contact},
	} {
		if fact.fact == nil {
			missing = append(missing, fact.name)
		}
	}
	return missing
}

// text is subject + newline + body, cut to what is read.
type text struct {
	all  string
	body int // where the body starts in all, in bytes
	lost int // characters of the subject that were cut away
}

func newText(subject, body string) *text {
	kept := cut(subject, maxSubject)
	return &text{
		all:  kept + "\n" + cut(body, maxBody),
		body: len(kept) + 1,
		lost: utf8.RuneCountInString(subject[len(kept):]),
	}
}

// fact makes a fact of the bytes from..to, without the spaces around them.
func (t *text) fact(from, to int, value any) *Fact {
	for from < to && strings.IndexByte(" \t\r\n", t.all[from]) >= 0 {
		from++
	}
	for from < to && strings.IndexByte(" \t\r\n", t.all[to-1]) >= 0 {
		to--
	}
	start := utf8.RuneCountInString(t.all[:from])
	if from >= t.body {
		start += t.lost
	}
	words := t.all[from:to]
	return &Fact{Text: words, Value: value, Span: [2]int{start, start + utf8.RuneCountInString(words)}}
}

// before returns up to n bytes of the same sentence before at.
func (t *text) before(at, n int) string {
	s := t.all[max(0, at-n):at]
	if i := strings.LastIndexAny(s, "\n?!;"); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.LastIndex(s, ". "); i >= 0 {
		s = s[i+2:]
	}
	return strings.ToLower(s)
}

// after returns up to n bytes of the same sentence from at.
func (t *text) after(at, n int) string {
	s := t.all[at:min(len(t.all), at+n)]
	if i := strings.IndexAny(s, "\n;"); i >= 0 {
		s = s[:i]
	}
	if i := strings.Index(s, ". "); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}

// quoted says whether at lies in a line that somebody else wrote.
func (t *text) quoted(at int) bool {
	line := t.all[strings.LastIndexByte(t.all[:at], '\n')+1 : at]
	return strings.HasPrefix(strings.TrimLeft(line, " "), ">")
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
