package feed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/digest/feed"
)

var update = flag.Bool("update", false, "rewrite the expected results in testdata")

// base is where the feeds in testdata are said to come from.
const base = "https://from.example.com/feeds/all"

func samples(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"testdata/*.xml", "testdata/*.jsonfeed"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 40 {
		t.Fatalf("only %d samples found", len(files))
	}
	return files
}

func TestFeedsReadAsExpected(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, err := feed.Parse(body, "", base)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(f.JSON(filepath.Base(file))); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("%s differs; got:\n%s", golden, got.String())
			}
		})
	}
}

func TestFeedsAreWithinTheirPromises(t *testing.T) {
	for _, file := range samples(t) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := feed.Parse(body, "", base)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range f.Items {
			checkItem(t, file, it)
		}
	}
}

func checkItem(t *testing.T, where string, it feed.Item) {
	t.Helper()
	for what, s := range map[string]string{"title": it.Title, "author": it.Author, "summary": it.Summary} {
		if strings.ContainsAny(s, "\n\r\x00\u202e\u200b") {
			t.Errorf("%s: %s %q is not one plain line", where, what, s)
		}
	}
	if n := len([]rune(it.Summary)); n > feed.MaxSummary {
		t.Errorf("%s: the summary of %q has %d characters", where, it.Title, n)
	}
	if len(it.Text) > feed.MaxText {
		t.Errorf("%s: the text of %q has %d bytes", where, it.Title, len(it.Text))
	}
	for what, s := range map[string]string{"link": it.Link, "image": it.Image} {
		if strings.HasPrefix(s, "javascript:") || strings.HasPrefix(s, "data:") {
			t.Errorf("%s: %s %q came through", where, what, s)
		}
	}
	for _, at := range []time.Time{it.Date, it.Updated} {
		if !at.IsZero() && at.Location() != time.UTC {
			t.Errorf("%s: %v is not in UTC", where, at)
		}
	}
}

func TestTextKeepsParagraphsAndDropsScripts(t *testing.T) {
	body, err := os.ReadFile("testdata/blogger.xml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := feed.Parse(body, "application/atom+xml; charset=UTF-8", base)
	if err != nil {
		t.Fatal(err)
	}
	it := f.Items[0]
	if !strings.Contains(it.Text, "told the court.\nThe hearing") || strings.Contains(it.Text, "track(") || strings.ContainsRune(it.Text, '<') {
		t.Errorf("text is %q", it.Text)
	}
	if !strings.Contains(it.Text, "Photo: Courier") || strings.Contains(it.Summary, "Photo: Courier") {
		t.Errorf("the caption belongs into the text and not into the summary %q", it.Summary)
	}
	if want := time.Date(2026, 10, 5, 17, 22, 41, 0, time.UTC); !it.Updated.Equal(want) {
		t.Errorf("updated %v, want %v", it.Updated, want)
	}
}

func TestWhatIsNoFeedSaysWhatItIs(t *testing.T) {
	cases := []struct{ name, body, contentType, kind, says string }{
		{"web page", "<!DOCTYPE html><html><head><title>Home</title></head><body>Hi</body></html>", "text/html", feed.WebPage, "web page, not a feed"},
		{"web page that names its feed", `<html><head><link rel="alternate" type="application/rss+xml" href="/feed/"></head></html>`, "text/html", feed.WebPage, "https://from.example.com/feed/"},
		{"web page in XML", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head/></html>`, "", feed.WebPage, "web page"},
		{"nothing", "", "application/rss+xml", feed.Empty, "empty"},
		{"white space", " \r\n\ufeff", "", feed.Empty, "empty"},
		{"words", "Service unavailable", "text/plain", feed.Garbage, "too broken"},
		{"another kind of XML", `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>`, "", feed.Other, "another kind"},
		{"another kind of JSON", `{"error":"no"}`, "application/json", feed.Other, "another kind"},
		{"half of a JSON feed", `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":`, "", feed.Garbage, "too broken"},
		{"list", `[1,2]`, "", feed.Garbage, "too broken"},
		{"a first tag only", `<rss version="2.0"`, "", feed.Garbage, "too broken"},
		{"nested too deep", "<rss><channel><item>" + strings.Repeat("<x:y>", 1_000_000), "", feed.Garbage, "too broken"},
	}
	for _, c := range cases {
		_, err := feed.Parse([]byte(c.body), c.contentType, base)
		var no *feed.NotFeedError
		if !errors.As(err, &no) || no.Kind != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		checkSentence(t, c.name, err)
	}
}

// checkSentence is for errors that editors read: one line, with a hint behind a semicolon.
func checkSentence(t *testing.T, what string, err error) {
	t.Helper()
	if s := err.Error(); strings.Contains(s, "\n") || !strings.Contains(s, ";") || len(s) > 250 {
		t.Errorf("%s: not a sentence with a hint: %q", what, s)
	}
}

func TestFeedWithoutStoriesIsAFeed(t *testing.T) {
	f, err := feed.Parse([]byte(`<rss version="2.0"><channel><title>Soon</title></channel></rss>`), "", "")
	if err != nil || f.Title != "Soon" || len(f.Items) != 0 || len(f.Warnings) != 1 {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestTooManyStoriesAreCountedNotForgotten(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Many</title>`)
	for range feed.MaxItems + 10 {
		b.WriteString(`<item><title>x</title><link>https://many.example.com/x</link><pubDate>Thu, 01 Oct 2026 08:00:00 GMT</pubDate></item>`)
	}
	b.WriteString(`</channel></rss>`)
	f, err := feed.Parse([]byte(b.String()), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Items) != feed.MaxItems || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], "5010 stories") {
		t.Errorf("%d items, warnings %q", len(f.Items), f.Warnings)
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range samples(f) {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "text/xml; charset=iso-8859-1")
	}
	f.Add([]byte("<feed"), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		got, err := feed.Parse(body, contentType, base)
		if err != nil {
			checkSentence(t, "error", err)
			return
		}
		for _, it := range got.Items {
			checkItem(t, "fuzz", it)
			feed.Key(it)
		}
		if _, err := json.Marshal(got.JSON("x")); err != nil {
			t.Error(err)
		}
	})
}
