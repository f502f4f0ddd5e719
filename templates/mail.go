package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	texttemplate "text/template"
)

// Mail holds every mail, parsed. It is safe for concurrent use.
type Mail struct {
	html map[string]*template.Template
	text map[string]*texttemplate.Template
}

// NewMail parses all mails and names the file that does not parse.
func NewMail() (*Mail, error) { return parseMail(files) }

func parseMail(from fs.FS) (*Mail, error) {
	m := &Mail{html: map[string]*template.Template{}, text: map[string]*texttemplate.Template{}}
	for _, name := range []string{"digest.html", "confirm.html"} {
		t, err := template.New(name).Funcs(htmlMailFuncs()).ParseFS(from, "mail/layout.html", "mail/"+name)
		if err != nil {
			return nil, fmt.Errorf("parse mail %s: %w", name, err)
		}
		m.html[name] = t
	}
	for _, name := range []string{"digest.txt", "confirm.txt", "reply.txt"} {
		t, err := texttemplate.New(name).Funcs(textMailFuncs()).ParseFS(from, "mail/"+name)
		if err != nil {
			return nil, fmt.Errorf("parse mail %s: %w", name, err)
		}
		m.text[name] = t
	}
	return m, nil
}

func htmlMailFuncs() template.FuncMap {
	return template.FuncMap{
		"join": joinWords,
		// Outlook's conditional comments: html/template drops comments that stand in a template.
		"outlook": func(markup string) template.HTML {
			return template.HTML("<!--[if mso]>" + markup + "<![endif]-->")
		},
		"validFor": validFor,
		"spacer":   func() template.HTML { return template.HTML(strings.Repeat("&#8199;&#847; ", 60)) },
	}
}

func textMailFuncs() texttemplate.FuncMap {
	return texttemplate.FuncMap{
		"wrap":     func(s string) string { return wrap(s, textWidth) },
		"join":     joinWords,
		"rule":     func(s string) string { return strings.Repeat("=", min(max(len([]rune(s)), 4), textWidth)) },
		"upper":    strings.ToUpper,
		"validFor": validFor,
	}
}

// Digest renders one variant of an issue. Where its HTML would pass 90 KB once encoded (Gmail
// clips near 102 KB) it moves stories to "Also today", then leaves the last of those out and says
// how many, until it fits. It fails only when the note alone is too long.
func (m *Mail) Digest(d DigestMail) (Rendered, error) {
	inFull := d.MaxStories
	if inFull <= 0 {
		inFull = maxStories
	}
	if d.Subject == "" {
		d.Subject = DefaultSubject(d.Stories)
	}
	if d.Subject == "" {
		d.Subject = d.NewsletterName
	}
	if d.Preheader == "" {
		d.Preheader = DefaultPreheader(d.Stories)
	}
	d.Subject, d.Preheader = oneLine(d.Subject), oneLine(d.Preheader)
	return m.fit(d, inFull)
}

// fit renders the digest with ever fewer stories in full, then ever fewer named, until it is
// within the limit.
func (m *Mail) fit(d DigestMail, inFull int) (Rendered, error) {
	also := len(d.Stories)
	for {
		s := layOut(d, inFull, also)
		r, err := m.both("digest", s, Rendered{Subject: d.Subject, Preheader: d.Preheader, InFull: s.InFull, Unlisted: s.Unlisted})
		if err != nil {
			return Rendered{}, err
		}
		size := quotedSize(r.HTML)
		switch {
		case size <= maxHTMLSize:
			return r, nil
		case inFull > 1:
			inFull = min(inFull, s.InFull) - 1
		case len(s.Also) > 0:
			also = len(s.Also) * 3 / 4
		default:
			return Rendered{}, sizeError(size)
		}
	}
}

// confirmSheet is what both parts of a confirmation are set from.
type confirmSheet struct {
	ConfirmMail
	Lang, Dir, Subject, Preheader string
}

// Confirm renders the letter that asks for a confirmation.
func (m *Mail) Confirm(c ConfirmMail) (Rendered, error) {
	subject := "Please confirm: " + joinWords(c.Newsletters)
	if len(c.Newsletters) == 0 {
		subject = "Please confirm your subscription to " + c.Site.name()
	}
	r := Rendered{Subject: oneLine(subject), Preheader: "One tap and the first digest is on its way."}
	return m.both("confirm", confirmSheet{c, c.Site.Lang(), c.Site.Dir(), r.Subject, r.Preheader}, r)
}

// Reply renders an editor's answer. It has no HTML.
func (m *Mail) Reply(r ReplyMail) (Rendered, error) {
	text, err := m.plain("reply.txt", r)
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Subject: oneLine(r.Subject), Text: text}, nil
}

func (m *Mail) both(name string, data any, r Rendered) (Rendered, error) {
	var buf bytes.Buffer
	if err := m.html[name+".html"].ExecuteTemplate(&buf, "mail", data); err != nil {
		return Rendered{}, fmt.Errorf("render mail %s.html: %w", name, err)
	}
	text, err := m.plain(name+".txt", data)
	if err != nil {
		return Rendered{}, err
	}
	r.HTML, r.Text = buf.String(), text
	return r, nil
}

func (m *Mail) plain(name string, data any) (string, error) {
	var buf strings.Builder
	if err := m.text[name].Execute(&buf, data); err != nil {
		return "", fmt.Errorf("render mail %s: %w", name, err)
	}
	return tidy(buf.String()), nil
}
