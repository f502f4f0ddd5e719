package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHostileHTMLLosesEverythingThatActsOrLoads(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<a href="javascript:alert(1)">x</a>`, `<svg/onload=alert(1)>`,
		`<iframe src=//evil.example>`, `<form action=//evil.example><input></form>`, `<style>@import "//evil.example"</style>`,
		`<p style="background:url(//evil.example)">x</p>`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
		`<a href=" data:text/html,x">x</a>`, `<table background="//evil.example"><tr><td background=//evil.example>x`,
		`<link rel=stylesheet href=//evil.example>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content="0;url=//evil.example">`,
		`<video src=//evil.example poster=//evil.example></video>`, `<object data=//evil.example></object>`, `<scr<!-- -->ipt>alert(1)</script>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<div id=x class=y name=z>x</div>`,
	}
	for _, source := range hostile {
		got := strings.ToLower(sanitise(source + " end"))
		for _, bad := range []string{"<script", "<img", "<svg", "<iframe", "<form", "<input", "<style", "style=", "javascript:", "data:", "onerror=", "onload=", "<link", "<base", "<meta", "<video", "<object", "background", "id=", "class=", "evil.example"} {
			if strings.Contains(strings.ReplaceAll(got, "&lt;", ""), bad) && !strings.HasPrefix(got, "&lt;") {
				t.Errorf("%s\n left %q in %s", source, bad, got)
			}
		}
	}
}

func TestEncodedWordsAreReadInBrokenForms(t *testing.T) {
	for in, want := range map[string]string{
		"=?utf-8?Q?a_b?=":                         "a b",
		"=?UTF-8?B?w6TDtsO8?=":                    "äöü",
		"=?UTF-8?B?w6TDtsO8":                      "äöü",
		"=?utf-8?q?J=C3?= =?utf-8?q?=B6rg?=":      "Jörg",
		"x=?utf-8?q?y?=z":                         "xyz",
		`"=?iso-8859-1?q?caf=E9?="`:               `"café"`,
		"=?utf-8*en?q?word?=":                     "word",
		"=?utf-8?q?two words?=":                   "two words",
		"=?utf-8?q?a?= =?iso-8859-1?q?=E9?= b":    "aé b",
		"=?nobody-knows?q?plain?=":                "plain",
		"=?utf-8?x?what?=":                        "=?utf-8?x?what?=",
		"=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?= tail":  "äö tail",
		"1 =? 2":                                  "1 =? 2",
		"=?gb2312?B?0MLOxQ==?=":                   "新闻",
		"=?unicode-1-1-utf-7?Q?a+2D3cqQ-b?= done": "a💩b done",
	} {
		if got := decodeWords(in, ""); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestFileNamesAreReadInEveryForm(t *testing.T) {
	for in, want := range map[string]string{
		`attachment; filename="a b.pdf"`:                                          "a b.pdf",
		`attachment; filename=a b.pdf`:                                            "a b.pdf",
		`attachment; filename*=utf-8'de'b%C3%BCro.pdf`:                            "büro.pdf",
		`attachment; filename*0="long"; filename*1="er.pdf"`:                      "longer.pdf",
		`attachment; filename*1*=%BC.pdf; filename*0*=utf-8''b%C3`:                "bü.pdf",
		`attachment; filename="=?utf-8?q?b=C3=BCro.pdf?="`:                        "büro.pdf",
		`attachment; filename="C:\docs\a.pdf"`:                                    `C:\docs\a.pdf`,
		`attachment; filename = "x.pdf" ; size=3`:                                 "x.pdf",
		`attachment; filename="no end.pdf`:                                        "no end.pdf",
		`attachment filename=lost.pdf`:                                            "",
		`attachment; filename="a` + "\u00e9" + `.pdf"; filename*=utf-8''real.pdf`: "real.pdf",
	} {
		_, params := parseParams(in, "")
		if got := params["filename"]; got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestNewTextIsWhatTheSenderWrote(t *testing.T) {
	history := "\n\n> old words\n> more"
	for name, in := range map[string]string{
		"English":    "New.\n\nOn Mon, Oct 5, 2026 at 6:02 PM, Desk <d@example.com> wrote:" + history,
		"wrapped":    "New.\n\nOn Mon, Oct 5, 2026 at 6:02 PM, A Very Long Name\n<d@example.com>\nwrote:" + history,
		"German":     "New.\n\nAm 05.10.2026 um 18:02 schrieb Desk <d@example.com>:" + history,
		"Spanish":    "New.\n\nEl lun, 5 oct 2026 a las 18:02, Desk (<d@example.com>) escribió:" + history,
		"Portuguese": "New.\n\nEm seg., 5 de out. de 2026 às 18:02, Desk <d@example.com> escreveu:" + history,
		"Italian":    "New.\n\nIl giorno lun 5 ott 2026 alle ore 18:02 Desk <d@example.com> ha scritto:" + history,
		"Dutch":      "New.\n\nOp ma 5 okt 2026 om 18:02 schreef Desk <d@example.com>:" + history,
		"Swedish":    "New.\n\nDen mån 5 okt. 2026 kl 18:02 skrev Desk <d@example.com>:" + history,
		"Polish":     "New.\n\npon., 5 paź 2026 o 18:02 Desk <d@example.com> napisał(a):" + history,
		"bare quote": "New." + history,
		"Outlook":    "New.\n\nVon: Desk\nGesendet: Montag, 5. Oktober 2026 18:02\nAn: Ada\nBetreff: x\n\nold words",
		"original":   "New.\n\n-----Ursprüngliche Nachricht-----\nVon: Desk\n\nold words",
		"signature":  "New.\n\n-- \nAda Obi\nMarket Square",
		"phone":      "New.\n\nEnvoyé de mon iPhone",
		"list":       "New.\n_______________________________________________\nTalk mailing list\nTalk@example.org",
	} {
		if got := newText(in, in); got != "New." {
			t.Errorf("%s: got %q", name, got)
		}
	}
	for _, whole := range []string{
		"On Monday we met. I wrote: nothing.", "From here one sees: all.", "One more thing -- and it matters.", "> only a quote",
		"Sent from the ministry: a letter that says\nsomething on two lines\nand a third.", "Date: tomorrow\nPlace: the market",
	} {
		if got := newText(whole, whole); got != whole {
			t.Errorf("%q lost words: %q", whole, got)
		}
	}
}

func TestDatesAreReadAsProgramsWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"Tue, 6 Oct 2026 09:15:00 +0100":          "2026-10-06T09:15:00+01:00",
		"Tue, 06 Oct 2026 09:15:00 GMT (comment)": "2026-10-06T09:15:00Z",
		"Tue Oct  6 09:15:00 2026":                "2026-10-06T09:15:00Z",
		"6 Oct 2026 09:15:00 EST":                 "2026-10-06T09:15:00-05:00",
		"2026-10-06 09:15:00":                     "2026-10-06T09:15:00Z",
		"not a date":                              "",
		"":                                        "",
	} {
		got := ""
		if d := (Message{Date: parseDate(in)}).Wire().Date; d != nil {
			got = *d
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

// Each of these made `message parse` panic, or a date that no JSON can hold.
func TestEveryMailHasAJSONForm(t *testing.T) {
	for name, raw := range map[string]string{
		"an address of control characters": "To: <\x1f>, a@example.org\nReply-To:<\x1f\nFrom: \"\x00\" <\x01>\n\nx",
		"the last day in the west":         "Date: Fri, 31 Dec 9999 23:59:59 -1200\n\nx",
	} {
		m := Parse([]byte(raw))
		if _, err := m.MarshalJSON(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := m.Date.UTC().MarshalJSON(); err != nil {
			t.Errorf("%s: date in UTC: %v", name, err)
		}
		if name == "an address of control characters" && (len(m.To) != 1 || m.To[0].Address != "a@example.org") {
			t.Errorf("%s: to %+v", name, m.To)
		}
	}
}

func TestNamesAndSubjectsCommandNoTerminalAndHideNoEnding(t *testing.T) {
	m := Parse([]byte("From: =?utf-8?q?Ev=1B[31m=C2=9B31m?= <a@example.org>\nSubject: =?utf-8?q?x=E2=80=AEy=E2=80=A8z=C2=9B2J?=\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/octet-stream; name=\"=?utf-8?q?=E2=80=AEgpj.exe=C2=9B?=\"\n\nx\n--b--\n"))
	if len(m.Attachments) != 1 || m.Attachments[0].Name != "gpj.exe" || m.Subject != "x y z 2J" || m.From.Name != "Ev [31m 31m" {
		t.Errorf("from %q, subject %q, attachments %+v", m.From.Name, m.Subject, m.Attachments)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("To:<\x1f"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw)
		for _, w := range m.Warnings {
			if strings.HasPrefix(w, "the parser gave up") {
				t.Fatal(w)
			}
		}
		for _, s := range []string{m.Subject, m.Text, m.NewText, m.HTML, m.From.Name, m.From.Address} {
			if strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
				t.Fatalf("not clean: %q", s)
			}
		}
		if _, err := m.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	raw, err := os.ReadFile("testdata/attachment.eml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		Parse(raw)
	}
}

func BenchmarkParseReply(b *testing.B) {
	raw := []byte("Subject: Re: x\nFrom: a@example.org\n\n" + strings.Repeat("A line that somebody wrote about the road at 9:15.\n", 100) +
		"\nOn Mon, Oct 5, 2026 at 6:02 PM, Desk <d@example.com> wrote:\n" + strings.Repeat("> An old line.\n", 300))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		Parse(raw)
	}
}
