package feed

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// resolver makes addresses absolute: against the first of its bases that is absolute itself.
type resolver struct{ base *url.URL }

func newResolver(bases ...string) resolver {
	for _, b := range bases {
		if u, err := url.Parse(strings.TrimSpace(b)); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			return resolver{u}
		}
	}
	return resolver{}
}

// absolute returns the http or https address that address stands for. Where nothing is known to resolve a relative one
// against, it stays as it is. Every other scheme (javascript:, data:, mailto: and the like) is no place to read a story, and
// may do harm in a mail: it gives an empty string. So does one longer than maxAddress, which would swell every reader's mail.
func (r resolver) absolute(address string) string {
	address = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' || c == '\t' {
			return -1
		}
		return c
	}, address))
	if address == "" || len(address) > maxAddress {
		return ""
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		// Browsers read more than RFC 3986 allows, such as a lone percent sign.
		if start := strings.ToLower(head(address, 8)); strings.HasPrefix(start, "http://") || start == "https://" {
			return address
		}
		return ""
	case u.Scheme == "http" || u.Scheme == "https":
		return address
	case u.Scheme != "":
		return ""
	case r.base == nil:
		return address
	}
	return r.base.ResolveReference(u).String()
}

// namedFeeds are the feeds that a web page names in its head, absolute, in its order.
func namedFeeds(page, base string) (feeds []string) {
	r := newResolver(base)
	z := html.NewTokenizer(strings.NewReader(page))
	for len(feeds) < 10 {
		switch z.Next() {
		case html.ErrorToken:
			return feeds
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "base" {
				r = newResolver(r.absolute(attribute(t, "href")), base)
			}
			if t.Data != "link" || !strings.Contains(" "+strings.ToLower(attribute(t, "rel"))+" ", " alternate ") {
				continue
			}
			switch kind, _, _ := strings.Cut(strings.ToLower(attribute(t, "type")), ";"); strings.TrimSpace(kind) {
			case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml":
				if at := r.absolute(attribute(t, "href")); isWebAddress(at) {
					feeds = append(feeds, at)
				}
			}
		}
	}
	return feeds
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
