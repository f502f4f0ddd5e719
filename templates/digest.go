package templates

import "time"

// The editions of a digest.
const (
	EditionFull      = "full"      // stories with summaries and pictures; the empty edition is this one
	EditionHeadlines = "headlines" // titles under their sections, no picture: a few KB
	EditionText      = "text"      // plain text only: Rendered.HTML is empty
)

// The places of a placement in a digest, from top to bottom.
const (
	PlaceTop    = "top"    // under the lead story
	PlaceMiddle = "middle" // between two sections; under the first where there is one alone
	PlaceFoot   = "foot"   // above "Also today"
)

// DigestStory is one story of a digest. Everything but the title may be empty. Title, Summary and
// Author are plain text; a Link or Image that is not http or https is left out.
type DigestStory struct {
	Title    string
	Link     string
	Summary  string // a few sentences; longer than maxSummary is cut at a word
	Image    string
	ImageAlt string // empty: the picture is decoration beside its headline
	Section  string // the heading it stands under; empty: the last, unnamed group
	Author   string
	Lead     bool // opens the digest; without one the first story that is not Also does
	Also     bool // stands under "Also today" with its title alone, as a section's cap asks
	FromTip  bool // says "From your tips": a reader told us
}

// Correction is one entry of the corrections box. Text is plain, in one paragraph.
type Correction struct {
	Text string
	Link string // the corrected story; empty or not http(s): no link
}

// Placement is a paid place, always labelled as an advertisement with who pays. One without a
// Title and a Text draws nothing.
type Placement struct {
	Place    string // PlaceTop, PlaceMiddle or PlaceFoot; anything else is PlaceFoot
	PaidBy   string // "Zinny Foods"
	Title    string
	Text     string
	Link     string // goes where the advertiser asks, marked rel=sponsored
	Image    string
	ImageAlt string
}

// DigestMail is one variant of an issue, in its readers' order. Its four personal addresses are
// written byte for byte into HTML and text when they are made of the characters
// A-Z a-z 0-9 : / . - _ ? =, so that a placeholder of such characters may be frozen with
// the variant and replaced later. Greeting may hold a reader's name as token.Named writes it.
type DigestMail struct {
	Site           Site
	NewsletterName string
	Language       string        // of this variant, BCP 47; empty: the site's. Words of ours are in it where there is a catalogue, else in English
	Edition        string        // EditionFull, EditionHeadlines or EditionText; empty: full
	Date           time.Time     // the due time, in the newsletter's zone; the zero value shows no date
	DateLabel      string        // shown instead of Date when set
	Subject        string        // empty: by rule, see [DefaultSubject]
	Preheader      string        // empty: by rule, see [DefaultPreheader]
	Greeting       string        // one line above the note: "Good morning, Ada."; empty: none
	Note           string        // the editor's words on top; blank lines part paragraphs
	NoteBy         string        // who signs the note; empty: nobody
	Stories        []DigestStory // in order; sections stand in the order of their first story
	Corrections    []Correction
	Placements     []Placement
	ReadingMinutes int    // 0 shows none
	MaxStories     int    // stories shown with their summary, the rest are titles; 0 is 14
	MaxPerSection  int    // of them in one section, without the lead; 0 sets no cap
	UnsubscribeURL string // one click: RFC 8058's address
	PreferencesURL string
	ViewURL        string
	ArchiveURL     string
	WhySubscribed  string // "You asked for this on 3 March 2026."; empty: a sentence that is always true
}

// Rendered is a mail's words. HTML is empty for a letter that is plain text only.
type Rendered struct {
	Subject   string
	Preheader string
	HTML      string
	Text      string // lines end in \n; the mailer makes them CRLF
	InFull    int    // stories shown with their summary; the others stand under "Also today"
	Moved     int    // of those others, how many went there only for the mail's size; the mail says so
	Unlisted  int    // stories that did not even fit there; the mail says how many
}
