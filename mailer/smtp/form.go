package smtp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Form is a mail that is composed, encoded and checked once, with places for what differs from
// reader to reader: the To field, tokens, a name. It does not change once made and may be used by
// many goroutines.
//
// In a body each place has lines of its own, between soft line breaks, so that what is put there
// is encoded alone and nothing around it moves. Nothing that is put there can begin a header, a
// part, or a line with a dot.
type Form struct {
	head, body []piece
	fields     [][]byte // the header's fields, with the marks in them
	multipart  bool
	eightBit   bool // our own address in the header is outside ASCII
	size       int  // bytes, without what is spliced in
	needs      []spanKind
	seal       *seal // nil: not signed
}

// nobody stands where each reader's address goes.
const nobody = "reader@reader.invalid"

// tokenFields are the header fields that may have tokens. Others have words that came from
// elsewhere, such as a story's title in the subject.
var tokenFields = [...]string{"message-id", "list-unsubscribe"}

// NewForm composes m once. m.To is not looked at. Marks (package token) may stand in the
// Message-ID, in a List-Unsubscribe header and in both parts. own is how our own links begin,
// "https://news.example.org/": a token's mark in a body outside such a link, and the mark of a
// name in a link that is not ours, are left out, because whoever put them there was not us.
//
// The error is what Compose says.
func NewForm(m Mail, own string) (*Form, error) {
	m.To = Mailbox{Address: nobody}
	composed, err := Compose(m)
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(composed, []byte("\r\n\r\n"))
	f := &Form{fields: fields(head), multipart: m.HTML != ""}
	for _, field := range f.fields {
		f.head = append(f.head, fieldPieces(field)...)
	}
	f.head = join(append(f.head, piece{static: []byte("\r\n")}))
	if f.body, err = cutBody(body, m.boundary(), f.multipart, own); err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	all := slices.Concat(f.head, f.body)
	for i := range all {
		f.size += len(all[i].static)
		f.eightBit = f.eightBit || has8Bit(all[i].static)
		if kind := all[i].span.kind; !slices.Contains(f.needs, kind) {
			f.needs = append(f.needs, kind)
		}
	}
	return f, nil
}

// fieldPieces takes a header field apart at its marks.
func fieldPieces(field []byte) (all []piece) {
	name, _, _ := bytes.Cut(field, []byte(":"))
	lower := strings.ToLower(string(name))
	if lower == "to" {
		return []piece{{span: span{kind: spanTo}}}
	}
	at := 0
	if slices.Contains(tokenFields[:], lower) {
		for _, m := range marksIn(field) {
			all = append(all, piece{field[at:m.start], span{kind: m.kind}})
			at = m.end
		}
	}
	return append(all, piece{static: field[at:]})
}

// join makes one of neighbours with nothing between.
func join(pieces []piece) (joined []piece) {
	for _, p := range pieces {
		if n := len(joined); n > 0 && joined[n-1].span.kind == noSpan {
			joined[n-1] = piece{slices.Concat(joined[n-1].static, p.static), p.span}
		} else {
			joined = append(joined, p)
		}
	}
	return joined
}

// Needs says whether the mark stands in the mail, so that only those tokens are signed.
func (f *Form) Needs(mark string) bool {
	return slices.ContainsFunc(f.needs, func(kind spanKind) bool { return spanMarks[kind] == mark })
}

// Append appends one reader's mail to dst, signed where the form is. Its memory is dst's alone
// where that is large enough. The error is ErrUnfit: an address that is none, or a token that is
// missing; dst is then as long as it was.
func (f *Form) Append(dst []byte, values Values) ([]byte, error) {
	return f.append(dst, &values)
}

// Prepare makes dst one reader's mail, ready for the wire. Nothing is looked through again: the
// words are checked already, and what is put into them is checked as it is put there. The error is
// ErrUnfit, and dst then holds no message.
func (f *Form) Prepare(dst *Prepared, e Envelope, values Values) error {
	dst.plain, dst.dots, dst.stuffed = dst.plain[:0], dst.dots[:0], dst.stuffed[:0]
	if err := dst.address(e); err != nil {
		return err
	}
	if values.Bounce != (Token{}) {
		if err := dst.verp(&values.Bounce); err != nil {
			return err
		}
	}
	var err error
	dst.plain, err = f.append(dst.plain, &values)
	// Only an address can be outside ASCII; everything else is encoded.
	dst.eightBit = f.eightBit || dst.utf8 && !isASCII(values.To.Address)
	return err
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// verp puts a token behind the local part of the sender (RFC 5233, section 1).
func (p *Prepared) verp(t *Token) error {
	if err := t.check(); err != nil {
		return err
	}
	at := bytes.LastIndexByte(p.from, '@')
	if at < 1 || at+1+len(t) > 64 || p.from[at-1] == '"' {
		return fmt.Errorf("sender: %w: a token does not fit behind its local part", ErrAddress)
	}
	p.from = slices.Insert(p.from, at, '+')
	p.from = slices.Insert(p.from, at+1, t[:]...)
	return nil
}

// append is Append and keeps to dst's memory.
func (f *Form) append(dst []byte, v *Values) ([]byte, error) {
	for _, kind := range f.needs {
		if t := v.token(kind); t != nil {
			if err := t.check(); err != nil {
				return dst, err
			}
		}
	}
	var room [maxName * 4]byte
	name := appendName(room[:0], v.To.Name)
	was := len(dst)
	dst = slices.Grow(dst, f.size+headRoom)
	var err error
	if f.seal != nil {
		dst, err = f.seal.append(dst, f, v, name)
	} else {
		if dst, err = appendPieces(dst, f.head, v, name); err == nil {
			dst, err = appendPieces(dst, f.body, v, name)
		}
	}
	if err != nil {
		return dst[:was], err
	}
	return dst, nil
}

// headRoom is memory for what is spliced in and for what the wire puts behind the message.
const headRoom = 4 << 10

func appendPieces(dst []byte, pieces []piece, v *Values, name []byte) (_ []byte, err error) {
	for i := range pieces {
		dst = append(dst, pieces[i].static...)
		if dst, err = pieces[i].span.append(dst, v, name); err != nil {
			return dst, err
		}
	}
	return dst, nil
}
