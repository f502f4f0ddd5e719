package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"math/rand/v2"
	"net/mail"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"

	"pgregory.net/rapid"

	"github.com/olomotimes/tipsheet/token"
)

const ourLinks = "https://example.org/"

// tokenOf is one reader's token for one purpose.
func tokenOf(purpose string, reader int) (t Token) {
	copy(t[:], fmt.Sprintf("%s2%07d%s", purpose[:4], reader, strings.Repeat("z", token.Length)))
	return t
}

func valuesOf(reader int, name string) Values {
	return Values{
		To: Mailbox{name, fmt.Sprintf("reader%d@example.net", reader)}, MessageID: tokenOf("mess", reader),
		Unsubscribe: tokenOf("unsu", reader), Preferences: tokenOf("pref", reader), View: tokenOf("view", reader),
	}
}

// marked is a digest with a place for everything.
func marked() Mail {
	m := digest()
	m.MessageID = "<" + token.MarkMessageID + "@example.org>"
	m.Headers[0].Value = "<" + ourLinks + "u/" + token.MarkUnsubscribe + ">, <mailto:b+unsubscribe-" + token.MarkUnsubscribe + "@example.org>"
	m.Text = "Good morning" + token.Named(", ", "") + ".\n" + m.Text + ourLinks + "u/" + token.MarkUnsubscribe + "\n" + ourLinks + "i/" + token.MarkView
	m.HTML = "<p>Good morning" + token.Named(", ", "") + ".</p>" + m.HTML + `<a href="` + ourLinks + "p/" + token.MarkPreferences + `">more</a>`
	return m
}

func form(t testing.TB, m Mail) *Form {
	t.Helper()
	f, err := NewForm(m, ourLinks)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func spliced(t testing.TB, f *Form, v Values) []byte {
	t.Helper()
	mail, err := f.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return mail
}

// hostileName is a name as somebody might type it into a form to do harm, or just so.
func hostileName(r *rand.Rand) string {
	pieces := []string{"", "Ada", "Zoë", "Ọlá", " ", "  ", "\t", "\r\n", "\n.\r\n", ".", "..", "--", "From ", "=", "=\r\n", "=?utf-8?B?YQ==?=", "\x00", "\x1b[2J",
		"<script>", `"`, `'`, "&amp;", "+", "\\", ",", ";", "@", "<evil@example.com>", "\r\nBcc: <all@example.com>\r\n\r\n", "日本語", "👩‍👧", "\u202e", "\u2028", "\xff", "a\u0301",
		strings.Repeat("x", 70), "{{.}}", "%0d%0a", "\r\n.\r\nMAIL FROM:<evil@example.com>\r\n", token.MarkUnsubscribe, token.MarkNamedEnd, "?="}
	var name strings.Builder
	for range r.IntN(6) {
		name.WriteString(pieces[r.IntN(len(pieces))])
	}
	return name.String()
}

// page is what a template gets of a reader, or the marks.
type page struct{ Named, Name, Unsubscribe, Preferences, View string }

var (
	pageHTML = template.Must(template.New("html").Parse(`<h1 title="{{.Name}}">Good morning{{.Named}}.</h1>
<p>{{.Name}}</p>. <a href="https://example.org/hello?name={{.Name}}&amp;x=1">é – {{.Name}}{{.Name}} –</a>  {{.Name}}
<a href="{{.Unsubscribe}}">out</a><a href='{{.Preferences}}'>choose</a>
{{.Named}}`))
	pageText = texttemplate.Must(texttemplate.New("text").Parse(`{{.Named}}
Good morning{{.Named}}.
.
From {{.Name}} and back, {{.Name}} 
{{.Name}}
{{.Unsubscribe}}
({{.Preferences}}), {{.View}}`))
)

func (p page) render(t testing.TB) (html, text string) {
	t.Helper()
	var h, x strings.Builder
	if err := errors.Join(pageHTML.Execute(&h, p), pageText.Execute(&x, p)); err != nil {
		t.Fatal(err)
	}
	return h.String(), x.String()
}

func TestSplicedMailOfThousandReadersIsWhatTheTemplateSaysToThem(t *testing.T) {
	signer, _ := keyPair(t)
	m := marked()
	m.HTML, m.Text = page{token.Named(", ", ""), token.MarkName, ourLinks + "u/" + token.MarkUnsubscribe,
		ourLinks + "p/" + token.MarkPreferences, ourLinks + "i/" + token.MarkView}.render(t)
	f := form(t, m)
	signed, err := f.SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	named := 0
	for i := range 1000 {
		v := valuesOf(i, hostileName(r))
		p := page{Name: string(appendName(nil, v.To.Name)), Unsubscribe: ourLinks + "u/" + string(v.Unsubscribe[:]),
			Preferences: ourLinks + "p/" + string(v.Preferences[:]), View: ourLinks + "i/" + string(v.View[:])}
		if p.Name != "" {
			named++
			p.Named = ", " + p.Name
		}
		html, text := p.render(t)
		mail := spliced(t, f, v)
		header, parts, _ := decode(t, mail)
		if parts["text/html"] != crlf(html) || parts["text/plain"] != crlf(text) {
			t.Fatalf("for %q:\n%q\n%q\nwant\n%q\n%q", v.To.Name, parts["text/html"], parts["text/plain"], crlf(html), crlf(text))
		}
		if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != v.To.Address || to[0].Name != p.Name {
			t.Fatalf("To of %q: %v %v", v.To.Name, to, err)
		}
		if header.Get("Message-Id") != "<"+string(v.MessageID[:])+"@example.org>" || strings.Count(header.Get("List-Unsubscribe"), string(v.Unsubscribe[:])) != 2 {
			t.Fatalf("header %v", header)
		}
		safe(t, mail, 12)
		if i%50 == 0 && !bytes.Equal(spliced(t, signed, v), sign(t, signer, mail)) {
			t.Fatalf("signed otherwise for %q", v.To.Name)
		}
	}
	if named < 300 || named > 990 {
		t.Errorf("%d of 1000 have a name", named)
	}
}

// safe fails where a mail could do harm on the way.
func safe(t testing.TB, message []byte, headers int) {
	t.Helper()
	if bare := bytes.ReplaceAll(message, []byte("\r\n"), nil); bytes.ContainsAny(bare, "\r\n\x00") || has8Bit(bare) {
		t.Fatalf("a bare line end, NUL or 8-bit byte in %q", message)
	}
	for line := range bytes.SplitSeq(message, []byte("\r\n")) {
		if len(line) > MaxLine || bytes.HasPrefix(line, []byte(".")) {
			t.Fatalf("line %q", line)
		}
	}
	_, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		if len(line) > 76 {
			t.Fatalf("line of %d bytes in the body: %q", len(line), line)
		}
	}
	read, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil || len(read.Header) != headers {
		t.Fatalf("%d headers, not %d: %v %v", len(read.Header), headers, read.Header, err)
	}
	for name, values := range read.Header {
		if len(values) != 1 {
			t.Fatalf("%s is there %d times", name, len(values))
		}
	}
}

func TestSpansStandOnLinesOfTheirOwn(t *testing.T) {
	f := form(t, marked())
	a, b := spliced(t, f, valuesOf(1, "Ada")), spliced(t, f, valuesOf(2, ""))
	for _, own := range []string{"\r\n, Ada=\r\n", "\r\n" + string(tokenOf("unsu", 1).bytes()) + "\r\n", "\r\n" + string(tokenOf("pref", 1).bytes()) + "=\r\n"} {
		if !bytes.Contains(a, []byte(own)) {
			t.Errorf("%q is not in\n%s", own, a)
		}
	}
	lines := func(mail []byte) map[string]bool {
		all := map[string]bool{}
		for line := range bytes.SplitSeq(mail, []byte("\r\n")) {
			all[string(line)] = true
		}
		return all
	}
	others, differing := lines(b), 0
	for line := range lines(a) {
		if !others[line] {
			differing++
		}
	}
	if differing < 5 || differing > 8 { // To, Message-ID, List-Unsubscribe, three tokens, a name
		t.Errorf("%d lines differ", differing)
	}
}

func (t Token) bytes() []byte { return t[:] }

func TestMarksOfOthersGetNothingOfTheReader(t *testing.T) {
	all := strings.Join(token.Marks(), " ")
	m := marked()
	foreign := []string{"https://evil.example/u/" + token.MarkUnsubscribe, "https://example.org.evil.example/" + token.MarkView, token.MarkPreferences,
		"https://evil.example/?n=" + token.MarkName, token.MarkNamed, token.MarkNamedEnd, "https://evil.example/" + token.Named("", ""), "/u/" + token.MarkUnsubscribe}
	m.Text, m.HTML = "From afar:\n"+strings.Join(foreign, "\n")+"\n", "<p>"+strings.Join(foreign, "</p>\n<p>")+"</p>"
	m.Subject, m.From.Name = "Win "+all, "Mallory "+token.MarkName
	mail := spliced(t, form(t, m), valuesOf(7, "Ada Secret"))
	header, parts, _ := decode(t, mail)
	header["To"], header["Message-Id"], header["List-Unsubscribe"] = nil, nil, nil
	everything := fmt.Sprint(header, parts)
	for _, secret := range []string{"Ada", "0000007"} {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is in %s", secret, everything)
		}
	}
	for _, mark := range token.Marks() {
		if strings.Contains(fmt.Sprint(parts), mark) {
			t.Errorf("the mark %s is left in %v", mark, parts)
		}
	}
}

func TestAnyPlacesAmongAnyWordsReadWell(t *testing.T) {
	signer, _ := keyPair(t)
	rapid.Check(t, func(t *rapid.T) {
		m := marked()
		links := []string{ourLinks + "u/" + token.MarkUnsubscribe, ourLinks + "p/" + token.MarkPreferences, ourLinks + "i/" + token.MarkView,
			token.Named(" (", ")\n"), token.Named("", ""), token.MarkName, "\n" + token.MarkName + "\n"}
		words := func(label string) string {
			var b strings.Builder
			for range rapid.IntRange(1, 30).Draw(t, label) {
				b.WriteString(rapid.SampledFrom([]string{"word ", "é – ü ", "<a ", "\">", "=", "&amp;", "\n", ".\n", " ", "=3D", "\t", "From ", "--", strings.Repeat("x", 70), "  ", "\n\n"}).Draw(t, "piece"))
				if rapid.Bool().Draw(t, "place") {
					b.WriteString(" " + rapid.SampledFrom(links).Draw(t, "link"))
				}
			}
			return b.String()
		}
		m.Text, m.HTML = words("text")+".", words("html")
		if rapid.Bool().Draw(t, "plain") {
			m.HTML = ""
		}
		if rapid.Bool().Draw(t, "ends in a place") {
			m.Text += "\n\n" + rapid.SampledFrom(links).Draw(t, "last")
		}
		f, err := NewForm(m, ourLinks)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := f.SignedBy(signer)
		if err != nil {
			t.Fatal(err)
		}
		for reader, name := range []string{"", "Ada <i>", "Zoë Ọlá " + strings.Repeat("y", 60)} {
			v := valuesOf(reader, name)
			mail, err := f.Append(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			_, parts, _ := decodeQuietly(mail)
			if want := crlf(said(m.Text, v, false)); parts["text/plain"] != want && parts["text/plain"] != want+"\r\n" {
				t.Fatalf("text %q, want %q", parts["text/plain"], want)
			}
			if m.HTML != "" && parts["text/html"] != crlf(said(m.HTML, v, true)) {
				t.Fatalf("html %q, want %q", parts["text/html"], crlf(said(m.HTML, v, true)))
			}
			fast, err := signed.Append(nil, v)
			slow, err2 := signer.Sign(mail)
			if err != nil || err2 != nil || !bytes.Equal(fast, slow) {
				t.Fatalf("signed otherwise: %v %v\n%s\n%s", err, err2, fast, slow)
			}
		}
	})
}

// said is the words with a reader's values in place of the marks.
func said(words string, v Values, html bool) string {
	name := string(appendName(nil, v.To.Name))
	escaped, named := name, strings.NewReplacer(token.MarkNamed, "", token.MarkNamedEnd, "")
	if html {
		escaped = template.HTMLEscapeString(name)
	}
	if name == "" {
		for _, left := range []string{token.Named(" (", ")\n"), token.Named("", "")} {
			words = strings.ReplaceAll(words, left, "")
		}
	}
	return strings.NewReplacer(token.MarkUnsubscribe, string(v.Unsubscribe[:]), token.MarkPreferences, string(v.Preferences[:]),
		token.MarkView, string(v.View[:]), token.MarkName, escaped).Replace(named.Replace(words))
}

// decodeQuietly is decode for a rapid test: it panics where decode fails the test.
func decodeQuietly(composed []byte) (mail.Header, map[string]string, []string) {
	return decode(panicker{}, composed)
}

type panicker struct{ testing.TB }

func (panicker) Helper()           {}
func (panicker) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestFormIsFilledByManyAtOnce(t *testing.T) {
	signer, _ := keyPair(t)
	f, err := form(t, marked()).SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	var want [8][]byte
	for n := range want {
		want[n] = spliced(t, f, valuesOf(n, "Reader"))
	}
	var all sync.WaitGroup
	for n := range want {
		all.Go(func() {
			var p Prepared
			for range 20 {
				if err := f.Prepare(&p, reader(n), valuesOf(n, "Reader")); err != nil || !bytes.Equal(p.plain, want[n]) {
					t.Errorf("reader %d got another mail: %v", n, err)
				}
			}
		})
	}
	all.Wait()
}
