// Package desk is where editors work: the inbox by category, a conversation with its reasons,
// the reply, the issues and what became of them, stories, subscribers and settings.
//
// Each page stands behind a sign-in but the door itself. Who may see what is decided in one
// place (access.go), for lists, single pages, figures and files alike: sales staff see adverts
// only, and get the same 404 for a tip as for a number that was never given. A source is shown
// by an alias. Mail is shown as text, never as its sender's HTML, so that reading it loads
// nothing. Addresses and titles carry ids, and so does the log.
//
// The desk never speaks SMTP or IMAP: a reply is a letter in data that the mailer finds, a
// re-sort a correction that the sorter learns from. A button whose moment has passed (somebody
// else pressed first) is answered with 409 and what is true now. When the database cannot be
// used, the page says so under 503 and nothing is claimed to be done.
package desk
