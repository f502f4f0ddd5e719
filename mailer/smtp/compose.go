package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Mail is what a person reads and what the headers say. Every field is text as people write
// it; Compose does the encoding.
type Mail struct {
	From      Mailbox
	ReplyTo   Mailbox // the zero value leaves it out
	To        Mailbox
	Subject   string
	Date      time.Time
	MessageID string   // with its angle brackets
	Headers   []Header // further ones, written in this order
	Text      string   // the text part; never empty
	HTML      string   // empty makes the mail plain text
	Boundary  string   // seed of the boundary: any text, best one per mailing
}

// Mailbox is a name, which may be empty, and an address.
type Mailbox struct {
	Name    string
	Address string
}

// Header is one header field. A value outside ASCII is encoded as words (RFC 2047).
type Header struct {
	Name  string
	Value string
}

// Compose renders a complete message with CRLF line ends (RFC 5322): multipart/alternative
// with the text first, or plain text, both quoted-printable. The same Mail gives the same
// bytes on every call and in every process: headers have a fixed order, the boundary follows
// from its seed, and nothing names the program or the machine. CR, LF, NUL or another control
// character in any header value is an error, as is anything that would break RFC 5321.
func Compose(m Mail) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	msg := gomail.NewMsg(
		gomail.WithNoDefaultUserAgent(),
		gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary(m.boundary()),
	)
	// go-mail needs both and would make up what is missing; which bytes they get is settled below.
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(strings.Trim(m.MessageID, "<>"))
	msg.SetBodyString(gomail.TypeTextPlain, clean(m.Text))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, clean(m.HTML))
	}
	var rendered bytes.Buffer
	if _, err := msg.WriteTo(&rendered); err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	composed, err := m.withHeaders(rendered.Bytes())
	if err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	if err := Check(composed); err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	return composed, nil
}

// withHeaders puts our header, in our order, in place of the one that go-mail rendered, of
// which only the fields that describe the body are kept. go-mail sorts some fields and
// shuffles others from call to call.
func (m Mail) withHeaders(rendered []byte) ([]byte, error) {
	head, body, ok := bytes.Cut(rendered, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("the rendered mail has no body")
	}
	out := make([]byte, 0, len(rendered)+1024)
	for _, h := range m.headers() {
		var err error
		if out, err = appendHeader(out, h); err != nil {
			return nil, err
		}
	}
	kept := 0
	for _, field := range fields(head) {
		name, _, _ := bytes.Cut(field, []byte(":"))
		switch strings.ToLower(string(name)) {
		case "mime-version", "content-type", "content-transfer-encoding":
			out = append(out, field...)
			kept++
		}
	}
	if kept < 2 {
		return nil, errors.New("the rendered mail does not describe its body")
	}
	out = append(out, "\r\n"...)
	return appendBody(out, body), nil
}

// headers is the fixed order of what we say ourselves.
func (m Mail) headers() []Header {
	list := []Header{{"From", m.From.header()}}
	if m.ReplyTo.Address != "" {
		list = append(list, Header{"Reply-To", m.ReplyTo.header()})
	}
	list = append(list,
		Header{"To", m.To.header()},
		Header{"Subject", encodeWords(clean(m.Subject))},
		Header{"Date", m.Date.Format(time.RFC1123Z)},
		Header{"Message-ID", m.MessageID})
	for _, h := range m.Headers {
		list = append(list, Header{h.Name, encodeWords(clean(h.Value))})
	}
	return list
}

// header is the mailbox as it stands in a header. check has seen it.
func (b Mailbox) header() string {
	value, _ := appendMailbox(nil, []byte(strings.ReplaceAll(clean(b.Name), "\t", " ")), b.Address)
	return string(value)
}

// boundary is 48 hexadecimal digits. They follow from the words as well, so that no words can have
// a line in them that is their own boundary.
func (m Mail) boundary() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "boundary %q %q %q", m.Boundary, m.Text, m.HTML))
	return hex.EncodeToString(sum[:24])
}

// appendBody appends a rendered body so that no line begins with a dot, which some relay would
// stuff wrongly, or with "From ", which a mailbox file would change. Both would break a signature.
// No line of a header within the body begins so. It ends in a line end.
func appendBody(out, body []byte) []byte {
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte("\r\n"))
		body = rest
		for len(line) > 0 && (line[0] == '.' || bytes.HasPrefix(line, []byte("From "))) {
			out = appendHex(out, line[0])
			if line = line[1:]; len(line)+len("=2E") > quotedLine+1 {
				out = append(out, softBreak...)
			} else {
				break
			}
		}
		out = append(append(out, line...), '\r', '\n')
	}
	return out
}

// check finds what must not get into a header.
func (b Mailbox) check(name string) error {
	if err := checkValue(Header{name, b.Name}); err != nil {
		return err
	}
	if _, _, err := wireAddress(b.Address); err != nil {
		return fmt.Errorf("header %s: %w", name, err)
	}
	return nil
}

// check finds what must not get into a header, and what is missing.
func (m Mail) check() error {
	errs := []error{m.From.check("From"), m.To.check("To"),
		checkValue(Header{"Subject", m.Subject}), checkValue(Header{"Message-ID", m.MessageID})}
	if m.ReplyTo != (Mailbox{}) {
		errs = append(errs, m.ReplyTo.check("Reply-To"))
	}
	for _, h := range m.Headers {
		errs = append(errs, checkName(h.Name), checkValue(h))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	id := m.MessageID
	switch {
	case len(id) < 5 || id[0] != '<' || id[len(id)-1] != '>' || strings.Count(id, "@") != 1 ||
		strings.ContainsFunc(id[1:len(id)-1], func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' }):
		return errors.New("header Message-ID: it is not of the form <left@right>")
	case m.Date.IsZero():
		return errors.New("header Date: it is not set")
	case strings.TrimSpace(m.Text) == "":
		return errors.New("the text part is empty")
	}
	return nil
}

// clean makes text valid UTF-8 without NUL; what is not becomes U+FFFD, which the reader sees.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
