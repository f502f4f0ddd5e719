package demo

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

const base = "http://127.0.0.1:8080"

// noon lies on the first of a month, so that older stories belong to the month before.
var noon = time.Date(2025, time.November, 1, 12, 0, 30, 0, time.UTC)

func parseFeed(t *testing.T) *gofeed.Feed {
	t.Helper()
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(Feed(base, noon)))
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

func TestFeedTellsEveryStoryNewestFirst(t *testing.T) {
	feed, stories := parseFeed(t), Stories()
	if feed.Title != Paper {
		t.Errorf("title %q, want %q", feed.Title, Paper)
	}
	if len(feed.Items) != 24 || len(stories) != 24 {
		t.Fatalf("%d items of %d stories, want 24", len(feed.Items), len(stories))
	}
	ids := map[string]bool{}
	last := noon
	for i, item := range feed.Items {
		s := stories[i]
		if item.Title != s.Title || item.Author.Name != s.Author || strings.Join(item.Categories, ",") != strings.Join(s.Labels, ",") {
			t.Errorf("item %d: %q by %q in %v, want %q by %q in %v", i, item.Title, item.Author.Name, item.Categories, s.Title, s.Author, s.Labels)
		}
		if ids[item.GUID] || !strings.HasPrefix(item.GUID, "tag:blogger.com,1999:blog-"+blogID+".post-2") {
			t.Errorf("%s: id %q", s.Slug, item.GUID)
		}
		ids[item.GUID] = true
		if !item.PublishedParsed.Before(last) {
			t.Errorf("%s: published %v, not before %v", s.Slug, item.PublishedParsed, last)
		}
		last = *item.PublishedParsed
		if noon.Sub(last) > 20*time.Hour {
			t.Errorf("%s: published %v, over 20 hours before %v", s.Slug, last, noon)
		}
		if item.UpdatedParsed.Before(last) || item.UpdatedParsed.After(noon) {
			t.Errorf("%s: updated %v, outside %v to %v", s.Slug, item.UpdatedParsed, last, noon)
		}
		if item.Link != base+s.Path(noon) {
			t.Errorf("%s: link %q", s.Slug, item.Link)
		}
	}
}

func TestFeedHasBloggersShape(t *testing.T) {
	body := string(Feed(base, noon))
	if strings.Contains(strings.SplitN(body, "<entry>", 2)[0], "\n") {
		t.Error("the feed's head is not on one line")
	}
	d := xml.NewDecoder(strings.NewReader(body))
	count := map[string]int{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		name := start.Name.Local
		for _, a := range start.Attr {
			switch {
			case name == "link" && a.Name.Local == "rel":
				name += " " + a.Value
			case name == "content" && a.Name.Local == "type", name == "category" && a.Name.Local == "scheme":
				name += " " + a.Value
			}
		}
		count[name]++
	}
	want := map[string]int{
		"entry": 24, "published": 24, "updated": 25, "content html": 24, "thumbnail": 22, "total": 24,
		"link replies": 48, "link edit": 24, "link self": 25, "link alternate": 25, "link hub": 1,
		"link http://schemas.google.com/g/2005#feed": 1, "generator": 1, "totalResults": 1, "image": 24,
	}
	for name, n := range want {
		if count[name] != n {
			t.Errorf("%d of <%s>, want %d", count[name], name, n)
		}
	}
	if count["category http://www.blogger.com/atom/ns#"] < 24 {
		t.Errorf("%d labels on entries, want at least one each", count["category http://www.blogger.com/atom/ns#"])
	}
}

func TestAStoryKeepsItsIDWhateverTheHour(t *testing.T) {
	first, second := string(Feed(base, noon)), string(Feed("http://other.test", noon.Add(37*time.Hour)))
	for _, s := range Stories() {
		id := entry(s, base, noon).ID
		if !strings.Contains(first, ".post-"+id+"<") || !strings.Contains(second, ".post-"+id+"<") {
			t.Errorf("%s: id %s is not in both feeds", s.Slug, id)
		}
	}
	if first != string(Feed(base, noon)) {
		t.Error("the same base and now gave two feeds")
	}
}

func TestStoriesReadLikeAPaper(t *testing.T) {
	sections := map[string]int{}
	titles, slugs := map[string]bool{}, map[string]bool{}
	for _, s := range Stories() {
		if titles[s.Title] || slugs[s.Slug] {
			t.Errorf("%s appears twice", s.Slug)
		}
		titles[s.Title], slugs[s.Slug] = true, true
		if len(s.Labels) > 3 {
			t.Errorf("%s has %d labels", s.Slug, len(s.Labels))
		}
		for _, l := range s.Labels {
			sections[l]++
		}
		var prose int
		for _, p := range s.Paragraphs {
			if !strings.HasPrefix(p, "### ") {
				prose++
			}
			if strings.Contains(p, "\n") || strings.TrimSpace(p) != p {
				t.Errorf("%s: a paragraph is not one clean line: %q", s.Slug, p)
			}
		}
		if prose < 3 || prose > 6 {
			t.Errorf("%s has %d paragraphs", s.Slug, prose)
		}
	}
	for _, l := range []string{"Nigeria", "Politics", "Business", "Sport", "Entertainment", "Gossip", "World", "Health", "Technology"} {
		if sections[l] < 2 {
			t.Errorf("section %s has %d stories, want at least 2", l, sections[l])
		}
		delete(sections, l)
	}
	if len(sections) > 0 {
		t.Errorf("labels that are no sections: %v", sections)
	}
}
