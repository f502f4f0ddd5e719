package templates

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// shape is one kind of data that a mail must render with.
type shape struct {
	name string
	mail DigestMail
}

// Check renders every mail with every shape of data, in each edition and language, and returns all
// that fails or lacks what a reader must find: a headline for each story, the unsubscribe address, the postal
// address, the label of a placement. A newsroom's own template that fails for one kind of story then fails
// here and in a preview, never in a send. It takes well under a second.
func (m *Mail) Check() error {
	var all []error
	for _, s := range shapes() {
		if err := m.checkDigest(s.mail); err != nil {
			all = append(all, fmt.Errorf("a digest with %s: %w", s.name, err))
		}
	}
	full := fullShape()
	for _, edition := range []string{EditionFull, EditionHeadlines, EditionText} {
		for language := range m.words {
			d := full
			d.Edition, d.Language = edition, language
			if err := m.checkDigest(d); err != nil {
				all = append(all, fmt.Errorf("a digest in edition %s and language %s: %w", edition, language, err))
			}
		}
	}
	return errors.Join(append(all, m.checkLetters())...)
}

func (m *Mail) checkDigest(d DigestMail) error {
	r, err := m.Digest(d)
	if err != nil {
		return err
	}
	var all []error
	for part, words := range map[string]string{"HTML": r.HTML, "text": r.Text} {
		if part == "HTML" && d.Edition == EditionText {
			continue
		}
		for what, want := range map[string]string{"unsubscribe address": d.UnsubscribeURL, "preferences address": d.PreferencesURL, "postal address": d.Site.PostalAddress} {
			if want != "" && !strings.Contains(words, want) {
				all = append(all, fmt.Errorf("its %s part lacks the %s", part, what))
			}
		}
		w, _ := m.wordsOf(d.language())
		if len(d.Placements) > 0 && !strings.Contains(words, w.Advertisement) {
			all = append(all, fmt.Errorf("its %s part does not label the placement", part))
		}
		for _, s := range d.Stories {
			if s.Link != "" && !strings.Contains(words, s.Link) {
				all = append(all, fmt.Errorf("its %s part lacks the story %q", part, s.Link))
			}
		}
	}
	if d.Edition != EditionText && strings.Count(r.HTML, "<h1") != 1 {
		all = append(all, errors.New("its HTML part has no h1, or several"))
	}
	return errors.Join(all...)
}

func (m *Mail) checkLetters() error {
	var all []error
	for _, c := range []ConfirmMail{{}, {Site: fullShape().Site, Newsletters: []string{"One", "Two"}, ConfirmURL: "https://example.com/confirm/x", ValidFor: 72 * time.Hour}} {
		r, err := m.Confirm(c)
		if err == nil && !(strings.Contains(r.HTML, c.ConfirmURL) && strings.Contains(r.Text, c.ConfirmURL)) {
			err = errors.New("it lacks the address that confirms")
		}
		if err != nil {
			all = append(all, fmt.Errorf("a confirmation: %w", err))
		}
	}
	for _, r := range []ReplyMail{{}, {Text: "Thank you.", Quoted: "> Hello", QuoteHead: "On 16 May you wrote:", Signature: "A. Desk"}} {
		got, err := m.Reply(r)
		if err == nil && !strings.Contains(got.Text, r.Text) {
			err = errors.New("it lacks what the editor wrote")
		}
		if err != nil {
			all = append(all, fmt.Errorf("a reply: %w", err))
		}
	}
	return errors.Join(all...)
}

// fullShape has every part that a digest can have.
func fullShape() DigestMail {
	d := DigestMail{
		Site:           Site{Name: "The Paper", URL: "https://example.com", Contact: "desk@example.com", PostalAddress: "1 Example Street", Logo: "https://example.com/logo.png", Accent: "#0b6e6e"},
		NewsletterName: "The digest", Date: time.Date(2026, time.May, 1, 7, 0, 0, 0, time.UTC), Greeting: "Good morning.", Note: "One.\n\nTwo.", NoteBy: "The editor",
		Corrections: []Correction{{Text: "It was Tuesday.", Link: "https://example.com/c"}, {Text: "It was not."}},
		Placements: []Placement{{Place: PlaceTop, PaidBy: "A", Title: "T", Text: "W", Link: "https://example.com/a", Image: "https://example.com/a.png"},
			{Place: PlaceMiddle, Title: "T"}, {Place: PlaceFoot, Text: "W"}},
		ReadingMinutes: 2, MaxStories: 4, UnsubscribeURL: "https://example.com/u/x", PreferencesURL: "https://example.com/p/x",
		ViewURL: "https://example.com/i/x", ArchiveURL: "https://example.com/archive/",
	}
	for i, section := range []string{"News", "News", "Sport", "", "News", ""} {
		d.Stories = append(d.Stories, DigestStory{Title: fmt.Sprintf("Story %d", i), Link: fmt.Sprintf("https://example.com/%d", i), Summary: "What happened.", Section: section,
			Image: "https://example.com/p.png", ImageAlt: "A picture", Author: "A. Writer", FromTip: i == 1, Also: i == 5})
	}
	return d
}

// shapes are the kinds of digest that a site's stories can make.
func shapes() []shape {
	full := fullShape()
	with := func(name string, change func(*DigestMail)) shape {
		d := full
		d.Stories = append([]DigestStory(nil), full.Stories...)
		change(&d)
		return shape{name, d}
	}
	each := func(name string, change func(*DigestStory)) shape {
		return with(name, func(d *DigestMail) {
			for i := range d.Stories {
				change(&d.Stories[i])
			}
		})
	}
	all := []shape{
		{"every part", full}, {"nothing at all", DigestMail{}},
		with("no story", func(d *DigestMail) { d.Stories = nil }),
		with("one story", func(d *DigestMail) { d.Stories = d.Stories[:1] }),
		with("25 stories", func(d *DigestMail) {
			for i := len(d.Stories); i < 25; i++ {
				d.Stories = append(d.Stories, d.Stories[i%6])
			}
			d.MaxStories = 25
		}),
		with("words from right to left", func(d *DigestMail) { d.Language, d.Stories[0].Title = "ar", "خبر" }),
		with("no frame", func(d *DigestMail) {
			d.Greeting, d.Note, d.NoteBy, d.Corrections, d.Placements, d.Site.Logo = "", "", "", nil, nil, ""
		}),
		each("titles alone", func(s *DigestStory) { *s = DigestStory{Title: s.Title} }),
		each("no title", func(s *DigestStory) { s.Title = "" }),
		each("hostile words", func(s *DigestStory) { s.Title, s.Summary = "<script>{{.}}</script>\r\n\"'", "-->]]></style>" }),
	}
	for name, drop := range map[string]func(*DigestStory){
		"no link": func(s *DigestStory) { s.Link = "" }, "no picture": func(s *DigestStory) { s.Image = "" }, "no words for pictures": func(s *DigestStory) { s.ImageAlt = "" },
		"no summary": func(s *DigestStory) { s.Summary = "" }, "no section": func(s *DigestStory) { s.Section = "" }, "no author": func(s *DigestStory) { s.Author = "" },
	} {
		all = append(all, each(name, drop))
	}
	return all
}
