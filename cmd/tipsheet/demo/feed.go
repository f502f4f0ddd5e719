package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed pages/feed.xml.tmpl
var feedTemplate string

const (
	blogID    = "4815000000000000024"
	profileID = "04815000000000000042"

	feedTime = "2006-01-02T15:04:05.000-07:00" // Blogger writes milliseconds and a numeric zone
)

type feedView struct {
	Base, Blog, Profile, Paper, Updated string
	Labels                              []string
	Entries                             []feedEntry
}

type feedEntry struct {
	ID, Published, Updated, Title, Author, Content, Page, Thumbnail string
	Labels                                                          []string
}

// Feed writes all stories as the Atom feed that Blogger serves at /feeds/posts/default, newest first,
// with links below base, an address without a trailing slash. The stories are dated within the twenty
// hours before now; the same base and now give the same bytes. A story's id depends on neither.
func Feed(base string, now time.Time) []byte {
	view := feedView{Base: base, Blog: blogID, Profile: profileID, Paper: Paper}
	seen := map[string]bool{}
	var newest time.Time
	for _, s := range Stories() {
		for _, l := range s.Labels {
			if !seen[l] {
				seen[l] = true
				view.Labels = append(view.Labels, l)
			}
		}
		if u := s.Updated(now); u.After(newest) {
			newest = u
		}
		view.Entries = append(view.Entries, entry(s, base, now))
	}
	view.Updated = newest.Format(feedTime)

	// Blogger writes its feed on one line; the template is broken into lines for its readers only.
	text := strings.ReplaceAll(feedTemplate, "\n", "")
	t := template.Must(template.New("feed").Funcs(template.FuncMap{"xml": escapeXML}).Parse(text))
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		panic(fmt.Sprintf("demo: write feed: %v", err))
	}
	return out.Bytes()
}

func entry(s Story, base string, now time.Time) feedEntry {
	e := feedEntry{
		ID:        fmt.Sprintf("%019d", 2_000_000_000_000_000_000+s.number()),
		Published: s.Published(now).Format(feedTime),
		Updated:   s.Updated(now).Format(feedTime),
		Title:     s.Title,
		Author:    s.Author,
		Content:   contentHTML(s, base),
		Page:      base + s.Path(now),
		Labels:    s.Labels,
	}
	if s.Image != "" {
		e.Thumbnail = base + sized(s.Image, "s72-c")
	}
	return e
}

// contentHTML is the body of a post as Blogger's editor leaves it: the picture in a separator, then
// the paragraphs.
func contentHTML(s Story, base string) string {
	var b strings.Builder
	if s.Image != "" {
		fmt.Fprintf(&b, `<div class="separator" style="clear: both; text-align: center;">`+
			`<a href="%s" style="margin-left: 1em; margin-right: 1em;">`+
			`<img border="0" height="360" src="%s" width="640" /></a></div>`+"\n",
			base+sized(s.Image, "s1600"), base+s.Image)
	}
	for i, p := range s.Paragraphs {
		if i > 0 {
			b.WriteByte('\n')
		}
		if heading, ok := strings.CutPrefix(p, "### "); ok {
			b.WriteString("<h3>" + escapeText(heading) + "</h3>")
			continue
		}
		b.WriteString("<p>" + escapeText(p) + "</p>")
	}
	return b.String()
}

// sized gives the path of an image in another of Blogger's sizes.
func sized(image, size string) string {
	return strings.Replace(image, "/s640/", "/"+size+"/", 1)
}

// escapeText escapes what HTML needs in running text and leaves quotation marks as they are, as
// Blogger does.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// escapeXML escapes for XML text and for attributes in single quotes.
func escapeXML(s string) string {
	return strings.ReplaceAll(escapeText(s), "'", "&#39;")
}
