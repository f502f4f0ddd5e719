package templates_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/proof/chromium"
	"github.com/olomotimes/tipsheet/templates"
)

// withStories is the full sample with other stories.
func withStories(stories []templates.DigestStory) templates.DigestMail {
	d := fullDigest()
	d.Stories = stories
	return d
}

// checkedDigests are the shapes that the HTML checks look at.
func checkedDigests() map[string]templates.DigestMail {
	bare := append([]templates.DigestStory(nil), sampleStories()...)
	for i := range bare {
		bare[i].Image = ""
	}
	long := many(4, "A headline that goes on and on because its writer was paid by the word and had a mortgage, two children and a generator to feed this month", strings.Repeat("Long words: Donaudampfschifffahrtsgesellschaft. ", 7))
	evil := many(4, hostile, hostile)
	evil[1].Section, evil[2].ImageAlt, evil[3].Author = hostile, hostile, hostile
	arabic := withStories(many(5, "أغلقت المستشفى ثلاثة أجنحة بسبب نقص الوقود", strings.Repeat("أغلقت المستشفى ثلاثة أجنحة بسبب نقص الوقود. ", 5)))
	arabic.Language, arabic.Greeting, arabic.Note = "ar", "صباح الخير.", "أبقى المطر نصف غرفة الأخبار في البيت."
	headlines := digestOf25()
	headlines.Edition = templates.EditionHeadlines
	return map[string]templates.DigestMail{
		"sample": withAdvert(fullDigest()), "25 stories": digestOf25(), "one story": withStories(sampleStories()[:1]), "no picture": withStories(bare),
		"long titles": withStories(long), "Arabic": arabic, "emoji": withStories(many(3, "Goal ⚽🇳🇬 at last 👩🏾‍⚕️", "🎉")), "hostile": withStories(evil), "headlines": headlines,
	}
}

// A fallback says what a reader sees where a client does not know a feature, and which picture shows it.
type fallback struct{ instead, picture string }

// notEverywhere are the features that Gmail, Outlook.com or Apple Mail lack somewhere. Nothing
// depends on them: the pictures are taken with all of them removed.
func notEverywhere() map[string]fallback {
	const removed = "digest-360-style-removed.png"
	light := "the light colours, which read at AA; most such clients turn them dark by themselves"
	all := map[string]fallback{
		"html-style":                                     {"every style that matters is inlined", removed},
		"css-at-media":                                   {"the table is fluid; margins stay 24 px on a phone", removed},
		"css-at-media-prefers-color-scheme":              {light, removed},
		"css-color-scheme":                               {light, removed},
		"html-meta-color-scheme":                         {light, removed},
		"css-selector-class":                             {"rules of <style> alone", removed},
		"css-selector-type":                              {"rules of <style> alone", removed},
		"css-selector-attribute":                         {"the marks of Outlook's dark mode; elsewhere they are never set", removed},
		"css-selector-descendant":                        {"rules of <style> alone", removed},
		"css-display-none":                               {"the preheader is also 0 px high and wide, without overflow", removed},
		"css-supported-color-schemes":                    {"an old name of color-scheme", removed},
		"html-meta-supported-color-schemes":              {"an old name of color-scheme", removed},
		"html-meta-viewport":                             {"a mail reader sets its own width", removed},
		"html-meta-format-detection":                     {"a date becomes a link, in our colours", removed},
		"html-meta-x-apple-disable-message-reformatting": {"text may be scaled, and still reads", removed},
		"html-meta-":                                     {"the charset, which the mail's header also names", removed},
		"css-mso-hide":                                   {"for Outlook for Windows alone", removed},
	}
	return all
}

func TestEveryFeatureIsKnownToMailReadersOrHasAFallback(t *testing.T) {
	known, allowed := readCanIEmail(t), notEverywhere()
	needed := map[string]bool{}
	for name, d := range checkedDigests() {
		f := &features{known, map[string]int{}}
		f.read(digest(t, d).HTML)
		if len(f.used) < 25 {
			t.Errorf("%s: only %d features were found: %v", name, len(f.used), f.used)
		}
		bare := &features{known, map[string]int{}}
		bare.read(withoutStyle(digest(t, d).HTML))
		for feature := range bare.used {
			if slug, _, _ := strings.Cut(feature, " ("); allowed[slug].instead != "" {
				t.Errorf("%s still uses %s in the picture without it", name, slug)
			}
		}
		for feature := range f.used {
			slug, _, unknown := strings.Cut(feature, " (")
			lacking := known[slug].lacking()
			if !unknown && len(lacking) == 0 {
				continue
			}
			needed[slug] = true
			if _, ok := allowed[slug]; !ok {
				t.Errorf("%s uses %s, which is unknown to %v, and has no fallback", name, feature, lacking)
			}
		}
	}
	for slug, f := range allowed {
		if !needed[slug] {
			t.Errorf("%s needs no fallback: strike it from the list", slug)
		}
		if _, err := os.Stat("../docs/img/" + f.picture); err != nil {
			t.Errorf("%s has no picture with it removed: %v", slug, err)
		}
	}
}

// removable is all that notEverywhere lists.
var removable = regexp.MustCompile(`(?s)<style>.*?</style>|<meta [^>]*>|display:none;|;mso-hide:all`)

// withoutStyle is a mail as a client shows it that knows nothing of what notEverywhere lists.
func withoutStyle(html string) string { return removable.ReplaceAllString(html, "") }

// gallery serves mails at /NAME, and the pictures of their stories.
func gallery(t *testing.T, mails map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		html, ok := mails[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			servePictures(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, local(html, "http://"+r.Host)) // a browser that went away fails its visit
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func openBrowser(t *testing.T) *chromium.Page {
	t.Helper()
	b, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inBrowser renders all checked digests, and the sample without its style.
func inBrowser(t *testing.T) (mails map[string]string, names []string) {
	mails = map[string]string{}
	for name, d := range checkedDigests() {
		mails[strings.ReplaceAll(name, " ", "-")] = digest(t, d).HTML
	}
	for _, name := range []string{"sample", "Arabic"} {
		mails[name+"-style-removed"] = withoutStyle(mails[name])
	}
	for name := range mails {
		names = append(names, name)
	}
	slices.Sort(names)
	return mails, names
}

// mailLooks are a cheap phone and a mail reader's full width, by day and by night.
func mailLooks() []chromium.Look {
	return []chromium.Look{{Width: 360}, {Width: 360, Dark: true}, {Width: 600}, {Width: 600, Dark: true}}
}

func TestDigestsPassAxe(t *testing.T) {
	if testing.Short() {
		t.Skip("audits each digest in a browser")
	}
	mails, names := inBrowser(t)
	url, p := gallery(t, mails), openBrowser(t)
	var visits []chromium.Visit
	for _, name := range names {
		visits = append(visits, chromium.Visit{Name: name, URL: url + "/" + name})
	}
	found, err := p.AuditIn(mailLooks(), visits)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}
