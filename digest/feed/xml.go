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
	doc, root, junk := document(cleanXML(text))
	if doc == "" {
		return Feed{}, &NotFeedError{Kind: Garbage, Err: errNoRoot}
	}
	switch localName(root) {
	case "rss", "rdf":
	case "feed":
		doc = nameAtom(doc, root)
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
	doc = trimBases(doc)
	until := time.Now().Add(maxTime)
	f, err := readXML(doc, root, base, until)
	if err != nil && !errors.Is(err, errTooSlow) {
		f, err = mend(doc, root, base, until, err)
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
func mend(doc, root, base string, until time.Time, cause error) (Feed, error) {
	if mended := bareLess.ReplaceAllString(doc, "&lt;$1"); mended != doc {
		if f, err := readXML(mended, root, base, until); err == nil {
			f.Warnings = append(f.Warnings, "the feed contains characters that XML forbids in text; they were read as they were meant")
			return f, nil
		}
		doc = mended
	}
	return salvage(doc, root, base, until, cause)
}

// readXML reads a whole document with the reader that its root asks for.
func readXML(doc, root, base string, until time.Time) (Feed, error) {
	in := &timedReader{strings.NewReader(doc), until}
	if localName(root) == "feed" {
		parsed, err := (&atom.Parser{}).Parse(in)
		if err != nil {
			return Feed{}, err
		}
		return fromAtom(parsed, base), nil
	}
	parsed, err := (&rss.Parser{}).Parse(in)
	if err != nil {
		return Feed{}, err
	}
	if parsed == nil {
		return Feed{}, errors.New("no channel found")
	}
	return fromRSS(parsed, base), nil
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
