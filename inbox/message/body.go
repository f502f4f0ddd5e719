package message

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// reading gathers what the tree of a mail says to its reader.
type reading struct {
	plain, html []string
	charset     string
	files       []*part
	messages    []*part // attached or returned mails
	warn        func(string)
}

// take reads a part and the parts in it. In multipart/alternative the HTML comes from the last alternative
// that has any, since they say the same thing.
func (r *reading) take(p *part) {
	switch {
	case p.kind == "multipart/alternative":
		r.takeAlternatives(p)
	case strings.HasPrefix(p.kind, "multipart/"):
		for _, c := range p.children {
			r.take(c)
		}
	case p.isMessage():
		r.messages = append(r.messages, p)
		r.files = append(r.files, p)
	case p.isBody():
		r.takeText(p)
	case p.kind == "message/delivery-status" || p.kind == "message/feedback-report" || p.kind == "text/rfc822-headers":
	default:
		r.files = append(r.files, p)
	}
}

func (r *reading) takeAlternatives(p *part) {
	var plain, html []string
	for _, c := range p.children {
		inner := reading{warn: r.warn}
		inner.take(c)
		plain = append(plain, inner.plain...)
		r.charset = first(r.charset, inner.charset)
		if !blank(inner.html) {
			html = inner.html
		}
		r.files = append(r.files, inner.files...)
		r.messages = append(r.messages, inner.messages...)
	}
	r.plain = append(r.plain, plain...)
	r.html = append(r.html, html...)
}

// isBody says whether a part is there to be read, and not a file.
func (p *part) isBody() bool {
	if p.disposition == "attachment" {
		return false
	}
	switch p.kind {
	case "text/plain", "text/html", "text/markdown", "text/x-markdown":
		return p.name == "" || p.disposition == ""
	}
	return false
}

// takeText decodes the charset of a text part and puts it with the plain or the HTML texts.
func (r *reading) takeText(p *part) {
	data := p.data
	if len(data) > maxText {
		r.warn("the text is longer than 2 MB; the rest is in the raw message only")
		data = data[:maxText]
	}
	declared := p.params["charset"]
	if declared == "" && p.kind == "text/html" {
		declared = metaCharset(data)
	}
	if !knownCharset(declared) {
		r.warn("unknown charset; it was guessed")
	}
	text, used := toUTF8(data, declared)
	text = unixLines(text)
	if r.charset == "" {
		r.charset = used
	}
	if p.kind == "text/html" {
		r.html = append(r.html, text)
		return
	}
	if p.kind == "text/enriched" || p.kind == "text/richtext" {
		text = htmlText(text, false)
	}
	r.plain = append(r.plain, text)
}

var metaTag = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?([-\w:]{2,40})`)

// metaCharset finds the charset that an HTML part names inside itself.
func metaCharset(b []byte) string {
	if m := metaTag.FindSubmatch(b[:min(len(b), 4096)]); m != nil {
		if name := string(m[1]); !strings.HasPrefix(strings.ToLower(name), "utf-16") {
			return name
		}
	}
	return ""
}

// attachment describes a file part.
func (p *part) attachment() Attachment {
	sum := sha256.Sum256(p.data)
	return Attachment{
		Name: p.name, Type: p.kind, Size: int64(len(p.data)), SHA256: hex.EncodeToString(sum[:]), Data: p.data,
	}
}

func blank(list []string) bool {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return false
		}
	}
	return true
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func unixLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}
