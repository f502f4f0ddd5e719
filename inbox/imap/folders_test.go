package imap_test

import (
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/proof/dovecot"
)

func TestFoldersWithoutSpecialUseGetTheirRoleFromTheirName(t *testing.T) {
	list := func(lines ...string) func(*imaptest.Exchange) {
		return func(e *imaptest.Exchange) {
			for _, line := range lines {
				e.Say("* LIST %s", line)
			}
			e.OK("done")
		}
	}
	cases := []struct {
		name  string
		lines []string
		want  map[string]imap.Role
	}{
		{"names", []string{`() "/" inbox`, `() "/" "Sent Items"`, `() "/" SPAM`, `() "/" "2019/Sent"`, `() "/" "Deleted Items"`, `() "/" "Tips"`},
			map[string]imap.Role{"INBOX": imap.RoleInbox, "Sent Items": imap.RoleSent, "SPAM": imap.RoleJunk, "2019/Sent": imap.RoleOther,
				"Deleted Items": imap.RoleTrash, "Tips": imap.RoleOther}},
		{"gmail by name", []string{`(\HasNoChildren) "/" "INBOX"`, `(\Noselect \HasChildren) "/" "[Gmail]"`, `() "/" "[Gmail]/Spam"`, `() "/" "[Gmail]/Sent Mail"`, `() "/" "[Gmail]/All Mail"`},
			map[string]imap.Role{"INBOX": imap.RoleInbox, "[Gmail]/Spam": imap.RoleJunk, "[Gmail]/Sent Mail": imap.RoleSent, "[Gmail]/All Mail": imap.RoleAll}},
		{"gmail in another language", []string{`() "/" "INBOX"`, `(\HasNoChildren \Junk) "/" "[Gmail]/Spam-Ordner"`, `(\Sent) "/" "[Gmail]/Gesendet"`, `() "/" "Sent"`},
			map[string]imap.Role{"INBOX": imap.RoleInbox, "[Gmail]/Spam-Ordner": imap.RoleJunk, "[Gmail]/Gesendet": imap.RoleSent, "Sent": imap.RoleOther}},
		{"below INBOX", []string{`() "." "INBOX"`, `() "." "INBOX.Junk"`, `() "." "INBOX.Trash"`},
			map[string]imap.Role{"INBOX": imap.RoleInbox, "INBOX.Junk": imap.RoleJunk, "INBOX.Trash": imap.RoleTrash}},
		{"no hierarchy", []string{`() NIL INBOX`, `() NIL Spam`, `(\NonExistent) NIL Gone`},
			map[string]imap.Role{"INBOX": imap.RoleInbox, "Spam": imap.RoleJunk}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server := startScripted(t, imaptest.Script{Answers: answers{"LIST": list(c.lines...)}})
			ctx := within(t, 10*time.Second)
			folders, err := open(t, ctx, loopback(server.Port())).Folders(ctx)
			if err != nil || len(folders) != len(c.want) {
				t.Fatalf("%v, %v", folders, err)
			}
			for _, f := range folders {
				if f.Role != c.want[f.Name] {
					t.Errorf("%q has role %q, want %q", f.Name, f.Role, c.want[f.Name])
				}
			}
		})
	}
}

func TestAFolderIsPlacedBelowThePrefixThatTheServerWants(t *testing.T) {
	d := startDovecot(t, dovecot.Options{Prefix: "INBOX."})
	ctx := within(t, 10*time.Second)
	s := open(t, ctx, loopback(d.Port()))
	for name, want := range map[string]string{"Tips": "INBOX.Tips", "Desk/Gossip": "INBOX.Desk.Gossip", "INBOX": "INBOX", "INBOX.Tips": "INBOX.Tips"} {
		full, err := s.FullName(ctx, name)
		if err != nil || full != want {
			t.Errorf("%q is %q, %v; want %q", name, full, err, want)
			continue
		}
		if err := s.CreateFolder(ctx, full); err != nil {
			t.Errorf("create %q: %v", full, err)
		}
	}
	for _, s := range []*imap.Session{
		open(t, ctx, loopback(startDovecot(t, dovecot.Options{}).Port())),
		open(t, ctx, loopback(startEmbedded(t, imaptest.Options{}).Port())),
		open(t, ctx, loopback(startScripted(t, imaptest.Script{}).Port())),
	} {
		if full, err := s.FullName(ctx, "Desk/Gossip"); err != nil || full != "Desk/Gossip" {
			t.Errorf("without a prefix: %q, %v", full, err)
		}
	}
}
