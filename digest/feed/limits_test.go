package feed

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReadingEndsWithItsTime(t *testing.T) {
	doc := "<rss><channel><item><title>x</title></item></channel></rss>"
	if _, err := (source{root: "rss", until: time.Now().Add(-time.Second)}).readXML(doc); !errors.Is(err, errTooSlow) {
		t.Errorf("got %v", err)
	}
	if f, err := (source{root: "rss", until: time.Now().Add(time.Minute)}).readXML(doc); err != nil || len(f.Items) != 1 {
		t.Errorf("%d items, %v", len(f.Items), err)
	}
}

func TestDepthIsNeverCountedTooLow(t *testing.T) {
	open := strings.Repeat("<a>", maxDepth+1)
	for name, doc := range map[string]string{
		"plain": open, "with attributes": strings.ReplaceAll(open, "<a>", `<a b="/>" c='>'>`), "between comments": strings.ReplaceAll(open, "<a>", "<!-- </a> --><a>"),
		"between CDATA": strings.ReplaceAll(open, "<a>", "<![CDATA[</a>]]><a>"), "between instructions": strings.ReplaceAll(open, "<a>", "<?x </a> ?><a>"),
		"ends in front": strings.Repeat("</a>", 1000) + open,
	} {
		if err := checkDepth(doc); !errors.Is(err, errTooDeep) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, doc := range map[string]string{
		"empty elements": strings.Repeat("<a/>", 1000), "closed elements": strings.Repeat("<a></a>", 1000), "HTML in CDATA": "<a><![CDATA[" + open + "]]></a>", "at the limit": strings.Repeat("<a>", maxDepth),
	} {
		if err := checkDepth(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoAddressOrIDSwellsAMail(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	f, err := Parse([]byte(`<rss version="2.0"><channel><title>T</title><item><title>x</title><guid>`+long+`</guid><link>https://paper.example.com/`+long+
		`</link><enclosure type="image/png" url="https://paper.example.com/`+long+`"/></item></channel></rss>`), "", "")
	if err != nil || len(f.Items) != 1 {
		t.Fatalf("%d items, %v", len(f.Items), err)
	}
	it := f.Items[0]
	if it.Link != "" || it.Image != "" || len(Key(it)) > 1000 || !strings.Contains(strings.Join(f.Warnings, "; "), "no link") {
		t.Errorf("link of %d, image of %d, key of %d bytes, warnings %q", len(it.Link), len(it.Image), len(Key(it)), f.Warnings)
	}
}
