package sorter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits on hostile text. What lies behind them is not read.
const (
	maxSubject   = 1 << 10  // bytes of a subject
	maxFrom      = 512      // bytes of a From line
	maxBody      = 64 << 10 // bytes of a body
	maxWord      = 24       // runes of a word; the rest of a longer one is skipped
	maxWords     = 6000     // words of a body
	maxAttached  = 50       // attachments looked at
	maxFileName  = 255      // bytes of an attachment's name
	maxShownWord = 48       // bytes of a word as shown in a reason
)

// token is one word of a text: key is what the model knows it by (folded,
// digits as 0), shown is how it stood in the text.
type token struct {
	key, shown string
	kind       tokenKind
	word, pair int32 // its places in a vector's terms; pair is that of the word before and this one, or -1
}

type tokenKind uint8

const (
	plainWord tokenKind = iota
	numberWord
	linkWord
	addressWord
	breakMark // the end of a sentence or line: no word pair crosses it
	partMark  // an empty line: what follows may be about something else
)

// tokens cuts a text into words. It reads at most limit bytes, never splits a
// rune and yields at most maxWords tokens.
func tokens(text string, limit int, into []token) []token {
	text = cut(text, limit)
	start := len(into)
	for len(text) > 0 && len(into)-start < maxWords {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case startsLink(text):
			n := spaceAt(text)
			into = append(into, token{key: "\x01link", shown: cut(text[:n], maxShownWord), kind: linkWord})
			text = text[n:]
		case inWord(r) || (isCurrency(r) && digitFollows(text[size:])):
			n := wordEnd(text)
			if strings.HasPrefix(text[n:], "@") && n+1 < len(text) {
				n = spaceAt(text)
				into = append(into, token{key: "\x01address", shown: cut(text[:n], maxShownWord), kind: addressWord})
			} else {
				into = append(into, wordToken(text[:n]))
			}
			text = text[n:]
		default:
			if strings.ContainsRune(".!?\n;:؟。", r) && len(into) > start {
				into = mark(into, r == '\n' && strings.HasPrefix(strings.TrimLeft(text[size:], " \t\r"), "\n"))
			}
			text = text[size:]
		}
	}
	return into
}

// mark ends a sentence, or a part of the mail; marks do not pile up.
func mark(into []token, part bool) []token {
	last := &into[len(into)-1]
	switch {
	case last.kind != breakMark && last.kind != partMark && part:
		return append(into, token{kind: partMark})
	case last.kind != breakMark && last.kind != partMark:
		return append(into, token{kind: breakMark})
	case part:
		last.kind = partMark
	}
	return into
}

func startsLink(s string) bool {
	if len(s) < 5 || (s[0]|0x20 != 'h' && s[0]|0x20 != 'w') {
		return false
	}
	for _, p := range []string{"http://", "https://", "www."} {
		if len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}

func spaceAt(s string) int {
	if n := strings.IndexFunc(s, unicode.IsSpace); n > 0 {
		return n
	}
	return len(s)
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || invisible(r)
}

// invisible runes stand inside words only to hide them from a filter.
func invisible(r rune) bool {
	return r == 0xad || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}

func isCurrency(r rune) bool {
	return r == '$' || r == '#' || r >= utf8.RuneSelf && unicode.Is(unicode.Sc, r)
}

func digitFollows(s string) bool {
	return len(s) > 0 && '0' <= s[0] && s[0] <= '9'
}

// wordEnd returns where the word at the start of s ends. An apostrophe
// between letters and a comma or point between digits belong to the word.
func wordEnd(s string) int {
	before, i := utf8.DecodeRuneInString(s)
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !inWord(r) {
			after, _ := utf8.DecodeRuneInString(s[i+size:])
			letters := (r == '\'' || r == '’') && unicode.IsLetter(before) && unicode.IsLetter(after)
			digits := (r == ',' || r == '.') && unicode.IsDigit(before) && unicode.IsDigit(after)
			if !letters && !digits {
				return i
			}
		}
		before, i = r, i+size
	}
	return len(s)
}

func wordToken(w string) token {
	shown := cut(w, maxShownWord)
	if len(w) <= maxWord && lowerLetters(w) {
		return token{key: w, shown: shown}
	}
	var space [2 * maxWord * utf8.UTFMax]byte
	key, kind := space[:0], plainWord
	if !ascii(w) {
		// NFKD takes the accents off letters: Yoruba and French are typed with and without.
		var decomposed [4 * maxWord * utf8.UTFMax]byte
		w = string(norm.NFKD.AppendString(decomposed[:0], cut(w, 2*maxWord*utf8.UTFMax)))
	}
	runes, digits := 0, 0
	for _, r := range w {
		if runes >= maxWord {
			break
		}
		switch {
		case '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r):
			kind = numberWord
			if digits++; digits > 6 {
				continue
			}
			r = '0'
		case 'a' <= r|0x20 && r|0x20 <= 'z':
			r |= 0x20
		case r == '’':
			r = '\''
		case r == ',' || r == '.' || r >= utf8.RuneSelf && (unicode.Is(unicode.M, r) || invisible(r)):
			continue
		default:
			r = unicode.ToLower(r)
		}
		key = utf8.AppendRune(key, r)
		runes++
	}
	return token{key: string(key), shown: shown, kind: kind}
}

func lowerLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// cut returns at most n bytes of s without splitting a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
