package message

import (
	"fmt"
	"regexp"
	"strings"
)

// Parse reads one mail. It never fails and never panics: what cannot be read is left out or taken
// as it came, and Warnings says so. Its time and memory are bounded by the limits of this package
// and the length of raw; the caller bounds raw. The Data of attachments and leaves may share memory
// with raw.
func Parse(raw []byte) (m Message) {
	defer func() {
		if r := recover(); r != nil {
			m = Message{Unreadable: true, Warnings: []string{fmt.Sprintf("the parser gave up: %v", r)}}
		}
	}()
	b := repair(raw)
	header, body, warning := scanHeader(b, maxFields)
	if len(header.fields) == 0 {
		switch {
		case len(strings.TrimSpace(string(b[:min(len(b), 4096)]))) == 0:
			return unreadable("this is not a mail: the file is empty")
		case looksBinary(b):
			return unreadable("this is not a mail: it has no header and is not text")
		}
		warning = "there is no header; all of it is shown as text"
	}
	_, params := parseParams(header.Get("Content-Type"), "")
	w := &walker{eight: params["charset"], fields: len(header.fields)}
	w.warn(warning)
	header.eight = w.eight
	root := w.build(header, body, "1", "text/plain", 0)
	m.readHeader(root.header)
	m.readBody(root, w)
	m.readReport(root)
	m.Warnings = w.warnings
	return m
}

func unreadable(why string) Message {
	return Message{Unreadable: true, Warnings: []string{why}}
}

func (m *Message) readHeader(h Header) {
	m.Header = h
	if from := h.addressList("From"); len(from) > 0 {
		m.From = from[0]
	} else if sender := h.addressList("Sender"); len(sender) > 0 {
		m.From = sender[0]
	}
	m.To, m.Cc, m.ReplyTo = h.addressList("To"), h.addressList("Cc"), h.addressList("Reply-To")
	m.Subject = h.Text("Subject")
	m.Date = parseDate(h.Get("Date"))
	m.MessageID = firstOf(identifiers(h.Get("Message-ID"), 1))
	m.InReplyTo = firstOf(identifiers(h.Get("In-Reply-To"), 1))
	m.References = identifiers(h.Get("References"), maxReferences)
	m.Lang = h.Text("Content-Language")
	if auto := strings.ToLower(firstToken(h.Get("Auto-Submitted"))); auto != "no" {
		m.AutoSubmitted = auto
	}
}

var identifier = regexp.MustCompile(`<[^<>\s]{1,500}>`)

// identifiers reads message identifiers (RFC 5322, section 3.6.4). One without angle brackets gets
// them when it stands alone.
func identifiers(s string, limit int) []string {
	found := identifier.FindAllString(s, limit)
	if len(found) == 0 && s != "" && len(s) < 500 && strings.Contains(s, "@") && !strings.ContainsAny(s, " <>\t") {
		found = []string{"<" + s + ">"}
	}
	for i, id := range found {
		found[i] = clean(id)
	}
	return found
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (m *Message) readBody(root *part, w *walker) {
	m.Type = root.kind
	r := reading{warn: w.warn}
	r.take(root)
	if blank(r.plain) && blank(r.html) {
		r.rescueText()
	}
	m.Charset = r.charset
	m.Text = tidy(r.joined(r.plain, "\n\n"))
	source := r.joined(r.html, "\n")
	quoting := m.Text
	if m.Text == "" && source != "" {
		m.Text = tidy(htmlText(source, false))
		quoting = tidy(htmlText(source, true))
	}
	m.HTML = sanitise(source)
	m.NewText = newText(quoting[:min(len(quoting), maxNewText)], m.Text)
	for _, f := range r.files {
		m.Attachments = append(m.Attachments, f.attachment())
	}
	m.Original = original(m, r.messages)
	m.Leaves = root.leaves(nil)
}

// joined puts texts together up to the cap, which holds for all parts together too.
func (r *reading) joined(texts []string, between string) string {
	all := strings.Join(texts, between)
	if len(all) > maxText {
		r.warn("the text is longer than 2 MB; the rest is in the raw message only")
		all = strings.ToValidUTF8(all[:maxText], "")
	}
	return all
}

// rescueText takes the first text file for the text of a mail that has no other: some programs name
// even the body, and some write only text/enriched.
func (r *reading) rescueText() {
	for _, f := range r.files {
		if strings.HasPrefix(f.kind, "text/") && f.kind != "text/calendar" && f.disposition != "attachment" {
			r.takeText(f)
			return
		}
	}
}

// tidy cuts trailing blanks, and blank lines at both ends.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\u00a0")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
