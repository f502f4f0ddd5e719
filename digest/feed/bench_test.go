package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/digest/feed"
)

// BenchmarkParse25 reads a feed of 25 stories of about 6 KB each, as Blogger sends it.
func BenchmarkParse25(b *testing.B) {
	var s strings.Builder
	s.WriteString(`<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Paper</title><link rel="alternate" href="https://paper.example.com/"/>`)
	text := strings.Repeat("&lt;p&gt;The council met on &lt;b&gt;Monday&lt;/b&gt; &amp;amp; decided nothing, as it has since May.&lt;/p&gt;", 60)
	for i := range 25 {
		fmt.Fprintf(&s, `<entry><id>tag:paper.example.com,2026:%d</id><published>2026-10-01T08:00:00+01:00</published><updated>2026-10-01T08:00:00+01:00</updated><title type="text">Story %d</title><link rel="alternate" type="text/html" href="https://paper.example.com/%d"/><content type="html">&lt;img src="/p.jpg"/&gt;%s</content></entry>`, i, i, i, text)
	}
	s.WriteString(`</feed>`)
	body := []byte(s.String())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if f, err := feed.Parse(body, "", ""); err != nil || len(f.Items) != 25 {
			b.Fatal(len(f.Items), err)
		}
	}
}
