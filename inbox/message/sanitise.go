package message

import (
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy is what HTML of a stranger may hold when it is shown: words and their structure, and links
// that tell the target nothing. No image, style, script, form, frame or other remote load.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "div", "span", "b", "i", "u", "s", "em", "strong", "small", "sub", "sup", "del", "ins",
		"h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "code", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "center", "font")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("td", "th")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("td", "th", "p", "div")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
})

// sanitise gives the HTML that is safe to show in a sandboxed frame. bluemonday works on tokens, so
// nesting costs nothing; it does not balance tags, which the frame takes care of.
func sanitise(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	return strings.TrimSpace(clean(policy().Sanitize(cutLongTags(source))))
}

// maxTag is how long a tag may be. bluemonday's time grows with the square of the attributes of one tag;
// what is longer is an image in a data address, which is not shown anyway.
const maxTag = 16 << 10

// cutLongTags drops comments, and tags that are longer than maxTag.
func cutLongTags(s string) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 || open+1 == len(s) {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(s[:open])
		s = s[open:]
		length := 1
		switch c := s[1]; {
		case strings.HasPrefix(s, "<!--"):
			length = indexEnd(s, "-->")
			s = s[length:]
			continue
		case isLetter(c) || c == '/' || c == '!' || c == '?':
			length = indexEnd(s, ">")
		}
		if length <= maxTag {
			out.WriteString(s[:length])
		}
		s = s[length:]
	}
}

// indexEnd gives where what ends a piece is over, or the length of s without it.
func indexEnd(s, end string) int {
	if at := strings.Index(s, end); at >= 0 {
		return at + len(end)
	}
	return len(s)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
