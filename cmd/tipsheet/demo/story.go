package demo

import (
	"bufio"
	"embed"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net/textproto"
	"path"
	"strings"
	"time"
)

//go:embed stories/*.txt
var storyFiles embed.FS

// Story is one article of the demo's paper.
type Story struct {
	Slug   string   // stable name, the last element of the page's path
	Title  string   // headline, plain text
	Author string   // by-line
	Labels []string // one to three sections, the main one first
	// Image is the path of the lead picture below the paper's address, such as
	// "/img/s640/sprinter.jpg"; empty where the story has none.
	Image string
	// Paragraphs are plain text. One that begins with "### " is a cross-heading.
	Paragraphs []string

	age time.Duration // how long before the feed's now it was published
}

// Stories returns all articles, newest first. It panics when an embedded article is malformed.
func Stories() []Story {
	names, err := fs.Glob(storyFiles, "stories/*.txt")
	if err != nil {
		panic(fmt.Sprintf("demo: list stories: %v", err))
	}
	stories := make([]Story, 0, len(names))
	for i, name := range names {
		s, err := readStory(name)
		if err != nil {
			panic(fmt.Sprintf("demo: read %s: %v", name, err))
		}
		s.age = storyAge(i, s.Slug)
		stories = append(stories, s)
	}
	return stories
}

// Published is when the story appeared, counted back from now, in the paper's own zone.
func (s Story) Published(now time.Time) time.Time {
	return now.Add(-s.age).Truncate(time.Minute).In(lagos())
}

// Updated is when the story was last touched: a few minutes after it was published, never after now.
func (s Story) Updated(now time.Time) time.Time {
	touch := time.Duration(60+s.number()%420) * time.Second
	return s.Published(now).Add(touch + time.Duration(s.number()%1000)*time.Millisecond)
}

// Path is where the story's page lies, in the form that Blogger uses: /2025/05/slug.html.
func (s Story) Path(now time.Time) string {
	return s.Published(now).Format("/2006/01/") + s.Slug + ".html"
}

// number is a stable number below 10^18 for the story's identity.
func (s Story) number() uint64 { return hash(s.Slug) % 1e18 }

// storyAge spreads the stories over a little under twenty hours, at an uneven pace that never
// changes their order.
func storyAge(i int, slug string) time.Duration {
	return time.Duration(12+50*i+int(hash(slug)%20)) * time.Minute
}

func readStory(name string) (Story, error) {
	f, err := storyFiles.Open(name)
	if err != nil {
		return Story{}, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	head, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return Story{}, fmt.Errorf("read header: %w", err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return Story{}, fmt.Errorf("read paragraphs: %w", err)
	}
	_, slug, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".txt"), "-")
	s := Story{
		Slug:       slug,
		Title:      head.Get("Title"),
		Author:     head.Get("Author"),
		Labels:     strings.Split(head.Get("Labels"), ", "),
		Paragraphs: strings.Split(strings.TrimSpace(string(body)), "\n\n"),
	}
	if image := head.Get("Image"); image != "" {
		s.Image = "/img/s640/" + image + ".jpg"
	}
	if s.Slug == "" || s.Title == "" || s.Author == "" || s.Labels[0] == "" || s.Paragraphs[0] == "" {
		return Story{}, fmt.Errorf("slug, title, author, labels or paragraphs missing")
	}
	return s, nil
}

// lagos is fixed, for the demo must not depend on a machine's time zone files; Nigeria keeps no
// summer time.
func lagos() *time.Location { return time.FixedZone("WAT", 60*60) }

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
