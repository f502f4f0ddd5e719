package smtp

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/olomotimes/tipsheet/token"
)

var markerText = rapid.StringMatching(`[a-z2-7]{32}`)

// sprinkle puts the markers at random places of random words.
func sprinkle(t *rapid.T, label string, markers []string) string {
	var b strings.Builder
	for range rapid.IntRange(1, 40).Draw(t, label) {
		b.WriteString(rapid.SampledFrom([]string{"word ", "é – ü ", "<a href=\"https://example.org/u/", "\">", "=", "&amp;",
			"\n", ".\n", "a2b3c4d5", strings.Repeat("x", 70), " ", "=3D", "\t"}).Draw(t, "piece"))
		if rapid.Bool().Draw(t, "marker here") {
			b.WriteString(rapid.SampledFrom(markers).Draw(t, "marker"))
		}
	}
	return b.String() + strings.Join(markers, "/") + "\n"
}

func TestFilledMailReadsAsIfItHadBeenWrittenSo(t *testing.T) {
	places, broken := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfNDistinct(markerText, 8, 8, rapid.ID[string]).Draw(t, "markers and tokens")
		markers, values := map[string]string{}, map[string]string{}
		var pairs []string
		for i := range 4 {
			name := fmt.Sprint(i)
			markers[name], values[name] = drawn[i], drawn[4+i]
			pairs = append(pairs, drawn[i], drawn[4+i])
		}
		m := digest()
		m.Text, m.HTML = sprinkle(t, "text", drawn[:4]), sprinkle(t, "html", drawn[:4])
		m.Headers[0].Value = "<https://example.org/u/" + drawn[0] + ">, <mailto:u+" + drawn[0] + "@example.org>"
		m.MessageID = "<" + drawn[1] + "@example.org>"
		composed, err := Compose(m)
		if err != nil {
			t.Fatal(err)
		}
		form, err := NewForm(composed, markers)
		if err != nil {
			t.Fatal(err)
		}
		for _, runs := range form.runs {
			places += len(runs)
			for _, r := range runs {
				if r.len < token.Length {
					broken++
				}
			}
		}
		filled := form.Fill(values)
		replace := strings.NewReplacer(pairs...).Replace
		header, parts, _ := decodeQuietly(filled)
		if parts["text/plain"] != crlf(replace(m.Text)) || parts["text/html"] != crlf(replace(m.HTML)) {
			t.Fatalf("filled text %q\nfor %q", parts, m.Text)
		}
		if header["List-Unsubscribe"] != replace(m.Headers[0].Value) || header["Message-Id"] != replace(m.MessageID) {
			t.Fatalf("filled header %q", header)
		}
		a, b := bytes.Split(composed, []byte("\r\n")), bytes.Split(filled, []byte("\r\n"))
		for i := range a {
			if len(a) != len(b) || len(a[i]) != len(b[i]) {
				t.Fatalf("line %d has another length", i)
			}
		}
	})
	if places == 0 || broken == 0 {
		t.Errorf("nothing was tried: %d places, %d broken over lines", places, broken)
	}
}

// decodeQuietly is decode for a rapid test: it panics where decode fails the test.
func decodeQuietly(composed []byte) (map[string]string, map[string]string, []string) {
	h, parts, order := decode(panicker{}, composed)
	return map[string]string{"List-Unsubscribe": h.Get("List-Unsubscribe"), "Message-Id": h.Get("Message-Id")}, parts, order
}

type panicker struct{ testing.TB }

func (panicker) Helper()           {}
func (panicker) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestFormIsFilledByManyAtOnce(t *testing.T) {
	marker := strings.Repeat("a", 31) + "b"
	m := digest()
	m.Text += marker + "\n"
	form, err := NewForm(compose(t, m), map[string]string{"u": marker})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			value := strings.Repeat(string(rune('c'+n)), token.Length)
			for range 200 {
				if !bytes.Contains(form.Fill(map[string]string{"u": value}), []byte(value)) {
					t.Errorf("reader %d is not in the mail", n)
				}
			}
		})
	}
	all.Wait()
}

func TestFormRefusesMarkersThatCannotWork(t *testing.T) {
	good := strings.Repeat("ab", 16)
	m := digest()
	m.Text += good + "\n"
	composed := compose(t, m)
	for name, markers := range map[string]map[string]string{
		"nowhere":  {"u": strings.Repeat("cd", 16)},
		"short":    {"u": good[1:]},
		"alphabet": {"u": strings.ToUpper(good)},
		"twice":    {"u": good, "v": good},
	} {
		if _, err := NewForm(composed, markers); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	form, err := NewForm(composed, map[string]string{"u": good})
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]string{nil, {"u": "short"}, {"u": strings.Repeat("=\r\n", 10) + "ab"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: filled", values)
				}
			}()
			form.Fill(values)
		}()
	}
}
