package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText turns HTML into readable text with a tokenizer, so that no depth of nesting costs more
// than its bytes. With quotes set, the lines of quoted history begin with "> ".
func htmlText(source string, quotes bool) string {
	t := &textWriter{quotes: quotes}
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxText)
	for {
		switch z.Next() {
		case html.ErrorToken:
			t.endLine()
			return t.out.String()
		case html.TextToken:
			if t.hidden == 0 {
				t.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			t.open(atom.Lookup(name), attributes(z, more))
		case html.EndTagToken:
			name, _ := z.TagName()
			t.close(atom.Lookup(name))
		}
	}
}

// attributes reads the two attributes that tell quoted history apart.
func attributes(z *html.Tokenizer, more bool) string {
	var marks string
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "class", "id", "type":
			marks += " " + string(key) + "=" + strings.ToLower(string(value)) + " "
		}
	}
	return marks
}

// textWriter collects lines. A line is written out when it ends, with the quote marks that were
// open when it began.
type textWriter struct {
	out    strings.Builder
	line   strings.Builder
	stack  []openTag
	quotes bool
	quoted int // open quoting elements
	hidden int // open elements whose text nobody reads
	pre    int
	gap    bool // white space is due before the next word
	blanks int  // blank lines written in a row
}

type openTag struct {
	tag    atom.Atom
	quoted bool
}

const maxOpenTags = 512

func (t *textWriter) text(s string) {
	s = html.UnescapeString(s)
	if t.pre > 0 {
		for i, line := range strings.Split(unixLines(s), "\n") {
			if i > 0 {
				t.endLine()
			}
			t.line.WriteString(line)
		}
		return
	}
	for i, word := range strings.FieldsFunc(s, isSpace) {
		if (i > 0 || t.gap || isSpace(rune(s[0]))) && t.line.Len() > 0 {
			t.line.WriteByte(' ')
		}
		t.gap = false
		t.line.WriteString(word)
	}
	if s != "" && isSpace(rune(s[len(s)-1])) {
		t.gap = true
	}
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' }

func (t *textWriter) open(tag atom.Atom, marks string) {
	switch tag {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Object:
		if tag != atom.Head {
			t.hidden++
		}
		return
	case atom.Br:
		t.breakLine()
		return
	case atom.Hr:
		t.endLine()
		return
	case atom.Td, atom.Th:
		t.gap = true
	case atom.Pre:
		t.pre++
	}
	if isBlock(tag) {
		t.endLine()
		t.paragraph(tag)
	}
	if isVoid(tag) || tag == 0 || len(t.stack) >= maxOpenTags {
		return
	}
	quoted := t.isQuote(tag, marks)
	if quoted {
		t.quoted++
	}
	t.stack = append(t.stack, openTag{tag, quoted})
}

// isQuote knows the elements in which mail programs put the mail that is answered.
func (t *textWriter) isQuote(tag atom.Atom, marks string) bool {
	if !t.quotes {
		return false
	}
	gmail := strings.Contains(marks, "gmail_quote")
	if tag == atom.Blockquote {
		return !gmail || t.quoted > 0
	}
	return gmail || strings.Contains(marks, "olk_src_body_section") || strings.Contains(marks, "yahoo_quoted") ||
		strings.Contains(marks, "moz-cite-prefix") || strings.Contains(marks, "protonmail_quote")
}

func (t *textWriter) close(tag atom.Atom) {
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Noscript, atom.Object:
		t.hidden = max(0, t.hidden-1)
		return
	case atom.Pre:
		t.pre = max(0, t.pre-1)
	}
	if isBlock(tag) {
		t.endLine()
		t.paragraph(tag)
	}
	for i := len(t.stack) - 1; i >= max(0, len(t.stack)-32); i-- {
		if t.stack[i].tag != tag {
			continue
		}
		for _, gone := range t.stack[i:] {
			if gone.quoted {
				t.quoted--
			}
		}
		t.stack = t.stack[:i]
		return
	}
}

// endLine writes the line if it holds anything.
func (t *textWriter) endLine() {
	t.gap = false
	if strings.TrimSpace(t.line.String()) != "" {
		t.breakLine()
	}
	t.line.Reset()
}

// breakLine writes the line, blank or not; of blank lines at most one in a row.
func (t *textWriter) breakLine() {
	text := strings.TrimRight(t.line.String(), " ")
	t.line.Reset()
	t.gap = false
	if text == "" {
		if t.blanks++; t.blanks > 1 {
			return
		}
	} else {
		t.blanks = 0
	}
	if t.quoted > 0 {
		text = strings.TrimRight("> "+text, " ")
	}
	t.out.WriteString(text)
	t.out.WriteByte('\n')
}

// paragraph puts a blank line around the blocks that are shown with one.
func (t *textWriter) paragraph(tag atom.Atom) {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Ul, atom.Ol, atom.Table, atom.Pre:
		if t.out.Len() > 0 && t.blanks == 0 {
			t.breakLine()
		}
	}
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Ul, atom.Ol, atom.Li,
		atom.Table, atom.Tr, atom.Pre, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Dl, atom.Dt,
		atom.Dd, atom.Address, atom.Form, atom.Fieldset, atom.Body, atom.Caption, atom.Figure, atom.Main, atom.Option:
		return true
	}
	return false
}

func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Img, atom.Input, atom.Meta, atom.Link, atom.Area, atom.Base, atom.Col, atom.Embed, atom.Source, atom.Wbr:
		return true
	}
	return false
}
