package data_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestAnErasedReaderWhoConfirmsAnewIsWrittenTo(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	ctx := t.Context()
	r, err := db.SubscriberByAddress(ctx, "reader1@example.com")
	if err != nil {
		t.Fatal(err)
	}
	old, err := db.SubscriptionsOf(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.EraseSubscriber(ctx, "reader1@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := db.ConfirmSubscription(ctx, old[0].ID); !errors.Is(err, data.ErrNotFound) {
		t.Fatalf("an old link after the erasure: %v", err)
	}
	a, err := db.AskSubscription(ctx, nl.ID, "Reader1@Example.com", "form")
	if err != nil || !a.Mail {
		t.Fatalf("asked: %+v, %v", a, err)
	}
	if err := db.ConfirmSubscription(ctx, a.Subscription.ID); err != nil {
		t.Fatal(err)
	}
	i := datatest.ClosedIssue(t, db, nl, 10)
	if acc, err := db.Account(ctx, i.MailingID); err != nil || acc.Audience != 1 || acc.LeftOut != 0 {
		t.Fatalf("account: %+v, %v", acc, err)
	}
}

func TestAConfirmationDoesNotLiftAComplaint(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	nl := datatest.Newsletter(t, db, "daily", 0)
	ctx := t.Context()
	for _, reason := range []string{"complaint"} {
		address := reason + "@example.com"
		if err := db.Suppress(ctx, address, reason); err != nil {
			t.Fatal(err)
		}
		a, err := db.AskSubscription(ctx, nl.ID, address, "form")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.EraseSubscriber(ctx, address); err != nil { // nor does an erasure in between
			t.Fatal(err)
		}
		if a, err = db.AskSubscription(ctx, nl.ID, address, "form"); err != nil {
			t.Fatal(err)
		}
		if err := db.ConfirmSubscription(ctx, a.Subscription.ID); err != nil {
			t.Fatal(err)
		}
	}
	i := datatest.ClosedIssue(t, db, nl, 10)
	if acc, err := db.Account(ctx, i.MailingID); err != nil || acc.Audience != 0 || acc.LeftOut != 1 {
		t.Fatalf("account: %+v, %v", acc, err)
	}
}

func TestAnErasedReadersAddressIsNowhere(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 3)
	ctx := t.Context()
	l := data.NewLedger(db)
	t.Cleanup(l.Close)
	a, err := db.AskSubscription(ctx, nl.ID, "Ada.Obi@Example.com", "form")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := db.AddLetter(ctx, data.Letter{Kind: data.LetterConfirmation, To: "Ada.Obi@Example.com", SubscriptionID: a.Subscription.ID, Subject: "s", Text: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.ConfirmSubscription(ctx, a.Subscription.ID); err != nil {
		t.Fatal(err)
	}
	var last data.Issue
	for range 3 {
		clock.Add(time.Hour)
		last = datatest.ClosedIssue(t, db, nl, 10)
	}
	c, err := db.ClaimChunk(ctx, "w", lease, false)
	for err == nil && c.MailingID != last.MailingID {
		c, err = db.ClaimChunk(ctx, "w", lease, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.ChunkDeliveries(ctx, c, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		o := data.Outcome{Delivery: v, Word: data.WordRefused, Code: 550, Text: "no such user <" + v.Address + ">"}
		if err := l.RecordOutcome(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.EraseSubscriber(ctx, "ada.obi@example.com"); err != nil {
		t.Fatal(err)
	}
	if text := datatest.Contents(t, db, "suppression"); strings.Contains(strings.ToLower(text), "ada.obi") {
		t.Error("the address is still there")
	} else if n := strings.Count(text, "no such user <reader"); n != 3 {
		t.Errorf("the relay's words about %d of the 3 others are left", n)
	}
	if m, err := db.Mailing(ctx, letter); err != nil || (m.State != data.MailingCancelled && m.State != data.MailingComplete) {
		t.Errorf("the letter on its way to nobody is %s, %v", m.State, err)
	}
}

func TestAnErasureGoesInSlices(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 2)
	for range 230 {
		clock.Add(time.Minute)
		datatest.ClosedIssue(t, db, nl, 10)
	}
	if err := db.EraseSubscriber(t.Context(), "reader1@example.com"); err != nil {
		t.Fatal(err)
	}
	gone := 0
	for line := range strings.Lines(datatest.Contents(t, db)) {
		if strings.Contains(line, "reader1@") && !strings.Contains(line, "erased'") {
			t.Errorf("left: %s", line)
		}
		if strings.Contains(line, fmt.Sprintf("erased-%d@invalid", 1)) {
			gone++
		}
	}
	if gone < 230 {
		t.Errorf("erased from %d of 230 issues", gone)
	}
}
