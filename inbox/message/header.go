package message

import (
	"bytes"
	"strings"
	"unicode"
)

// Field is one header field: its name as written, and its value unfolded but not decoded (it may
// hold bytes that are no UTF-8).
type Field struct{ Name, Value string }

// Header is the fields of a message in order. The zero value is an empty header.
type Header struct {
	fields []Field
	eight  string // charset for undeclared 8-bit bytes, where the body names one
}

// Fields gives all fields in order.
func (h Header) Fields() []Field { return h.fields }

// Has says whether there is a field of that name, in any case.
func (h Header) Has(name string) bool {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Get gives the first value of that name that is not blank, unfolded and not decoded, or "".
func (h Header) Get(name string) string {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) && f.Value != "" {
			return f.Value
		}
	}
	return ""
}

// Values gives all values of that name in order.
func (h Header) Values(name string) []string {
	var out []string
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// Text gives the first value of that name as readable text: encoded words (RFC 2047) decoded, white
// space folded.
func (h Header) Text(name string) string {
	return oneLine(decodeWords(h.Get(name), h.eight))
}

// ReadHeader reads a header leniently, as Parse does, and gives what follows it. It never fails:
// what is no header at all gives no fields and all of b.
func ReadHeader(b []byte) (Header, []byte) {
	h, rest, _ := scanHeader(b, maxFields)
	return h, rest
}

// scanHeader reads fields up to the first blank line. A line that is no field is left out when more
// fields follow, and begins the body when none do. At most room fields are kept.
func scanHeader(b []byte, room int) (h Header, rest []byte, warning string) {
	size := 0
	var open field
	rest = b
	for len(rest) > 0 {
		line, after := cutLine(rest)
		size += len(line) + 1
		switch {
		case isBlank(line) && len(line) > 0 && open.name != "" && continues(after):
			// RFC 5322, section 4.2: an empty line of blanks inside a folded field
		case isBlank(line):
			open.closeInto(&h)
			return h, after, warning
		case size > maxHeader:
			warning = "the header is longer than 256 KB; the rest of it was left out"
		case len(h.fields) >= room:
			warning = "the header fields after the first 100,000 were left out"
		case line[0] == ' ' || line[0] == '\t':
			open.extend(line)
		case isField(line):
			open.closeInto(&h)
			open.start(line)
		case fieldFollows(after):
			warning = "a line of the header has no colon"
		case open.name == "":
			return h, b, warning
		default:
			open.closeInto(&h)
			return h, rest, "the header is not ended by a blank line"
		}
		rest = after
	}
	open.closeInto(&h)
	return h, nil, warning
}

// field is the header field being read; a buffer, so that a field of many lines costs no more than
// its bytes.
type field struct {
	name  string
	value []byte
}

func (f *field) start(line []byte) {
	colon := bytes.IndexByte(line, ':')
	f.name = string(bytes.TrimRight(line[:colon], " \t"))
	f.value = append(f.value[:0], bytes.TrimSpace(line[colon+1:])...)
}

// extend unfolds a continuation line (RFC 5322, section 2.2.3).
func (f *field) extend(line []byte) {
	text := bytes.TrimSpace(line)
	if f.name == "" || len(text) == 0 {
		return
	}
	if len(f.value) > 0 {
		f.value = append(f.value, ' ')
	}
	f.value = append(f.value, text...)
}

func (f *field) closeInto(h *Header) {
	if f.name != "" {
		h.fields = append(h.fields, Field{Name: f.name, Value: string(f.value)})
	}
	f.name = ""
}

// continues says whether the next line is a continuation or another field.
func continues(b []byte) bool {
	line, _ := cutLine(b)
	return isField(line) || len(line) > 0 && !isBlank(line) && (line[0] == ' ' || line[0] == '\t')
}

func isBlank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// isField says whether a line begins with a field name and a colon (RFC 5322, section 2.2; blanks
// before the colon are the obsolete form of section 4.5).
func isField(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || colon > 200 {
		return false
	}
	for _, c := range bytes.TrimRight(line[:colon], " \t") {
		if c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return true
}

// fieldFollows says whether more header follows: the next line is a field, or one of those soon after is
// a field that every mail has. Continuation lines are looked over.
func fieldFollows(b []byte) bool {
	for n := range 6 {
		line, rest := cutLine(b)
		if isBlank(line) {
			return false
		}
		if isField(line) && (n == 0 || isCommonField(line)) {
			return true
		}
		b = rest
	}
	return false
}

func isCommonField(line []byte) bool {
	name, _, _ := strings.Cut(strings.ToLower(string(line)), ":")
	switch strings.TrimSpace(name) {
	case "received", "from", "to", "subject", "date", "message-id", "content-type", "mime-version", "return-path", "content-transfer-encoding":
		return true
	}
	return false
}

// oneLine folds white space to single blanks and drops control characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// isControl knows the characters that a name or a subject has no use for: controls of both kinds (a terminal obeys them),
// line separators, and the overrides that show "exe.jpg" for "gpj.exe".
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r == 0x202D || r == 0x202E
}
