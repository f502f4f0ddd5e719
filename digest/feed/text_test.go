package feed_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/olomotimes/tipsheet/digest/feed"
	"pgregory.net/rapid"
)

// read parses a JSON feed of one story, the shortest way to a text.
func read(t testing.TB, item map[string]any) feed.Item {
	t.Helper()
	body, err := json.Marshal(map[string]any{"version": "https://jsonfeed.org/version/1.1", "items": []any{item}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := feed.Parse(body, "application/feed+json", "https://x.example.com/feed")
	if err != nil || len(f.Items) != 1 {
		t.Fatalf("%d items, %v", len(f.Items), err)
	}
	return f.Items[0]
}

func TestSummaryIsPlainAndShort(t *testing.T) {
	cases := []struct{ name, html, want string }{
		{"tags and entities", "<p>One&nbsp;<b>two</b>&amp;three &#8217;</p>", "One two&three ’"},
		{"paragraphs", "<p>One.</p><p>Two.</p>", "One. Two."},
		{"a WordPress ending", "<p>Words end here [&hellip;]</p><p>The post Words appeared first on The Site.</p>", "Words end here…"},
		{"a link to the rest", `Words end here. <a href="/x">Read more &raquo;</a>`, "Words end here."},
		{"nothing but an ending", "[…]", ""},
		{"a caption first", "<figure><img src='a.jpg'><figcaption>By Jo</figcaption></figure><p>The story.</p>", "The story."},
		{"a caption only", "<figure><figcaption>By Jo</figcaption></figure>", "By Jo"},
		{"scripts", "<script>a<b</script><style>x</style><noscript><img src=x></noscript>Words", "Words"},
		{"an unclosed script", "Words<script>more", "Words"},
		{"abbreviations", strings.Repeat("word ", 40) + "said Dr. Sample of the U.N. and the rest goes on. " + strings.Repeat("More ", 30), strings.TrimSpace(strings.Repeat("word ", 40)) + " said Dr. Sample of the U.N. and the rest goes on."},
	}
	for _, c := range cases {
		if got := read(t, map[string]any{"content_html": c.html}).Summary; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSummaryIsNeverCutInsideACharacter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringN(200, 600, -1).Draw(rt, "text")
		got := read(t, map[string]any{"content_text": s}).Summary
		if n := utf8.RuneCountInString(got); n > feed.MaxSummary || !utf8.ValidString(got) {
			rt.Fatalf("%d characters: %q", n, got)
		}
	})
}

func TestPlainTextStaysAsItIs(t *testing.T) {
	it := read(t, map[string]any{"content_text": "a <b>not bold</b> & 3 < 4\n\n\nnext"})
	if it.Text != "a <b>not bold</b> & 3 < 4\nnext" {
		t.Errorf("got %q", it.Text)
	}
}

func TestVeryLongTextIsCutAtAWord(t *testing.T) {
	it := read(t, map[string]any{"content_html": "<p>" + strings.Repeat("wörd ", 40_000)})
	if len(it.Text) > feed.MaxText || len(it.Text) < feed.MaxText-10 || !strings.HasSuffix(it.Text, "wörd") {
		t.Errorf("%d bytes, ending in %q", len(it.Text), it.Text[len(it.Text)-10:])
	}
}

func TestImageIsTheFirstRealPicture(t *testing.T) {
	cases := []struct{ name, html, want string }{
		{"a counting pixel first", `<img src="p.gif" width="1" height="1"><img src="a.jpg" width="auto" height="300">`, "https://x.example.com/a.jpg"},
		{"a smiley first", `<img class="wp-smiley" src="s.png"><img src="/b.jpg">`, "https://x.example.com/b.jpg"},
		{"a lazy picture", `<img src="data:image/gif;base64,AA" data-src="//cdn.example.net/c.jpg">`, "https://cdn.example.net/c.jpg"},
		{"inside a script", `<script><img src="no.jpg"></script>`, ""},
		{"no address", `<img alt="x"><img src="">`, ""},
		{"another scheme", `<img src="cid:1"><p>`, ""},
	}
	for _, c := range cases {
		if got := read(t, map[string]any{"content_html": c.html}).Image; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTitlesArePlain(t *testing.T) {
	for title, want := range map[string]string{
		"A &amp; B": "A & B", "<b>A</b> <br/>B": "A B", "I <3 you": "I <3 you", "x &copy=2 &lt;tag&gt;": "x &copy=2 <tag>", "a\n\tb\u00a0c": "a b c",
		"<!-- x -->A": "A", "q&#39;s &#x2019; &bogus;": "q's ’ &bogus;", "  ": "",
	} {
		if got := read(t, map[string]any{"title": title}).Title; got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}
