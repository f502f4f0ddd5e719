package templates_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/olomotimes/tipsheet/proof/chromium"
	"github.com/olomotimes/tipsheet/templates"
)

var languages = []string{"en", "fr", "pcm", "yo", "ha", "ig"}

// inLanguage is a digest that says everything a catalogue holds: it overflows, and much is unlisted.
func inLanguage(tag string, stories, minutes int) templates.DigestMail {
	d := withAdvert(fullDigest())
	d.Stories, d.Language, d.ReadingMinutes, d.WhySubscribed = many(stories, "Three wards closed for want of diesel", "Nurses moved the ward."), tag, minutes, ""
	d.Stories[0].FromTip, d.Stories[0].Link = true, "https://courier.example.com/1"
	d.MaxStories = 4
	return d
}

func TestCataloguesSpeakSixLanguagesAndAreComplete(t *testing.T) {
	found, err := fs.Glob(templates.Files(), "words/*.toml")
	if err != nil || len(found) != len(languages) {
		t.Fatalf("%v, %v", found, err)
	}
	english, err := fs.ReadFile(templates.Files(), "words/en.toml")
	if err != nil {
		t.Fatal(err)
	}
	// Reading checks that every phrase is there, in its plural forms, with its words in braces: each
	// way to break one is an error that names it.
	for was, is := range map[string]string{
		`read_story = "Read the story"`:               ``,
		`untitled = "Untitled"`:                       `untitled = " "`,
		`one = "{n} story"`:                           `one = "story"`,
		`one = "{n} minute", `:                        ``,
		`plural = "one"`:                              `plural = "few"`,
		`"Sunday", `:                                  ``,
		`paid_by = "paid for by {name}"`:              `paid_by = "paid for by {who}"`,
		`confirm_valid = "The link works for {time}`:  `confirm_valid = "The link works`,
		`name = "English"`:                            "name = \"English\"\nnick_name = \"E\"",
		`advertisement = "Advertisement"`:             `advertisement = "Adver\ntisement"`,
		`list_and = "{a} and {b}"`:                    `list_and = "{a}"`,
		`our_newsletter = "our newsletter"`:           `our_newsletter = "our {newsletter}"`,
		`other = "{n} stories stand here without the`: `other = "Stories stand here without the`,
	} {
		if !strings.Contains(string(english), was) {
			t.Fatalf("%s is not in the English catalogue", was)
		}
		_, err := templates.NewMailFrom(fstest.MapFS{"words/en.toml": {Data: []byte(strings.Replace(string(english), was, is, 1))}})
		if err == nil || !strings.Contains(err.Error(), "words/en.toml") {
			t.Errorf("%s became %s: %v", was, is, err)
		}
	}
}

func TestEachLanguageSaysItsOwnWords(t *testing.T) {
	said := map[string]string{}
	for _, tag := range languages {
		d := inLanguage(tag, 9, 4)
		r := digest(t, d)
		checkDigest(t, d, r)
		if i := strings.Index(r.HTML, `lang="`+tag+`"`); i < 0 {
			t.Errorf("%s does not say its language", tag)
		}
		d.Language = tag + "-NG"
		if again := digest(t, d); again.Text != r.Text {
			t.Errorf("%s-NG is not spoken as %s", tag, tag)
		}
		for other, text := range said {
			if text == r.Text {
				t.Errorf("%s and %s say the same", tag, other)
			}
		}
		if strings.ContainsAny(r.HTML[strings.Index(r.HTML, "<body"):]+r.Text, "{}") || strings.Contains(r.Text, "Read the") {
			t.Errorf("%s leaves a word in braces, or in English", tag)
		}
		said[tag] = r.Text
	}
	d := inLanguage("sw", 9, 4)
	if r := digest(t, d); r.Text != said["en"] || !strings.Contains(r.HTML, `<html lang="sw"`) {
		t.Error("a language without a catalogue is not framed in English")
	}
}

func TestPluralsFollowEachLanguagesRule(t *testing.T) {
	for _, c := range []struct {
		tag     string
		stories int
		want    string
	}{
		{"en", 0, "0 stories"}, {"en", 1, "1 story"}, {"en", 2, "2 stories"}, {"fr", 0, "0 article"}, {"fr", 1, "1 article"}, {"fr", 2, "2 articles"},
		{"pcm", 0, "0 tori"}, {"pcm", 1, "1 tori"}, {"pcm", 2, "2 tori dem"}, {"yo", 1, "ìròyìn 1"}, {"yo", 2, "ìròyìn 2"},
		{"ha", 0, "labarai 0"}, {"ha", 1, "labari 1"}, {"ha", 3, "labarai 3"}, {"ig", 1, "akụkọ 1"}, {"ig", 2, "akụkọ 2"},
	} {
		d := sampleDigest()
		d.Language, d.ReadingMinutes, d.Stories = c.tag, 0, many(c.stories, "Title", "")
		if r := digest(t, d); !strings.Contains(r.Text, " · "+c.want+"\n") {
			t.Errorf("%s, %d: want %q in %q", c.tag, c.stories, c.want, strings.Split(r.Text, "\n")[:2])
		}
	}
	d := sampleDigest()
	d.Date, d.Language = time.Date(2026, 5, 1, 7, 0, 0, 0, lagos()), "fr"
	if r := digest(t, d); !strings.Contains(r.Text, "vendredi 1er mai") {
		t.Errorf("the first of May is %q", strings.Split(r.Text, "\n")[1])
	}
}

func TestPluralAndLongWordsFitAPhone(t *testing.T) {
	mails := map[string]string{}
	m := newMail(t)
	for _, tag := range languages {
		mails[tag+"-many"] = digest(t, inLanguage(tag, 900, 1284)).HTML
		mails[tag+"-one"] = digest(t, inLanguage(tag, 1, 1)).HTML
		heavy := inLanguage(tag, 60, 2)
		for i := range heavy.Stories {
			heavy.Stories[i].Summary = strings.Repeat("ሰላም ለሁሉም ", 60)
		}
		heavy.MaxStories = 60
		r := digest(t, heavy)
		if r.Moved == 0 {
			t.Errorf("%s: nothing was moved", tag)
		}
		mails[tag+"-moved"] = r.HTML
		site := sampleSite()
		site.Language = tag
		c, err := m.Confirm(templates.ConfirmMail{Site: site, Newsletters: []string{"The morning digest", "The Sunday read"}, ConfirmURL: "https://mail.courier.example.com/confirm/abcdefghijklmnopqrstuvwxyz234567", ValidFor: 72 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		mails[tag+"-confirm"] = c.HTML
	}
	url, p := gallery(t, mails), openBrowser(t)
	for name := range mails {
		got := measureIn(t, p, url+"/"+name, chromium.Look{Width: 360})
		if got.Overflow > 0 || got.Cut != nil || got.Texts < 5 {
			t.Errorf("%s: %g px stand out, %q is cut, %d texts", name, got.Overflow, got.Cut, got.Texts)
		}
		if !strings.HasSuffix(name, "-confirm") && len(got.Tight) > 0 {
			t.Errorf("%s: links below 44 px: %q", name, got.Tight)
		}
	}
}
