package inbox

import (
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

// MailboxFigures are how far one mailbox of the config was read.
type MailboxFigures struct {
	N      int       // its place in the config, from 1: what logs call it
	ReadAt time.Time // when its INBOX was last read to its end; zero: never
	Gaps   int       // messages that could not be fetched yet
}

// Figures are those of each mailbox, in the order of the config, out of the rows: in whatever
// process the inbox runs.
func Figures(f data.Figures, mailboxes []imap.Settings) []MailboxFigures {
	var all []MailboxFigures
	for i, s := range mailboxes {
		name := nameOf(s.Filled())
		one := MailboxFigures{N: i + 1, Gaps: f.Gaps[name]}
		for _, folder := range f.Folders {
			if folder.Mailbox == name && folder.Role == roleInbox {
				one.ReadAt = folder.CheckedAt
			}
		}
		all = append(all, one)
	}
	return all
}

// nameOf is what the rows of a mailbox are kept under.
func nameOf(s imap.Settings) string { return s.Username + "@" + s.Host }
