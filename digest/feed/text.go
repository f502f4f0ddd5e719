package feed

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	element = regexp.MustCompile(`(?i)</?(?:a|abbr|acronym|address|applet|article|aside|audio|b|base|basefont|bdi|bdo|big|blink|blockquote|body|br|button|canvas|caption|center|cite|code|dd|del|dfn|div|dl|dt|em|embed|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|marquee|meta|nav|nobr|noscript|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|th|time|title|tr|tt|u|ul|var|video|wbr)(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*|\s[^<>]*)?/?>`)
	hidden  = regexp.MustCompile(`(?is)<(script|style)(?:\s[^<>]*)?>.*?(?:</(?:script|style)\s*>|$)`)
	comment = regexp.MustCompile(`(?s)<!--.*?-->|<!--[^>]*>`)
	// What WordPress, Blogger and their plugins put behind an excerpt.
	trailer  = regexp.MustCompile(`(?is)\s*(?:The post .{1,300} (?:appeared first on|first appeared on) .{1,200}|Continue reading\b.{0,200}|\(?Read (?:more|the full story|full story)\b.{0,200}|\[?Click here to read more\b.{0,200})$`)
	ellipsis = regexp.MustCompile(`\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*(?:»|→|&gt;)?\s*$`)
	// Words whose full stop does not end a sentence.
	abbreviated = regexp.MustCompile(`(?:^|[\s(])(?:\p{L}|Mr|Mrs|Ms|Dr|Prof|Gov|Sen|Rep|Hon|Rev|Gen|Col|Capt|Lt|Sgt|Chief|Engr|Barr|Alh|St|Sr|Jr|No|Nos|vs|etc|approx|(?:\p{L}\.)+\p{L})\.$`)
)

// plainLine makes one line of plain text out of a title, name or category, in which feeds hide tags and doubly
// escaped entities. "AT&amp;T <b>wins</b>" becomes "AT&T wins"; "3 < 4" stays.
func plainLine(s string, maxChars int) string {
	if strings.ContainsRune(s, '<') {
		s = comment.ReplaceAllString(s, "")
		s = hidden.ReplaceAllString(s, " ")
		s = element.ReplaceAllStringFunc(s, func(tag string) string {
			if isBreak(tag) {
				return " "
			}
			return ""
		})
	}
	s = oneLine(unescape(s))
	if utf8.RuneCountInString(s) > maxChars {
		s = cutAtWord(s, maxChars)
	}
	return s
}

func isBreak(tag string) bool {
	name := elementName("<" + strings.ToLower(strings.TrimLeft(tag, "</")))
	return blocks[name]
}

// oneLine folds white space and takes out what cannot be seen but does harm: control characters, zero-width marks, and those that turn
// the writing direction of the text around them.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(visible, s)), " ")
}

func visible(r rune) rune {
	switch {
	case r == '\u00a0' || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsSpace(r):
		return r
	case unicode.IsControl(r), r == '\u00ad', r == '\ufeff', r == '\u200b', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	}
	return r
}

// summarised is how many bytes of a text are looked at for its summary. What stands at the end of a longer one is
// cut off anyway.
const summarised = 3 << 10

// summaryBytes is more than a summary can have.
const summaryBytes = 4*MaxSummary + 80

// summarise makes a summary out of plain text: without what content systems put behind an excerpt, and cut
// to MaxSummary characters, at the end of a sentence where one lies in the second half, else at a word.
func summarise(text string) string {
	whole := len(text) <= summarised
	if !whole {
		text = text[:summaryBytes]
	}
	s := oneLine(text)
	if whole {
		s = trailer.ReplaceAllString(s, "")
		if ellipsis.MatchString(s) {
			s = strings.TrimRight(ellipsis.ReplaceAllString(s, ""), " ,;:") + "…"
		}
	}
	if s == "…" {
		return ""
	}
	if utf8.RuneCountInString(s) <= MaxSummary {
		return s
	}
	if end := sentenceEnd(s, MaxSummary/2, MaxSummary); end > 0 {
		return s[:end]
	}
	return cutAtWord(s, MaxSummary)
}

// sentenceEnd is the byte behind the last sentence that ends after from and before to characters, or 0.
func sentenceEnd(s string, from, to int) (end int) {
	chars := 0
	for i, r := range s {
		if chars++; chars > to {
			break
		}
		if chars <= from || r != ' ' || i == 0 {
			continue
		}
		before := strings.TrimRight(s[:i], `"'”’)]»`)
		next, _ := utf8.DecodeRuneInString(s[i+1:])
		if before == "" || unicode.IsLower(next) {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		if strings.ContainsRune("!?…。！？۔।", last) || last == '.' && !abbreviated.MatchString(before[max(0, len(before)-24):]) {
			end = i
		}
	}
	return end
}

// cutAtWord cuts s to at most n characters, the last of them an ellipsis, between words where there are any.
func cutAtWord(s string, n int) string {
	cut, space, chars := len(s), -1, 0
	for i, r := range s {
		if chars++; chars == n {
			cut = i
			break
		}
		if r == ' ' {
			space = i
		}
	}
	if cut == len(s) {
		return s
	}
	if s[cut] != ' ' && space > cut/2 {
		cut = space
	} else {
		// Without a space near, at least never between a letter and its marks.
		for cut > 0 {
			r, _ := utf8.DecodeRuneInString(s[cut:])
			prev, size := utf8.DecodeLastRuneInString(s[:cut])
			if !unicode.Is(unicode.M, r) && r != '\u200d' && prev != '\u200d' {
				break
			}
			cut -= size
		}
	}
	return strings.TrimRight(s[:cut], " ,;:-–—") + "…"
}

// cutText cuts s to at most n bytes, behind a whole word where there are any.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	if space := strings.LastIndexAny(s[:cut], " \n"); space > cut/2 {
		cut = space
	}
	return strings.TrimRight(s[:cut], " \n")
}
