package mailer

import (
	"bytes"
	"context"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/token"
)

func testKeys(t testing.TB) token.Keys {
	t.Helper()
	k, err := token.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// listMailing is an issue with everything that its header may say.
func listMailing() data.Mailing {
	return data.Mailing{ID: 7, Kind: "issue", DatedAt: time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC), Header: data.Header{
		From: "digest@news.example.org", FromName: "The Morning Lamp", ReplyTo: "tips@example.net", Domain: "news.example.org",
		Bounce: "bounces@news.example.org", SiteURL: "https://news.example.org", Site: "The Lamp", List: "The Morning Lamp",
		ListID: "lamp.news.example.org", Archive: "https://news.example.org/archive/", Contact: "desk@news.example.org",
	}}
}

// delivered hands one delivery over to a relay and returns what that got.
func delivered(t *testing.T, m data.Mailing, v data.Variant, kind data.LetterKind, d data.Delivery) smtptest.Message {
	t.Helper()
	f, err := newForm(m, v, kind, testKeys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var p smtp.Prepared
	if err := f.prepare(&p, d); err != nil {
		t.Fatal(err)
	}
	server, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := connected(t, ctx, server.Port())
	defer c.Abort()
	handOver(t, ctx, c, &p)
	return server.Messages()[0]
}

func connected(t *testing.T, ctx context.Context, port int) *smtp.Conn {
	t.Helper()
	s := smtp.DefaultSettings()
	s.Host, s.Port, s.TLS, s.HELO, s.Recycle = "127.0.0.1", port, dial.None, "mail.example.org", 0
	c, err := smtp.Dial(ctx, s, smtp.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func handOver(t *testing.T, ctx context.Context, c *smtp.Conn, p *smtp.Prepared) {
	t.Helper()
	if err := c.Offer(ctx, p); err != nil {
		t.Fatal(err)
	}
	if reply, err := c.Dot(ctx); err != nil || !reply.Accepted() {
		t.Fatalf("dot: %v %v", reply, err)
	}
}

// headerLines are the header's fields in their order, unfolded and decoded.
func headerLines(t *testing.T, raw []byte) []string {
	t.Helper()
	head, _, ok := strings.Cut(string(raw), "\r\n\r\n")
	if !ok {
		t.Fatalf("no body in %q", raw)
	}
	decoded, err := new(mime.WordDecoder).DecodeHeader(strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(head))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(decoded, "\r\n")
}

func compareHeaders(t *testing.T, raw []byte, want ...string) {
	t.Helper()
	got := headerLines(t, raw)
	for i, line := range got {
		if strings.HasPrefix(line, "Content-Type: multipart/alternative; boundary=") {
			got[i] = "Content-Type: multipart/alternative"
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the header is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDigestArrivesWithWhatTheStandardsAsk(t *testing.T) {
	k := testKeys(t)
	v := data.Variant{Edition: "full", Language: "en", Subject: "Ferry fares rise – again", HTML: "<p>Fares</p>", Text: "Fares\n"}
	got := delivered(t, listMailing(), v, "", data.Delivery{MailingID: 7, Seq: 3, Subscription: 40, Address: "zoe@example.com", Name: "Zoë"})
	u := k.Sign(token.Unsubscribe, 40, 7)
	compareHeaders(t, got.Data,
		`From: "The Morning Lamp" <digest@news.example.org>`,
		"Reply-To: <tips@example.net>",
		"To: Zoë <zoe@example.com>",
		"Subject: Ferry fares rise – again",
		"Date: Mon, 02 Mar 2026 07:00:00 +0000",
		"Message-ID: "+token.MessageID(k, 7, 3, "news.example.org"),
		"List-Unsubscribe: <https://news.example.org/u/"+u+">, <mailto:bounces+unsubscribe-"+u+"@news.example.org?subject=unsubscribe>",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
		`List-Id: "The Morning Lamp" <lamp.news.example.org>`,
		"List-Help: <mailto:desk@news.example.org>",
		"List-Owner: <mailto:desk@news.example.org>",
		"List-Archive: <https://news.example.org/archive/>",
		"List-Post: NO",
		"Auto-Submitted: auto-generated",
		"Precedence: bulk",
		"X-Auto-Response-Suppress: OOF, AutoReply",
		"Feedback-ID: 7:lamp:digest:news",
		"MIME-Version: 1.0",
		"Content-Type: multipart/alternative",
	)
	if got.From != "bounces+"+k.Sign(token.Bounce, 7, 3)+"@news.example.org" || !slices.Equal(got.To, []string{"zoe@example.com"}) {
		t.Errorf("envelope %s %v", got.From, got.To)
	}
	if strings.Contains(string(got.Data), "unsubscribe=\r\n ") || !strings.Contains(string(got.Data), "?subject=unsubscribe>\r\nList-Unsubscribe-Post") {
		t.Error("List-Unsubscribe is folded")
	}
}

func TestAutomaticLetterArrivesFromNobodyAndOfNoList(t *testing.T) {
	for kind, submitted := range map[data.LetterKind]string{data.LetterConfirmation: "auto-generated", data.LetterAcknowledgement: "auto-replied"} {
		m := listMailing()
		m.Kind, m.Header.Automatic, m.Header.InReplyTo, m.Header.Refs = "letter", true, "<tip@example.net>", "<first@example.net> <tip@example.net>"
		got := delivered(t, m, data.Variant{Subject: "We have it", Text: "Thank you.\n"}, kind, data.Delivery{MailingID: 7, Seq: 1, Address: "zoe@example.com"})
		compareHeaders(t, got.Data,
			`From: "The Morning Lamp" <digest@news.example.org>`,
			"Reply-To: <tips@example.net>",
			"To: <zoe@example.com>",
			"Subject: We have it",
			"Date: Mon, 02 Mar 2026 07:00:00 +0000",
			"Message-ID: "+token.MessageID(testKeys(t), 7, 1, "news.example.org"),
			"Auto-Submitted: "+submitted,
			"In-Reply-To: <tip@example.net>",
			"References: <first@example.net> <tip@example.net>",
			"MIME-Version: 1.0",
			"Content-Transfer-Encoding: quoted-printable",
			"Content-Type: text/plain; charset=UTF-8",
		)
		if got.From != "" {
			t.Errorf("%s: sender %q, not the null sender", kind, got.From)
		}
	}
}

func TestEditorsLetterArrivesAsAPersonsMail(t *testing.T) {
	m := listMailing()
	m.Kind, m.Header.InReplyTo, m.Header.Refs = "letter", "<tip@example.net>", "<first@example.net> <tip@example.net>"
	got := delivered(t, m, data.Variant{Subject: "Re: a tip", Text: "Could we talk?\n"}, data.LetterReply, data.Delivery{MailingID: 7, Seq: 1, Address: "zoe@example.com", Name: `Zoe "Z" Bell`})
	compareHeaders(t, got.Data,
		`From: "The Morning Lamp" <digest@news.example.org>`,
		"Reply-To: <tips@example.net>",
		`To: "Zoe \"Z\" Bell" <zoe@example.com>`,
		"Subject: Re: a tip",
		"Date: Mon, 02 Mar 2026 07:00:00 +0000",
		"Message-ID: "+token.MessageID(testKeys(t), 7, 1, "news.example.org"),
		"In-Reply-To: <tip@example.net>",
		"References: <first@example.net> <tip@example.net>",
		"MIME-Version: 1.0",
		"Content-Transfer-Encoding: quoted-printable",
		"Content-Type: text/plain; charset=UTF-8",
	)
	if !strings.HasPrefix(got.From, "bounces+") {
		t.Errorf("sender %q", got.From)
	}
}

func TestUnsubscribeLetterFindsItsWay(t *testing.T) {
	mark := token.MarkUnsubscribe
	for _, tt := range []struct {
		header data.Header
		want   string
	}{
		{data.Header{Bounce: "b@example.org", Contact: "desk@example.org"}, "mailto:b+unsubscribe-" + mark + "@example.org?subject=unsubscribe"},
		{data.Header{Contact: "desk@example.org", From: "news@example.org"}, "mailto:desk@example.org?subject=unsubscribe%20" + mark},
		{data.Header{From: "news@example.org"}, "mailto:news@example.org?subject=unsubscribe%20" + mark},
		// No room for the word and a token in a local part of 64.
		{data.Header{Bounce: "bounces-of-the-morning-lamp@example.org", Contact: "desk@example.org"}, "mailto:desk@example.org?subject=unsubscribe%20" + mark},
		{data.Header{Contact: `"a, b>"@example.org`}, "mailto:%22a%2C%20b%3E%22@example.org?subject=unsubscribe%20" + mark},
		{data.Header{Contact: "100%+x@example.org"}, "mailto:100%25+x@example.org?subject=unsubscribe%20" + mark},
		{data.Header{}, ""},
	} {
		if got := unsubscribeLetter(tt.header); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.header, got, tt.want)
		}
	}
}

// bodies are a mail's decoded parts by type.
func bodies(t testing.TB, raw []byte) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, partsOf(t, m)
}
