package desk

import (
	"context"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// accounts keeps the figures of mailings. Counting reads every delivery, which takes seconds
// for an issue of a million, so a figure is kept for twenty times as long as it took, and one
// that can no longer change for as long as there is room.
type accounts struct {
	db   *data.DB
	now  func() time.Time
	mu   sync.Mutex // one count at a time, however many pages are open
	kept map[int64]counted
}

type counted struct {
	account data.Account
	until   time.Time // zero: for good
}

const maxKept = 2000 // figures; past that all are counted anew

// of is the account of an issue's mailing; the zero value where it has none yet.
func (a *accounts) of(ctx context.Context, i data.Issue) (data.Account, error) {
	if i.MailingID == 0 {
		return data.Account{}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.kept[i.MailingID]; ok && (c.until.IsZero() || a.now().Before(c.until)) {
		return c.account, nil
	}
	begun := a.now()
	one, err := a.db.Account(ctx, i.MailingID)
	if err != nil {
		return one, err
	}
	c := counted{account: one}
	if i.State != data.IssueComplete {
		c.until = a.now().Add(20 * a.now().Sub(begun))
	}
	if len(a.kept) >= maxKept {
		clear(a.kept)
	}
	a.kept[i.MailingID] = c
	return one, nil
}

// figures are an account in the words of a page.
func figures(a data.Account) templates.Counts {
	return templates.Counts{
		Audience: a.Audience, LeftOut: a.LeftOut,
		Accepted: a.Words[data.WordAccepted], Assumed: a.Words[data.WordAssumed],
		Refused: a.Words[data.WordRefused], GaveUp: a.Words[data.WordGaveUp],
		Skipped: a.Words[data.WordSkipped], Held: a.Words[data.WordHeld],
		Uncertain: a.Words[data.WordUncertain], Deferred: a.Words[data.WordDeferred],
		Open: a.Words[data.WordOpen],
	}
}
