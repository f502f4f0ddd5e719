package feed

import (
	"fmt"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"
)

// fromRSS reads RSS 0.9 to 2.0 and RDF, with the Dublin Core, Atom, Media RSS and iTunes elements inside.
func (s source) fromRSS(r *rss.Feed) Feed {
	link := first(r.Link, atomLink(r.Extensions, "alternate"))
	f := Feed{
		Title: plainLine(first(r.Title, value(r.Extensions, "dc", "title"), value(r.Extensions, "atom", "title")), maxTitle),
		Link:  newResolver(s.base, atomLink(r.Extensions, "self")).absolute(link),
	}
	f.Date, _ = firstDate(r.LastBuildDate, r.PubDate, value(r.Extensions, "dc", "date"), value(r.Extensions, "atom", "updated"),
		value(r.Extensions, "dcterms", "modified"), value(r.Extensions, "dcterms", "created"))
	links := newResolver(f.Link, s.base, atomLink(r.Extensions, "self"))
	unread := 0
	for _, it := range r.Items {
		if len(f.Items) == MaxItems {
			f.Warnings = append(f.Warnings, tooMany(len(r.Items)))
			break
		}
		story, ok := s.rssItem(it, links)
		if !ok {
			unread++
		}
		f.Items = append(f.Items, story)
	}
	f.Warnings = append(f.Warnings, unreadDates(unread)...)
	return f
}

// rssItem reports false where a date was given and none could be read.
func (s source) rssItem(r *rss.Item, links resolver) (it Item, dated bool) {
	e := r.Extensions
	it = Item{
		Title:  plainLine(first(r.Title, value(e, "dc", "title"), value(e, "atom", "title"), value(e, "media", "title")), maxTitle),
		Author: rssAuthor(r),
	}
	guid := ""
	if r.GUID != nil {
		it.ID = strings.TrimSpace(r.GUID.Value)
		if !strings.EqualFold(strings.TrimSpace(r.GUID.IsPermalink), "false") && isWebAddress(it.ID) {
			guid = it.ID
		}
	}
	if it.ID == "" {
		it.ID = first(value(e, "atom", "id"), value(e, "dc", "identifier"))
	}
	it.Link = links.absolute(first(value(e, "feedburner", "origLink"), r.Link, atomLink(e, "alternate"), guid))
	dates := []string{r.PubDate, value(e, "dc", "date"), value(e, "atom", "published"), value(e, "dcterms", "issued"), value(e, "dcterms", "created"),
		value(e, "atom", "updated"), value(e, "dcterms", "modified")}
	it.Date, dated = firstDate(dates...)
	it.Updated, _ = firstDate(value(e, "atom", "updated"), value(e, "dcterms", "modified"))

	description := first(r.Description, value(e, "dc", "description"), value(e, "atom", "summary"), value(e, "itunes", "summary"), value(e, "media", "description"))
	full := first(r.Content, value(e, "atom", "content"), r.Custom["encoded"], description)
	body := readHTML(s.text(full))
	summary := body
	if description != full {
		summary = readHTML(s.text(description))
	}
	it.Text, it.Summary = body.text, summarise(first(summary.lead, body.lead))
	enclosure := ""
	for _, enc := range r.Enclosures {
		if enclosure == "" && isPicture(enc.Type, enc.URL) {
			enclosure = enc.URL
		}
	}
	it.Image = choose(links, mediaOf(e), enclosure, first(body.image, summary.image))
	it.Categories = rssCategories(r)
	return it, dated
}

func rssAuthor(r *rss.Item) string {
	var names []string
	for _, creator := range r.Extensions["dc"]["creator"] {
		names = append(names, creator.Value)
	}
	if len(names) == 0 {
		names = []string{first(r.Author, value(r.Extensions, "dc", "author"), value(r.Extensions, "itunes", "author"))}
	}
	if authors := r.Extensions["atom"]["author"]; names[0] == "" && len(authors) > 0 {
		names = names[:0]
		for _, a := range authors {
			for _, name := range a.Children["name"] {
				names = append(names, name.Value)
			}
		}
	}
	return authors(names)
}

func rssCategories(r *rss.Item) []string {
	var all []string
	for _, c := range r.Categories {
		all = append(all, c.Value)
	}
	for _, c := range r.Extensions["dc"]["subject"] {
		all = append(all, c.Value)
	}
	for _, c := range r.Extensions["atom"]["category"] {
		all = append(all, first(c.Attrs["label"], c.Attrs["term"]))
	}
	return categories(all)
}

// value is the text of the first such element that has any.
func value(e ext.Extensions, prefix, name string) string {
	for _, v := range e[prefix][name] {
		if v.Value != "" {
			return v.Value
		}
	}
	if prefix == "atom" {
		return value(e, "atom03", name)
	}
	return ""
}

func atomLink(e ext.Extensions, rel string) string {
	for _, prefix := range []string{"atom", "atom03", "atom10"} {
		for _, l := range e[prefix]["link"] {
			if l.Attrs["rel"] == rel || l.Attrs["rel"] == "" && rel == "alternate" {
				return l.Attrs["href"]
			}
		}
	}
	return ""
}

// first returns the first string that is more than white space.
func first(all ...string) string {
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// firstDate returns the first date that can be read. It reports false where something was given and nothing could be read.
func firstDate(all ...string) (t time.Time, ok bool) {
	ok = true
	for _, s := range all {
		if strings.TrimSpace(s) == "" {
			continue
		}
		if t, ok = parseDate(s); ok {
			return t, true
		}
	}
	return time.Time{}, ok
}

func tooMany(n int) string {
	return fmt.Sprintf("the feed has %d stories; the first %d were read", n, MaxItems)
}

func unreadDates(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{stories(n) + " a date that cannot be understood"}
}
