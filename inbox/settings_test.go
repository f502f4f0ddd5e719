package inbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

func TestEachMistakeInTheSettingsIsASentenceWithItsKey(t *testing.T) {
	if wrong := inbox.DefaultSettings().Validate(); len(wrong) != 0 {
		t.Fatalf("the defaults: %v", wrong)
	}
	for key, spoil := range map[string]func(*inbox.Settings){
		"inbox.poll":            func(s *inbox.Settings) { s.Poll = 0 },
		"inbox.idle":            func(s *inbox.Settings) { s.Idle = imap.Duration(time.Hour) },
		"inbox.parse_timeout":   func(s *inbox.Settings) { s.ParseTimeout = -1 },
		"inbox.alarm_after":     func(s *inbox.Settings) { s.AlarmAfter = -1 },
		"inbox.batch_messages":  func(s *inbox.Settings) { s.BatchMessages = 0 },
		"inbox.batch_mb":        func(s *inbox.Settings) { s.BatchMB = 1000 },
		"inbox.whole_mb":        func(s *inbox.Settings) { s.WholeMB = 1000 },
		"inbox.folders.tip":     func(s *inbox.Settings) { s.Folders.Tip = "Inbox" },
		"inbox.folders.gossip":  func(s *inbox.Settings) { s.Folders.Gossip = "a\nb" },
		"inbox.folders.advert ": func(s *inbox.Settings) { s.Folders.Advert = "tips" },
		"inbox.keyword":         func(s *inbox.Settings) { s.Keyword = "done" },
	} {
		s := inbox.DefaultSettings()
		spoil(&s)
		wrong := s.Validate()
		if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), key) {
			t.Errorf("%s: %v", key, wrong)
		}
	}
}

func TestAnInboxWithWrongSettingsIsNotMade(t *testing.T) {
	db := open(t)
	box := loopback(993, imap.FilingLeave)
	same := options(t, db, box, box)
	if _, err := inbox.New(same); err == nil || !strings.Contains(err.Error(), "mailbox 2 is the same as mailbox 1") {
		t.Errorf("the same mailbox twice: %v", err)
	}
	wrong := options(t, db, imap.Settings{})
	wrong.Settings.Poll = 0
	wrong.Own = []string{"nobody"}
	_, err := inbox.New(wrong)
	for _, say := range []string{"inbox.poll", "mailbox.host", "our own address"} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("want %q in %v", say, err)
		}
	}
}
