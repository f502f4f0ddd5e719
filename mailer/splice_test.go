package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/proof/postfix"
	"github.com/olomotimes/tipsheet/proof/root"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

func partsOf(t testing.TB, m *mail.Message) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind] += strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

// hostile are pieces of words that somebody would put into a feed or a form to do harm.
var hostile = []string{"", "Ferry", " fares ", "Zoë Ọlá", "\r\n", "\n.\n", "\r\n.\r\n", "\r.\r", "\n.\r\n", "\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<many@example.net>\r\nDATA\r\n",
	"\x00", "\x1b[2J", "=", "=\r\n", "=0D=0A.=0D=0A", "=?utf-8?Q?=0D=0ABcc:_all@example.com?=", "\r\nBcc: all@example.com\r\n\r\n", "\nX-Evil: 1", "<script>alert(1)</script>", `"`, "'",
	".", "..", "--", "From ", "\xff", "\u2028", "\u202e", "日本語", strings.Repeat("x", 1200), "{{.}}", "\t", "%0d%0a", "Content-Type: text/html\r\n\r\n",
	token.MarkUnsubscribe, token.MarkPreferences, token.MarkName, token.MarkNamed, token.MarkNamedEnd, "https://evil.example/" + token.MarkView}

func words(r *rand.Rand, most int) string {
	var b strings.Builder
	for range 1 + r.IntN(most) {
		b.WriteString(hostile[r.IntN(len(hostile))])
	}
	return b.String()
}

func mailTemplates(t testing.TB) *templates.Mail {
	t.Helper()
	m, err := templates.NewMail()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// digestOf is an issue as the digest's desk has it rendered, with links for one reader or marks.
func digestOf(stories []templates.DigestStory, unsubscribe, preferences, view string) templates.DigestMail {
	return templates.DigestMail{
		Site:           templates.Site{Name: "The Lamp", PostalAddress: "1 Example Street"},
		NewsletterName: "The Morning Lamp", Date: listMailing().DatedAt, Language: "en", Stories: stories,
		UnsubscribeURL: "https://news.example.org/u/" + unsubscribe, PreferencesURL: "https://news.example.org/p/" + preferences,
		ViewURL: "https://news.example.org/i/" + view, ArchiveURL: "https://news.example.org/archive/",
	}
}

func variantOf(t testing.TB, m *templates.Mail, d templates.DigestMail) data.Variant {
	t.Helper()
	r, err := m.Digest(d)
	if err != nil {
		t.Fatal(err)
	}
	return data.Variant{Edition: "full", Language: "en", Subject: r.Subject, HTML: r.HTML, Text: r.Text}
}

func TestThousandReadersGetTheDigestThatIsRenderedForThem(t *testing.T) {
	m, k := mailTemplates(t), testKeys(t)
	stories := []templates.DigestStory{{Title: "Ferry fares rise – again", Summary: strings.Repeat("Fares & ferries. ", 12), Link: "https://news.example.org/a?b=1&c=2"},
		{Title: ".", Summary: "From the pier"}, {Title: "=3D", Summary: "--"}}
	f, err := newForm(listMailing(), variantOf(t, m, digestOf(stories, token.MarkUnsubscribe, token.MarkPreferences, token.MarkView)), "", testKeys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		d := data.Delivery{MailingID: 7, Seq: r.Int64N(1 << 39), Subscription: r.Int64N(1 << 39), Address: fmt.Sprintf("r%d@example.com", r.Uint32()), Name: words(r, 4)}
		raw, err := f.shape.Append(nil, f.values(d))
		if err != nil {
			t.Fatal(err)
		}
		want := variantOf(t, m, digestOf(stories, k.Sign(token.Unsubscribe, d.Subscription, 7), k.Sign(token.Preferences, d.Subscription, 7), k.Sign(token.View, 7, d.Seq)))
		h, parts := bodies(t, raw)
		if parts["text/html"] != want.HTML || parts["text/plain"] != want.Text {
			t.Fatalf("%+v got another digest:\n%s\nwant\n%s", d, parts["text/plain"], want.Text)
		}
		if to, err := h.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != d.Address {
			t.Fatalf("To: %v %v", to, err)
		}
	}
}

func TestPreparingADeliveryTakesNoMemory(t *testing.T) {
	f, err := newForm(listMailing(), variantOf(t, mailTemplates(t), digestOf([]templates.DigestStory{{Title: "Fares"}}, token.MarkUnsubscribe, token.MarkPreferences, token.MarkView)), "", testKeys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var p smtp.Prepared
	d := data.Delivery{MailingID: 7, Seq: 3, Subscription: 40, Address: "zoe@example.com", Name: "Zoë"}
	if n := testing.AllocsPerRun(100, func() {
		if err := f.prepare(&p, d); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// locals are local parts of addresses, the good and the bad.
var locals = []string{"many", "many+o'brien", "many+%d.x", "many+=?{}", `"many"`, "many\r\nBcc", "many>\r\nDATA\r\n", "many\x00", "many+\xff", "ma ny", "", strings.Repeat("m", 65), "many@elsewhere"}

func TestThousandHostileStoriesNamesAndAddressesDoNoHarmThroughPostfix(t *testing.T) {
	root.Need(t)
	server, err := postfix.Start(postfix.Options{Domains: []string{"example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	c := connected(t, ctx, server.Port())
	defer c.Abort()
	m, r, sent, unfit := mailTemplates(t), rand.New(rand.NewPCG(5, 6)), 0, 0
	refused := new(smtp.RefusedError)
	var p smtp.Prepared
	for i := 0; sent < 1000; i++ {
		f := hostileForm(t, m, r)
		d := data.Delivery{MailingID: 7, Seq: int64(i), Subscription: 40, Name: token.Strip(words(r, 6)), Address: locals[0] + "@example.net"}
		if i%3 == 0 {
			d.Address = locals[r.IntN(len(locals))] + "@example.net"
		}
		err := f.prepare(&p, d)
		if errors.Is(err, smtp.ErrAddress) {
			unfit++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		wireClean(t, f, d)
		if err := c.Offer(ctx, &p); errors.As(err, &refused) && c.Usable() && strings.Contains(d.Address, "%") {
			unfit++ // RFC 2821, appendix C: a relay takes it for a source route
			continue
		} else if err != nil {
			t.Fatalf("%q: %v", d.Address, err)
		}
		if reply, err := c.Dot(ctx); err != nil || !reply.Accepted() {
			t.Fatalf("%q: %v %v", d.Address, reply, err)
		}
		sent++
	}
	if unfit < 100 {
		t.Errorf("only %d bad addresses were tried", unfit)
	}
	got := maildir(t, ctx, server, sent)
	if len(got) != sent {
		t.Fatalf("%d mails arrived of %d", len(got), sent)
	}
	for _, raw := range got {
		harmless(t, raw)
	}
}

// hostileForm is an issue of stories that do what they can.
func hostileForm(t *testing.T, m *templates.Mail, r *rand.Rand) *form {
	t.Helper()
	var stories []templates.DigestStory
	for range 1 + r.IntN(4) {
		stories = append(stories, templates.DigestStory{Title: words(r, 6), Summary: words(r, 9), Author: words(r, 3), Link: "https://example.com/" + words(r, 2)})
	}
	f, err := newForm(listMailing(), variantOf(t, m, digestOf(stories, token.MarkUnsubscribe, token.MarkPreferences, token.MarkView)), "", testKeys(t), nil)
	if err != nil {
		t.Fatalf("%+v: %v", stories, err)
	}
	return f
}

// wireClean looks at a mail as it goes over the wire.
func wireClean(t *testing.T, f *form, d data.Delivery) {
	t.Helper()
	raw, err := f.shape.Append(nil, f.values(d))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(bytes.ReplaceAll(raw, []byte("\r\n"), nil), "\r\n\x00") || bytes.Contains(raw, []byte("\r\n.")) {
		t.Fatalf("a bare line end, a NUL or a dot at the start of a line in %q", raw)
	}
}

// maildir waits for n mails in all mailboxes, and returns all that there are.
func maildir(t *testing.T, ctx context.Context, server *postfix.Postfix, n int) (all [][]byte) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	pattern := filepath.Join(filepath.Dir(server.Maildir("many@example.net")), "*", "new", "*")
	for {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) >= n {
			for _, file := range files {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, raw)
			}
			return all
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d mails arrived of %d", len(files), n)
		}
	}
}

// harmless looks at a mail as Postfix stored it, with LF as line ends.
func harmless(t *testing.T, raw []byte) {
	t.Helper()
	if bytes.ContainsAny(raw, "\r\x00") {
		t.Fatalf("a bare CR or a NUL in %q", raw)
	}
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(line) > smtp.MaxLine {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
	h, parts := bodies(t, bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")))
	intended := strings.Fields("From Reply-To To Subject Date Message-Id List-Unsubscribe List-Unsubscribe-Post List-Id List-Help List-Owner List-Archive List-Post " +
		"Auto-Submitted Precedence X-Auto-Response-Suppress Feedback-Id Mime-Version Content-Type Return-Path Delivered-To X-Original-To Received")
	for name, values := range h {
		if !slices.Contains(intended, name) || len(values) != 1 {
			t.Fatalf("the header %s: %q", name, values)
		}
	}
	if len(h) < 20 || len(parts) != 2 || !strings.Contains(parts["text/html"], "</html>") {
		t.Fatalf("%d headers, %d parts", len(h), len(parts))
	}
	for _, mark := range token.Marks() {
		if strings.Contains(parts["text/plain"]+parts["text/html"], mark) {
			t.Fatalf("the mark %s was left", mark)
		}
	}
	if strings.Count(parts["text/html"], "https://news.example.org/u/") != 1 {
		t.Fatalf("not one way out: %s", parts["text/html"])
	}
}
