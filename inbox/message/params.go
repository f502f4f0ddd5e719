package message

import (
	"sort"
	"strconv"
	"strings"
)

// parseParams reads a Content-Type or Content-Disposition value leniently: missing quotes, missing
// semicolons, blanks around "=", encoded words in quotes, and RFC 2231 names (continued, with a
// charset). Parameter names are lower case; the first of a name wins.
func parseParams(value, eight string) (kind string, params map[string]string) {
	head, rest, _ := strings.Cut(value, ";")
	kind = strings.ToLower(firstToken(head))
	params = map[string]string{}
	pieces := map[string][]piece{}
	if strings.Contains(kind, "=") { // "Content-Type: charset=utf-8"
		rest, kind = value, ""
	}
	for count := 0; rest != "" && count < 200; count++ {
		var name, val string
		name, val, rest = nextParam(rest)
		if name == "" {
			continue
		}
		base, number, encoded := splitName(name)
		if base == name {
			if _, ok := params[name]; !ok {
				params[name] = printable(decodeWords(val, eight))
			}
			continue
		}
		pieces[base] = append(pieces[base], piece{number, encoded, val})
	}
	for base, list := range pieces {
		params[base] = joinPieces(list)
	}
	return kind, params
}

// nextParam takes one name=value off s. A piece without "=" is skipped with an empty name.
func nextParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;,")
	end := strings.IndexAny(s, "=;")
	if end < 0 || s[end] == ';' {
		if end < 0 {
			return "", "", ""
		}
		return "", "", s[end+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:end]))
	if cut := strings.LastIndexAny(name, " \t"); cut >= 0 { // a lost semicolon
		name = name[cut+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = quotedValue(s[1:])
		return name, value, rest
	}
	end = strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	value = strings.TrimSpace(s[:end])
	if cut := strings.Index(value, " "); cut >= 0 && strings.Contains(value[cut:], "=") && !strings.Contains(value, "=?") {
		return name, value[:cut], s[cut:] // "charset=utf-8 format=flowed"
	}
	return name, strings.Trim(value, `"'`), s[end:]
}

// quotedValue reads up to the closing quote; without one, up to the end. A backslash escapes only a
// quote or a backslash, since Windows paths come unescaped.
func quotedValue(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// piece is one part of a parameter continued over several (RFC 2231, section 3).
type piece struct {
	number  int
	encoded bool
	value   string
}

// splitName takes "name*1*" apart. A name without "*" comes back unchanged.
func splitName(name string) (base string, number int, encoded bool) {
	base, tail, found := strings.Cut(name, "*")
	if !found {
		return name, 0, false
	}
	encoded = tail == "" || strings.HasSuffix(tail, "*")
	number, err := strconv.Atoi(strings.TrimSuffix(tail, "*"))
	if err != nil {
		number, encoded = 0, true
	}
	return base, number, encoded
}

func joinPieces(list []piece) string {
	sort.SliceStable(list, func(i, j int) bool { return list[i].number < list[j].number })
	charset := ""
	var data []byte
	for i, p := range list {
		value := p.value
		if i == 0 && p.encoded {
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		if p.encoded {
			data = append(data, percentDecode(value)...)
		} else {
			data = append(data, value...)
		}
	}
	text, _ := toUTF8(data, charset)
	return printable(decodeWords(text, ""))
}

func percentDecode(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// printable drops control characters, line ends and blanks at both ends; blanks inside a file name count.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s))
}
