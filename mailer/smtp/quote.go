package smtp

import "unicode/utf8"

// quotedLine is how long a line of quoted-printable grows, without the soft break's "=".
const quotedLine = 75

// quoter writes words as quoted-printable (RFC 2045, section 6.7) in lines of their own, one byte
// at a time, so that what is said to one reader needs no memory. What it writes is its own relaxed
// canonical form (RFC 6376, section 3.4.4), because no two spaces stand together, and no line of
// it begins with a dot, a hyphen or an F: it needs no dot-stuffing, is no boundary, and no "From ".
type quoter struct {
	out    []byte
	column int
	space  bool // a space is still to be written, when it is known what follows
}

// put takes the next byte of the words. A line feed is a line end.
func (q *quoter) put(c byte) {
	if q.space {
		q.space = false
		if c == ' ' || c == '\n' {
			q.hex(' ')
		} else {
			q.literal(' ')
		}
	}
	switch {
	case c == ' ':
		q.space = true
	case c == '\n':
		q.out, q.column = append(q.out, '\r', '\n'), 0
	case c <= ' ' || c >= 0x7f || c == '=':
		q.hex(c)
	default:
		q.literal(c)
	}
}

func (q *quoter) puts(s string) {
	for i := range len(s) {
		q.put(s[i])
	}
}

// close ends the words: in front of a line end that follows, or else with a soft break.
func (q *quoter) close(atEnd bool) []byte {
	if q.space {
		q.space = false
		if atEnd {
			q.hex(' ')
		} else {
			q.literal(' ')
		}
	}
	if !atEnd && q.column > 0 {
		q.out = append(q.out, softBreak...)
	}
	return q.out
}

func (q *quoter) literal(c byte) {
	q.room(1)
	if q.column == 0 && beginsBadly(c) {
		q.hex(c)
		return
	}
	q.out = append(q.out, c)
	q.column++
}

func (q *quoter) hex(c byte) {
	q.room(3)
	q.out = appendHex(q.out, c)
	q.column += 3
}

// room breaks the line where n more bytes would not fit.
func (q *quoter) room(n int) {
	if q.column+n > quotedLine {
		q.out, q.column = append(q.out, softBreak...), 0
	}
}

const hexDigits = "0123456789ABCDEF"

func appendHex(out []byte, c byte) []byte { return append(out, '=', hexDigits[c>>4], hexDigits[c&15]) }

// beginsBadly: a line should not begin with it.
func beginsBadly(c byte) bool { return c == '.' || c == '-' || c == 'F' }

// escaping is how words must be escaped where they stand.
type escaping byte

const (
	inText escaping = iota
	inHTML
	inURL // in an address, in either part
)

// putEscaped takes words escaped for where they stand, as html/template would escape them.
func (q *quoter) putEscaped(words []byte, in escaping) {
	for _, c := range words {
		switch {
		case in == inURL && !unreserved(c):
			const lower = "0123456789abcdef"
			q.put('%')
			q.put(lower[c>>4])
			q.put(lower[c&15])
		case in == inHTML && htmlEscapes[c] != "":
			q.puts(htmlEscapes[c])
		default:
			q.put(c)
		}
	}
}

// htmlEscapes are right in text and in quoted attributes alike.
var htmlEscapes = [256]string{'"': "&#34;", '&': "&amp;", '\'': "&#39;", '+': "&#43;", '<': "&lt;", '>': "&gt;"}

// unreserved is RFC 3986, section 2.3.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// maxName is how many characters of a reader's name are used.
const maxName = 64

// appendName appends a reader's name as mail may carry it: at most maxName characters, no control
// characters and none that turn the direction of what follows, white space as single spaces
// between words, U+FFFD for what is not UTF-8.
func appendName(dst []byte, name string) []byte {
	count, space := 0, false
	for _, r := range name {
		switch {
		case r <= ' ' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029:
			space = count > 0
			continue
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f:
			continue
		}
		if space {
			if count++; count >= maxName {
				return dst
			}
			dst, space = append(dst, ' '), false
		}
		dst = utf8.AppendRune(dst, r)
		if count++; count >= maxName {
			return dst
		}
	}
	return dst
}
