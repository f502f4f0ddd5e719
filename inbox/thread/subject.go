package thread

import (
	"strings"
)

// replyWords are the prefixes that stand for "Re" and "Fwd" in mail programs of other languages; RFC
// 5256 knows only the English ones.
var replyWords = map[string]bool{
	"re": true, "fw": true, "fwd": true, // RFC 5256
	"aw": true, "wg": true, "antw": true, "antwort": true, "tr": true, "réf": true, "ref": true, "rv": true, "res": true, "enc": true,
	"sv": true, "vs": true, "vb": true, "vl": true, "odp": true, "pd": true, "rif": true, "ynt": true, "ilt": true, "doorst": true, "vá": true,
	"回复": true, "答复": true, "转发": true, "回覆": true, "轉寄": true, "отв": true, "ha": true,
}

// maxSubject bounds the work on one subject, in bytes.
const maxSubject = 4 << 10

// BaseSubject gives the subject without what replying and forwarding puts around it (RFC 5256,
// section 2.1), in lower case, so that subjects of one conversation compare equal. It may be empty.
func BaseSubject(s string) string {
	s = strings.ToLower(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) > maxSubject {
		s = strings.ToValidUTF8(s[:maxSubject], "")
	}
	s = strings.Join(strings.Fields(s), " ") // step 1
	for {
		before := s
		s = trimTrailers(s) // step 2
		for {
			cut := trimLeader(s) // step 3
			cut = trimBlob(cut)  // step 4
			if cut == s {
				break // step 5
			}
			s = cut
		}
		if strings.HasPrefix(s, "[fwd:") && strings.HasSuffix(s, "]") { // step 6
			s = strings.TrimSpace(s[5 : len(s)-1])
		}
		if s == before {
			return s
		}
	}
}

// trimTrailers drops "(fwd)" and blanks at the end.
func trimTrailers(s string) string {
	for {
		cut := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "(fwd)"))
		if cut == s {
			return s
		}
		s = cut
	}
}

// trimLeader drops one "re:", "fwd[2]:" or "[blob] re:" at the start (subj-leader of RFC 5256).
func trimLeader(s string) string {
	rest := strings.TrimLeft(s, " ")
	for {
		after, ok := cutBlob(rest)
		if !ok {
			break
		}
		rest = after
	}
	colon := strings.IndexAny(rest, ":：")
	if colon < 0 || colon > 40 {
		return strings.TrimLeft(s, " ")
	}
	word := strings.TrimRight(rest[:colon], " ")
	if open := strings.IndexAny(word, "[("); open > 0 { // "re[2]"
		word = strings.TrimRight(word[:open], " ")
	}
	if !replyWords[word] {
		return strings.TrimLeft(s, " ")
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest[colon:], ":"), "：")
	return strings.TrimLeft(rest, " ")
}

// trimBlob drops one "[list name]" at the start unless nothing would be left.
func trimBlob(s string) string {
	if after, ok := cutBlob(s); ok && after != "" && !strings.HasPrefix(s, "[fwd:") {
		return after
	}
	return s
}

func cutBlob(s string) (after string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return s, false
	}
	end := strings.IndexByte(s, ']')
	if end < 0 || strings.IndexByte(s[1:end], '[') >= 0 {
		return s, false
	}
	return strings.TrimLeft(s[end+1:], " "), true
}
