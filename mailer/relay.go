package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// A Relay is an SMTP server that mail is handed to, with its password.
type Relay struct {
	Settings smtp.Settings
	Password string
}

const (
	shortRest      = time.Second     // after the first failure to connect
	longRest       = 5 * time.Minute // at most
	manyRefusals   = 20              // in a row, not about the reader: something is wrong with us
	dialFailAlarms = 3               // failures to connect before a person is told
)

// relay is a Relay at work: how it has been answering, and until when it rests.
type relay struct {
	Relay
	db  *data.DB
	log *slog.Logger

	mu       sync.Mutex
	failures int // to connect, in a row
	refusals int // 5xx that are not about the reader, in a row
	restTill time.Time
}

func (r *relay) name() string { return r.Settings.Name }

// resting is how long the relay is still left alone.
func (r *relay) resting(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.restTill.Sub(now)
}

// connect dials the relay. A failure makes it rest for a growing while.
func (r *relay) connect(ctx context.Context) (*smtp.Conn, error) {
	c, err := smtp.Dial(ctx, r.Settings, r.Password)
	if err != nil {
		if ctx.Err() == nil {
			r.failed(ctx, err)
		}
		return nil, fmt.Errorf("connect to relay %s: %w", r.name(), err)
	}
	r.mu.Lock()
	well := r.failures == 0
	r.failures, r.restTill = 0, time.Time{}
	r.mu.Unlock()
	if !well {
		r.clear(ctx)
	}
	return c, nil
}

// failed notes that the relay could not be used, and tells a person when that will not heal
// by itself or has gone on for a while.
func (r *relay) failed(ctx context.Context, err error) {
	r.mu.Lock()
	r.failures++
	n := r.failures
	rest := shortRest
	for i := 1; i < n && rest < longRest; i++ {
		rest *= 2
	}
	forPerson := errors.Is(err, smtp.ErrLogin) || errors.Is(err, smtp.ErrTLS)
	if forPerson {
		rest = max(rest, 30*time.Second)
	}
	r.restTill = time.Now().Add(min(rest, longRest))
	r.mu.Unlock()
	r.log.Warn("relay could not be used", "relay", r.name(), "failures", n, "rest", min(rest, longRest).String())
	if forPerson || n >= dialFailAlarms {
		r.alarm(ctx, err)
	}
}

func (r *relay) alarm(ctx context.Context, err error) {
	hint := "check the network and the relay; sending goes on by itself when it answers"
	switch {
	case errors.Is(err, smtp.ErrLogin):
		hint = "put the right user name and password into [relay]; then restart"
	case errors.Is(err, smtp.ErrTLS):
		hint = "check tls, host and ca_file in [relay]; no password was sent"
	}
	a := data.Alarm{Kind: "relay", About: r.name(), Text: fmt.Sprintf("The relay %s takes no mail: %v", r.name(), err), Hint: hint}
	raised, aerr := r.db.RaiseAlarm(ctx, a)
	if aerr != nil {
		r.log.Error("alarm could not be written", "relay", r.name(), "error", aerr)
	} else if raised {
		r.log.Error("relay takes no mail", "relay", r.name())
	}
}

func (r *relay) clear(ctx context.Context) {
	if _, err := r.db.ClearAlarm(ctx, "relay", r.name()); err != nil {
		r.log.Error("alarm could not be cleared", "relay", r.name(), "error", err)
	}
}

// answered counts refusals that are about us. It reports true when there were too many in a
// row to be chance.
func (r *relay) answered(reply smtp.Reply) (tooMany bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case reply.Accepted():
		r.refusals = 0
	case reply.Refused() && !aboutReader(reply):
		r.refusals++
	}
	if r.refusals <= manyRefusals {
		return false
	}
	r.refusals = 0
	return true
}
