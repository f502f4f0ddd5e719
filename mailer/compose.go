package mailer

import (
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// A form is a mailing's mail with places for what differs from reader to reader. All of it
// follows from the mailing's rows, so that a resend has the same bytes after a restart.
type form struct {
	mailing int64
	from    string // the envelope sender, with a token put into it where verp is true
	verp    bool
	shape   *smtp.Form
	keys    token.Keys
}

// newForm composes a mailing's mail once. A nil signer signs nothing.
func newForm(m data.Mailing, v data.Variant, letter data.LetterKind, keys token.Keys, signer *smtp.Signer) (*form, error) {
	f := &form{mailing: m.ID, keys: keys}
	var err error
	f.shape, err = smtp.NewForm(smtp.Mail{
		From:      smtp.Mailbox{Name: m.Header.FromName, Address: m.Header.From},
		ReplyTo:   smtp.Mailbox{Address: m.Header.ReplyTo},
		Subject:   v.Subject,
		Date:      m.DatedAt,
		MessageID: "<" + token.MarkMessageID + "@" + m.Header.Domain + ">",
		Headers:   headersOf(m, letter),
		Text:      v.Text,
		HTML:      v.HTML,
		Boundary:  fmt.Sprintf("%d %s %s", m.ID, v.Edition, v.Language),
	}, siteOf(m.Header)+"/")
	if err != nil {
		return nil, fmt.Errorf("compose mailing %d: %w", m.ID, err)
	}
	if f.shape, err = f.shape.SignedBy(signer); err != nil {
		return nil, fmt.Errorf("sign mailing %d: %w", m.ID, err)
	}
	switch {
	case m.Header.Automatic: // RFC 3834, section 3.3: the null sender
	case m.Header.Bounce != "":
		f.from, f.verp = m.Header.Bounce, true
	default:
		f.from = m.Header.From
	}
	return f, nil
}

// siteOf is how our links begin, without a slash at the end.
func siteOf(h data.Header) string { return strings.TrimRight(h.SiteURL, "/") }

// envelope is who a delivery's mail comes from and goes to, but for the token of its sender.
func (f *form) envelope(d data.Delivery) smtp.Envelope {
	return smtp.Envelope{From: f.from, To: d.Address}
}

// values are what stands in a delivery's mail for its reader. Only tokens that have a place are
// signed.
func (f *form) values(d data.Delivery) smtp.Values {
	v := smtp.Values{To: smtp.Mailbox{Name: d.Name, Address: d.Address}}
	f.keys.AppendSign(v.MessageID[:0], token.PurposeMessageID, d.MailingID, d.Seq)
	if f.shape.Needs(token.MarkUnsubscribe) {
		f.keys.AppendSign(v.Unsubscribe[:0], token.Unsubscribe, d.Subscription, d.MailingID)
	}
	if f.shape.Needs(token.MarkPreferences) {
		f.keys.AppendSign(v.Preferences[:0], token.Preferences, d.Subscription, d.MailingID)
	}
	if f.shape.Needs(token.MarkView) {
		f.keys.AppendSign(v.View[:0], token.View, d.MailingID, d.Seq)
	}
	if f.verp {
		f.keys.AppendSign(v.Bounce[:0], token.Bounce, d.MailingID, d.Seq)
	}
	return v
}

// prepare makes dst one delivery's mail, ready for the wire: envelope, To field, tokens and, where
// there is a signer, signature. It takes no memory that dst does not keep, but for the signature. An
// error that is smtp.ErrUnfit is about this reader; others are about the mailing.
func (f *form) prepare(dst *smtp.Prepared, d data.Delivery) error {
	if err := f.shape.Prepare(dst, f.envelope(d), f.values(d)); err != nil {
		return fmt.Errorf("prepare delivery %d/%d: %w", d.MailingID, d.Seq, err)
	}
	return nil
}

// Message is one delivery's mail as it would go over the wire, unsigned, for previews and tests.
func Message(m data.Mailing, v data.Variant, d data.Delivery, keys token.Keys) ([]byte, error) {
	if m.DatedAt.IsZero() {
		m.DatedAt = time.Now()
	}
	f, err := newForm(m, v, "", keys, nil)
	if err != nil {
		return nil, err
	}
	return f.shape.Append(nil, f.values(d))
}
