package templates

import (
	"html/template"
	"net/url"
	"strings"
)

// Site is the newsroom's brand, passed to everything. All fields may be empty.
type Site struct {
	Name          string // what readers call the paper
	URL           string // the paper's own site, https://…
	Contact       string // the address that tips, gossip and adverts go to
	PostalAddress string // one line, for the foot of each digest
	Accent        string // #rrggbb; anything else means the house red
	Logo          string // an https picture about 40 px high; empty shows the name in type
	Language      string // BCP 47, "en" when empty
}

// name is the site's name, never empty.
func (s Site) name() string {
	if s.Name != "" {
		return s.Name
	}
	if h := s.Host(); h != "" {
		return h
	}
	return "Newsletter"
}

// Masthead is the site's name, or its host, or the word Newsletter: never empty.
func (s Site) Masthead() string { return s.name() }

// Host is the host of the site's URL without "www.", or "" when there is none.
func (s Site) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// Home is the site's URL when it is http or https, else "".
func (s Site) Home() string { return webURL(s.URL) }

// LogoURL is the logo's address when it is http or https, else "".
func (s Site) LogoURL() string { return webURL(s.Logo) }

// Lang is the language tag for the lang attribute, "en" when none is set.
func (s Site) Lang() string { return language(s.Language) }

// Dir is "rtl" for languages written from right to left, else "ltr".
func (s Site) Dir() string { return direction(s.Language) }

// AccentSheet is the address of the small style sheet that carries a site's own accent, or ""
// when the site keeps the house red. Pages allow no inline style, so the colour travels by name.
func (s Site) AccentSheet() string {
	c, ok := parseColour(s.Accent)
	if !ok || c == houseAccent {
		return ""
	}
	return accentPath(c)
}

// MailAccent is the accent as text on the white of a mail, darkened until it can be read (AA).
func (s Site) MailAccent() template.CSS {
	return template.CSS(s.accent().onLight(white).String())
}

// MailAccentDark is the accent as text on the dark card of a mail, lightened until it can be read.
func (s Site) MailAccentDark() template.CSS {
	return template.CSS(s.accent().onDark(darkCard).String())
}

func (s Site) accent() colour {
	if c, ok := parseColour(s.Accent); ok {
		return c
	}
	return houseAccent
}

func language(tag string) string {
	if tag == "" {
		return "en"
	}
	return tag
}

func direction(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch base {
	case "ar", "he", "fa", "ur", "ps", "yi", "dv", "ckb":
		return "rtl"
	}
	return "ltr"
}

// webURL returns raw when it is an absolute http or https address, else "": a feed may say
// anything, and javascript: or data: must not become a link or a picture.
func webURL(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.String()
}
