package mailer

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// nobody stands where each reader's address goes.
const nobody = "reader@reader.invalid"

// A form is a mailing's mail with places for what differs from reader to reader. All of it
// follows from the mailing's rows, so that a resend has the same bytes after a restart.
type form struct {
	header  data.Header
	mailing int64
	from    string // the envelope sender where it is the same for all
	verp    bool
	shape   *smtp.Form
	marks   map[string]string
	to      int // where the To field begins in the composed bytes, and
	toEnd   int // where it ends
	issue   bool
}

// newForm composes a mailing's mail once.
func newForm(m data.Mailing, v data.Variant, letter data.LetterKind) (*form, error) {
	f := &form{header: m.Header, mailing: m.ID, issue: m.Kind == "issue"}
	mail := smtp.Mail{
		From:      smtp.Mailbox{Name: m.Header.FromName, Address: m.Header.From},
		ReplyTo:   smtp.Mailbox{Address: m.Header.ReplyTo},
		To:        smtp.Mailbox{Address: nobody},
		Subject:   v.Subject,
		Date:      m.DatedAt,
		MessageID: "<" + token.MarkMessageID + "@" + m.Header.Domain + ">",
		Headers:   headersOf(m, letter),
		Text:      v.Text,
		HTML:      v.HTML,
		Boundary:  fmt.Sprintf("%d %s %s", m.ID, v.Edition, v.Language),
	}
	composed, err := smtp.Compose(mail)
	if err != nil {
		return nil, fmt.Errorf("compose mailing %d: %w", m.ID, err)
	}
	f.marks = marksIn(composed)
	if f.shape, err = smtp.NewForm(composed, f.marks); err != nil {
		return nil, fmt.Errorf("compose mailing %d: %w", m.ID, err)
	}
	field := []byte("\r\nTo: <" + nobody + ">\r\n")
	at := bytes.Index(composed, field)
	if at < 0 {
		return nil, fmt.Errorf("compose mailing %d: its To field is not where it should be", m.ID)
	}
	f.to, f.toEnd = at+2, at+len(field)
	switch {
	case m.Header.Automatic: // RFC 3834, section 3.3: the null sender
	case m.Header.Bounce != "":
		f.from, f.verp = m.Header.Bounce, true
	default:
		f.from = m.Header.From
	}
	return f, nil
}

// marksIn are the marks that a composed mail has. Soft line breaks may run through them.
func marksIn(composed []byte) map[string]string {
	plain := bytes.ReplaceAll(composed, []byte("=\r\n"), nil)
	all := map[string]string{}
	for name, mark := range map[string]string{
		"unsubscribe": token.MarkUnsubscribe,
		"preferences": token.MarkPreferences,
		"view":        token.MarkView,
		"message-id":  token.MarkMessageID,
	} {
		if bytes.Contains(plain, []byte(mark)) {
			all[name] = mark
		}
	}
	return all
}

// headersOf is what a mail says besides the fields that every mail has.
func headersOf(m data.Mailing, letter data.LetterKind) []smtp.Header {
	h := m.Header
	var all []smtp.Header
	add := func(name, value string) {
		if value != "" {
			all = append(all, smtp.Header{Name: name, Value: value})
		}
	}
	if m.Kind == "letter" {
		if h.Automatic {
			// RFC 3834, section 5: an acknowledgement answers a mail, a confirmation answers none.
			kind := "auto-generated"
			if letter == data.LetterAcknowledgement {
				kind = "auto-replied"
			}
			add("Auto-Submitted", kind)
		}
		add("In-Reply-To", h.InReplyTo)
		add("References", h.Refs)
		return all
	}
	// RFC 8058, section 3.1: both fields, https first, and no cookies asked for at the other end.
	add("List-Unsubscribe", "<"+strings.TrimRight(h.SiteURL, "/")+"/u/"+token.MarkUnsubscribe+">")
	add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	if h.ListID != "" {
		add("List-Id", quotedName(h.List)+" <"+h.ListID+">") // RFC 2919, section 3
	}
	if h.Contact != "" {
		add("List-Help", "<mailto:"+h.Contact+">") // RFC 2369, sections 3.1 and 3.5
		add("List-Owner", "<mailto:"+h.Contact+">")
	}
	if h.Archive != "" {
		add("List-Archive", "<"+h.Archive+">")
	}
	add("List-Post", "NO")                  // RFC 2369, section 3.4
	add("Auto-Submitted", "auto-generated") // RFC 3834, section 5: no vacation reply into the tip line
	add("Precedence", "bulk")               // not a standard; stops old autoresponders
	add("X-Auto-Response-Suppress", "OOF, AutoReply")
	add("Feedback-ID", strconv.FormatInt(m.ID, 10)+":"+firstLabel(h.ListID)+":digest:"+firstLabel(h.Domain))
	return all
}

func firstLabel(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return label
}

// quotedName is a phrase (RFC 5322, section 3.2.5) as a quoted string where it is ASCII; other
// letters are encoded as words by Compose.
func quotedName(s string) string {
	for _, r := range s {
		if r > '~' {
			return s
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// fill writes one reader's mail: its envelope, and its bytes with CRLF line ends.
func (f *form) fill(d data.Delivery, keys token.Keys) (smtp.Envelope, []byte, error) {
	values := map[string]string{
		"message-id":  keys.Sign(token.PurposeMessageID, d.MailingID, d.Seq),
		"unsubscribe": keys.Sign(token.Unsubscribe, d.Subscription, d.MailingID),
		"preferences": keys.Sign(token.Preferences, d.Subscription, d.MailingID),
		"view":        keys.Sign(token.View, d.MailingID, d.Seq),
	}
	filled := f.shape.Fill(values)
	to, err := smtp.AddressField("To", smtp.Mailbox{Name: d.Name, Address: d.Address})
	if err != nil {
		return smtp.Envelope{}, nil, fmt.Errorf("address delivery %d/%d: %w", d.MailingID, d.Seq, err)
	}
	mail := make([]byte, 0, len(filled)+len(to))
	mail = append(mail, filled[:f.to]...)
	mail = append(mail, to...)
	mail = append(mail, filled[f.toEnd:]...)
	from := f.from
	if f.verp {
		local, domain, _ := strings.Cut(f.from, "@")
		from = local + "+" + keys.Sign(token.Bounce, d.MailingID, d.Seq) + "@" + domain
	}
	return smtp.Envelope{From: from, To: d.Address}, mail, nil
}

// Message is one delivery's mail as it would go over the wire, for previews and tests.
func Message(m data.Mailing, v data.Variant, d data.Delivery, keys token.Keys) ([]byte, error) {
	if m.DatedAt.IsZero() {
		m.DatedAt = time.Now()
	}
	f, err := newForm(m, v, "")
	if err != nil {
		return nil, err
	}
	_, mail, err := f.fill(d, keys)
	return mail, err
}
