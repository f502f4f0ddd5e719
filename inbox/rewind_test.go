package inbox_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

// nextIs answers SELECT politely, with the number that the server says it gives next.
func nextIs(next *atomic.Uint32) func(*imaptest.Exchange) {
	return func(e *imaptest.Exchange) {
		e.Say("* OK [UIDNEXT %d] next", next.Load())
		e.Polite()
	}
}

func TestMailInAMailboxThatWasSetBackArrives(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var next atomic.Uint32
	selects := map[string]func(*imaptest.Exchange){"SELECT": nextIs(&next)}
	five := fiveMails()
	restored := []imaptest.Mail{five[0], five[1], {UID: 3, Raw: letter(9, "gossip")}}
	for _, c := range []struct {
		name       string
		mails      []imaptest.Mail
		next       uint32
		fresh, old int
	}{
		{"before", five, 6, 5, 0},
		{"restored from a backup, and one new", restored, 4, 1, 2},
		{"the next one", append(restored, imaptest.Mail{UID: 4, Raw: letter(10, "gossip")}), 5, 1, 0},
	} {
		next.Store(c.next)
		s := startScripted(t, imaptest.Script{Mails: c.mails, Answers: selects})
		if r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave))); r.New != c.fresh || r.Known != c.old {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestAnInventedHighestUIDShutsOutNoLaterMail(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var next atomic.Uint32
	next.Store(6)
	five := fiveMails()
	s := startScripted(t, imaptest.Script{Mails: five[:4], Answers: map[string]func(*imaptest.Exchange){
		"SELECT":     nextIs(&next),
		"UID SEARCH": searchOnce("1 2 3 4 4294967295"),
	}})
	poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave)))
	s = startScripted(t, imaptest.Script{Mails: five, Answers: map[string]func(*imaptest.Exchange){"SELECT": nextIs(&next)}})
	poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave)))
	if n := len(messages(t, db)); n != 5 {
		t.Errorf("%d messages", n)
	}
}

func TestAWrongNextNumberDoesNotFetchEverythingEachTime(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var next atomic.Uint32
	next.Store(1)
	var bodies atomic.Int32
	s := startScripted(t, imaptest.Script{Mails: fiveMails(), Answers: map[string]func(*imaptest.Exchange){
		"SELECT": nextIs(&next),
		"UID FETCH": func(e *imaptest.Exchange) {
			if strings.Contains(e.Args, "BODY") {
				bodies.Add(1)
			}
			e.Polite()
		},
	}})
	in := newInbox(t, options(t, db, loopback(s.Port(), imap.FilingLeave)))
	for range 5 {
		if _, err := in.Poll(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := bodies.Load(); n == 0 || n > 2 {
		t.Errorf("%d fetches", n)
	}
	if n := len(messages(t, db)); n != 5 {
		t.Errorf("%d messages", n)
	}
}
