package templates_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/olomotimes/tipsheet/templates"
)

func newMail(t *testing.T) *templates.Mail {
	t.Helper()
	m, err := templates.NewMail()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func digest(t *testing.T, d templates.DigestMail) templates.Rendered {
	t.Helper()
	r, err := newMail(t).Digest(d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// many returns n stories made of the given words.
func many(n int, title, summary string) []templates.DigestStory {
	var out []templates.DigestStory
	for i := range n {
		out = append(out, templates.DigestStory{
			Title: fmt.Sprintf("%s %d", title, i), Summary: summary, Section: []string{"Nigeria", "Sport", "Gossip", ""}[i%4], Author: "Bisi Adewumi",
			Link: fmt.Sprintf("https://courier.example.com/2026/05/a-long-address-as-blogs-make-them-%d.html", i), Image: fmt.Sprintf("https://courier.example.com/img/%d.jpg", i),
		})
	}
	return out
}

// checkDigest holds for every digest: well-formed, light, one h1, an h2 for each story in full, no
// picture that is not a story's.
func checkDigest(t *testing.T, d templates.DigestMail, r templates.Rendered) *markup {
	t.Helper()
	m := readMarkup(t, r.HTML, true)
	for _, f := range m.faults {
		t.Error(f)
	}
	if m.count["h1"] != 1 || m.count["h2"] != r.InFull || m.count["script"] != 0 || m.count["link"] != 0 || m.count["form"] != 0 {
		t.Errorf("%d h1, %d h2 for %d stories, %d script, %d link", m.count["h1"], m.count["h2"], r.InFull, m.count["script"], m.count["link"])
	}
	if size := templates.QuotedSize(r.HTML); size > templates.MaxHTMLSize {
		t.Errorf("the mail weighs %d bytes", size)
	}
	for _, src := range m.attrs["img@src"] {
		known := src == d.Site.Logo
		for _, s := range d.Stories {
			known = known || src == s.Image
		}
		if !known {
			t.Errorf("picture %q belongs to no story", src)
		}
	}
	if strings.Contains(r.HTML, "ZgotmplZ") || strings.ContainsAny(r.Subject+r.Preheader, "\r\n\x00") {
		t.Error("a value was dropped, or a header has two lines")
	}
	for _, line := range strings.Split(r.Text, "\n") {
		if utf8.RuneCountInString(line) > 72 && strings.Contains(line, " ") {
			t.Errorf("line of %d characters: %q", utf8.RuneCountInString(line), line)
		}
	}
	return m
}

func TestDigestHoldsItsPromises(t *testing.T) {
	long := strings.Repeat("The generator house was locked and nobody had the key. ", 6)
	arabic := strings.Repeat("أغلقت المستشفى ثلاثة أجنحة بسبب نقص الوقود. ", 9)
	for name, change := range map[string]func(*templates.DigestMail){
		"as it is": func(*templates.DigestMail) {},
		"25 stories": func(d *templates.DigestMail) {
			d.Stories, d.MaxStories = many(25, "Three wards closed for want of diesel", long), 25
		},
		"25 in Arabic": func(d *templates.DigestMail) {
			d.Stories, d.MaxStories, d.Language = many(25, "أغلقت المستشفى ثلاثة أجنحة بسبب نقص الوقود", arabic), 25, "ar"
		},
		"one story": func(d *templates.DigestMail) { d.Stories = d.Stories[:1] },
		"no pictures": func(d *templates.DigestMail) {
			for i := range d.Stories {
				d.Stories[i].Image = ""
			}
		},
		"no links": func(d *templates.DigestMail) {
			for i := range d.Stories {
				d.Stories[i].Link = ""
			}
		},
		"no story":       func(d *templates.DigestMail) { d.Stories = nil },
		"nothing at all": func(d *templates.DigestMail) { *d = templates.DigestMail{} },
		"with a logo":    func(d *templates.DigestMail) { d.Site.Logo = "https://courier.example.com/logo.png" },
		"emoji": func(d *templates.DigestMail) {
			d.Stories = many(3, "Goal ⚽🇳🇬 at last 👩🏾‍⚕️", "🎉")
		},
		"long words": func(d *templates.DigestMail) {
			d.Stories = many(4, strings.Repeat("Ẹ", 300), strings.Repeat("x", 900))
		},
		"hostile": func(d *templates.DigestMail) {
			d.Stories = many(4, hostile, hostile)
			d.Stories[0].Link, d.Stories[1].Image, d.Stories[2].Section, d.Stories[3].ImageAlt = "javascript:alert(1)", "data:image/png;base64,AA", hostile, hostile
			d.Note, d.Site.Name, d.Site.PostalAddress, d.NewsletterName, d.WhySubscribed = hostile, hostile, hostile, hostile, hostile
			d.Subject, d.Preheader, d.Site.Accent, d.Site.Logo, d.UnsubscribeURL = hostile, hostile, hostile, "javascript:alert(1)", "javascript:alert(1)"
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := sampleDigest()
			d.Stories = append([]templates.DigestStory(nil), d.Stories...)
			change(&d)
			r := digest(t, d)
			m := checkDigest(t, d, r)
			for _, s := range d.Stories {
				title := strings.Join(strings.Fields(s.Title), " ")
				if name != "hostile" && name != "long words" && (!strings.Contains(m.text(), title) || !strings.Contains(strings.ReplaceAll(r.Text, "\n", " "), title)) {
					t.Errorf("%q is missing in one of the parts", title)
				}
			}
		})
	}
}

func TestDigestThatWouldBeClippedMovesStoriesToAlsoToday(t *testing.T) {
	d := sampleDigest()
	d.Stories, d.MaxStories = many(60, strings.TrimSpace(strings.Repeat("ዜና ", 20)), strings.Repeat("ሰላም ለሁሉም ", 60)), 60
	r := digest(t, d)
	if r.InFull < 1 || r.InFull >= 60 || !strings.Contains(r.HTML, "Also today") || !strings.Contains(r.Text, "ALSO TODAY") {
		t.Errorf("%d of 60 stories are in full", r.InFull)
	}
	checkDigest(t, d, r)
	d.Stories = many(900, strings.TrimSpace(strings.Repeat("ዜና ", 20)), "")
	r = digest(t, d)
	if r.InFull != 1 || r.Unlisted < 600 || !strings.Contains(r.HTML, fmt.Sprintf("And %d more", r.Unlisted)) || !strings.Contains(r.Text, fmt.Sprintf("And %d more", r.Unlisted)) {
		t.Errorf("of 900 stories %d are in full, %d not named", r.InFull, r.Unlisted)
	}
	checkDigest(t, d, r)
	d.Note = strings.Repeat("ዜና ", 20_000)
	if _, err := newMail(t).Digest(d); err == nil || !strings.Contains(err.Error(), "shorten") {
		t.Errorf("a digest that cannot fit gives %v", err)
	}
}

func TestPlaceholdersForPersonalAddressesSurvive(t *testing.T) {
	d := sampleDigest()
	d.UnsubscribeURL = "https://mail.example.com/u/zzunsubscribezzzzzzzzzzzzzzzzzzzz"
	d.PreferencesURL = "https://mail.example.com/p/zzpreferenceszzzzzzzzzzzzzzzzzzzz"
	d.ViewURL = "https://mail.example.com/i/zzviewzzzzzzzzzzzzzzzzzzzzzzzzzz?a=b_c-d.e"
	r := digest(t, d)
	for _, u := range []string{d.UnsubscribeURL, d.PreferencesURL, d.ViewURL} {
		if strings.Count(r.HTML, u) != 1 || strings.Count(r.Text, u) != 1 {
			t.Errorf("%s is %d times in the HTML, %d times in the text", u, strings.Count(r.HTML, u), strings.Count(r.Text, u))
		}
	}
}

func TestLeadComesFirstAndSectionsKeepTheirOrder(t *testing.T) {
	d := sampleDigest()
	d.Stories = []templates.DigestStory{{Title: "One", Section: "B"}, {Title: "Two"}, {Title: "Three", Section: "A"}, {Title: "Four", Section: "B"}, {Title: "Five", Lead: true}}
	d.MaxStories = 4
	r := digest(t, d)
	at := -1
	_, body, _ := strings.Cut(r.Text, "\nFive\n")
	for _, title := range []string{"--- B ---", "One", "--- A ---", "Three", "Two", "--- ALSO TODAY ---", "Four"} {
		i := strings.Index(body, title)
		if i <= at {
			t.Errorf("%q stands at %d, after %d in:\n%s", title, i, at, body)
		}
		at = i
	}
}

func TestSubjectAndPreheaderByRule(t *testing.T) {
	for _, c := range []struct {
		stories            []templates.DigestStory
		subject, preheader string
	}{
		{nil, "", ""},
		{[]templates.DigestStory{{Title: "One", Summary: "Sum."}}, "One", "Sum."},
		{[]templates.DigestStory{{Title: "One"}, {Title: "Two"}, {Title: "Three", Lead: true}, {Title: "Four"}}, "Three · One · Two", "One · Two · Four"},
		{[]templates.DigestStory{{Title: strings.Repeat("word ", 30)}}, strings.TrimSpace(strings.Repeat("word ", 17)) + "…", ""},
		{[]templates.DigestStory{{Title: "Two\r\nBcc: x@example.com"}}, "Two Bcc: x@example.com", ""},
	} {
		if s, p := templates.DefaultSubject(c.stories), templates.DefaultPreheader(c.stories); s != c.subject || p != c.preheader {
			t.Errorf("got %q and %q, want %q and %q", s, p, c.subject, c.preheader)
		}
	}
	d := sampleDigest()
	d.Subject, d.Preheader = "By hand", "Also by hand"
	if r := digest(t, d); r.Subject != "By hand" || r.Preheader != "Also by hand" || !strings.Contains(r.HTML, "Also by hand") {
		t.Errorf("got %q and %q", r.Subject, r.Preheader)
	}
}

func TestMailColoursReadAtAA(t *testing.T) {
	layout, err := fs.ReadFile(templates.Files(), "mail/layout.html")
	if err != nil {
		t.Fatal(err)
	}
	html := digest(t, sampleDigest()).HTML
	texts := regexp.MustCompile(`[^-]color:(#[0-9a-f]{6})`)
	seen := map[string]bool{}
	for _, m := range texts.FindAllStringSubmatch(html[strings.Index(html, "<body"):], -1) {
		seen[m[1]] = true
		if c := templates.Contrast(m[1], "#ffffff"); c < 4.5 {
			t.Errorf("%s on white is %.2f", m[1], c)
		}
	}
	for _, m := range texts.FindAllStringSubmatch(html[strings.Index(html, "@media (prefers-color-scheme"):strings.Index(html, "[data-ogsb]")], -1) {
		seen[m[1]] = true
		if c := templates.Contrast(m[1], "#1d1c19"); c < 4.5 && m[1] != "#151412" {
			t.Errorf("%s on the dark card is %.2f", m[1], c)
		}
	}
	for _, pair := range [][2]string{{"#6b665d", "#ebe6db"}, {"#a39d91", "#2a2823"}, {"#151412", "#ece8e0"}} {
		if c := templates.Contrast(pair[0], pair[1]); c < 4.5 || !strings.Contains(html+string(layout), pair[1]) {
			t.Errorf("%s on %s is %.2f, or is not used", pair[0], pair[1], c)
		}
	}
	if len(seen) < 7 {
		t.Errorf("only %d colours were found", len(seen))
	}
}

func TestConfirmationHoldsTheLinkOnceInTextAndNoPicture(t *testing.T) {
	c := templates.ConfirmMail{Site: sampleSite(), Newsletters: []string{"The morning digest"}, ConfirmURL: "https://mail.example.com/confirm/abc", ValidFor: 72 * time.Hour}
	r, err := newMail(t).Confirm(c)
	if err != nil {
		t.Fatal(err)
	}
	m := readMarkup(t, r.HTML, true)
	for _, f := range m.faults {
		t.Error(f)
	}
	if r.Subject != "Please confirm: The morning digest" || strings.Count(r.Text, c.ConfirmURL) != 1 || m.count["img"] != 0 || !strings.Contains(r.Text, "3 days") {
		t.Errorf("got %q and\n%s", r.Subject, r.Text)
	}
	if r, err := newMail(t).Confirm(templates.ConfirmMail{}); err != nil || r.Subject == "" || r.Text == "" {
		t.Errorf("an empty one is %q, %v", r.Subject, err)
	}
}

func TestReplyGoesOutAsTyped(t *testing.T) {
	r, err := newMail(t).Reply(templates.ReplyMail{Site: sampleSite(), Subject: "Re: wards\r\nBcc: x@example.com", Text: "Thank you.\n\n  <b>Indented</b> & kept, " + strings.Repeat("long ", 30) + "\n", QuoteHead: "On 15 May you wrote:", Quoted: "> I work at the hospital."})
	if err != nil {
		t.Fatal(err)
	}
	want := "Thank you.\n\n  <b>Indented</b> & kept, " + strings.TrimSpace(strings.Repeat("long ", 30)) + "\n\n-- \nThe news desk\nOke-Aro Courier\n\nOn 15 May you wrote:\n> I work at the hospital.\n"
	if r.Text != want || r.HTML != "" || r.Subject != "Re: wards Bcc: x@example.com" {
		t.Errorf("got %q and\n%s", r.Subject, r.Text)
	}
}
