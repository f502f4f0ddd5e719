package feed

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/rss"
)

// maxTime is how long one document may be read. A real feed of 10 MB takes about a second.
const maxTime = 10 * time.Second

var bareLess = regexp.MustCompile(`<([\s\d<=-])`)

var errTooSlow = errors.New("reading it took too long")

// parseXML reads RSS, RDF and Atom.
func parseXML(text, base string) (Feed, error) {
	if htmlStart.MatchString(text) {
		return Feed{}, &NotFeedError{Kind: WebPage, Feeds: namedFeeds(text, base)}
	}
	text = cleanXML(text)
	doc, root, junk := document(text)
	if at := strings.LastIndex(text, "<?xml"); at > 0 && !isFeedRoot(root) {
		// A broken script's warnings, with tags of their own, may stand in front of the feed.
		if rest, name, _ := document(text[at:]); isFeedRoot(name) {
			doc, root, junk = rest, name, true
		}
	}
	if doc == "" {
		return Feed{}, &NotFeedError{Kind: Garbage, Err: errNoRoot}
	}
	switch localName(root) {
	case "rss", "rdf":
	case "feed":
		doc = namePacked(nameAtom(doc, root))
	case "html", "head", "body", "div", "p", "script", "meta", "title":
		return Feed{}, &NotFeedError{Kind: WebPage, Feeds: namedFeeds(text, base)}
	case "channel":
		doc, root = "<rss>"+doc+"</rss>", "rss"
	default:
		return Feed{}, &NotFeedError{Kind: Other}
	}
	if err := checkDepth(doc); err != nil {
		return Feed{}, &NotFeedError{Kind: Garbage, Err: err}
	}
	s := source{root: root, base: base, until: time.Now().Add(maxTime)}
	doc = s.setAside(trimBases(doc))
	f, err := s.readXML(doc)
	if err != nil && !errors.Is(err, errTooSlow) {
		f, err = s.mend(doc, err)
	}
	if err != nil {
		return Feed{}, &NotFeedError{Kind: Garbage, Err: err}
	}
	if junk {
		f.Warnings = append(f.Warnings, "the feed begins with something else, which was passed over")
	}
	return f, nil
}

// mend reads a document that the reader refused: with each "<" that begins no tag ("3 < 4") written as XML wants it, and if that
// was not all, story by story.
func (s source) mend(doc string, cause error) (Feed, error) {
	if mended := bareLess.ReplaceAllString(doc, "&lt;$1"); mended != doc {
		if f, err := s.readXML(mended); err == nil {
			f.Warnings = append(f.Warnings, "the feed contains characters that XML forbids in text; they were read as they were meant")
			return f, nil
		}
		doc = mended
	}
	return s.salvage(doc, cause)
}

// readXML reads a whole document with the reader that its root asks for.
func (s source) readXML(doc string) (Feed, error) {
	in := &timedReader{strings.NewReader(doc), s.until}
	if localName(s.root) == "feed" {
		parsed, err := (&atom.Parser{}).Parse(in)
		if err != nil {
			return Feed{}, err
		}
		return s.fromAtom(parsed), nil
	}
	parsed, err := (&rss.Parser{}).Parse(in)
	if err != nil {
		return Feed{}, err
	}
	if parsed == nil {
		return Feed{}, errors.New("no channel found")
	}
	return s.fromRSS(parsed), nil
}

func isFeedRoot(name string) bool {
	switch localName(name) {
	case "rss", "rdf", "feed":
		return true
	}
	return false
}

func localName(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return strings.ToLower(name)
}

// timedReader ends the reading of documents on which the reader takes time out of all proportion.
type timedReader struct {
	r     io.Reader
	until time.Time
}

func (t *timedReader) Read(p []byte) (int, error) {
	if time.Now().After(t.until) {
		return 0, errTooSlow
	}
	return t.r.Read(p)
}
