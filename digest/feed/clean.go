package feed

import (
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// maxDepth is how deep elements may be nested. Real feeds stay under 20; the reader recurses, and Go cannot recover from a
// full stack.
const maxDepth = 200

var (
	errTooDeep = errors.New("elements are nested too deep")

	illegalRef = regexp.MustCompile(`&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));`)
	typed64    = regexp.MustCompile(`\stype\s*=\s*["']text/[^"'<>]*["'](\s+mode\s*=\s*["']base64["'])`)
	xmlBase    = regexp.MustCompile(`(\sxml:base\s*=\s*)("[^"<]*"|'[^'<]*')`)
	htmlStart  = regexp.MustCompile(`(?i)^\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])`)
)

// cleanXML makes text fit for a strict reader: control characters that XML forbids are taken out, also where they are
// written as references.
func cleanXML(text string) string {
	if mayBeIllegal(text) {
		text = strings.Map(func(r rune) rune {
			if legalXML(r) {
				return r
			}
			return -1
		}, text)
	}
	if !strings.Contains(text, "&#") {
		return text
	}
	return illegalRef.ReplaceAllStringFunc(text, func(ref string) string {
		m := illegalRef.FindStringSubmatch(ref)
		digits, base := m[2], 10
		if m[1] != "" {
			digits, base = m[1], 16
		}
		n, err := strconv.ParseInt(digits, base, 64)
		switch {
		case err == nil && n >= 0x80 && n <= 0x9f:
			// Written by people who meant windows-1252, and read so by every browser.
			return unescape(ref)
		case err != nil || !legalXML(rune(n)):
			return ""
		}
		return ref
	})
}

// mayBeIllegal is a quick look for bytes that characters forbidden in XML begin with.
func mayBeIllegal(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xef {
			return true
		}
	}
	return false
}

// legalXML is the Char of XML 1.0, section 2.2.
func legalXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// document cuts text down to its root element, without declaration, comments and document type in front, where junk is
// common and the reader looks at the first 4 KB only. name is the root's name as written.
func document(text string) (doc, name string, junk bool) {
	rest := text
	for {
		i := strings.IndexByte(rest, '<')
		if i < 0 || i+1 >= len(rest) {
			return "", "", junk
		}
		if strings.TrimSpace(rest[:i]) != "" {
			junk = true
		}
		rest = rest[i:]
		end := 0
		switch {
		case strings.HasPrefix(rest, "<!--"):
			end = after(rest, "-->")
		case strings.HasPrefix(rest, "<?"):
			end = after(rest, "?>")
		case strings.HasPrefix(rest, "<!"):
			end = doctypeEnd(rest)
		case isNameStart(rest[1]):
			return rest, elementName(rest), junk
		default:
			end, junk = 1, true
		}
		rest = rest[end:]
	}
}

// after is where s goes on behind the first mark, or its end.
func after(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

// doctypeEnd passes over a document type with the entity declarations inside it. They are not used: one that
// refers to others could grow without end.
func doctypeEnd(s string) int {
	end := after(s, ">")
	if open := strings.IndexByte(s[:end], '['); open >= 0 {
		end = open + after(s[open:], "]")
		end += after(s[end:], ">")
	}
	return end
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// elementName reads the name of the tag that s begins with: "<rdf:RDF …" gives "rdf:RDF".
func elementName(s string) string {
	s = s[1:]
	if i := strings.IndexAny(s, " \t\r\n/>"); i >= 0 {
		s = s[:i]
	}
	return s
}

// checkDepth refuses documents made to exhaust the reader. It never counts less deep than the reader does: an end
// tag with a wrong name closes more there than here.
func checkDepth(doc string) error {
	depth := 0
	for i := strings.IndexByte(doc, '<'); i >= 0; {
		rest := doc[i:]
		end := 1
		switch {
		case strings.HasPrefix(rest, "<![CDATA["):
			end = after(rest, "]]>")
		case strings.HasPrefix(rest, "<!--"):
			end = after(rest, "-->")
		case strings.HasPrefix(rest, "<?"):
			end = after(rest, "?>")
		case strings.HasPrefix(rest, "</"):
			depth = max(0, depth-1)
		case len(rest) > 1 && isNameStart(rest[1]):
			end = tagEnd(rest)
			if !strings.HasSuffix(rest[:end], "/>") {
				depth++
			}
			if depth > maxDepth {
				return errTooDeep
			}
		}
		i += end
		next := strings.IndexByte(doc[i:], '<')
		if next < 0 {
			break
		}
		i += next
	}
	return nil
}

// tagEnd is the length of the tag that s begins with. A ">" between quotes does not end it.
func tagEnd(s string) int {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(s)
}

// trimBases cuts each xml:base down to its folder. Links are resolved against the folder anyway (RFC 3986, section
// 5.2.3), but the reader takes the last part of any base for a folder.
func trimBases(doc string) string {
	if !strings.Contains(doc, "xml:base") {
		return doc
	}
	return xmlBase.ReplaceAllStringFunc(doc, func(attr string) string {
		m := xmlBase.FindStringSubmatch(attr)
		quote, value := m[2][:1], strings.TrimSpace(m[2][1:len(m[2])-1])
		bare, _, _ := strings.Cut(value, "#")
		bare, _, _ = strings.Cut(bare, "?")
		_, tail, full := strings.Cut(bare, "://")
		if strings.HasSuffix(bare, "/") || full && !strings.Contains(tail, "/") {
			return m[1] + quote + bare + quote
		}
		folder, _ := path.Split(bare)
		return m[1] + quote + folder + quote
	})
}

// nameAtom gives a root element "feed" in a namespace of its own invention the one of Atom, without which the reader takes all
// its elements for foreign ones.
func nameAtom(doc, root string) string {
	end := tagEnd(doc)
	attr := "xmlns"
	if prefix, _, found := strings.Cut(root, ":"); found {
		attr += ":" + prefix
	}
	m := regexp.MustCompile(`\s` + regexp.QuoteMeta(attr) + `\s*=\s*(?:"([^"]*)"|'([^']*)')`).FindStringSubmatchIndex(doc[:end])
	if m == nil {
		return doc
	}
	from, to := max(m[2], m[4]), max(m[3], m[5])
	switch strings.TrimSpace(doc[from:to]) {
	case "", atomNamespace, "http://purl.org/atom/ns#":
		return doc
	}
	return doc[:from] + atomNamespace + doc[to:]
}

// namePacked takes the type from what Atom 0.3 calls packed in base64, where the reader would believe the type alone.
func namePacked(doc string) string {
	if !strings.Contains(doc, "base64") {
		return doc
	}
	return typed64.ReplaceAllString(doc, "$1")
}

const atomNamespace = "http://www.w3.org/2005/Atom"
