package templates_test

import (
	"io"
	"io/fs"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/olomotimes/tipsheet/templates"
)

func TestOurOwnTemplatesPassTheirCheck(t *testing.T) {
	if err := newMail(t).Check(); err != nil {
		t.Error(err)
	}
}

// ours is one of our files with one thing changed.
func ours(t *testing.T, name, was, is string) fstest.MapFS {
	t.Helper()
	raw, err := fs.ReadFile(templates.Files(), name)
	if err != nil || !strings.Contains(string(raw), was) {
		t.Fatalf("%s does not hold %q: %v", name, was, err)
	}
	return fstest.MapFS{name: {Data: []byte(strings.ReplaceAll(string(raw), was, is))}}
}

func TestOwnTemplatesAreCheckedWithEveryShapeOfData(t *testing.T) {
	for name, c := range map[string]struct{ file, was, is, says string }{
		"fails without a picture":   {"mail/digest.html", `{{define "row"}}`, `{{define "row"}}{{if not .Image}}{{index .Title 900}}{{end}}`, "no picture"},
		"has no unsubscribe":        {"mail/digest.html", `{{range $i, $l := .Links}}`, `{{range $i, $l := .Top}}{{end}}{{range $i, $l := .Also}}`, "unsubscribe address"},
		"has no postal address":     {"mail/digest.txt", `.Site.PostalAddress`, `.Site.Contact`, "postal address"},
		"hides who pays":            {"mail/digest.html", `{{.Label}}`, ``, "label"},
		"forgets the other stories": {"mail/digest.html", `{{range $i, $s := .Also}}`, `{{range $i, $s := .Index}}`, "lacks the story"},
		"has two titles":            {"mail/layout.html", `{{template "content" .}}`, `{{template "content" .}}<h1>Again</h1>`, "h1"},
		"fails in one language":     {"mail/digest.txt", `{{rule $head}}`, `{{if eq .WordsLang "ha"}}{{index .Paras 9}}{{end}}{{rule $head}}`, "language ha"},
		"confirms nothing":          {"mail/confirm.html", `{{.ConfirmURL}}`, `#`, "confirms"},
	} {
		m, err := templates.NewMailFrom(ours(t, c.file, c.was, c.is))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the check says %v", name, err)
		}
	}
}

func TestOwnTemplatesThatDoNotParseAreNamed(t *testing.T) {
	for says, folder := range map[string]fs.FS{
		"digest.html": ours(t, "mail/digest.html", "{{end}}", ""),
		"digest.txt":  ours(t, "mail/digest.txt", "{{end}}", ""),
		"one class":   ours(t, "mail/dark.css", ".ink", ".pad .ink"),
		"only rules":  ours(t, "mail/narrow.css", ".pad", "@media print { .pad { color: red } }\n.pad"),
		"plain names": ours(t, "mail/layout.html", `class="card"`, `class="{{.Lang}}"`),
		"digset.html": fstest.MapFS{"mail/digset.html": {}},
		"readme.txt":  fstest.MapFS{"readme.txt": {}},
		"words/x":     fstest.MapFS{"words/x.toml": {Data: []byte("name = ")}},
	} {
		if _, err := templates.NewMailFrom(folder); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestOwnFilesStandInForOurs(t *testing.T) {
	m, err := templates.NewMailFrom(fstest.MapFS{
		"mail/style.css": ours(t, "mail/style.css", "#f3f0ea", "#e0f0e0")["mail/style.css"],
		"words/sw.toml":  ours(t, "words/en.toml", "Also today", "Pia leo")["words/en.toml"],
		".git/config":    {Data: []byte("not ours to read")},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := sampleDigest()
	d.Language = "sw"
	r, err := m.Digest(d)
	if err != nil || !strings.Contains(r.HTML, "background-color:#e0f0e0") || !strings.Contains(r.HTML, "Pia leo") || !strings.Contains(r.Text, "PIA LEO") {
		t.Errorf("own files are not used: %v", err)
	}
	d.Language = "en"
	if r, err := m.Digest(d); err != nil || !strings.Contains(r.HTML, "Also today") {
		t.Errorf("ours are lost: %v", err)
	}
}

func TestPaperKeepsItsNameColoursAndLogo(t *testing.T) {
	d := sampleDigest()
	d.Site.Accent, d.Site.Logo, d.Site.Name = "#0b6e6e", "https://courier.example.com/logo.png", "Gboko Lamp"
	r := digest(t, d)
	if strings.Contains(r.HTML, "#a3221b") || strings.Contains(r.HTML, "#f08c82") || !strings.Contains(r.HTML, "color:#0b6e6e") || !strings.Contains(r.HTML, `alt="Gboko Lamp"`) {
		t.Error("the paper's accent or logo is not used everywhere")
	}
}

func TestStylesAreInlinedTheSameWayEachTime(t *testing.T) {
	first := digest(t, fullDigest())
	for range 5 {
		if again := digest(t, fullDigest()); again.HTML != first.HTML {
			t.Fatal("two renderings differ")
		}
	}
	for _, tag := range []string{"<td class=\"pad", "<p class=\"soft", "<h2 class=\"lead"} {
		at := strings.Index(first.HTML, tag)
		if at < 0 || !strings.Contains(first.HTML[at:at+strings.Index(first.HTML[at:], ">")], ` style="`) {
			t.Errorf("%s carries no style", tag)
		}
	}
}

// 50 variants of 25 stories must take under 200 ms: 4 ms each.
func BenchmarkDigestOf25(b *testing.B) {
	m, err := templates.NewMail()
	if err != nil {
		b.Fatal(err)
	}
	d := digestOf25()
	for b.Loop() {
		if _, err := m.Digest(d); err != nil {
			b.Fatal(err)
		}
	}
}

// encoded is the true length of a text as quoted-printable.
func encoded(t *testing.T, text string) int {
	t.Helper()
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestMailsStayFarBelowWhereGmailClipsThem(t *testing.T) {
	yoruba, headlines := digestOf25(), digestOf25()
	headlines.Edition, yoruba.Language = templates.EditionHeadlines, "yo"
	for i := range yoruba.Stories {
		yoruba.Stories[i].Title, yoruba.Stories[i].Summary = "Àwọn ẹ̀ṣọ́ ti ilé ìwòsàn mẹ́ta pa nítorí àìsí epo", strings.Repeat("Ìjọba ní wọ́n ti ra epo sí i ní ọ̀sẹ̀ tó kọjá. ", 7)
	}
	for name, c := range map[string]struct {
		mail templates.DigestMail
		most int
	}{
		"sample": {withAdvert(fullDigest()), 35_000}, "25 stories": {digestOf25(), 60_000}, "25 in Yoruba": {yoruba, 90 << 10}, "25 headlines": {headlines, 40_000},
	} {
		r := digest(t, c.mail)
		got, guess := encoded(t, r.HTML), templates.EncodedSize(r.HTML)
		if got > c.most || guess < got || guess > got+got/10 {
			t.Errorf("%s: %d bytes encoded, %d guessed", name, got, guess)
		}
		t.Logf("%s: HTML %.1f KB encoded, text %.1f KB, %d in full, %d moved", name, float64(got)/1e3, float64(encoded(t, r.Text))/1e3, r.InFull, r.Moved)
	}
}

func TestTextEditionHasNoHTMLAndHeadlinesNoPicture(t *testing.T) {
	d := withAdvert(fullDigest())
	full := digest(t, d)
	d.Edition = templates.EditionText
	if r := digest(t, d); r.HTML != "" || r.Text != full.Text {
		t.Error("the text edition is not the text part alone")
	}
	d.Edition = templates.EditionHeadlines
	r := digest(t, d)
	m := checkDigest(t, d, r)
	if m.count["img"] != 0 || r.InFull != len(d.Stories) || strings.Contains(r.HTML+r.Text, "Two aisles") || !strings.Contains(r.Text, "Advertisement") {
		t.Errorf("%d pictures, %d stories", m.count["img"], r.InFull)
	}
}

func TestCapsAndMarksSendStoriesToAlsoToday(t *testing.T) {
	d := sampleDigest()
	d.MaxStories, d.MaxPerSection = 20, 1
	d.Stories[3].Also = true
	r := digest(t, d)
	_, also, _ := strings.Cut(r.Text, "ALSO TODAY")
	for _, title := range []string{"Fuel price holds", "Governor Akintola", "Actress Lola", "Rain closes two bridges"} {
		if !strings.Contains(also, title) {
			t.Errorf("%q does not stand under Also today", title)
		}
	}
	if r.Moved != 0 || r.InFull != 6 || strings.Contains(also, "Schools reopen") {
		t.Errorf("%d in full, %d moved for size", r.InFull, r.Moved)
	}
}

func TestPlacementsAreLabelledAndEmptyOnesDrawNothing(t *testing.T) {
	d := fullDigest()
	plain := digest(t, d)
	d.Placements = []templates.Placement{{Place: templates.PlaceTop}, {Place: templates.PlaceMiddle, PaidBy: "Nobody"}, {}}
	if r := digest(t, d); r.HTML != plain.HTML || r.Text != plain.Text {
		t.Error("an empty placement draws something")
	}
	for _, place := range []string{templates.PlaceTop, templates.PlaceMiddle, templates.PlaceFoot, "nowhere"} {
		d.Placements = []templates.Placement{{Place: place, PaidBy: "Zinny Foods", Text: hostile, Link: "javascript:alert(1)"}}
		r := digest(t, d)
		checkDigest(t, d, r)
		if !strings.Contains(r.HTML, "Advertisement · paid for by Zinny Foods") || !strings.Contains(r.Text, "[ Advertisement · paid for by Zinny Foods ]") {
			t.Errorf("a placement at %s is not labelled in both parts", place)
		}
	}
}
