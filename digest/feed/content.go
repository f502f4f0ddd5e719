package feed

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// content is what a story's HTML comes to.
type content struct {
	text  string // all of it, plain
	lead  string // its beginning without captions, for a summary
	image string // the first real picture's address, as written
}

// blocks are the elements that stand on lines of their own.
var blocks = map[string]bool{
	"address": true, "article": true, "aside": true, "blockquote": true, "br": true, "center": true, "dd": true, "details": true, "div": true,
	"dl": true, "dt": true, "fieldset": true, "figcaption": true, "figure": true, "footer": true, "form": true, "h1": true, "h2": true,
	"h3": true, "h4": true, "h5": true, "h6": true, "header": true, "hr": true, "li": true, "main": true, "nav": true, "ol": true,
	"p": true, "pre": true, "section": true, "table": true, "tbody": true, "td": true, "th": true, "title": true, "tr": true, "ul": true,
}

// silent are the elements whose text is not for reading. The tokeniser gives the text of most as one piece.
var silent = map[string]bool{
	"script": true, "style": true, "noscript": true, "template": true, "iframe": true, "object": true, "noembed": true, "noframes": true,
	"svg": true, "math": true, "select": true, "textarea": true, "button": true, "audio": true, "video": true, "head": true,
}

var markup = regexp.MustCompile(`(?i)<(?:p|br|a|div|span|b|i|em|strong|img|ul|ol|li|table|blockquote|h[1-6]|figure|iframe|hr)(?:\s[^<>]*)?/?>|&(?:#\d+|nbsp|amp|quot|lt|gt|[lr][sd]quo|hellip|[mn]dash);`)

// looksLikeHTML is for texts that are called plain and often are not.
func looksLikeHTML(s string) bool { return markup.MatchString(s) }

// readPlain is readHTML for text that is plain already.
func readPlain(s string) content {
	w := writer{most: MaxText}
	for line := range strings.Lines(s) {
		w.write(line)
		w.lineBreak()
	}
	return content{text: w.text(), lead: w.text()}
}

// readHTML walks through HTML once, tag by tag, so that no nesting can exhaust it. Scripts, styles and embedded things
// leave nothing behind. It keeps at most MaxText bytes.
func readHTML(s string) (c content) {
	all, lead := writer{most: MaxText}, writer{most: 2 * summarised}
	var skip, caption region
	all.b.Grow(min(len(s), MaxText))
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			c.text, c.lead = all.text(), lead.text()
			if c.lead == "" {
				c.lead = c.text
			}
			return c
		case html.TextToken:
			if skip.open() {
				continue
			}
			text := html.UnescapeString(string(z.Raw()))
			all.write(text)
			if !caption.open() {
				lead.write(text)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := tag(z)
			if c.image == "" && t.Data == "img" && !skip.open() {
				c.image = picture(t)
			}
			if blocks[t.Data] {
				all.lineBreak()
				lead.lineBreak()
			}
			if kind == html.StartTagToken {
				skip.enter(t.Data, silent[t.Data])
				caption.enter(t.Data, t.Data == "figcaption" || strings.Contains(attribute(t, "class"), "caption-text") || strings.Contains(attribute(t, "class"), "tr-caption") && t.Data == "td")
			}
		case html.EndTagToken:
			t := tag(z)
			if blocks[t.Data] {
				all.lineBreak()
				lead.lineBreak()
			}
			skip.leave(t.Data)
			caption.leave(t.Data)
		}
	}
}

// tag is the tag that z stands at, with its attributes where it has any.
func tag(z *html.Tokenizer) (t html.Token) {
	name, more := z.TagName()
	if a := atom.Lookup(name); a != 0 {
		t.Data = a.String()
	} else {
		t.Data = string(name)
	}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		t.Attr = append(t.Attr, html.Attribute{Key: string(key), Val: string(value)})
	}
	return t
}

// region follows one element, with those of the same name inside it, from its start tag to its end tag.
type region struct {
	name  string
	depth int
}

func (r *region) open() bool { return r.depth > 0 }

func (r *region) enter(name string, begins bool) {
	switch {
	case r.depth > 0 && name == r.name:
		r.depth++
	case r.depth == 0 && begins:
		r.name, r.depth = name, 1
	}
}

func (r *region) leave(name string) {
	if r.depth > 0 && name == r.name {
		r.depth--
	}
}

// writer folds white space and keeps line breaks, one between lines, and nothing at the ends. It stops near most bytes.
type writer struct {
	b           strings.Builder
	most        int
	space, line bool
}

func (w *writer) lineBreak() { w.line = true }

func (w *writer) write(s string) {
	for len(s) > 0 && w.b.Len() <= w.most {
		// Nearly all of a text is runs of plain letters, which are copied whole.
		run := 0
		for run < len(s) && s[run] > ' ' && s[run] < 0x7f {
			run++
		}
		if run > 0 {
			w.gap()
			w.b.WriteString(s[:run])
			s = s[run:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch r = visible(r); {
		case r < 0:
		case unicode.IsSpace(r):
			w.space = true
		default:
			w.gap()
			w.b.WriteRune(r)
		}
	}
}

// gap writes the white space that is due before the next letter.
func (w *writer) gap() {
	if w.b.Len() > 0 && w.line {
		w.b.WriteByte('\n')
	} else if w.b.Len() > 0 && w.space {
		w.b.WriteByte(' ')
	}
	w.space, w.line = false, false
}

func (w *writer) text() string { return cutText(w.b.String(), w.most) }
