package feed

import (
	"html"
	"strconv"
	"strings"
	"time"
)

// The texts of stories are most of a feed, and the reader goes over each several times. They are set aside before it reads, with
// a mark in their place, and put back where a story's text is asked for.
const (
	longText  = 512 // bytes; shorter texts stay
	asideMark = "\u2063tipsheet-text-"
	maxEntity = 32 // bytes of an entity's name
)

// source is what is known about a document beside its words.
type source struct {
	root, base string    // the name of its first element, and the address that it came from
	until      time.Time // when reading it is given up
	aside      []string  // texts that were set aside, decoded
}

// setAside takes the long texts out of a document. Where links in texts depend on an xml:base, and where the marks
// would not be told from the feed's own words, it takes none.
func (s *source) setAside(doc string) string {
	if strings.Contains(doc, "xml:base") || strings.Contains(doc, asideMark) {
		return doc
	}
	var b strings.Builder
	kept := 0
	for i := strings.IndexByte(doc, '<'); i >= 0 && i < len(doc); {
		rest := doc[i:]
		end := 1
		switch {
		case strings.HasPrefix(rest, "<![CDATA["):
			end = after(rest, "]]>")
		case strings.HasPrefix(rest, "<!--"):
			end = after(rest, "-->")
		case len(rest) > 1 && isNameStart(rest[1]):
			end = tagEnd(rest)
			if text, long, ok := textOf(rest[:end], rest[end:]); ok {
				b.WriteString(doc[kept : i+end])
				b.WriteString(asideMark)
				b.WriteString(strconv.Itoa(len(s.aside)))
				s.aside = append(s.aside, text)
				end += long
				kept = i + end
			}
		}
		next := strings.IndexByte(doc[i+end:], '<')
		if next < 0 {
			break
		}
		i += end + next
	}
	if kept == 0 {
		return doc
	}
	b.WriteString(doc[kept:])
	return b.String()
}

// textOf is the text of an element that holds nothing else, decoded, and how many bytes it takes in the document; ok is
// false for short ones and for elements that hold no story's text.
func textOf(tag, rest string) (text string, long int, ok bool) {
	name := elementName(tag)
	switch localName(name) {
	case "content", "summary", "description", "encoded":
	default:
		return "", 0, false
	}
	if strings.HasSuffix(tag, "/>") || strings.Contains(tag, "base64") {
		return "", 0, false
	}
	open := strings.IndexByte(rest, '<')
	if open < 0 {
		return "", 0, false
	}
	if data, is := strings.CutPrefix(rest[open:], "<![CDATA["); is && strings.TrimSpace(rest[:open]) == "" {
		size := strings.Index(data, "]]>")
		if size < longText {
			return "", 0, false
		}
		behind := data[size+len("]]>"):]
		close := strings.IndexByte(behind, '<')
		if close < 0 || strings.TrimSpace(behind[:close]) != "" || !closes(behind[close:], name) {
			return "", 0, false
		}
		return data[:size], len(rest) - len(behind) + close, true
	}
	if open < longText || !closes(rest[open:], name) {
		return "", 0, false
	}
	return unescape(rest[:open]), open, true
}

func closes(s, name string) bool {
	rest, is := strings.CutPrefix(s, "</"+name)
	return is && rest != "" && (rest[0] == '>' || rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\r' || rest[0] == '\t')
}

// text is a value that the reader gave, or the text that was set aside for it.
func (s source) text(value string) string {
	at := strings.Index(value, asideMark)
	if at < 0 {
		return value
	}
	n, err := strconv.Atoi(strings.TrimSpace(value[at+len(asideMark):]))
	if err != nil || n < 0 || n >= len(s.aside) {
		return value
	}
	return s.aside[n]
}

// unescape decodes entities that end in a semicolon, and no others: "?a=1&copy=2" is an address.
func unescape(s string) string {
	at := strings.IndexByte(s, '&')
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for at >= 0 {
		b.WriteString(s[:at])
		s = s[at:]
		end := strings.IndexByte(s[:min(len(s), maxEntity+2)], ';') + 1
		switch whole := s[:end]; {
		case whole == "&lt;":
			b.WriteByte('<')
		case whole == "&gt;":
			b.WriteByte('>')
		case whole == "&amp;":
			b.WriteByte('&')
		case whole == "&quot;":
			b.WriteByte('"')
		case end > 0 && isEntity(whole[1:end-1]):
			b.WriteString(html.UnescapeString(whole))
		default:
			end = 1
			b.WriteByte('&')
		}
		s = s[end:]
		at = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

func isEntity(name string) bool {
	if digits, is := strings.CutPrefix(name, "#"); is {
		if hex := strings.TrimLeft(digits, "xX"); len(hex) == len(digits)-1 {
			return len(hex) > 0 && len(hex) <= 6 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
		}
		return len(digits) > 0 && len(digits) <= 7 && strings.Trim(digits, "0123456789") == ""
	}
	return len(name) > 1 && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
