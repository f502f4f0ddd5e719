package feed_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/digest/feed"
)

func TestListsOfOtherReadersAreRead(t *testing.T) {
	const list = `<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<opml version="1.1"><head><title>Subscriptions</title></head><body>
<outline text="News"><outline text="Lagos"><outline type="rss" text="Caf` + "\xe9" + `" xmlUrl="https://cafe.example.com/feed?a=1&amp;b=2" htmlUrl="https://cafe.example.com/"/></outline>
<outline title="Old case" text="x" XMLURL=" http://old.example.com/rss.xml "></outline></outline>
<outline text="Twice" xmlUrl="https://old.example.com/rss.xml"/>
<outline text="A folder only"/>
<outline text="Script" xmlUrl="javascript:alert(1)" />
<outline text="&lt;b&gt;Loud&lt;/b&gt; &nbsp;one" xmlUrl="https://loud.example.com/feed" htmlUrl="javascript:x">
</body></opml>`
	got, warnings, err := feed.ReadOPML([]byte(list))
	want := []feed.Outline{
		{Title: "Café", Feed: "https://cafe.example.com/feed?a=1&b=2", Site: "https://cafe.example.com/"},
		{Title: "Old case", Feed: "http://old.example.com/rss.xml"},
		{Title: "Loud one", Feed: "https://loud.example.com/feed"},
	}
	if err != nil || !slices.Equal(got, want) || len(warnings) != 1 || !strings.Contains(warnings[0], "1 of its feeds") {
		t.Errorf("got %+v, %q, %v", got, warnings, err)
	}
}

func TestWhatIsNoListOfFeedsSaysSo(t *testing.T) {
	many := `<opml><body>`
	for i := range feed.MaxOutlines + 1 {
		many += fmt.Sprintf(`<outline xmlUrl="https://paper.example.com/%d"/>`, i)
	}
	for name, body := range map[string]string{
		"a feed": small, "nothing": "", "words": "my feeds", "no feed in it": `<opml version="2.0"><body><outline text="x"/></body></opml>`,
		"cut off": `<opml><body><outline xmlUrl="https://paper.example.com/feed`, "a web page": "<!doctype html><html><body><p>x</body></html>", "too many": many,
	} {
		list, _, err := feed.ReadOPML([]byte(body))
		var no *feed.NotFeedError
		if !errors.As(err, &no) || no.Kind != feed.List {
			t.Errorf("%s: %d feeds, %v", name, len(list), err)
			continue
		}
		checkSentence(t, name, err)
	}
}

func TestListsAreReadBackAsTheyWereWritten(t *testing.T) {
	list := []feed.Outline{
		{Title: `A "quoted" title: 3 < 4 & more`, Feed: "https://a.example.com/feed?x=1&y=2", Site: "https://a.example.com/"},
		{Title: "https://b.example.com/feed", Feed: "https://b.example.com/feed"},
	}
	body, err := feed.WriteOPML("Harmattan Post", list)
	if err != nil {
		t.Fatal(err)
	}
	got, warnings, err := feed.ReadOPML(body)
	if err != nil || !slices.Equal(got, list) || len(warnings) != 0 {
		t.Errorf("%s\n%+v, %q, %v", body, got, warnings, err)
	}
}
