// Package feed reads what a news site publishes about itself: Atom, RSS 0.9 to 2.0, RDF and JSON Feed.
//
// Parse takes the bytes of a feed and gives its stories in plain words:
//
//  1. the bytes become UTF-8, whatever the header, the XML declaration or a byte order mark say (charset.go);
//  2. what XML forbids but feeds contain is taken out, and what could exhaust the machine is refused (clean.go);
//  3. the long texts are set aside (aside.go), and gofeed reads the elements; where it gives up, the stories are read one by one and the
//     broken ones left out (salvage.go);
//  4. titles and texts become plain text, links absolute, dates UTC (rss.go, atom.go, jsonfeed.go).
//
// Fetcher asks a site for its feed, politely: with the conditions of the last answer, and within limits; and whether the
// page of a story is gone (gone.go). ReadOPML and WriteOPML are for lists of feeds.
//
// When a feed is odd, the story is kept and the oddity becomes a warning; nothing is dropped without one. When it is no
// feed at all the error is one sentence for an editor: what is wrong, why, and what to do. Parse never panics and
// touches neither network nor disk.
package feed

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Feed is one reading of a feed.
type Feed struct {
	Title    string    // plain text
	Link     string    // the site, absolute where that could be found out
	Date     time.Time // when the feed says it changed, UTC; zero when it does not say
	Items    []Item    // in the feed's order
	Warnings []string  // what was odd, one sentence each; no address, no title
}

// Item is one story of a feed. Empty strings and zero times mean that the feed does not say.
type Item struct {
	ID         string    // the feed's own id (guid, atom:id), untouched
	Title      string    // plain text on one line
	Link       string    // where to read it, absolute where that could be found out
	Date       time.Time // published, else updated, UTC
	Updated    time.Time // last changed, UTC
	Author     string    // plain names, several separated by commas
	Image      string    // address of the picture that goes with the story
	Summary    string    // plain text, at most 280 characters
	Text       string    // plain text of the content, at most 64 KB, paragraphs on lines of their own
	Categories []string  // plain text, in the feed's order, each once
}

const (
	// MaxSummary is the longest summary in characters.
	MaxSummary = 280
	// MaxText is the longest text of a story in bytes.
	MaxText = 64 << 10
	// MaxItems is how many stories of one feed are read. The rest is left out with a warning.
	MaxItems = 5000

	maxTitle      = 500  // characters
	maxAddress    = 4096 // bytes of a link; browsers and mail programs take less
	maxID         = 1000 // bytes of an id that are compared as they are
	maxCategories = 50
	maxCategory   = 100 // characters
)

// Parse reads the body of a feed. contentType is the header that it came with, base the address it came from;
// both may be empty. The error is a *NotFeedError when body is something else, such as a web page.
func Parse(body []byte, contentType, base string) (f Feed, err error) {
	// gofeed and the tokenisers under it read hostile bytes: a mistake of theirs must not take the mail room down.
	defer func() {
		if r := recover(); r != nil {
			f, err = Feed{}, &NotFeedError{Kind: Garbage, Err: fmt.Errorf("reader stopped: %v", r)}
		}
	}()
	text, warnings := decode(body, contentType)
	text = strings.TrimLeft(text, " \t\r\n\x00\ufeff")
	switch {
	case text == "":
		return Feed{}, &NotFeedError{Kind: Empty}
	case text[0] == '{' || text[0] == '[':
		f, err = parseJSON(text, base)
	default:
		f, err = parseXML(text, base)
	}
	if err != nil {
		return Feed{}, err
	}
	f.Warnings = append(append(warnings, f.Warnings...), f.findings()...)
	return f, nil
}

// findings are the warnings that can be read off the finished feed.
func (f Feed) findings() (warnings []string) {
	var untitled, unlinked, relative, undated int
	for _, it := range f.Items {
		if it.Title == "" {
			untitled++
		}
		if it.Link == "" {
			unlinked++
		} else if !isWebAddress(it.Link) {
			relative++
		}
		if it.Date.IsZero() {
			undated++
		}
	}
	if len(f.Items) == 0 {
		warnings = append(warnings, "the feed has no stories")
	}
	if len(sharedIDs(f.Items)) > 0 {
		warnings = append(warnings, "different stories have the same id and are told apart by their links")
	}
	for _, c := range []struct {
		n    int
		what string
	}{
		{untitled, "no title"}, {unlinked, "no link"}, {relative, "a link that is not a full web address"},
		{undated, "no date that can be read and take the time first seen"},
	} {
		if c.n > 0 {
			warnings = append(warnings, stories(c.n)+" "+c.what)
		}
	}
	return warnings
}

func stories(n int) string {
	if n == 1 {
		return "1 story has"
	}
	return fmt.Sprintf("%d stories have", n)
}

// Kinds of NotFeedError.
const (
	WebPage = "web page" // HTML
	Empty   = "empty"    // no bytes, or only white space
	Garbage = "garbage"  // neither XML nor JSON, or too broken to find a story in it
	Other   = "other"    // well-formed, but another kind of document
	List    = "list"     // meant as a list of feeds (OPML), but none
)

// NotFeedError says that what was read is no feed. Its text is one sentence for an editor.
type NotFeedError struct {
	Kind  string   // WebPage, Empty, Garbage, Other or List
	Feeds []string // the addresses of feeds that a web page names, absolute; may be empty
	Err   error    // the reader's own words, may be nil
}

// Error says what the document is and what to do.
func (e *NotFeedError) Error() string {
	switch e.Kind {
	case WebPage:
		if len(e.Feeds) > 0 {
			return "that address is a web page, not a feed; the page says that its feed is at " + e.Feeds[0] + ", use that"
		}
		return "that address is a web page, not a feed; try /feeds/posts/default (Blogger) or /feed/ (WordPress) behind the name of the site"
	case Empty:
		return "the site sent an empty page in place of its feed; try again later, and if it stays so ask whoever runs the site"
	case List:
		return fmt.Sprintf("that file is no list of feeds (%v); export the feeds from the other reader as OPML", e.Err)
	case Other:
		return "that address is a document of another kind, not a feed; give the address of an Atom, RSS or JSON feed"
	default:
		return "the feed is too broken to be read; check it with a feed validator, or ask whoever runs the site to mend it"
	}
}

// Unwrap returns the reader's own words.
func (e *NotFeedError) Unwrap() error { return e.Err }

var errNoRoot = errors.New("no element found")
