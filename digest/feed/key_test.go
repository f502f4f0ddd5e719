package feed_test

import (
	"testing"

	"github.com/olomotimes/tipsheet/digest/feed"
	"pgregory.net/rapid"
)

func TestCanonicalURLIsTheSameForTheSameStory(t *testing.T) {
	same := [][]string{
		{"https://paper.example.com/2026/10/story.html", "http://paper.example.com/2026/10/story.html", "HTTPS://PAPER.example.com:443/2026/10/story.html",
			"https://paper.example.com/2026/10/story.html/", "https://paper.example.com/2026/10/story.html?m=1", "https://paper.example.com/2026/10/story.html?m=0#more",
			"https://paper.example.com/2026/10/story.html?utm_source=x&utm_medium=y", "https://paper.example.com/2026/10/story.html?fbclid=abc&gclid=1",
			" https://paper.example.com./2026/10/story.html?&spref=tw ", "https://paper.example.com/2026/10/story.html?"},
		{"https://paper.example.com", "https://paper.example.com/", "http://paper.example.com:80/#top"},
		{"https://paper.example.com/?p=7", "http://paper.example.com/?p=7&utm_campaign=z", "http://paper.example.com?p=7"},
		{"https://paper.example.com:8080/a", "http://paper.example.com:8080/a/"},
		{"https://[2606:4700::1]/a", "http://[2606:4700::1]:80/a"},
	}
	for _, group := range same {
		for _, address := range group {
			if got := feed.CanonicalURL(address); got != feed.CanonicalURL(group[0]) {
				t.Errorf("%q gives %q, want %q", address, got, feed.CanonicalURL(group[0]))
			}
		}
	}
	if got := feed.CanonicalURL(same[0][4]); got != same[0][0] {
		t.Errorf("got %q", got)
	}
}

func TestCanonicalURLKeepsWhatTellsStoriesApart(t *testing.T) {
	apart := []string{
		"https://paper.example.com/a", "https://paper.example.com/A", "https://paper.example.com/a?p=1", "https://paper.example.com/a?p=2",
		"https://paper.example.com/a?m=2", "https://paper.example.com/a?p=1&page=2", "https://www.paper.example.com/a", "https://paper.example.com/a%2Fb",
		"https://paper.example.com/a/b", "tag:paper.example.com,2026:1", "urn:uuid:1", "", "paper.example.com/a", "mailto:desk@example.com", "https://paper.example.com/%zz",
	}
	seen := map[string]string{}
	for _, address := range apart {
		c := feed.CanonicalURL(address)
		if other, ok := seen[c]; ok {
			t.Errorf("%q and %q are both %q", address, other, c)
		}
		seen[c] = address
	}
}

func TestCanonicalURLIsStable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`https?://[a-zA-Z.:0-9]{1,12}(/[a-z%0-9./]{0,9})?(\?[a-z=&_0-9]{0,12})?(#[a-z]{0,3})?`)).Draw(rt, "address")
		once := feed.CanonicalURL(s)
		if twice := feed.CanonicalURL(once); twice != once {
			rt.Fatalf("%q becomes %q, then %q", s, once, twice)
		}
	})
}

func TestKeyIsTheIDElseTheLinkElseTheTitle(t *testing.T) {
	link, title := "http://paper.example.com/a/?utm_source=rss", "A  Title"
	cases := []struct {
		name string
		it   feed.Item
		want string
	}{
		{"an id", feed.Item{ID: " tag:x,2026:1 ", Link: link, Title: title}, "tag:x,2026:1"},
		{"an id that is an address", feed.Item{ID: "http://paper.example.com/?p=9", Link: link}, "https://paper.example.com?p=9"},
		{"an id told apart by its fragment", feed.Item{ID: "http://paper.example.com/log#9"}, "https://paper.example.com/log#9"},
		{"no id", feed.Item{Link: link, Title: title}, "https://paper.example.com/a"},
		{"nothing", feed.Item{Summary: "words"}, ""},
	}
	for _, c := range cases {
		if got := feed.Key(c.it); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if a, b := feed.Key(feed.Item{Title: title}), feed.Key(feed.Item{Title: "a title"}); a != b || a == "" || a == feed.Key(feed.Item{Title: "another"}) {
		t.Errorf("titles: %q and %q", a, b)
	}
}

func TestStoriesOfOneReadingOverwriteNoneOfEachOther(t *testing.T) {
	a, b := "http://paper.example.com/a", "https://paper.example.com/b"
	keys := feed.Keys([]feed.Item{
		{ID: "1", Link: a, Title: "A"}, {ID: "1", Link: b, Title: "B"}, // one id for all
		{ID: "2", Link: "http://paper.example.com/c"}, {ID: "2", Link: "https://paper.example.com/c/?utm_source=x"}, // one story twice
		{Summary: "words"}, {Summary: "other words"},
	})
	want := []string{"https://paper.example.com/a", b, "2", "2"}
	for i, w := range want {
		if keys[i] != w {
			t.Errorf("item %d: got %q, want %q", i, keys[i], w)
		}
	}
	if keys[4] == keys[5] || keys[4] == "" || keys[5] == "" {
		t.Errorf("without id, link and title: %q and %q", keys[4], keys[5])
	}
}

func TestKeySurvivesTheMoveToHTTPS(t *testing.T) {
	before := feed.Item{ID: "http://paper.example.com/a/", Link: "http://paper.example.com/a/"}
	after := feed.Item{ID: "https://paper.example.com/a/", Link: "https://paper.example.com/a/"}
	if feed.Key(before) != feed.Key(after) {
		t.Error("the move to https makes a new story")
	}
}
