package main

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/digest/feed"
)

// slowFeed is how long one feed may take.
const slowFeed = time.Second

// feedparserBase is where feedparser's own tests serve its samples, which some of them expect in their links.
const feedparserBase = "http://127.0.0.1:8097/"

// judgeFeed asks that a feed is read without a crash and in time, and for the titles, links and dates that
// its row expects. What gofeed, our own reader, says of its own samples is counted apart. A row is right where all that it
// states is; the rows of miniflux state nothing but that they are feeds.
func judgeFeed(r row, raw []byte) []verdict {
	start := time.Now()
	base := ""
	if strings.HasPrefix(r.Corpus, "feedparser") {
		base = feedparserBase
	}
	f, refused, ok := parseFeed(raw, base)
	out := []verdict{{"no_crash", ok}, {"in_time", time.Since(start) < slowFeed}}
	if wants := gofeedWants(r.Expected.GofeedIs); r.Corpus == "gofeed" {
		for _, w := range wants {
			out = append(out, verdict{"gofeed_" + w.measure, w.metBy(f)})
		}
		return out
	}
	if r.Corpus == "miniflux" {
		return append(out, verdict{"rows", refused == nil})
	}
	wants, right := feedparserWants(r.Expected.Values), true
	for _, w := range wants {
		met := w.metBy(f)
		out = append(out, verdict{w.measure, met})
		right = right && met
	}
	if len(wants) > 0 {
		out = append(out, verdict{"rows", right})
	}
	return out
}

// parseFeed says whether the reader came back without a panic. A broken feed may be refused.
func parseFeed(raw []byte, base string) (f feed.Feed, refused error, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	f, refused = feed.Parse(raw, "", base)
	return f, refused, true
}

// want is one expected value: of the feed itself when item is -1.
type want struct {
	measure string // titles, links, dates
	item    int
	text    string
	date    time.Time
}

func (w want) metBy(f feed.Feed) bool {
	title, link, dates := f.Title, f.Link, []time.Time{f.Date}
	if w.item >= 0 {
		if w.item >= len(f.Items) {
			return false
		}
		it := f.Items[w.item]
		title, link, dates = it.Title, it.Link, []time.Time{it.Date, it.Updated}
	}
	switch w.measure {
	case "titles":
		return fold(title) == fold(w.text) || fold(title) == plainTitle(w.text)
	case "links":
		return link == w.text
	}
	for _, d := range dates {
		if d.Equal(w.date) {
			return true
		}
	}
	return false
}

var tag = regexp.MustCompile(`<[^<>]*>`)

// plainTitle is a title in HTML as plain text, which is what tipsheet keeps.
func plainTitle(s string) string { return fold(html.UnescapeString(tag.ReplaceAllString(s, ""))) }

// feedparserWants picks the values that tipsheet reads out of the paths that feedparser names.
func feedparserWants(values [][2]json.RawMessage) []want {
	var out []want
	for _, pair := range values {
		var path []any
		if json.Unmarshal(pair[0], &path) != nil || len(path) < 2 {
			continue
		}
		w := want{item: -1}
		if path[0] == "entries" {
			n, ok := path[1].(float64)
			if !ok || len(path) < 3 {
				continue
			}
			w.item, path = int(n), path[2:]
		} else {
			path = path[1:]
		}
		if len(path) == 2 && path[0] == "title_detail" && path[1] == "value" {
			path = []any{"title"}
		}
		if len(path) == 1 && w.read(path[0], pair[1]) {
			out = append(out, w)
		}
	}
	return out
}

// read takes one value of feedparser's names.
func (w *want) read(name any, value json.RawMessage) bool {
	switch name {
	case "title":
		w.measure = "titles"
	case "link":
		w.measure = "links"
	case "published_parsed", "updated_parsed", "created_parsed":
		w.measure = "dates"
		var at []int
		if json.Unmarshal(value, &at) != nil || len(at) < 6 {
			return false
		}
		w.date = time.Date(at[0], time.Month(at[1]), at[2], at[3], at[4], at[5], 0, time.UTC)
		return true
	default:
		return false
	}
	return json.Unmarshal(value, &w.text) == nil
}

// gofeedItem is the part of gofeed's own JSON that tipsheet reads.
type gofeedItem struct {
	Title     *string    `json:"title"`
	Link      *string    `json:"link"`
	Published *time.Time `json:"publishedParsed"`
	Updated   *time.Time `json:"updatedParsed"`
}

func gofeedWants(raw json.RawMessage) []want {
	var doc struct {
		gofeedItem
		Items []gofeedItem `json:"items"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &doc) != nil {
		return nil
	}
	out := doc.wants(-1)
	for i, it := range doc.Items {
		out = append(out, it.wants(i)...)
	}
	return out
}

func (g gofeedItem) wants(item int) []want {
	var out []want
	if g.Title != nil {
		out = append(out, want{measure: "titles", item: item, text: *g.Title})
	}
	if g.Link != nil && strings.HasPrefix(*g.Link, "http") {
		out = append(out, want{measure: "links", item: item, text: *g.Link})
	}
	for _, date := range []*time.Time{g.Published, g.Updated} {
		if date != nil {
			out = append(out, want{measure: "dates", item: item, date: *date})
		}
	}
	return out
}
