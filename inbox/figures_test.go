package inbox_test

import (
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

func TestFiguresNumberTheMailboxesAsTheConfigDoes(t *testing.T) {
	read := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	f := data.Figures{
		Gaps: map[string]int{"tips@mail.example.com": 2},
		Folders: []data.Folder{
			{Mailbox: "tips@mail.example.com", Name: "Junk", Role: "junk", CheckedAt: read.Add(time.Hour)},
			{Mailbox: "tips@mail.example.com", Name: "INBOX", Role: "inbox", CheckedAt: read},
			{Mailbox: "gone@mail.example.com", Name: "INBOX", Role: "inbox", CheckedAt: read},
		},
	}
	got := inbox.Figures(f, []imap.Settings{{Host: "other.example.com", Username: "contact"}, {Host: "mail.example.com", Username: "tips"}})
	want := []inbox.MailboxFigures{{N: 1}, {N: 2, ReadAt: read, Gaps: 2}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}
