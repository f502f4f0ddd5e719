package templates_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is what a walk over rendered HTML found.
type markup struct {
	faults  []string
	texts   []string            // text outside script and style
	attrs   map[string][]string // values by element@attribute
	count   map[string]int      // elements
	stack   []string
	ids     map[string]bool
	mayMail bool // mails may carry inline styles
}

func readMarkup(t *testing.T, src string, mail bool) *markup {
	t.Helper()
	m := &markup{attrs: map[string][]string{}, count: map[string]int{}, ids: map[string]bool{}, mayMail: mail}
	z := html.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(m.stack) > 0 {
				m.fault("never closed: %v", m.stack)
			}
			return m
		case html.StartTagToken:
			m.open(z.Token(), false)
		case html.SelfClosingTagToken:
			m.open(z.Token(), true)
		case html.EndTagToken:
			m.close(z.Token().Data)
		case html.TextToken:
			if text := strings.TrimSpace(z.Token().Data); text != "" && !slices.Contains(m.stack, "style") && !slices.Contains(m.stack, "script") {
				m.texts = append(m.texts, text)
			}
		}
	}
}

func (m *markup) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

var void = strings.Fields("area base br col embed hr img input link meta source track wbr")

// inParagraph lists what a p may not hold: a browser would close the p and move the rest out.
var notInParagraph = strings.Fields("p div form ul ol dl table section article main nav header footer h1 h2 h3 fieldset details iframe")

func (m *markup) open(tok html.Token, selfClosing bool) {
	name := tok.Data
	m.count[name]++
	if slices.Contains(notInParagraph, name) && slices.Contains(m.stack, "p") && name != "iframe" {
		m.fault("%s inside p", name)
	}
	for _, outer := range []string{"a", "button", "form", "label"} {
		if name == outer && slices.Contains(m.stack, outer) {
			m.fault("%s inside %s", name, outer)
		}
	}
	for _, a := range tok.Attr {
		m.attrs[name+"@"+a.Key] = append(m.attrs[name+"@"+a.Key], a.Val)
		m.attribute(name, a)
	}
	if name == "img" && !hasAttr(tok, "alt") {
		m.fault("img without alt")
	}
	if name == "table" && m.mayMail && attr(tok, "role") != "presentation" {
		m.fault("layout table without role")
	}
	if !selfClosing && !slices.Contains(void, name) {
		m.stack = append(m.stack, name)
	}
}

func (m *markup) attribute(element string, a html.Attribute) {
	switch {
	case strings.HasPrefix(a.Key, "on"):
		m.fault("event handler %s on %s", a.Key, element)
	case a.Key == "style" && !m.mayMail:
		m.fault("inline style on %s", element)
	case a.Key == "id":
		if a.Val == "" || m.ids[a.Val] {
			m.fault("id %q is empty or there twice", a.Val)
		}
		m.ids[a.Val] = true
	case a.Key == "href" || a.Key == "src" || a.Key == "action":
		low := strings.ToLower(strings.TrimSpace(a.Val))
		if strings.HasPrefix(low, "javascript:") || strings.HasPrefix(low, "data:") || strings.HasPrefix(low, "vbscript:") {
			m.fault("%s of %s is %q", a.Key, element, a.Val)
		}
	case strings.ContainsAny(a.Key, `"'<>=`+"`"):
		m.fault("attribute named %q on %s", a.Key, element)
	}
}

func (m *markup) close(name string) {
	if len(m.stack) == 0 || m.stack[len(m.stack)-1] != name {
		m.fault("</%s> closes %v", name, m.stack)
		return
	}
	m.stack = m.stack[:len(m.stack)-1]
}

func hasAttr(tok html.Token, key string) bool {
	return slices.ContainsFunc(tok.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func attr(tok html.Token, key string) string {
	for _, a := range tok.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// text is all visible text in one string.
func (m *markup) text() string { return strings.Join(m.texts, " ") }
