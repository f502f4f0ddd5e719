package templates

import (
	"slices"
	"time"
)

// Newsletter is one that a reader may choose on a public page.
type Newsletter struct {
	ID          int64 // the form's value: field "newsletter", once for each chosen
	Name        string
	Description string
	Schedule    string // in words, see [ScheduleInWords]
	Chosen      bool
}

// Home is the public front page: subscribe. It posts "address" and "newsletter" to /subscribe.
type Home struct {
	Site        Site
	Newsletters []Newsletter // empty: the page says that none is open yet
	Address     string       // filled back in after an error
	Error       string       // what to change, one sentence
	HasArchive  bool
}

// SubscribeDone answers a subscription. It is the same page, byte for byte, for an address that
// is known, unknown or blocked.
type SubscribeDone struct {
	Site    Site
	Address string // as typed
}

// Confirm is what a confirmation link opens. Its button posts to Action; opening it does nothing.
type Confirm struct {
	Site        Site
	Newsletters []string
	Action      string
}

// Confirmed follows the button of [Confirm].
type Confirmed struct {
	Site        Site
	Newsletters []string
	First       string // when the first digest comes, in words: "tomorrow 07:00"; may be empty
	HasArchive  bool
}

// Unsubscribe is what the link in a digest opens. Its button posts to Action; opening it changes
// nothing (RFC 8058, section 3.2).
type Unsubscribe struct {
	Site           Site
	Newsletter     string
	Action         string
	PreferencesURL string // may be empty
}

// Unsubscribed follows, or answers a one-click POST. BackAction undoes it by POST; may be empty.
type Unsubscribed struct {
	Site       Site
	Newsletter string
	BackAction string
}

// Preferences lets a reader choose newsletters without a login. It posts "newsletter" values to
// Action.
type Preferences struct {
	Site        Site
	Newsletters []Newsletter
	Action      string
	Saved       bool
	Asked       bool // something chosen waits for the reader's word: a letter was sent for it
}

// PastIssue is one row of the archive.
type PastIssue struct {
	Newsletter string
	Subject    string
	Link       string
	Date       time.Time
	Stories    int
}

// Archive lists past issues, newest first, as given.
type Archive struct {
	Site    Site
	Issues  []PastIssue
	FeedURL string // its Atom feed; may be empty
	Older   string // address of the next page; empty: this is the last
}

// ArchiveIssue shows one past issue to anybody; it carries no personal address. It is set from
// Stories, or, when FrameURL is given, shows the frozen mail of that address in a sandboxed frame.
type ArchiveIssue struct {
	Site       Site
	Newsletter string
	Subject    string
	Date       time.Time
	Note       string
	Stories    []DigestStory
	FrameURL   string
	Canonical  string // the absolute address that search engines should keep; may be empty
	Older      string // address of the issue before, and
	Newer      string // of the one after; either may be empty
}

// Message says something happened: what, why, what to do.
type Message struct {
	Site     Site
	Title    string
	What     string
	Why      string
	Do       string
	Link     string // where to go on; may be empty
	LinkText string
}

// NotFound is the public 404.
type NotFound struct{ Site Site }

// Parts are the stories laid out in their sections, the lead alone in the first.
func (a ArchiveIssue) Parts() []section {
	stories := slices.Clone(a.Stories)
	for i := range stories {
		stories[i].Also = false // a page has room for all
	}
	s := sheet{DigestMail: DigestMail{Stories: leadFirst(stories)}}
	s.arrange(&catalogue{Untitled: "Untitled", FromTips: "From your tips"}, caps{inFull: len(a.Stories)})
	if s.LeadStory == nil {
		return nil
	}
	lead := *s.LeadStory
	lead.Lead = true
	return append([]section{{Name: lead.Section, Stories: []line{lead}}}, s.Sections...)
}
