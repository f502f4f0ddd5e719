package data_test

import (
	"errors"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func (d desk) mailing() data.Mailing {
	d.Helper()
	m, err := d.db.Mailing(d.Context(), d.issue.MailingID)
	if err != nil {
		d.Fatal(err)
	}
	return m
}

func (d desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func TestAPersonsWordGivesRetriesTheirTime(t *testing.T) {
	for name, word := range map[string]func(desk) error{
		"send":   func(d desk) error { return d.db.DueNow(t.Context(), d.issue.ID) },
		"resume": func(d desk) error { return d.db.ResumeMailing(t.Context(), d.issue.MailingID) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 1, 10)
			d.clock.Add(26 * time.Hour)
			d.must(d.db.HoldMailing(t.Context(), d.issue.MailingID, "late"))
			d.must(word(d))
			if m := d.mailing(); m.GiveUpAt.Sub(d.clock.Now()) < 6*time.Hour {
				t.Fatalf("given up at %v, %v is the person's word", m.GiveUpAt, d.clock.Now())
			}
			v := d.deliveries(d.claim())[0]
			d.intent(v)
			d.outcome(v, data.WordDeferred)
			d.clock.Add(8 * time.Minute)
			if r, err := d.db.ClaimRetry(t.Context(), lease, false); err != nil || r.Attempt != 2 {
				t.Fatalf("after the first 4xx: %+v, %v", r, err)
			}
		})
	}
}

func TestResumeBeforeTheDueTimeKeepsTheLatenessGuard(t *testing.T) {
	d := newDesk(t, 1, 10)
	d.must(d.db.PauseMailing(t.Context(), d.issue.MailingID, "x"))
	d.must(d.db.ResumeMailing(t.Context(), d.issue.MailingID))
	if m := d.mailing(); m.State != data.MailingClosed || !m.BegunAt.IsZero() {
		t.Fatalf("after resume: %s, begun %v", m.State, m.BegunAt)
	}
	if pub, err := d.db.PublishedIssues(t.Context(), 5); err != nil || len(pub) != 0 {
		t.Fatalf("%d in the archive before any mail went, %v", len(pub), err)
	}
	d.clock.Add(5 * 24 * time.Hour) // nothing ran for five days
	if _, err := d.db.ClaimChunk(t.Context(), "w", lease, false); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("begun five days late: %v", err)
	}
	if late, err := d.db.LateIssues(t.Context()); err != nil || len(late) != 1 {
		t.Fatalf("%d late issues, %v", len(late), err)
	}
}

func TestResumeAfterTheGraceIsAPersonsWordToBegin(t *testing.T) {
	d := newDesk(t, 1, 10)
	d.clock.Add(3 * time.Hour)
	d.must(d.db.HoldMailing(t.Context(), d.issue.MailingID, "not begun in time"))
	d.must(d.db.ResumeMailing(t.Context(), d.issue.MailingID))
	if late, err := d.db.LateIssues(t.Context()); err != nil || len(late) != 0 {
		t.Fatalf("%d late issues, %v", len(late), err)
	}
	d.claim()
}

func TestResumeOfABegunMailingGoesOnWhereItStopped(t *testing.T) {
	d := newDesk(t, 2, 1)
	d.claim()
	d.must(d.db.PauseMailing(t.Context(), d.issue.MailingID, "x"))
	d.clock.Add(5 * time.Hour)
	d.must(d.db.ResumeMailing(t.Context(), d.issue.MailingID))
	if m := d.mailing(); m.State != data.MailingSending {
		t.Fatalf("after resume: %s", m.State)
	}
	d.claim()
}

func TestSendOfABegunIssueGoesOnAndItsStoriesStayTold(t *testing.T) {
	d := newDesk(t, 2, 10)
	c := d.claim()
	all := d.deliveries(c)
	for i, w := range []data.Word{data.WordAccepted, data.WordDeferred} {
		d.intent(all[i])
		d.outcome(all[i], w)
	}
	d.must(d.db.ReleaseChunk(t.Context(), c, d.clock.Now()))
	d.must(d.db.HoldMailing(t.Context(), d.issue.MailingID, "x"))
	d.must(d.db.DueNow(t.Context(), d.issue.ID))
	d.clock.Add(20 * time.Minute)
	if r, err := d.db.ClaimRetry(t.Context(), lease, false); err != nil || r.Seq != all[1].Seq {
		t.Fatalf("the retry: %+v, %v", r, err)
	}
	d.clock.Add(3 * time.Hour)
	if late, err := d.db.LateIssues(t.Context()); err != nil || len(late) != 0 {
		t.Fatalf("%d late issues of one that began, %v", len(late), err)
	}
	if err := d.db.MergeClosed(t.Context(), d.issue.ID, "late"); !errors.Is(err, data.ErrConflict) {
		t.Fatalf("merge of an issue that readers have: %v", err)
	}
	if free, err := d.db.Candidates(t.Context(), d.issue.NewsletterID, 10); err != nil || len(free) != 0 {
		t.Fatalf("%d stories given back although a reader has them, %v", len(free), err)
	}
}

func TestSendOfAPausedOrEndedIssueIsRefused(t *testing.T) {
	d := newDesk(t, 1, 10)
	d.must(d.db.PauseMailing(t.Context(), d.issue.MailingID, "x"))
	if err := d.db.DueNow(t.Context(), d.issue.ID); !errors.Is(err, data.ErrConflict) {
		t.Fatalf("send of a paused one: %v", err)
	}
	d.must(d.db.CancelIssue(t.Context(), d.issue.ID, "x"))
	if err := d.db.DueNow(t.Context(), d.issue.ID); !errors.Is(err, data.ErrConflict) {
		t.Fatalf("send of a cancelled one: %v", err)
	}
}

func addLetter(t *testing.T, db *data.DB, kind data.LetterKind, to string) int64 {
	t.Helper()
	id, err := db.AddLetter(t.Context(), data.Letter{Kind: kind, To: to, Subject: "s", Text: "t", Header: data.Header{From: "d@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestALetterThatCannotBeBegunIsGivenUpAndTold(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	lost := []int64{addLetter(t, db, data.LetterReply, "a@example.com"), addLetter(t, db, data.LetterReply, "b@example.com"),
		addLetter(t, db, data.LetterAcknowledgement, "c@example.com")}
	clock.Add(71 * time.Hour)
	early := addLetter(t, db, data.LetterConfirmation, "d@example.com")
	if n, err := db.RuleOnLateLetters(t.Context(), 10); n != 0 || err != nil {
		t.Fatalf("within its time: %d, %v", n, err)
	}
	clock.Add(2 * time.Hour)
	if n, err := db.RuleOnLateLetters(t.Context(), 2); n != 2 || err != nil {
		t.Fatalf("first slice: %d, %v", n, err)
	}
	if n, err := db.RuleOnLateLetters(t.Context(), 2); n != 1 || err != nil {
		t.Fatalf("second slice: %d, %v", n, err)
	}
	for _, id := range lost {
		m, err := db.Mailing(t.Context(), id)
		if err != nil || m.State != data.MailingComplete || m.Reason == "" {
			t.Errorf("letter %d: %s %q, %v", id, m.State, m.Reason, err)
		}
		a, err := db.Account(t.Context(), id)
		if err != nil || a.Words[data.WordGaveUp] != 1 {
			t.Errorf("letter %d: %+v, %v", id, a, err)
		}
	}
	if m, err := db.Mailing(t.Context(), early); err != nil || m.State != data.MailingClosed {
		t.Errorf("the later letter: %s, %v", m.State, err)
	}
	alarms, err := db.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || alarms[0].About != "reply" || alarms[0].Text != "2 replies were given up: not begun within 72 hours." {
		t.Fatalf("alarms: %+v, %v", alarms, err)
	}
	clock.Add(73 * time.Hour)
	if _, err := db.RuleOnLateLetters(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	alarms, err = db.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || alarms[0].About != "confirmation" {
		t.Fatalf("alarms three days on: %+v, %v", alarms, err)
	}
}

func TestALetterToASuppressedAddressIsSkippedHoweverItIsWritten(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	l := data.NewLedger(db)
	t.Cleanup(l.Close)
	if err := db.Suppress(t.Context(), "a@bücher.example", "complaint"); err != nil {
		t.Fatal(err)
	}
	for typed, goes := range map[string]bool{"a@bücher.example": false, "A@BÜCHER.example": false, "a@xn--bcher-kva.example": false, "b@bücher.example": true, "a@localhost": true} {
		addLetter(t, db, data.LetterAcknowledgement, typed)
		c, err := db.ClaimChunk(t.Context(), "w", lease, true)
		if err != nil {
			t.Fatal(err)
		}
		all, err := db.ChunkDeliveries(t.Context(), c, 0, 9)
		if err != nil || len(all) != 1 || all[0].Address != typed {
			t.Fatalf("delivery: %+v, %v", all, err)
		}
		v, err := l.CommitIntent(t.Context(), data.Intent{Delivery: all[0], Dot: time.Minute})
		if err != nil || v.Go != goes {
			t.Errorf("%s: %+v, %v", typed, v, err)
		}
		if err := db.ReleaseChunk(t.Context(), c, clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
}
