package main

import (
	"regexp"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// judgeReply asks for the new text of a reply, compared as its row says.
func judgeReply(r row, raw []byte) []verdict {
	got := message.Parse(asMail(r.Kind, raw)).NewText
	return []verdict{{"new_text", sameReply(got, r.Expected)}}
}

// asMail puts a bare text or HTML into a plain envelope.
func asMail(kind string, raw []byte) []byte {
	head := ""
	switch kind {
	case "text", "signature":
		head = "Content-Type: text/plain; charset=utf-8\n\n"
	case "html":
		head = "Content-Type: text/html; charset=utf-8\n\n"
	}
	return append([]byte(head), raw...)
}

func sameReply(got string, want expected) bool {
	for _, s := range want.MustNot {
		if strings.Contains(got, s) {
			return false
		}
	}
	switch {
	case want.NoSpace != nil:
		return noSpace(got) == noSpace(*want.NoSpace)
	case want.FirstFragment != nil:
		return strings.HasPrefix(trimmed(got), trimmed(*want.FirstFragment))
	case want.Reply != nil && strings.Contains(want.Compare, "Markdown"):
		return fold(withoutMarks(got)) == fold(withoutMarks(*want.Reply))
	case want.Reply != nil && strings.Contains(want.Compare, "folded"):
		return fold(got) == fold(*want.Reply)
	case want.Reply != nil:
		return trimmed(got) == trimmed(*want.Reply)
	}
	for _, pattern := range want.ContainsRegex {
		re, err := regexp.Compile(pattern)
		if err != nil || !re.MatchString(got) {
			return false
		}
	}
	return true
}

var marks = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)|[*_>]|\\`)

// withoutMarks drops Markdown marks, which another program's HTML conversion has put in.
func withoutMarks(s string) string { return marks.ReplaceAllString(s, "") }
