package templates

import "time"

// ConfirmMail asks an address to confirm what was asked for in its name (double opt-in). It holds
// no words of whoever filled in the form, so that the form cannot be used to send a stranger text.
type ConfirmMail struct {
	Site        Site
	Newsletters []string
	ConfirmURL  string
	ValidFor    time.Duration // shown in days; 0 shows none
}

// ReplyMail is an editor's answer: plain text only. Text goes out as typed; Quoted, when set, is
// already marked with "> " by the caller and follows under its own line.
type ReplyMail struct {
	Site      Site
	Subject   string
	Text      string
	Signature string // empty: "The news desk" and the site's name
	QuoteHead string // "On 16 May you wrote:"
	Quoted    string
}
