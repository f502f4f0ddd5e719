package templates

import "time"

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
	Lead     bool // opens the digest; without one the first story does
}

// DigestMail is one variant of an issue, in its readers' order. Its four personal addresses are
// written byte for byte into HTML and text when they are made of the characters
// A-Z a-z 0-9 : / . - _ ? =, so that a placeholder of such characters may be frozen with
// the variant and replaced later.
type DigestMail struct {
	Site           Site
	NewsletterName string
	Date           time.Time // the due time, in the newsletter's zone; the zero value shows no date
	DateLabel      string    // shown instead of Date when set
	Subject        string    // empty: by rule, see [DefaultSubject]
	Preheader      string    // empty: by rule, see [DefaultPreheader]
	Note           string    // the editor's words on top; blank lines part paragraphs
	Stories        []DigestStory
	UnsubscribeURL string
	PreferencesURL string
	ViewURL        string
	ArchiveURL     string
	WhySubscribed  string // "You asked for this on 3 March 2026."; empty: a sentence that is always true
	ReadingMinutes int    // 0 shows none
	MaxStories     int    // stories shown in full, the rest are titles; 0 is 14
	Language       string // of this variant; empty: the site's
}

// Rendered is a mail's words. HTML is empty for a letter that is plain text only.
type Rendered struct {
	Subject   string
	Preheader string
	HTML      string
	Text      string // lines end in \n; the mailer makes them CRLF
	InFull    int    // stories shown with their summary; the others stand under "Also today"
	Unlisted  int    // stories that did not even fit there; the mail says how many
}
