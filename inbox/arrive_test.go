package inbox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

var bounce = mail("The mail system could not deliver your message.\n\n<nobody@example.net>: host mx.example.net said: 550 5.1.1 User unknown",
	"From: MAILER-DAEMON@mx.example.net", "Subject: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied", "Return-Path: <>")

var absent = mail("I am away until Monday.", "From: Reader <away@example.com>", "Subject: Automatic reply: your digest", "Auto-Submitted: auto-replied")

func TestEachMessageArrivesOnceAndIsFiledAndMoved(t *testing.T) {
	servers(t, func(t *testing.T, s server) {
		ctx, db := within(t, time.Minute), open(t)
		for n := range 28 {
			s.deliver(letter(n, []string{"tip", "gossip", "advert", "other"}[n%4]))
		}
		s.deliver(bounce)
		s.deliver(absent)
		o := options(t, db, loopback(s.port, imap.FilingMove))
		began := time.Now()
		r := poll(t, ctx, o)
		t.Logf("30 messages in %v", time.Since(began))
		if r.New != 30 || r.Opened != 28 || r.Reported != 2 || r.Moved != 21 || r.Mailboxes != 1 || r.Gaps != 0 {
			t.Errorf("the first poll: %+v", r)
		}
		for folder, want := range map[string]int{"INBOX": 9, "Tips": 7, "Gossip": 7, "Adverts": 7} {
			if got := s.count(folder); got != want {
				t.Errorf("%s holds %d messages, want %d", folder, got, want)
			}
		}
		all := cards(t, db)
		if len(all) != 28 {
			t.Errorf("%d cards", len(all))
		}
		for subject, c := range all {
			if c.Status != "new" || c.Messages != 1 || c.Alias == "" || len(c.Why) == 0 {
				t.Errorf("the card %q: %+v", subject, c)
			}
		}
		// A new process reads what it moved in its new place, and knows it.
		again := poll(t, ctx, o)
		if again.New != 0 || again.Opened != 0 || again.Moved != 0 || again.Known != 21 {
			t.Errorf("the second poll: %+v", again)
		}
		if third := poll(t, ctx, o); third.New != 0 || third.Known != 0 {
			t.Errorf("the third poll: %+v", third)
		}
		if got := alarms(t, db); len(got) != 0 {
			t.Errorf("alarms: %q", got)
		}
	})
}

func TestANewUIDValidityImportsNothingAgain(t *testing.T) {
	servers(t, func(t *testing.T, s server) {
		ctx, db := within(t, time.Minute), open(t)
		for n := range 12 {
			s.deliver(letter(n, "tip"))
		}
		o := options(t, db, loopback(s.port, imap.FilingLeave))
		poll(t, ctx, o)
		before, err := db.Folders(ctx)
		must(t, err)
		s.renew("INBOX")
		s.deliver(letter(12, "tip")) // its UID is one of those known before
		r := poll(t, ctx, o)
		after, err := db.Folders(ctx)
		must(t, err)
		if before[0].UIDValidity == after[0].UIDValidity {
			t.Fatal("the server kept its UIDVALIDITY")
		}
		if r.New != 1 || r.Known != 12 || r.Opened != 1 || len(cards(t, db)) != 13 {
			t.Errorf("after the change: %+v, %d cards", r, len(cards(t, db)))
		}
		for _, m := range messages(t, db) {
			places, err := db.Places(ctx, m.ID)
			must(t, err)
			if len(places) != 1 {
				t.Errorf("message %d lies at %d places", m.ID, len(places))
			}
		}
	})
}

func TestMessageIDsDecideNothing(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{Folders: []string{"More"}})
	same := func(body string) []byte {
		return mail(body, "From: a@example.com", "Subject: tip: "+body, "Message-ID: <same@example.com>")
	}
	bare := mail("no id here", "From: b@example.com", "Subject: tip: bare")
	for _, raw := range [][]byte{same("one"), same("two"), bare} {
		must(t, s.Deliver(raw))
	}
	must(t, s.Append("More", bare, time.Now()))
	settings := loopback(s.Port(), imap.FilingLeave)
	settings.Folders = []string{"More"}
	r := poll(t, ctx, options(t, db, settings))
	if r.New != 3 || r.Known != 1 || r.Opened != 3 {
		t.Errorf("%+v", r)
	}
	if got := cards(t, db); len(got) != 3 {
		t.Errorf("%d cards", len(got))
	}
	places := 0
	for _, m := range messages(t, db) {
		p, err := db.Places(ctx, m.ID)
		must(t, err)
		places += len(p)
	}
	if places != 4 {
		t.Errorf("%d places, want 4", places)
	}
}

func TestMailSeenOrDeletedByAnotherProgramStillArrives(t *testing.T) {
	servers(t, func(t *testing.T, s server) {
		ctx, db := within(t, time.Minute), open(t)
		for n := range 3 {
			s.deliver(letter(n, "tip"))
		}
		app, err := imapclient.DialInsecure(fmt.Sprintf("127.0.0.1:%d", s.port), nil)
		must(t, err)
		defer app.Close()
		must(t, app.Login("tips@example.org", "secret").Wait())
		_, err = app.Select("INBOX", nil).Wait()
		must(t, err)
		for uid, flag := range map[goimap.UID]goimap.Flag{1: goimap.FlagSeen, 2: goimap.FlagDeleted} {
			must(t, app.Store(goimap.UIDSetNum(uid), &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Flags: []goimap.Flag{flag}}, nil).Close())
		}
		if r := poll(t, ctx, options(t, db, loopback(s.port, imap.FilingLeave))); r.New != 3 || r.Opened != 3 {
			t.Errorf("%+v", r)
		}
		unseen, err := app.UIDSearch(&goimap.SearchCriteria{NotFlag: []goimap.Flag{goimap.FlagSeen}}, nil).Wait()
		if err != nil || len(unseen.AllUIDs()) != 2 {
			t.Errorf("reading changed a flag: unseen are %v, %v", unseen, err)
		}
	})
}

func TestNothingIsAskedForThatABadMessageCanSpoil(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startScripted(t, imaptest.Script{Mails: []imaptest.Mail{{UID: 1, Raw: letter(1, "tip")}, {UID: 2, Raw: letter(2, "tip")}}})
	if r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave))); r.New != 2 || r.Opened != 2 {
		t.Errorf("%+v", r)
	}
	looked := 0
	for _, line := range s.Heard() {
		for _, never := range []string{"FLAGS", "SEEN", "DELETED", "SINCE", "ENVELOPE", "BODYSTRUCTURE", "STORE"} {
			if slices.Contains(words(line), never) {
				t.Errorf("we said %q", line)
			}
		}
		if slices.Contains(words(line), "FETCH") {
			looked++
		}
	}
	if looked == 0 {
		t.Error("no FETCH was heard")
	}
}

func TestOldMailIsKeptButWaitsForNobodyAndIsNeverMoved(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	now := time.Now()
	ancient, followUp := letter(1, "tip"), mail("more of it", "From: reader1@example.com", "Subject: tip: more", "In-Reply-To: <mail1@example.com>")
	must(t, s.Append("INBOX", ancient, now.AddDate(-1, 0, 0)))
	must(t, s.Append("INBOX", followUp, now.AddDate(0, -11, 0)))
	must(t, s.Append("INBOX", letter(2, "tip"), now.Add(-48*time.Hour)))
	must(t, s.Append("INBOX", letter(3, "tip"), now.Add(-time.Hour)))
	r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingMove)))
	if r.New != 4 || r.Opened != 3 || r.Joined != 1 || r.Moved != 1 {
		t.Errorf("%+v", r)
	}
	got := cards(t, db)
	for subject, want := range map[string]string{"tip: mail 1": "done", "tip: mail 2": "new", "tip: mail 3": "new"} {
		if got[subject].Status != want {
			t.Errorf("%s is %s, want %s", subject, got[subject].Status, want)
		}
	}
	if got["tip: mail 1"].Messages != 2 {
		t.Error("the old follow-up did not join")
	}
	if s.Count("INBOX") != 3 || s.Count("Tips") != 1 {
		t.Errorf("INBOX %d, Tips %d", s.Count("INBOX"), s.Count("Tips"))
	}
}

func TestUnsureMailStaysWhereItLies(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(mail("hm", "From: a@example.com", "Subject: tip: unsure")))
	must(t, s.Append("Junk", mail("from nowhere", "From: b@example.com", "Subject: tip: from junk"), time.Now()))
	r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingMove)))
	if r.Opened != 2 || r.Moved != 0 || s.Count("INBOX") != 1 || s.Count("Junk") != 1 {
		t.Errorf("%+v, INBOX %d, Junk %d", r, s.Count("INBOX"), s.Count("Junk"))
	}
}

func TestAKeywordMarksWhatIsAtTheDesk(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(letter(1, "tip")))
	must(t, s.Deliver(letter(2, "other")))
	r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingKeyword)))
	lying, err := s.Messages("INBOX")
	must(t, err)
	if r.Moved != 2 || len(lying) != 2 {
		t.Fatalf("%+v, %d messages", r, len(lying))
	}
	for _, m := range lying {
		if !m.HasKeyword("$tipsheetdone") || m.Seen {
			t.Errorf("message %d: keywords %q, seen %v", m.UID, m.Keywords, m.Seen)
		}
	}
}

func TestACorrectionMovesTheMail(t *testing.T) {
	servers(t, func(t *testing.T, s server) {
		ctx, db := within(t, time.Minute), open(t)
		for n, category := range []string{"tip", "gossip", "other", "tip"} {
			s.deliver(letter(n, category))
		}
		o := options(t, db, loopback(s.port, imap.FilingMove))
		poll(t, ctx, o)
		got := cards(t, db)
		for subject, category := range map[string]string{"tip: mail 0": "advert", "gossip: mail 1": "other", "other: mail 2": "tip"} {
			must(t, db.CorrectConversation(ctx, got[subject].ID, category, 0))
		}
		if r := poll(t, ctx, o); r.Moved != 3 || r.New != 0 {
			t.Errorf("%+v", r)
		}
		want := map[string]int{"INBOX": 1, "Tips": 2, "Gossip": 0, "Adverts": 1}
		for folder, n := range want {
			if s.count(folder) != n {
				t.Errorf("%s holds %d, want %d", folder, s.count(folder), n)
			}
		}
		if r := poll(t, ctx, o); r.Moved != 0 || r.New != 0 {
			t.Errorf("afterwards: %+v", r)
		}
		if n, err := db.CountCorrections(ctx); err != nil || n != 3 {
			t.Errorf("%d corrections, %v", n, err)
		}
	})
}

func TestImportedMailIsFiledWithoutAMailbox(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	for n := range 3 {
		_, _, err := db.ImportMessage(ctx, letter(n, "tip"), time.Now().Add(-time.Duration(n)*10*24*time.Hour))
		must(t, err)
	}
	r, err := newInbox(t, options(t, db)).Intake(ctx)
	must(t, err)
	got := cards(t, db)
	if r.Opened != 3 || got["tip: mail 1"].Status != "new" || got["tip: mail 2"].Status != "done" {
		t.Errorf("%+v, %+v", r, got)
	}
	counts, err := db.CountMessages(ctx)
	must(t, err)
	if counts[data.MessageFiled] != 3 {
		t.Error(fmt.Sprint(counts))
	}
}
