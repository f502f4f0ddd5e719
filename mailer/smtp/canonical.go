package smtp

import (
	"bytes"
	"strings"
)

// signedFields returns the names for h= and the canonical fields in the same order. Of a field
// that occurs more than once the last comes first (RFC 6376, section 5.4.2).
func signedFields(all [][]byte) (names []string, canonical [][]byte) {
	byName := make(map[string][][]byte, len(all))
	for _, field := range all {
		name, _, _ := bytes.Cut(field, []byte(":"))
		lower := strings.ToLower(string(bytes.TrimRight(name, " \t")))
		byName[lower] = append(byName[lower], field)
	}
	for _, name := range signedHeaders {
		list := byName[strings.ToLower(name)]
		for i := len(list) - 1; i >= 0; i-- {
			names = append(names, name)
			canonical = append(canonical, relaxedField(list[i]))
		}
	}
	if len(byName["from"]) == 0 {
		return nil, nil
	}
	return append(names, oversigned[:]...), canonical
}

// relaxedField is RFC 6376, section 3.4.2: the name in lower case, the value unfolded, runs of
// white space as one space, none around the colon or at the end.
func relaxedField(field []byte) []byte {
	return appendRelaxed(make([]byte, 0, len(field)), field)
}

// appendRelaxed appends what relaxedField returns.
func appendRelaxed(out, field []byte) []byte {
	name, value, _ := bytes.Cut(field, colon)
	for _, c := range bytes.TrimRight(name, " \t") {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	out = append(out, ':')
	start, space := len(out), false
	for _, c := range value {
		switch c {
		case '\r', '\n':
		case ' ', '\t':
			space = true
		default:
			if space && len(out) > start {
				out = append(out, ' ')
			}
			space = false
			out = append(out, c)
		}
	}
	return append(out, '\r', '\n')
}

var colon = []byte{':'}

// relaxedBody is RFC 6376, section 3.4.4: runs of white space in a line as one space, none at
// its end, no empty lines at the end of the body, and a line end at the last line if there is
// any.
func relaxedBody(body []byte) []byte {
	out := relaxedLines(body)
	for bytes.HasSuffix(out, []byte("\r\n\r\n")) {
		out = out[:len(out)-2]
	}
	if bytes.Equal(out, []byte("\r\n")) {
		return nil
	}
	return out
}

// relaxedLines is relaxedBody with the empty lines at the end.
func relaxedLines(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte("\r\n"))
		body = rest
		line = bytes.TrimRight(line, " \t")
		if bytes.IndexByte(line, '\t') < 0 && !bytes.Contains(line, []byte("  ")) {
			out = append(out, line...)
		} else {
			out = appendSqueezed(out, line)
		}
		out = append(out, '\r', '\n')
	}
	return out
}

// appendSqueezed appends line with each run of spaces and tabs as one space.
func appendSqueezed(out, line []byte) []byte {
	space := false
	for _, c := range line {
		if c == ' ' || c == '\t' {
			space = true
			continue
		}
		if space {
			out = append(out, ' ')
		}
		space = false
		out = append(out, c)
	}
	return out
}
