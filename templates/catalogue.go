package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// A catalogue is our own words in one language, read from words/<tag>.toml. Words in braces, such
// as {n} and {newsletter}, are filled in.
type catalogue struct {
	Name     string   `toml:"name"` // what the language calls itself
	Weekdays []string `toml:"weekdays"`
	Months   []string `toml:"months"`
	Date     string   `toml:"date"`
	FirstDay string   `toml:"first_day"` // how the first of a month is written
	Plural   string   `toml:"plural"`    // the rule for "one": pluralOne, pluralZeroOne or pluralNone
	ListAnd  string   `toml:"list_and"`

	Stories counted `toml:"stories"`
	Minutes counted `toml:"minutes"`
	More    counted `toml:"more"`
	Moved   counted `toml:"moved"`
	Days    counted `toml:"days"`
	Hours   counted `toml:"hours"`

	Untitled       string `toml:"untitled"`
	ReadStory      string `toml:"read_story"`
	AlsoToday      string `toml:"also_today"`
	FromTips       string `toml:"from_tips"`
	Corrections    string `toml:"corrections"`
	CorrectedStory string `toml:"corrected_story"`
	Advertisement  string `toml:"advertisement"`
	PaidBy         string `toml:"paid_by"`
	KnowTitle      string `toml:"know_title"`
	KnowText       string `toml:"know_text"`
	Why            string `toml:"why"`
	OurNewsletter  string `toml:"our_newsletter"`
	NoTracking     string `toml:"no_tracking"`
	Unsubscribe    string `toml:"unsubscribe"`
	Preferences    string `toml:"preferences"`
	View           string `toml:"view"`
	Archive        string `toml:"archive"`

	ConfirmSubject   string `toml:"confirm_subject"`
	ConfirmPreheader string `toml:"confirm_preheader"`
	ConfirmTitle     string `toml:"confirm_title"`
	ConfirmText      string `toml:"confirm_text"`
	ConfirmButton    string `toml:"confirm_button"`
	ConfirmNotYou    string `toml:"confirm_not_you"`
	ConfirmValid     string `toml:"confirm_valid"`
	ConfirmCopy      string `toml:"confirm_copy"`
}

// counted is a phrase with a number in its plural forms (CLDR's one and other).
type counted struct {
	One   string `toml:"one"`
	Other string `toml:"other"`
}

// Which numbers take the form "one" (CLDR, cardinal rules).
const (
	pluralOne     = "one"      // 1: English, Hausa
	pluralZeroOne = "zero_one" // 0 and 1: French, Nigerian Pidgin
	pluralNone    = "none"     // none, there is one form: Yoruba, Igbo
)

// readCatalogues reads every words/*.toml of the given files.
func readCatalogues(from fs.FS) (map[string]*catalogue, error) {
	names, err := fs.Glob(from, "words/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	all := map[string]*catalogue{}
	for _, name := range names {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		c := new(catalogue)
		if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(c); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		if err := c.complete(); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		all[strings.TrimSuffix(path.Base(name), ".toml")] = c
	}
	if all["en"] == nil {
		return nil, errors.New("words/en.toml is missing: it speaks where a language has no catalogue")
	}
	return all, nil
}

// wordsOf is the catalogue of a language tag, or of its base language, or English.
func (m *Mail) wordsOf(tag string) (*catalogue, string) {
	tag = strings.ToLower(tag)
	base, _, _ := strings.Cut(tag, "-")
	for _, t := range []string{tag, base} {
		if c, ok := m.words[t]; ok {
			return c, t
		}
	}
	return m.words["en"], "en"
}

// say fills in one braced word.
func say(phrase, word, value string) string { return strings.ReplaceAll(phrase, "{"+word+"}", value) }

// count says a number with its noun.
func (c *catalogue) count(p counted, n int) string {
	phrase := p.Other
	if c.Plural != pluralNone && (n == 1 || n == 0 && c.Plural == pluralZeroOne) {
		phrase = p.One
	}
	return say(phrase, "n", number(n))
}

// day is a date for the line under the masthead, in the date's own zone.
func (c *catalogue) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := fmt.Sprint(t.Day())
	if t.Day() == 1 {
		d = c.FirstDay
	}
	return strings.NewReplacer("{weekday}", c.Weekdays[t.Weekday()], "{day}", d, "{month}", c.Months[t.Month()-1]).Replace(c.Date)
}

// join is a list as people say it: "a, b and c".
func (c *catalogue) join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.NewReplacer("{a}", strings.Join(words[:last], ", "), "{b}", words[last]).Replace(c.ListAnd)
}

// length says a length of time in whole days or hours; nothing for none.
func (c *catalogue) length(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d >= 24*time.Hour:
		return c.count(c.Days, int(d/(24*time.Hour)))
	}
	return c.count(c.Hours, int(max(d/time.Hour, 1)))
}
