package smtp

import (
	"bytes"
	"fmt"

	"github.com/olomotimes/tipsheet/token"
)

// Values are what differs from reader to reader.
type Values struct {
	To          Mailbox // the To field, and the name at the marks of a name
	MessageID   Token
	Unsubscribe Token
	Preferences Token
	View        Token
	// Bounce goes behind the local part of the envelope's sender, with a plus between (VERP). The
	// zero value leaves the sender as it is.
	Bounce Token
}

// Token is a token's characters (token.Keys.AppendSign).
type Token [token.Length]byte

// spanKind is what stands at a place.
type spanKind byte

const (
	noSpan spanKind = iota // behind the last piece
	spanTo                 // the whole To field
	spanMessageID
	spanUnsubscribe
	spanPreferences
	spanView
	spanName
	spanNamed    // a mark that opens what is said by name
	spanNamedEnd // and one that closes it
)

// spanMarks are the marks by kind.
var spanMarks = [...]string{
	spanMessageID: token.MarkMessageID, spanUnsubscribe: token.MarkUnsubscribe, spanPreferences: token.MarkPreferences,
	spanView: token.MarkView, spanName: token.MarkName, spanNamed: token.MarkNamed, spanNamedEnd: token.MarkNamedEnd,
}

// piece is words that are the same for all readers, and what follows them.
type piece struct {
	static []byte
	span   span
}

// span is a place for something of the reader's. In a body it begins and ends a line.
type span struct {
	kind          spanKind
	body          bool     // else in the header
	atEnd         bool     // a line end follows, so that no soft break is needed
	in            escaping // for a name
	before, after string   // what is said only with a name
}

// token is the token that stands at places of a kind; nil for other kinds.
func (v *Values) token(kind spanKind) *Token {
	switch kind {
	case spanMessageID:
		return &v.MessageID
	case spanUnsubscribe:
		return &v.Unsubscribe
	case spanPreferences:
		return &v.Preferences
	case spanView:
		return &v.View
	}
	return nil
}

// check refuses a token that would change the encoding of a line, or give a reader a broken link.
func (t *Token) check() error {
	for _, c := range t {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("%w: a token is missing or has a character outside a-z and 0-9", ErrMessage)
		}
	}
	return nil
}

// append appends what the reader has at this place. name is the cleaned name.
func (s *span) append(dst []byte, v *Values, name []byte) ([]byte, error) {
	switch s.kind {
	case noSpan:
		return dst, nil
	case spanTo:
		return appendMailboxField(dst, "To", name, v.To.Address)
	case spanName:
		if len(name) == 0 {
			return dst, nil
		}
		q := quoter{out: dst}
		q.puts(s.before)
		q.putEscaped(name, s.in)
		q.puts(s.after)
		return q.close(s.atEnd), nil
	}
	dst = append(dst, v.token(s.kind)[:]...)
	if s.body && !s.atEnd {
		dst = append(dst, softBreak...)
	}
	return dst, nil
}

// markAt is a mark and where it stands in encoded words; soft breaks may run through it.
type markAt struct {
	kind       spanKind
	start, end int
}

// marksIn finds every mark.
func marksIn(encoded []byte) (all []markAt) {
	for at := 0; at < len(encoded); {
		found := false
		for kind, mark := range spanMarks {
			if mark == "" || encoded[at] != mark[0] {
				continue
			}
			if end := matchMark(encoded, at, mark); end > 0 {
				all = append(all, markAt{spanKind(kind), at, end})
				at, found = end, true
				break
			}
		}
		if !found {
			at++
		}
	}
	return all
}

// softBreak is how quoted-printable breaks a line that goes on (RFC 2045, section 6.7).
const softBreak = "=\r\n"

// matchMark returns where mark ends when it begins at a place, else 0.
func matchMark(encoded []byte, at int, mark string) (end int) {
	for i := range len(mark) {
		for i > 0 && bytes.HasPrefix(encoded[at:], []byte(softBreak)) {
			at += len(softBreak)
		}
		if at >= len(encoded) || encoded[at] != mark[i] {
			return 0
		}
		at++
	}
	return at
}
