package inbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

// asksFor reports whether a FETCH of bodies names the UID.
func asksFor(e *imaptest.Exchange, uid uint32) bool {
	found := false
	if strings.Contains(e.Args, "BODY") {
		e.EachMail(func(_ int, m imaptest.Mail) { found = found || m.UID == uid })
	}
	return found
}

func fiveMails() []imaptest.Mail {
	var mails []imaptest.Mail
	for n := 1; n <= 5; n++ {
		mails = append(mails, imaptest.Mail{UID: uint32(n), Raw: letter(n, "tip")})
	}
	return mails
}

func TestAPoisonMessageIsParkedAndTheOthersCome(t *testing.T) {
	lies := map[string]func(*imaptest.Exchange){
		"the line is cut":      imaptest.CutAfter(60),
		"BYE":                  imaptest.Bye("something broke"),
		"NO":                   imaptest.Refuse("cannot read that"),
		"NIL":                  imaptest.NilBody,
		"a bad envelope":       imaptest.BadEnvelope,
		"a huge announcement":  imaptest.HugeLiteral(3 << 30),
		"an unreadable answer": func(e *imaptest.Exchange) { e.Say("* 3 FETCH (())"); e.Polite() },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			clock := datatest.NewClock()
			ctx, db := within(t, time.Minute), datatest.Open(t, clock)
			var healed atomic.Bool
			s := startScripted(t, imaptest.Script{Mails: fiveMails(), Answers: map[string]func(*imaptest.Exchange){
				"UID FETCH": func(e *imaptest.Exchange) {
					if !healed.Load() && asksFor(e, 3) {
						lie(e)
						return
					}
					e.Polite()
				},
			}})
			o := options(t, db, loopback(s.Port(), imap.FilingLeave))
			if r := poll(t, ctx, o); r.New != 4 || r.Opened != 4 || r.Gaps != 1 {
				t.Errorf("%+v", r)
			}
			gaps, err := db.Gaps(ctx)
			must(t, err)
			if len(gaps) != 1 || gaps[0].UID != 3 || !strings.HasSuffix(gaps[0].Error, ".") || !gaps[0].NextAt.After(clock.Now()) {
				t.Fatalf("gaps: %+v", gaps)
			}
			if f, err := db.Folders(ctx); err != nil || f[0].LastUID != 5 {
				t.Errorf("folders %+v, %v", f, err)
			}
			if r := poll(t, ctx, o); r.New != 0 || r.Gaps != 0 {
				t.Errorf("before its time: %+v", r)
			}
			clock.Add(6 * time.Minute)
			if r := poll(t, ctx, o); r.Gaps != 1 {
				t.Errorf("tried again: %+v", r)
			}
			gaps, err = db.Gaps(ctx)
			must(t, err)
			if gaps[0].Tries != 2 || gaps[0].NextAt.Sub(clock.Now()) < 9*time.Minute {
				t.Errorf("after the second try: %+v", gaps[0])
			}
			healed.Store(true)
			clock.Add(time.Hour)
			if r := poll(t, ctx, o); r.New != 1 || r.Opened != 1 {
				t.Errorf("healed: %+v", r)
			}
			if gaps, err := db.Gaps(ctx); err != nil || len(gaps) != 0 || len(cards(t, db)) != 5 {
				t.Errorf("gaps %v, %v, %d cards", gaps, err, len(cards(t, db)))
			}
		})
	}
}

func TestOddAnswersLoseNothing(t *testing.T) {
	onBody := func(lie func(*imaptest.Exchange)) map[string]func(*imaptest.Exchange) {
		return map[string]func(*imaptest.Exchange){"UID FETCH": func(e *imaptest.Exchange) {
			if strings.Contains(e.Args, "BODY") {
				lie(e)
				return
			}
			e.Polite()
		}}
	}
	for name, answers := range map[string]map[string]func(*imaptest.Exchange){
		"the UID behind the body": onBody(imaptest.UIDBehindBody),
		"an unasked update first": onBody(imaptest.UpdateFirst),
		"a date that is none":     onBody(imaptest.BadDate),
		"doubled and zero UIDs":   {"UID SEARCH": searchOnce("0 3 3 1 2 5 4 4")},
		"no sizes":                {"UID FETCH": func(e *imaptest.Exchange) { sizesOr(e, func() { e.OK("done") }) }},
		"sizes that break the line": {"UID FETCH": func(e *imaptest.Exchange) {
			sizesOr(e, func() { e.Say("* 1 FETCH (())"); e.OK("done") })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, db := within(t, time.Minute), open(t)
			s := startScripted(t, imaptest.Script{Mails: fiveMails(), Answers: answers})
			o := options(t, db, loopback(s.Port(), imap.FilingLeave))
			if r := poll(t, ctx, o); r.New != 5 || r.Opened != 5 || r.Gaps != 0 {
				t.Errorf("%+v", r)
			}
			if r := poll(t, ctx, o); r.New != 0 || r.Gaps != 0 {
				t.Errorf("again: %+v", r)
			}
		})
	}
}

func sizesOr(e *imaptest.Exchange, lie func()) {
	if strings.Contains(e.Args, "RFC822.SIZE") {
		lie()
		return
	}
	e.Polite()
}

// searchOnce lies about the search for everything, and is polite about single UIDs.
func searchOnce(words string) func(*imaptest.Exchange) {
	return func(e *imaptest.Exchange) {
		if strings.HasSuffix(e.Args, "1:*") {
			imaptest.SearchSays(words)(e)
			return
		}
		e.Polite()
	}
}

func TestTwoBodiesUnderOneUIDAreBothKept(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	second := letter(99, "gossip")
	s := startScripted(t, imaptest.Script{Mails: fiveMails()[:1], Answers: map[string]func(*imaptest.Exchange){
		"UID FETCH": func(e *imaptest.Exchange) {
			if strings.Contains(e.Args, "BODY") {
				imaptest.TwoBodies(second)(e)
				return
			}
			e.Polite()
		},
	}})
	if r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave))); r.New != 2 || r.Opened != 2 {
		t.Errorf("%+v", r)
	}
}

func TestWithoutAUIDValidityNothingIsRememberedByUID(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	mails := fiveMails()
	noValidity := func(e *imaptest.Exchange) {
		e.Say("* 5 EXISTS")
		e.Say("* OK [UIDVALIDITY 0] none")
		e.OK("[READ-WRITE] open")
	}
	for i, want := range []int{5, 5} {
		if i == 1 { // the next session numbers other messages by the same UIDs
			for n := range mails {
				mails[n].Raw = letter(n+10, "tip")
			}
		}
		s := startScripted(t, imaptest.Script{Mails: mails, Answers: map[string]func(*imaptest.Exchange){"SELECT": noValidity}})
		r, err := newInbox(t, options(t, db, loopback(s.Port(), imap.FilingLeave))).Poll(ctx)
		if err != nil || r.New != want {
			t.Errorf("session %d: %+v, %v", i+1, r, err)
		}
	}
}

func TestLargeMailComesWholeAndATooLargeOneIsAGapInWords(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	large := append(mail("a long video", "From: a@example.com", "Subject: tip: large"), bytes.Repeat([]byte("0123456789abcdef\r\n"), 200_000)...)
	must(t, s.Deliver(letter(1, "tip")))
	must(t, s.Deliver(large))
	must(t, s.Deliver(letter(2, "tip")))
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	o.Settings.BatchMB, o.Settings.WholeMB = 1, 2
	if r := poll(t, ctx, o); r.New != 2 || r.Gaps != 1 {
		t.Errorf("%+v", r)
	}
	gaps, err := db.Gaps(ctx)
	must(t, err)
	if len(gaps) != 1 || !strings.Contains(gaps[0].Error, "4 MB") || !strings.Contains(gaps[0].Error, "2 MB") {
		t.Errorf("gaps: %+v", gaps)
	}
	whole := datatest.Open(t, nil)
	o.DB, o.Settings.WholeMB = whole, 100
	if r := poll(t, ctx, o); r.New != 3 || r.Gaps != 0 {
		t.Errorf("%+v", r)
	}
	found := false
	for _, m := range messages(t, whole) {
		if m.Size == int64(len(large)) {
			raw, err := whole.Raw(ctx, m.ID)
			found = err == nil && bytes.Equal(raw, large)
		}
	}
	if !found {
		t.Error("the large message did not come whole")
	}
}

func TestAServerThatFailsMidwayKeepsWhatCame(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	var down atomic.Bool
	s := startScripted(t, imaptest.Script{Mails: fiveMails(), Answers: map[string]func(*imaptest.Exchange){
		"UID FETCH": func(e *imaptest.Exchange) {
			if asksFor(e, 4) {
				down.Store(true)
				e.Cut()
				return
			}
			e.Polite()
		},
		"AUTHENTICATE": func(e *imaptest.Exchange) {
			if down.Load() {
				e.Cut()
				return
			}
			e.Polite()
		},
	}})
	o := options(t, db, loopback(s.Port(), imap.FilingLeave))
	o.Settings.BatchMessages = 3
	r, err := newInbox(t, o).Poll(ctx)
	if err == nil || r.New != 3 || r.Gaps != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	f, err := db.Folders(ctx)
	must(t, err)
	if f[0].LastUID != 3 || !f[0].FirstAt.IsZero() {
		t.Errorf("the cursor stands at %d", f[0].LastUID)
	}
	if counts, err := db.CountMessages(ctx); err != nil || counts[data.MessageFiled] != 3 {
		t.Error(fmt.Sprint(counts, err))
	}
}
