package inbox_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

func TestWhatCannotBeReadIsACard(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(bytes.Repeat([]byte{0, 0xff, 0x80, 1}, 500)))
	must(t, s.Deliver(nil))
	must(t, s.Deliver(letter(1, "tip")))
	r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingMove)))
	if r.New != 3 || r.Opened != 3 || r.Moved != 1 {
		t.Errorf("%+v", r)
	}
	unreadable := 0
	for _, m := range messages(t, db) {
		if m.State != "unreadable" {
			continue
		}
		unreadable++
		c, err := db.Conversation(ctx, m.ConversationID)
		must(t, err)
		if len(m.Warnings) == 0 || c.Category != "other" || !c.Unsure || c.Why[0] != "could not be read" {
			t.Errorf("message %d: %q, %+v", m.ID, m.Warnings, c)
		}
	}
	if unreadable != 2 {
		t.Errorf("%d unreadable messages", unreadable)
	}
	if again := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingMove))); again.Opened != 0 {
		t.Errorf("again: %+v", again)
	}
}

// breaking is a parser that does what fail does with every message whose body says so, and reads their heads.
func breaking(fail func()) func([]byte) message.Message {
	return func(raw []byte) message.Message {
		if bytes.Contains(raw, []byte("a bomb")) {
			fail()
		}
		return message.Parse(raw)
	}
}

func TestAParserThatPanicsOrHangsLosesNothing(t *testing.T) {
	release := make(chan struct{})
	hung := make(chan struct{})
	for name, c := range map[string]struct {
		fail func()
		want string
	}{
		"panics": {func() { panic("a bug") }, "did not expect"},
		"hangs":  {func() { <-release; close(hung) }, "within 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, db := within(t, time.Minute), open(t)
			s := startEmbedded(t, imaptest.Options{})
			must(t, s.Deliver(mail("a bomb", "From: Reader <bomber@example.com>", "Subject: tip: hard to read")))
			must(t, s.Deliver(letter(1, "tip")))
			o := options(t, db, loopback(s.Port(), imap.FilingLeave))
			o.Settings.ParseTimeout = imap.Duration(50 * time.Millisecond)
			in := newInbox(t, o)
			in.ParseWith(breaking(c.fail))
			if r, err := in.Poll(ctx); err != nil || r.Opened != 2 {
				t.Errorf("%+v, %v", r, err)
			}
			for _, m := range messages(t, db) {
				if m.Subject == "tip: mail 1" {
					continue
				}
				if m.State != "unreadable" || m.FromAddress != "bomber@example.com" || m.Subject != "tip: hard to read" ||
					!strings.Contains(m.Text, "a bomb") || len(m.Warnings) == 0 || !strings.Contains(m.Warnings[len(m.Warnings)-1], c.want) {
					t.Errorf("%+v", m)
				}
			}
		})
	}
	close(release)
	<-hung
}

func TestLostBytesOnTheDiskHoldUpNobody(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	large := append(mail("x", "From: a@example.com", "Subject: tip: large"), bytes.Repeat([]byte("0123456789abcdef\r\n"), 20_000)...)
	_, _, err := db.ImportMessage(ctx, large, time.Now())
	must(t, err)
	_, _, err = db.ImportMessage(ctx, letter(1, "tip"), time.Now())
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(db.Path()), "mail")))
	in := newInbox(t, options(t, db))
	r, err := in.Intake(ctx)
	if err == nil || r.Opened != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for i := 0; i < 10 && err != nil; i++ {
		r, err = in.Intake(ctx)
	}
	if err != nil || r.Opened != 1 || len(cards(t, db)) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A moody sorter panics, or says what is no category.
type moody struct{}

func (moody) Sort(t sorter.Text) sorter.Verdict {
	if strings.Contains(t.Body, "number 1") {
		panic("a bug")
	}
	return sorter.Verdict{Category: "unsure", Confidence: 1}
}

func TestASorterThatFailsLeavesTheSortingToAnEditor(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	for n := range 3 {
		_, _, err := db.ImportMessage(ctx, letter(n, "tip"), time.Now())
		must(t, err)
	}
	o := options(t, db)
	o.Model = moody{}
	if r, err := newInbox(t, o).Intake(ctx); err != nil || r.Opened != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	for subject, c := range cards(t, db) {
		if c.Category != "other" || !c.Unsure {
			t.Errorf("%s: %+v", subject, c)
		}
	}
}

// A listener hears what the sorter is given.
type listener struct{ heard *[]sorter.Text }

func (l listener) Sort(t sorter.Text) sorter.Verdict {
	*l.heard = append(*l.heard, t)
	return sorter.Verdict{Category: sorter.Tip, Confidence: 1}
}

func TestTheSorterReadsWhatThePersonWrote(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var heard []sorter.Text
	forwarded := "FYI, please look.\n\n---------- Forwarded message ---------\nFrom: Source <source@example.net>\nDate: Mon, 2 Mar 2026\nSubject: the council\nTo: <editor@example.org>\n\nThe council sold the market at night."
	quoted := "I was there too.\n\nOn Mon, 2 Mar 2026 Digest <digest@paper.example.org> wrote:\n> Buy our advert space"
	for _, raw := range [][]byte{
		mail(forwarded, "From: Ed <editor@example.org>", "Subject: Fwd: the council"),
		mail(quoted, "From: Reader <r@example.com>", "Subject: Re: digest"),
	} {
		_, _, err := db.ImportMessage(ctx, raw, time.Now())
		must(t, err)
	}
	o := options(t, db)
	o.Model = listener{&heard}
	_, err := newInbox(t, o).Intake(ctx)
	must(t, err)
	if len(heard) != 2 || !strings.Contains(heard[0].Body, "sold the market") || heard[0].From != "Ed <editor@example.org>" {
		t.Fatalf("%+v", heard)
	}
	if !strings.Contains(heard[1].Body, "I was there") || strings.Contains(heard[1].Body, "advert") {
		t.Errorf("%+v", heard[1])
	}
}

func TestTheLogNamesNobody(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(mail("a very secret body", "From: Whistle <whistle@example.com>", "Subject: tip: secret subject", "Message-ID: <secret-id@example.com>")))
	var log bytes.Buffer
	o := options(t, db, loopback(s.Port(), imap.FilingMove))
	o.Log = slog.New(slog.NewTextHandler(io.Writer(&log), &slog.HandlerOptions{Level: slog.LevelDebug}))
	poll(t, ctx, o)
	wrong := o
	wrong.Mailboxes = []inbox.Mailbox{{Settings: o.Mailboxes[0].Settings, Password: "hunter2hunter2"}}
	if _, err := newInbox(t, wrong).Poll(ctx); err == nil {
		t.Error("the wrong password was taken")
	}
	if !strings.Contains(log.String(), "a conversation was opened") || !strings.Contains(log.String(), "trouble=login") {
		t.Errorf("the log says too little:\n%s", &log)
	}
	for _, never := range []string{"whistle", "secret", "@", "hunter2"} {
		if strings.Contains(strings.ToLower(log.String()), never) {
			t.Errorf("the log says %q:\n%s", never, &log)
		}
	}
}
