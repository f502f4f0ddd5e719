package smtp

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// digest is a mail as an issue has it.
func digest() Mail {
	return Mail{
		From:      Mailbox{"The Morning Lamp", "news@example.org"},
		ReplyTo:   Mailbox{"", "desk@example.org"},
		To:        Mailbox{"Zoë Ọlá", "zoe@example.net"},
		Subject:   "Ferry fares rise – and three more stories that the whole town is talking about today",
		Date:      time.Date(2026, 3, 2, 7, 0, 0, 0, time.FixedZone("", 3600)),
		MessageID: "<abcdefghijklmnopqrstuvwxyz234567@example.org>",
		Headers: []Header{
			{"List-Unsubscribe", "<https://example.org/u/abcdefghijklmnopqrstuvwxyz234567>, <mailto:u+abcdefghijklmnopqrstuvwxyz234567@example.org>"},
			{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
			{"List-Id", "The Morning Lamp <lamp.example.org>"},
			{"X-Mood", "fröhlich =?utf-8?q?x?="},
		},
		Text:     "Ferry fares rise\n\n.\nFrom the pier – a long line: " + strings.Repeat("fares and ferries ", 20) + "\n",
		HTML:     "<p>Ferry fares rise – <a href=\"https://example.org/?a=b&amp;c=d\">more</a></p>\n.\n",
		Boundary: "issue 7",
	}
}

func compose(t testing.TB, m Mail) []byte {
	t.Helper()
	composed, err := Compose(m)
	if err != nil {
		t.Fatal(err)
	}
	return composed
}

// decode reads a composed mail: its header, and its parts by type, decoded.
func decode(t testing.TB, composed []byte) (mail.Header, map[string]string, []string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(composed))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		return m.Header, map[string]string{kind: string(body)}, []string{kind}
	}
	parts, order := map[string]string{}, []string{kind}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart() // decodes quoted-printable itself
		if errors.Is(err, io.EOF) {
			return m.Header, parts, order
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind], order = string(body), append(order, kind)
	}
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

func TestComposedMailReadsAsItWasWritten(t *testing.T) {
	m := digest()
	header, parts, order := decode(t, compose(t, m))
	if !slices.Equal(order, []string{"multipart/alternative", "text/plain", "text/html"}) {
		t.Errorf("parts %v", order)
	}
	if parts["text/plain"] != crlf(m.Text) || parts["text/html"] != crlf(m.HTML) {
		t.Errorf("bodies %q", parts)
	}
	words := new(mime.WordDecoder)
	for name, want := range map[string]string{"Subject": m.Subject, "X-Mood": m.Headers[3].Value,
		"Date": "Mon, 02 Mar 2026 07:00:00 +0100", "Message-Id": m.MessageID, "Mime-Version": "1.0", "User-Agent": "", "X-Mailer": "",
		"List-Unsubscribe": m.Headers[0].Value, "Reply-To": "<desk@example.org>"} {
		if got, err := words.DecodeHeader(header.Get(name)); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]Mailbox{"From": m.From, "To": m.To} {
		if got, err := header.AddressList(name); err != nil || got[0].Name != want.Name || got[0].Address != want.Address {
			t.Errorf("%s is %v, %v", name, got, err)
		}
	}
	m.HTML = ""
	header, parts, order = decode(t, compose(t, m))
	if !slices.Equal(order, []string{"text/plain"}) || parts["text/plain"] != crlf(m.Text) ||
		header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Errorf("plain mail: %v %v %v", order, parts, header)
	}
}

func TestNoLineBeginsWithADotOrAsAMailboxFileDoes(t *testing.T) {
	for _, start := range []string{".", "..", ". ", "From ", "=", "\x00.", strings.Repeat(".", 300)} {
		m := digest()
		m.Text = start + "\n" + start + strings.Repeat("y", 80) + "\n" + strings.Repeat("x", 75) + start + "\n" + strings.Repeat("x", 76) + start
		composed := compose(t, m)
		for line := range bytes.SplitSeq(composed, []byte("\r\n")) {
			if bytes.HasPrefix(line, []byte(".")) || bytes.HasPrefix(line, []byte("From ")) || len(line) > 76 && !bytes.HasPrefix(line, []byte("List-Unsub")) {
				t.Errorf("%q: line %q", start, line)
			}
		}
		if _, parts, _ := decode(t, composed); parts["text/plain"] != crlf(strings.ReplaceAll(m.Text, "\x00", "\uFFFD")) {
			t.Errorf("%q: %q", start, parts["text/plain"])
		}
	}
}

func TestNoWordsCanHaveTheirOwnBoundary(t *testing.T) {
	m := digest()
	first := m.boundary()
	m.Text += "--" + first + "\n"
	if m.boundary() == first {
		t.Error("the words do not change the boundary")
	}
	if _, parts, order := decode(t, compose(t, m)); len(order) != 3 || parts["text/plain"] != crlf(m.Text) {
		t.Errorf("parts %v", order)
	}
}

func TestHeaderHasItsFixedOrder(t *testing.T) {
	head, _, _ := bytes.Cut(compose(t, digest()), []byte("\r\n\r\n"))
	var names []string
	for _, f := range fields(head) {
		name, _, _ := strings.Cut(string(f), ":")
		names = append(names, name)
	}
	want := []string{"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
		"List-Id", "X-Mood", "MIME-Version", "Content-Type"}
	if !slices.Equal(names, want) {
		t.Errorf("order %v", names)
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		// RFC 5322, section 2.1.1; the links stay on one line, because a fold there has broken signatures.
		if len(line) > 78 && !bytes.HasPrefix(line, []byte("List-Unsubscribe: ")) {
			t.Errorf("header line of %d bytes: %s", len(line), line)
		}
	}
}

func TestSameMailGivesTheSameBytesInEveryProcess(t *testing.T) {
	first := compose(t, digest())
	for range 50 {
		if !bytes.Equal(compose(t, digest()), first) {
			t.Fatal("the bytes differ from call to call")
		}
	}
	const variable = "TIPSHEET_COMPOSE_CHILD"
	if os.Getenv(variable) != "" {
		if err := os.WriteFile(os.Getenv(variable), first, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	file := t.TempDir() + "/mail"
	child := exec.CommandContext(limited(t), os.Args[0], "-test.run=^TestSameMailGivesTheSameBytesInEveryProcess$")
	child.Env = append(os.Environ(), variable+"="+file, "TZ=Asia/Tokyo", "LANG=C", "HOSTNAME=elsewhere")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if other, err := os.ReadFile(file); err != nil || !bytes.Equal(other, first) {
		t.Errorf("another process: %d bytes, %v", len(other), err)
	}
	m := digest()
	m.Boundary = "issue 8"
	if bytes.Equal(compose(t, m), first) {
		t.Error("the seed does not change the boundary")
	}
}

func TestHeaderInjectionIsRefused(t *testing.T) {
	for _, bad := range []string{"x\r\nBcc: all@example.com", "x\nBcc: a", "x\ry", "x\x00", "\n", "x\x1b[2J"} {
		for name, change := range map[string]func(*Mail){
			"from name":    func(m *Mail) { m.From.Name = bad },
			"to name":      func(m *Mail) { m.To.Name = bad },
			"from address": func(m *Mail) { m.From.Address = "a@example.org" + bad },
			"to address":   func(m *Mail) { m.To.Address = bad + "a@example.org" },
			"reply-to":     func(m *Mail) { m.ReplyTo.Address = bad + "a@example.org" },
			"reply name":   func(m *Mail) { m.ReplyTo.Name = bad },
			"subject":      func(m *Mail) { m.Subject = bad },
			"message-id":   func(m *Mail) { m.MessageID = "<a" + bad + "@example.org>" },
			"value":        func(m *Mail) { m.Headers = []Header{{"X-A", bad}} },
			"name":         func(m *Mail) { m.Headers = []Header{{"X-" + bad, "a"}} },
		} {
			m := digest()
			change(&m)
			if _, err := Compose(m); err == nil {
				t.Errorf("%s: %q is taken", name, bad)
			}
		}
	}
	for _, name := range []string{"", "Subject", "bcc", "X A", "X:", "Content-Type", "Ä"} {
		m := digest()
		m.Headers = []Header{{name, "a"}}
		if _, err := Compose(m); err == nil {
			t.Errorf("header name %q is taken", name)
		}
	}
	for name, change := range map[string]func(*Mail){
		"no text": func(m *Mail) { m.Text = " \n" }, "no date": func(m *Mail) { m.Date = time.Time{} },
		"no to":        func(m *Mail) { m.To.Address = "" },
		"endless word": func(m *Mail) { m.Subject = strings.Repeat("x", 2000) },
	} {
		m := digest()
		change(&m)
		if _, err := Compose(m); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAnyWordsComeOutSafeAndWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := digest()
		m.Subject = rapid.StringMatching(`[^\p{C}\s]{1,20}( {1,3}[^\p{C}\s]{1,60}){0,12}`).Draw(t, "subject")
		m.To.Name = rapid.StringMatching(`[^\p{C}\s]{1,9}( [^\p{C}\s]{1,30}){0,4}`).Draw(t, "name")
		m.Text = rapid.String().Draw(t, "text") + "."
		m.HTML = rapid.String().Draw(t, "html")
		composed, err := Compose(m)
		if err != nil {
			t.Fatal(err)
		}
		if bare := bytes.ReplaceAll(composed, []byte("\r\n"), nil); bytes.ContainsAny(bare, "\r\n\x00") || has8Bit(bare) {
			t.Fatalf("bare line end or 8-bit byte in %q", composed)
		}
		read, err := mail.ReadMessage(bytes.NewReader(composed))
		if err != nil {
			t.Fatal(err)
		}
		want := 12
		if m.HTML == "" {
			want++ // the transfer encoding is the mail's own then
		}
		if len(read.Header) != want {
			t.Fatalf("header fields: %v", read.Header)
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil || got != m.Subject {
			t.Fatalf("subject %q became %q, %v", m.Subject, got, err)
		}
		if to, err := read.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Name != m.To.Name {
			t.Fatalf("name %q became %v, %v", m.To.Name, to, err)
		}
	})
}
