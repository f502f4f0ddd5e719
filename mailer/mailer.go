package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// Options are what a Mailer needs.
type Options struct {
	DB       *data.DB
	Keys     token.Keys
	Settings Settings
	Relays   []Relay
	Signer   *smtp.Signer // nil: the relay signs
	Log      *slog.Logger
}

// A Mailer sends what is due until its context ends. At most one process has the role.
type Mailer struct {
	Options
	ledger *data.Ledger
	relays []*relay
	forms  *forms
	boot   string // names this process in the claims
	wake   chan struct{}
}

// New makes a mailer. It needs at least one relay.
func New(o Options) (*Mailer, error) {
	if len(o.Relays) == 0 {
		return nil, &data.UserError{Message: "there is no relay to send through", Hint: "add [relay] with a host to the config"}
	}
	m := &Mailer{Options: o, forms: newForms(o.DB), boot: fmt.Sprintf("%d", os.Getpid()), wake: make(chan struct{}, 1)}
	for _, r := range o.Relays {
		m.relays = append(m.relays, &relay{Relay: r, db: o.DB, log: o.Log})
	}
	return m, nil
}

// Connections is how many connections all relays together may have.
func (m *Mailer) Connections() int {
	n := 0
	for _, r := range m.relays {
		n += r.Settings.Connections
	}
	return n
}

// Run takes over what an earlier process left behind and sends until ctx ends; then it
// finishes the messages that are on the wire and gives its claims back. The caller has the
// mailer's role.
func (m *Mailer) Run(ctx context.Context) error {
	uncertain, err := m.DB.TakeOver(ctx, m.Settings.Uncertain)
	if ctx.Err() != nil {
		return nil // it was stopped before it began; the next process takes over
	}
	if err != nil {
		return err
	}
	if uncertain > 0 {
		m.Log.Warn("uncertain deliveries were settled", "deliveries", uncertain, "policy", string(m.Settings.Uncertain))
	}
	m.ledger = data.NewLedger(m.DB)
	defer m.ledger.Close()
	var all sync.WaitGroup
	start := func(run func(context.Context)) {
		all.Add(1)
		go func() {
			defer all.Done()
			run(ctx)
		}()
	}
	for _, r := range m.relays {
		for i := range r.Settings.Connections {
			w := &worker{m: m, relay: r, name: fmt.Sprintf("%s/%s/%d", m.boot, r.name(), i+1)}
			start(w.run)
		}
	}
	// A connection kept for letters: a confirmation does not wait behind a million digests.
	letters := &worker{m: m, relay: m.relays[0], name: m.boot + "/letters", letters: true}
	start(letters.run)
	start(m.keepHouse)
	all.Wait()
	return nil
}

// keepHouse completes what is done, and skips the rest of what was cancelled.
func (m *Mailer) keepHouse(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := m.completeDone(ctx); err != nil && ctx.Err() == nil {
			m.Log.Error("mailings could not be completed", "error", err)
			if !sleep(ctx, 5*time.Second) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-tick.C:
		}
	}
}

func (m *Mailer) completeDone(ctx context.Context) error {
	done, err := m.DB.FinishedMailings(ctx)
	if err != nil {
		return err
	}
	for _, one := range done {
		if one.State == data.MailingCancelled {
			for n := 1; n > 0; {
				if n, err = m.DB.FinishCancelled(ctx, one.ID, 500); err != nil {
					return err
				}
			}
			continue
		}
		err := m.DB.CompleteMailing(ctx, one.ID)
		switch {
		case err == nil:
			m.Log.Info("mailing is complete", "mailing", one.ID, "kind", one.Kind)
		case errors.Is(err, data.ErrUnbalanced):
			if err := m.hold(ctx, one.ID); err != nil {
				return err
			}
		case !errors.Is(err, data.ErrNotFound) && !errors.Is(err, data.ErrConflict):
			return err
		}
	}
	return nil
}

// hold stops a mailing whose figures do not add up: something is wrong that we do not know.
func (m *Mailer) hold(ctx context.Context, mailing int64) error {
	m.Log.Error("the figures of a mailing do not add up", "mailing", mailing)
	_, err := m.DB.RaiseAlarm(ctx, data.Alarm{Kind: "mailing", About: fmt.Sprint(mailing),
		Text: fmt.Sprintf("Mailing %d is held: its deliveries do not add up to its audience.", mailing),
		Hint: "look at `tipsheet delivery list` for it, and tell the maintainers"})
	if err != nil {
		return err
	}
	return m.DB.HoldMailing(ctx, mailing, "its figures do not add up")
}

// nudge wakes the housekeeping: a chunk was finished.
func (m *Mailer) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// sleep waits and reports whether the time is over, false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
