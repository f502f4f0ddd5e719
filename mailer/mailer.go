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
	Signers  *smtp.Signers // nil: the relay signs
	Log      *slog.Logger
	// Look is called at each step of each message, from many goroutines; nil: nobody looks.
	Look func(Step)
}

// A Step is a moment in the life of a message, for those who look on.
type Step string

// The steps of a message.
const (
	AtClaim         Step = "claimed"
	AtOffer         Step = "before MAIL"
	AtIntent        Step = "before the intent is handed in"
	BeforeIntents   Step = "before the intents' commit"
	AfterIntents    Step = "after the intents' commit"
	AtDot           Step = "before the dot"
	AtReply         Step = "after the answer to the dot"
	BeforeOutcomes  Step = "before the outcomes' commit"
	AfterOutcomes   Step = "after the outcomes' commit"
	AtChunkEnd      Step = "chunk worked to its end"
	AtChunkReleased Step = "chunk given back"
)

// A Mailer sends what is due until its context ends. At most one process has the role.
type Mailer struct {
	Options
	ledger *data.Ledger
	relays []*relay
	choice *choice
	forms  *forms
	boot   string // names this process in the claims
	wake   chan struct{}
	meter  *data.Meter
	teller *teller
}

// New makes a mailer. It needs at least one relay.
func New(o Options) (*Mailer, error) {
	if len(o.Relays) == 0 {
		return nil, &data.UserError{Message: "there is no relay to send through", Hint: "add [relay] with a host to the config"}
	}
	m := &Mailer{Options: o, forms: newForms(o), boot: fmt.Sprintf("%d", os.Getpid()), wake: make(chan struct{}, 1), choice: &choice{now: time.Now}, meter: data.NewMeter()}
	m.teller = &teller{log: o.Log, now: o.DB.Now}
	for _, r := range o.Relays {
		if dot := time.Duration(r.Settings.Timeouts.Dot); time.Duration(o.Settings.Lease) <= dot+leaseMargin {
			return nil, &data.UserError{
				Message: fmt.Sprintf("the lease of %v is too short: relay %s may take %v to answer a dot, and no mail could go", time.Duration(o.Settings.Lease), r.Settings.Name, dot),
				Hint:    fmt.Sprintf("make [ledger] lease longer than %v", dot+leaseMargin)}
		}
		one := &relay{Relay: r, db: o.DB, log: o.Log, gate: &gate{limits: newLimits(o.DB, r.Settings)}, lanes: &lanes{}}
		one.gate.share = m.choice.join(r.Settings.Weight, one.shut)
		m.relays = append(m.relays, one)
	}
	return m, nil
}

// leaseMargin is how much longer than the wait for a dot's answer a lease must be.
const leaseMargin = 2 * time.Second

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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m.ledger = data.OpenLedger(m.DB, data.LedgerOptions{Log: m.Log, Look: m.lookAtCommit, Meter: m.meter})
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
			start(newWorker(m, r, fmt.Sprintf("%s/%s/%d", m.boot, r.name(), i+1), false).run)
		}
	}
	// A connection kept for letters: a confirmation does not wait behind a million digests.
	start(newWorker(m, m.relays[0], m.boot+"/letters", true).run)
	start(m.keepHouse)
	start(func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-m.ledger.Dead():
			stop() // what this process believes to be written cannot be trusted any more
		}
	})
	all.Wait()
	m.ledger.Close()
	m.teller.sum(true)
	if err := m.ledger.Err(); err != nil {
		return err // nothing more is written to that disk
	}
	return m.closeLimits(context.WithoutCancel(ctx))
}

// closeLimits gives back what the relays' quotas have left of their blocks.
func (m *Mailer) closeLimits(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var all []error
	for _, r := range m.relays {
		all = append(all, r.gate.limits.close(ctx))
	}
	return errors.Join(all...)
}

func (m *Mailer) look(s Step) {
	if m.Look != nil {
		m.Look(s)
	}
}

func (m *Mailer) lookAtCommit(at data.Moment, intents, outcomes int) {
	if m.Look == nil {
		return
	}
	before := at == data.BeforeCommit
	if intents > 0 {
		m.Look(map[bool]Step{true: BeforeIntents, false: AfterIntents}[before])
	}
	if outcomes > 0 {
		m.Look(map[bool]Step{true: BeforeOutcomes, false: AfterOutcomes}[before])
	}
}

// keepHouse completes what is done, skips the rest of what was cancelled, and notes how fast
// the others come along.
func (m *Mailer) keepHouse(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	sampled, waiting := m.DB.Now(), false
	states := &states{m: m}
	for {
		m.teller.sum(false)
		if err := states.look(ctx); err != nil && ctx.Err() == nil {
			m.Log.Error("the states of the issues could not be read", "error", err)
		}
		waiting = waiting || m.waiting()
		if err := m.completeDone(ctx); err != nil && ctx.Err() == nil {
			m.Log.Error("mailings could not be completed", "error", err)
			if !sleep(ctx, 5*time.Second) {
				return
			}
		}
		if now := m.DB.Now(); now.Sub(sampled).Abs() >= data.PaceEvery {
			if err := m.DB.SamplePace(ctx, waiting); err != nil && ctx.Err() == nil {
				m.Log.Error("the pace could not be noted", "error", err)
			}
			sampled, waiting = now, false
		}
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-tick.C:
		}
	}
}

// waiting says that no relay has any quota left.
func (m *Mailer) waiting() bool {
	for _, r := range m.relays {
		if r.gate.waiting().IsZero() {
			return false
		}
	}
	return true
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
		if err := m.complete(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// complete ends a mailing of which nothing is claimed and nothing waits.
func (m *Mailer) complete(ctx context.Context, one data.Mailing) error {
	err := m.DB.CompleteMailing(ctx, one.ID)
	switch {
	case err == nil:
		m.Log.Info("mailing is complete", "mailing", one.ID, "kind", one.Kind)
		return nil
	case errors.Is(err, data.ErrUnbalanced):
		return m.hold(ctx, one.ID, "its deliveries do not add up to its audience")
	case errors.Is(err, data.ErrConflict):
		return nil
	case !errors.Is(err, data.ErrNotFound):
		return err
	}
	n, err := m.DB.SettleForgotten(ctx, one.ID, m.Settings.Uncertain)
	if n > 0 {
		m.Log.Warn("uncertain deliveries were settled", "mailing", one.ID, "deliveries", n, "policy", string(m.Settings.Uncertain))
	}
	return err
}

// hold stops a mailing in which something is wrong, and tells a person.
func (m *Mailer) hold(ctx context.Context, mailing int64, why string) error {
	m.Log.Error("mailing is held", "mailing", mailing)
	_, err := m.DB.RaiseAlarm(ctx, data.Alarm{Kind: "mailing", About: fmt.Sprint(mailing),
		Text: fmt.Sprintf("Mailing %d is held: %s.", mailing, why),
		Hint: "look at `tipsheet delivery list` for it; `tipsheet issue resume` tries again, `issue cancel` ends it"})
	if err != nil {
		return err
	}
	return m.DB.HoldMailing(ctx, mailing, why)
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
