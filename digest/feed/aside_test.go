package feed

import (
	"fmt"
	"html"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTextsSetAsideReadLikeThoseThatStay(t *testing.T) {
	long := strings.Repeat("<p>The council met on <b>Monday</b> &amp; decided nothing &mdash; caf&eacute;s stay open.</p>\n", 20) + `<img src="/a.jpg?x=1&amp;copy=2">`
	escaped := html.EscapeString(long)
	bodies := map[string]struct {
		inner string
		aside bool
	}{
		"escaped": {escaped, true}, "CDATA": {"<![CDATA[" + long + "]]>", true}, "CDATA between blanks": {"\n <![CDATA[" + long + "]]> \n", true},
		"plain words": {strings.Repeat("Words &#8212; and more &amp;amp; more. ", 40), true}, "bare ampersands": {strings.Repeat("R&D & AT&T; &nosuch; ?a=1&copy=2 &#x41; &#; ", 30), true},
		"short": {"&lt;p&gt;Short&lt;/p&gt;", false}, "two pieces": {escaped + "<![CDATA[" + long + "]]>", false}, "tags": {"<div>" + escaped + "</div>", false},
	}
	frames := map[string]string{
		"rss":  `<rss version="2.0"><channel><title>T</title><item><title>I</title><description>%s</description></item></channel></rss>`,
		"full": `<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><item><title>I</title><description>Short.</description><content:encoded>%s</content:encoded ></item></channel></rss>`,
		"feed": `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>I</title><content type="html">%s</content></entry></feed>`,
		"sums": `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>I</title><summary type="html">%s</summary></entry></feed>`,
	}
	for frame, pattern := range frames {
		for name, body := range bodies {
			doc := fmt.Sprintf(pattern, body.inner)
			s := source{root: elementName(doc), base: "https://paper.example.com/feed", until: time.Now().Add(time.Minute)}
			want, err := s.readXML(doc)
			if err != nil {
				t.Fatalf("%s, %s: %v", frame, name, err)
			}
			less := s.setAside(doc)
			if body.aside != (len(s.aside) == 1) {
				t.Errorf("%s, %s: %d texts were set aside", frame, name, len(s.aside))
			}
			got, err := s.readXML(less)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: got %+v, %v\nwant %+v", frame, name, got, err, want)
			}
		}
	}
}

func TestAFeedCannotNameATextThatWasSetAside(t *testing.T) {
	doc := `<rss><channel><title>T</title><item><title>` + asideMark + `0</title><description>` + strings.Repeat("secret ", 100) + `</description></item></channel></rss>`
	s := source{root: "rss"}
	if s.setAside(doc) != doc || len(s.aside) != 0 {
		t.Error("texts were set aside although the feed uses the mark")
	}
}

func TestUnescapeDecodesWholeEntitiesOnly(t *testing.T) {
	for in, want := range map[string]string{
		"a &lt;b&gt; &quot;c&quot; &amp;amp; d": `a <b> "c" &amp; d`, "&eacute;&#233;&#xE9;&#Xe9;": "éééé", "?a=1&copy=2&lt": "?a=1&copy=2&lt",
		"&nosuch; &; &#; &#x; &#12345678; &": "&nosuch; &; &#; &#x; &#12345678; &", "&" + strings.Repeat("a", 60) + ";": "&" + strings.Repeat("a", 60) + ";",
	} {
		if got := unescape(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
