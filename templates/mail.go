package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	texttemplate "text/template"
)

// Mail holds every mail, parsed, with the words of each language. It is safe for concurrent use.
type Mail struct {
	html  map[string]*template.Template
	text  map[string]*texttemplate.Template
	words map[string]*catalogue
}

// NewMail parses all mails and names the file that does not parse.
func NewMail() (*Mail, error) { return parseMail(files) }

// parseMail reads templates, style sheets and catalogues. Styles are inlined here, once.
func parseMail(from fs.FS) (*Mail, error) {
	m := &Mail{html: map[string]*template.Template{}, text: map[string]*texttemplate.Template{}}
	var err error
	if m.words, err = readCatalogues(from); err != nil {
		return nil, err
	}
	l, err := readLook(from)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"digest.html", "confirm.html"} {
		if m.html[name], err = parseStyled(from, l, name); err != nil {
			return nil, fmt.Errorf("parse mail %s: %w", name, err)
		}
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

func parseStyled(from fs.FS, l *look, name string) (*template.Template, error) {
	t := template.New("set").Funcs(htmlMailFuncs())
	night := strings.NewReplacer(houseDark.String(), "{{.AccentDark}}")
	for part, text := range map[string]string{"kept": l.kept, "outlook": l.ogs} {
		if _, err := t.New(part).Parse(night.Replace(text)); err != nil {
			return nil, fmt.Errorf("style sheet: %w", err)
		}
	}
	for _, file := range []string{"layout.html", name} {
		raw, err := fs.ReadFile(from, "mail/"+file)
		if err != nil {
			return nil, err
		}
		src, err := l.inline(string(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if _, err := t.New(file).Parse(src); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func htmlMailFuncs() template.FuncMap {
	return template.FuncMap{
		// Outlook's conditional comments: html/template drops comments that stand in a template.
		"outlook": func(markup string) template.HTML {
			return template.HTML("<!--[if mso]>" + markup + "<![endif]-->")
		},
		// What keeps a mail reader from showing the first story behind the preheader.
		"spacer": func() template.HTML { return template.HTML(strings.Repeat("&#8199;&#847; ", 60)) },
	}
}

func textMailFuncs() texttemplate.FuncMap {
	return texttemplate.FuncMap{
		"wrap":  func(s string) string { return wrap(s, textWidth) },
		"hang":  hang,
		"rule":  func(s string) string { return strings.Repeat("=", min(max(len([]rune(s)), 4), textWidth)) },
		"upper": strings.ToUpper,
	}
}

// Digest renders one variant of an issue. Where its HTML would pass 90 KB once encoded (Gmail
// clips near 102 KB) it moves stories to "Also today" and says so, then leaves the last of those
// out and says how many, until it fits. It fails only when the rest alone is too long.
func (m *Mail) Digest(d DigestMail) (Rendered, error) {
	w, _ := m.wordsOf(d.language())
	inFull := d.MaxStories
	if inFull <= 0 {
		inFull = maxStories
	}
	if d.Headlines() {
		inFull = len(d.Stories)
	}
	d.Stories = leadFirst(d.Stories)
	if d.Subject == "" {
		d.Subject = subjectOf(d.Stories)
	}
	if d.Subject == "" {
		d.Subject = d.NewsletterName
	}
	if d.Preheader == "" {
		d.Preheader = preheaderOf(d.Stories)
	}
	d.Subject, d.Preheader = oneLine(d.Subject), oneLine(d.Preheader)
	return m.fit(d, w, inFull)
}

// fit renders the digest with ever fewer stories in full, then ever fewer named, until it is
// within the limit.
func (m *Mail) fit(d DigestMail, w *catalogue, inFull int) (Rendered, error) {
	c := caps{inFull: inFull, also: len(d.Stories), first: -1}
	for {
		s := m.layOut(d, w, c)
		if c.first < 0 {
			c.first = s.InFull
		}
		r, err := m.digest(s, Rendered{Subject: d.Subject, Preheader: d.Preheader, InFull: s.InFull, Moved: s.Moved, Unlisted: s.Unlisted})
		if err != nil {
			return Rendered{}, err
		}
		size := EncodedSize(r.HTML)
		switch {
		case size <= maxHTMLSize:
			return r, nil
		case c.inFull > 1 && s.InFull > 1:
			c.inFull = s.InFull - 1 - (size-maxHTMLSize)/(size/s.InFull+1)/2 // half of what is over, at once
			c.inFull = max(c.inFull, 1)
		case len(s.Also) > 0:
			c.also = len(s.Also) * 3 / 4
		default:
			return Rendered{}, sizeError(size)
		}
	}
}

// digest renders both parts, or the text alone for its edition.
func (m *Mail) digest(s sheet, r Rendered) (Rendered, error) {
	if s.Edition != EditionText {
		return m.both("digest", s, r)
	}
	var err error
	r.Text, err = m.plain("digest.txt", s)
	return r, err
}

// confirmSheet is what both parts of a confirmation are set from.
type confirmSheet struct {
	ConfirmMail
	W                             *catalogue
	Lang, Dir, Subject, Preheader string
	Accent, AccentDark            template.CSS
	Asked, Valid                  string
}

// Confirm renders the letter that asks for a confirmation, in the site's language.
func (m *Mail) Confirm(c ConfirmMail) (Rendered, error) {
	w, lang := m.wordsOf(c.Site.Language)
	names, subject := w.join(c.Newsletters), w.join(c.Newsletters)
	if len(c.Newsletters) == 0 {
		names, subject = w.OurNewsletter, c.Site.name()
	}
	s := confirmSheet{ConfirmMail: c, W: w, Lang: lang, Dir: direction(lang), Accent: c.Site.MailAccent(), AccentDark: c.Site.MailAccentDark(),
		Subject: oneLine(say(w.ConfirmSubject, "newsletter", subject)), Preheader: w.ConfirmPreheader, Asked: oneLine(say(w.ConfirmText, "newsletter", names))}
	if t := w.length(c.ValidFor); t != "" {
		s.Valid = say(w.ConfirmValid, "time", t)
	}
	return m.both("confirm", s, Rendered{Subject: s.Subject, Preheader: s.Preheader})
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
