package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer"
)

// A deliveryStatus is what `delivery show --json` prints.
type deliveryStatus struct {
	Delivery string          `json:"delivery"`
	Issue    *int64          `json:"issue"`
	Letter   *string         `json:"letter"` // what the letter is: confirmation, reply, …
	Address  string          `json:"address"`
	Word     data.Word       `json:"word"`
	Attempts int             `json:"attempts"`
	NextAt   *time.Time      `json:"next_at"` // when it is tried again; null: it is not, or not yet known
	Until    *time.Time      `json:"until"`   // no attempt is planned later than this; null with next_at
	Next     string          `json:"next"`    // what happens next, in words
	Ledger   []deliveryEntry `json:"ledger"`
}

type deliveryEntry struct {
	At       time.Time `json:"at"`
	Attempt  int       `json:"attempt"`
	Kind     string    `json:"kind"`
	Word     string    `json:"word"`
	Relay    string    `json:"relay"`
	Step     string    `json:"step"`
	Code     int       `json:"code"`
	Enhanced string    `json:"enhanced"`
	Text     string    `json:"text"`
}

func (a *app) showDelivery(ctx context.Context, p *paper, mailing, seq int64) error {
	h, err := p.db.History(ctx, mailing, seq)
	if errors.Is(err, data.ErrNotFound) {
		return p.noDelivery(ctx, mailing, seq)
	}
	if err != nil {
		return err
	}
	next := a.nextOf(h, p.Ledger.Uncertain, p.db.Now())
	if a.json {
		return a.printJSON(statusOf(h, next))
	}
	fmt.Fprintf(a.out, "delivery %d/%d of %s to %s: %s\n", h.MailingID, h.Seq, ofWhat(h), printable(h.Address), strings.ReplaceAll(string(h.Word), "_", " "))
	for _, l := range h.Lines {
		fmt.Fprintf(a.out, "  %s  attempt %d  %s\n", a.inZone(l.At).Format("2006-01-02 15:04:05 MST"), l.Attempt, printable(lineWords(l)))
	}
	fmt.Fprintf(a.out, "next: %s\n", next)
	return nil
}

func statusOf(h data.History, next string) deliveryStatus {
	s := deliveryStatus{Delivery: fmt.Sprintf("%d/%d", h.MailingID, h.Seq), Address: h.Address, Word: h.Word, Attempts: h.Attempts, Next: next, Ledger: []deliveryEntry{}}
	if h.IssueID != 0 {
		s.Issue = &h.IssueID
	} else {
		letter := string(h.Letter)
		s.Letter = &letter
	}
	if !h.NextAt.IsZero() {
		s.NextAt, s.Until = &h.NextAt, &h.GiveUpAt
	}
	for _, l := range h.Lines {
		s.Ledger = append(s.Ledger, entryOf(l))
	}
	return s
}

func entryOf(l data.LedgerLine) deliveryEntry {
	return deliveryEntry{At: l.At.UTC(), Attempt: l.Attempt, Kind: l.Kind, Word: l.Word, Relay: l.Relay, Step: l.Step, Code: l.Code, Enhanced: l.Enhanced, Text: l.Text}
}

func ofWhat(h data.History) string {
	if h.IssueID != 0 {
		return fmt.Sprintf("issue %d", h.IssueID)
	}
	return fmt.Sprintf("letter %d (%s)", h.MailingID, h.Letter)
}

// saidOf is what a line says in short: the relay's words, or our own reason.
func saidOf(l data.LedgerLine) string {
	if l.Code != 0 {
		return strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", l.Code, l.Enhanced, l.Text)), " ")
	}
	return l.Text
}

// stepWords are the steps of a conversation with a relay, as a person says them.
var stepWords = map[string]string{
	"mail": "at the sender's address (MAIL)", "rcpt": "at the reader's address (RCPT)", "data": "before the content (DATA)",
	"content": "in the middle of the content", "dot": "after the final dot", "connect": "on connecting", "greeting": "at its greeting",
	"hello": "at EHLO", "tls": "at STARTTLS", "login": "at the login", "reset": "at RSET",
}

// lineWords is one line of the ledger as a sentence.
func lineWords(l data.LedgerLine) string {
	switch {
	case l.Kind == "intent":
		return fmt.Sprintf("intent: from here on relay %s may have it", l.Relay)
	case l.Kind == "ruling" && l.Text == "left":
		return "ruling skipped: the reader had left, or the address is suppressed"
	case l.Kind == "ruling":
		return fmt.Sprintf("ruling %s: %s", l.Word, l.Text)
	case l.Step == "prepare" || l.Step == "compose":
		return fmt.Sprintf("%s by us, before relay %s was asked: %s", l.Word, l.Relay, l.Text)
	case l.Code == 0:
		return fmt.Sprintf("%s: no answer from relay %s %s: %s", l.Word, l.Relay, stepOf(l), l.Text)
	}
	return fmt.Sprintf("%s by relay %s %s: %s", l.Word, l.Relay, stepOf(l), saidOf(l))
}

func stepOf(l data.LedgerLine) string {
	if words, ok := stepWords[l.Step]; ok {
		return words
	}
	return "at " + l.Step
}

// nextOf says what happens next with a delivery.
func (a *app) nextOf(h data.History, policy data.Policy, now time.Time) string {
	switch h.Word {
	case data.WordAccepted:
		return "nothing; the relay has taken it over. Should it come back later, that is a bounce"
	case data.WordAssumed:
		return "nothing; whether it was sent nobody knows, and it counts as accepted"
	case data.WordRefused:
		return "nothing; it is not sent again. " + whyRefused(h)
	case data.WordGaveUp:
		return "nothing; there was no time left for another attempt"
	case data.WordSkipped:
		return "nothing; it was not sent"
	case data.WordHeld:
		if h.IssueID == 0 {
			return "a person decides: write the letter again where it did not arrive"
		}
		return fmt.Sprintf("a person decides: `tipsheet issue settle %d --policy resend` sends it again with the same bytes, `--policy assume-sent` leaves it", h.IssueID)
	}
	switch {
	case h.Working && h.Word == data.WordUncertain:
		return fmt.Sprintf("it is in a worker's hands; should the mailer have died, the next one settles it by ledger.uncertain, which is %s", policy)
	case h.Working:
		return "it is in a worker's hands, or its turn comes soon"
	case h.Word == data.WordUncertain:
		return fmt.Sprintf("the mailer settles it by ledger.uncertain, which is %s, when it next looks", policy)
	}
	return a.whenAgain(h, now)
}

// whyRefused says whom a final no is about.
func whyRefused(h data.History) string {
	l, ok := h.Verdict()
	switch {
	case !ok || l.Code == 0:
		return "It was not the relay that refused it"
	case mailer.AboutReader(l):
		return "The no is about this reader's address"
	}
	return "The no is about the sender or the mail, not about this reader"
}

// whenAgain is for a delivery that waits: for another attempt, or for its first.
func (a *app) whenAgain(h data.History, now time.Time) string {
	at := func(t time.Time) string { return a.inZone(t).Format("2006-01-02 15:04 MST") }
	try := fmt.Sprintf("attempt %d", max(h.Next, h.Attempts+1))
	due := ", when its turn comes"
	if !h.NextAt.IsZero() {
		due = " at " + at(h.NextAt) + " or soon after"
	}
	switch h.Mailing {
	case data.MailingPaused, data.MailingHeld:
		if h.IssueID == 0 {
			return fmt.Sprintf("%s, once the letter is no longer %s", try, h.Mailing)
		}
		return fmt.Sprintf("%s, once issue %d is no longer %s: `tipsheet issue resume %d`", try, h.IssueID, h.Mailing, h.IssueID)
	case data.MailingCancelled:
		return "it is skipped: its mailing is cancelled"
	case data.MailingClosed:
		if h.DueAt.After(now) {
			return fmt.Sprintf("%s, at %s or soon after, when it is due", try, at(h.DueAt))
		}
		return fmt.Sprintf("%s, as soon as a mailer runs; after %s it is too late", try, at(h.LateAt))
	}
	if h.Word == data.WordDeferred {
		return fmt.Sprintf("%s%s; if it is put off past %s, it is given up", try, due, at(h.GiveUpAt))
	}
	return try + due
}
