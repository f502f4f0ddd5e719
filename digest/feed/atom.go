package feed

import (
	"strings"

	"github.com/mmcdole/gofeed/atom"
)

// fromAtom reads Atom 1.0 (RFC 4287) and 0.3.
func (s source) fromAtom(a *atom.Feed) Feed {
	self := linkOf(a.Links, "self")
	f := Feed{
		Title: plainLine(a.Title, maxTitle),
		Link:  newResolver(s.base, self).absolute(alternate(a.Links)),
	}
	f.Date, _ = firstDate(a.Updated)
	links := newResolver(f.Link, s.base, self)
	unread := 0
	for _, e := range a.Entries {
		if len(f.Items) == MaxItems {
			f.Warnings = append(f.Warnings, tooMany(len(a.Entries)))
			break
		}
		story, ok := s.atomEntry(e, links)
		if !ok {
			unread++
		}
		if story.Author == "" {
			// RFC 4287, section 4.2.1: the feed's author is the author of entries without one.
			story.Author = people(a.Authors)
		}
		f.Items = append(f.Items, story)
	}
	f.Warnings = append(f.Warnings, unreadDates(unread)...)
	return f
}

func (s source) atomEntry(e *atom.Entry, links resolver) (it Item, dated bool) {
	it = Item{
		ID:     strings.TrimSpace(e.ID),
		Title:  plainLine(first(e.Title, value(e.Extensions, "media", "title")), maxTitle),
		Author: people(e.Authors),
	}
	it.Link = links.absolute(first(value(e.Extensions, "feedburner", "origLink"), alternate(e.Links)))
	if it.Link == "" && isWebAddress(it.ID) {
		it.Link = it.ID
	}
	it.Date, dated = firstDate(e.Published, e.Updated)
	it.Updated, _ = firstDate(e.Updated)

	var body content
	if e.Content != nil {
		body = readTyped(s.text(e.Content.Value), e.Content.Type)
		if e.Content.Value == "" && it.Link == "" {
			// RFC 4287, section 4.1.3.2: the content may lie elsewhere.
			it.Link = links.absolute(e.Content.Src)
		}
	}
	summary := readHTML(s.text(e.Summary))
	if body.text == "" {
		body.text = first(summary.text, s.text(value(e.Extensions, "media", "description")))
	}
	it.Text, it.Summary = body.text, summarise(first(summary.lead, body.lead, body.text))
	enclosure := ""
	for _, l := range e.Links {
		if enclosure == "" && l.Rel == "enclosure" && isPicture(l.Type, l.Href) {
			enclosure = l.Href
		}
	}
	media := mediaOf(e.Extensions)
	for _, group := range e.Extensions["media"]["group"] {
		if body.text == "" && len(group.Children["description"]) > 0 {
			it.Text = readPlain(s.text(group.Children["description"][0].Value)).text
			it.Summary = summarise(it.Text)
		}
	}
	it.Image = choose(links, media, enclosure, first(body.image, summary.image))
	var names []string
	for _, c := range e.Categories {
		if !strings.HasSuffix(c.Scheme, "#kind") { // Blogger's own: every post is a post
			names = append(names, first(c.Label, c.Term))
		}
	}
	it.Categories = categories(names)
	return it, dated
}

// readTyped reads the content by its type (RFC 4287, section 4.1.3). Many feeds leave the type out and send HTML.
func readTyped(text, kind string) content {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if (kind == "" || kind == "text" || kind == "text/plain") && !looksLikeHTML(text) {
		return readPlain(text)
	}
	if strings.Contains(kind, "/") && !strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "html") && !strings.Contains(kind, "xml") {
		return content{}
	}
	return readHTML(text)
}

// alternate is the link to the story itself: a web page before any other form of it.
func alternate(all []*atom.Link) string {
	for _, l := range all {
		if l.Rel == "alternate" && (l.Type == "" || strings.Contains(l.Type, "html")) && l.Href != "" {
			return l.Href
		}
	}
	return linkOf(all, "alternate")
}

func linkOf(all []*atom.Link, rel string) string {
	for _, l := range all {
		if l.Rel == rel && l.Href != "" {
			return l.Href
		}
	}
	return ""
}

func people(all []*atom.Person) string {
	var names []string
	for _, p := range all {
		names = append(names, first(p.Name, p.Email))
	}
	return authors(names)
}
