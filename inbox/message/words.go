package message

import (
	"strings"
)

// word is one encoded word of RFC 2047, its bytes decoded but not its charset.
type word struct {
	charset string
	data    []byte
}

// decodeWords turns a raw header value into readable text. It takes encoded words in the broken
// forms that mail programs write: inside quotes, glued to other text, with blanks inside, without
// the closing "?=", and cut in the middle of a character. Bytes outside of words are read as UTF-8
// where they are, else in the charset eight, else as windows-1252.
func decodeWords(s, eight string) string {
	if !strings.Contains(s, "=?") {
		return plainText(s, eight)
	}
	var out strings.Builder
	var run word // words next to one another in one charset, joined before decoding
	flush := func() {
		if len(run.data) > 0 {
			text, _ := toUTF8(run.data, run.charset)
			out.WriteString(text)
		}
		run = word{}
	}
	for s != "" {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		w, length, ok := readWord(s[start:])
		if !ok {
			flush()
			out.WriteString(plainText(s[:start+2], eight))
			s = s[start+2:]
			continue
		}
		// RFC 2047, section 6.2: blanks between two encoded words are not shown.
		between := s[:start]
		glued := run.charset != "" && strings.TrimSpace(between) == ""
		if !glued {
			flush()
			out.WriteString(plainText(between, eight))
		}
		if run.charset != "" && !strings.EqualFold(run.charset, w.charset) {
			flush()
		}
		run.charset = w.charset
		run.data = append(run.data, w.data...)
		s = s[start+length:]
	}
	flush()
	out.WriteString(plainText(s, eight))
	return out.String()
}

// maxWord is how far the end of an encoded word is looked for. RFC 2047 allows 75 bytes.
const maxWord = 8 << 10

// readWord reads the encoded word at the start of s and gives its length.
func readWord(s string) (w word, length int, ok bool) {
	s = s[:min(len(s), maxWord)]
	parts := strings.SplitN(s[2:], "?", 3)
	if len(parts) < 3 || len(parts[0]) == 0 || len(parts[0]) > 40 || len(parts[1]) != 1 || strings.ContainsAny(parts[0], " \t\"<>@") {
		return word{}, 0, false
	}
	w.charset, _, _ = strings.Cut(parts[0], "*") // RFC 2231, section 5: a language tag
	head := 2 + len(parts[0]) + 1 + 1 + 1
	end := strings.Index(s[head:], "?=")
	text := s[head:]
	length = len(s)
	if end >= 0 {
		text, length = s[head:head+end], head+end+2
	} else if cut := strings.IndexAny(text, " \t"); cut >= 0 {
		text, length = text[:cut], head+cut
	}
	switch parts[1] {
	case "q", "Q":
		w.data = decodeQ(text)
	case "b", "B":
		w.data = lenientBase64([]byte(text), true)
	default:
		return word{}, 0, false
	}
	return w, length, true
}

// decodeQ undoes the Q encoding of RFC 2047, section 4.2.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func plainText(s, eight string) string {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] == 0 || s[i] == 0x1B {
			text, _ := toUTF8([]byte(s), eight)
			return text
		}
	}
	return s
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
