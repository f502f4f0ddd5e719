package message

import (
	"strings"

	"github.com/emersion/go-message/mail"
)

// addressList reads all fields of that name. go-message's strict reader is asked first; what it
// refuses goes to readAddresses. Only the first 8 KB of a field are looked at.
func (h Header) addressList(name string) []Address {
	var out []Address
	for _, value := range h.Values(name) {
		if len(value) > maxAddressText {
			value = value[:maxAddressText]
		}
		for _, a := range parseAddresses(value, h.eight) {
			if len(out) == maxAddresses {
				return out
			}
			a = Address{Name: oneLine(clean(a.Name)), Address: printable(clean(a.Address))}
			if a.IsZero() {
				continue // it was nothing but control characters
			}
			out = append(out, a)
		}
	}
	return out
}

func parseAddresses(value, eight string) []Address {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	list, err := mail.ParseAddressList(value)
	if err != nil || strings.Contains(value, "=?") {
		return readAddresses(value, eight)
	}
	out := make([]Address, 0, len(list))
	for _, a := range list {
		out = append(out, Address{Name: oneLine(decodeWords(a.Name, eight)), Address: clean(a.Address)})
	}
	return out
}

// readAddresses is the lenient reader: it cuts at commas and semicolons outside of quotes, comments
// and angle brackets, and takes each piece for what it looks most like.
func readAddresses(value, eight string) []Address {
	var out []Address
	for _, piece := range cutAddresses(value) {
		if a := readAddress(piece, eight); !a.IsZero() {
			out = append(out, a)
		}
	}
	return out
}

func cutAddresses(s string) []string {
	var out []string
	var quoted, angle bool
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"' && depth == 0 && (quoted || strings.IndexByte(s[i+1:], '"') >= 0):
			quoted = !quoted
		case quoted:
		case c == '(' && strings.IndexByte(s[i:], ')') > 0:
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0:
		case c == '<':
			angle = strings.IndexByte(s[i:], '>') > 0
		case c == '>':
			angle = false
		case angle:
		case c == ',' || c == ';':
			out = append(out, s[start:i])
			start = i + 1
		case c == ':' && !strings.Contains(s[start:i], "@"): // the name of a group
			start = i + 1
		}
	}
	return append(out, s[min(start, len(s)):])
}

func readAddress(s, eight string) Address {
	s = strings.TrimSpace(s)
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		name, rest := takeComment(s)
		rest = strings.Trim(rest, "\"' \t")
		if !strings.Contains(rest, "@") && strings.ContainsAny(rest, " \t=") {
			return Address{Name: displayName(rest, eight)}
		}
		if at := bareAddress(rest); at != "" && at != rest { // "Name user@example.org"
			return Address{Name: displayName(strings.TrimSpace(strings.Replace(rest, at, "", 1)), eight), Address: at}
		}
		if !strings.Contains(rest, "@") {
			return Address{Name: displayName(first(rest, name), eight)}
		}
		return Address{Name: displayName(name, eight), Address: plainAddress(rest)}
	}
	address := s[open+1:]
	if end := strings.IndexByte(address, '>'); end >= 0 {
		address = address[:end]
	}
	name := displayName(s[:open], eight)
	if comment, _ := takeComment(s[:open]); name == "" && comment != "" {
		name = displayName(comment, eight)
	}
	if address = plainAddress(address); !strings.Contains(address, "@") {
		return Address{Name: first(name, address)}
	}
	return Address{Name: name, Address: address}
}

// takeComment gives the text of the last comment and s without it.
func takeComment(s string) (comment, rest string) {
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return "", s
	}
	return s[open+1 : end], strings.TrimSpace(s[:open] + " " + s[end+1:])
}

func bareAddress(s string) string {
	for _, field := range strings.Fields(s) {
		if at := strings.IndexByte(field, '@'); at > 0 && at < len(field)-1 {
			return strings.Trim(field, "[]<>,;:\"'")
		}
	}
	return ""
}

// plainAddress drops what cannot be part of an address: blanks, a mailto:, a source route.
func plainAddress(s string) string {
	s, _ = toUTF8([]byte(s), "")
	s = strings.Join(strings.Fields(s), "")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "mailto:"), "MAILTO:")
	if strings.HasPrefix(s, "@") { // RFC 5322, section 4.4: obsolete route
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return strings.Trim(s, "'\"")
}

// displayName unquotes and decodes the words before an address.
func displayName(s, eight string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s, _ = quotedValue(s[1:])
	}
	s = strings.ReplaceAll(s, `\"`, `"`)
	s = oneLine(decodeWords(s, eight))
	return strings.TrimSpace(strings.Trim(s, `"`))
}
