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

// A Relay is an SMTP server that mail is handed to, with its password or tokens.
type Relay struct {
	Settings smtp.Settings
	Password string
	Tokens   smtp.Tokens // for auth "xoauth2"; nil elsewhere
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

	gate   *gate
	lanes  *lanes
	counts counts

	mu       sync.Mutex
	failures int   // to connect, in a row
	refusals int   // 5xx that are not about the reader, in a row
	losses   int   // of the link without an answer, in a row
	spoken   int64 // answers to a message, of whatever kind
	restTill time.Time
	probing  bool // one connection tries whether it is back
}

// errRests is a relay that is left alone, or that another connection tries just now.
var errRests = errors.New("the relay rests")

const lossesInRow = 3 // without an answer in between: the relay is down, whoever is on the line

func (r *relay) name() string { return r.Settings.Name }

// resting is how long the relay is still left alone.
func (r *relay) resting(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.restTill.Sub(now)
}

// connect dials the relay. A failure makes it rest for a growing while; after that one connection
// tries it, and the others wait for what becomes of that.
func (r *relay) connect(ctx context.Context) (*smtp.Conn, error) {
	done, err := r.mayDial(time.Now())
	if err != nil {
		return nil, fmt.Errorf("connect to relay %s: %w", r.name(), err)
	}
	defer done()
	c, err := smtp.Dial(ctx, r.Settings, smtp.Secret{Password: r.Password, Tokens: r.Tokens})
	if err != nil {
		if ctx.Err() == nil {
			r.failed(ctx, err)
		}
		return nil, fmt.Errorf("connect to relay %s: %w", r.name(), err)
	}
	r.mu.Lock()
	if r.losses > 0 { // whether it is well, an answer to a message will tell
		r.mu.Unlock()
		return c, nil
	}
	well := r.failures == 0
	r.failures, r.restTill = 0, time.Time{}
	r.mu.Unlock()
	if !well {
		r.clear(ctx)
	}
	return c, nil
}

// mayDial says whether the relay may be dialled now; done says that the attempt is over.
func (r *relay) mayDial(now time.Time) (done func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == 0 {
		return func() {}, nil
	}
	if r.probing || now.Before(r.restTill) {
		return nil, errRests
	}
	r.probing = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.probing = false
	}, nil
}

// failed notes that the relay could not be used, and tells a person when that will not heal
// by itself or has gone on for a while. What fails while the relay rests already is the same
// failure, seen by another connection.
func (r *relay) failed(ctx context.Context, err error) {
	forPerson := errors.Is(err, smtp.ErrLogin) || errors.Is(err, smtp.ErrTLS)
	r.mu.Lock()
	if time.Now().Before(r.restTill) {
		r.mu.Unlock()
		return
	}
	r.failures++
	n := r.failures
	rest := shortRest
	for i := 1; i < n && rest < longRest; i++ {
		rest *= 2
	}
	if forPerson {
		rest = max(rest, 30*time.Second)
	}
	r.restTill = time.Now().Add(min(rest, longRest))
	r.mu.Unlock()
	r.log.Warn("relay could not be used", "relay", r.name(), "trouble", troubleOf(err), "failures", n, "rest", min(rest, longRest).String())
	if forPerson || n >= dialFailAlarms {
		r.alarm(ctx, err)
	}
}

// troubleOf is what is wrong with a relay in few words, without its own: those may name a reader.
func troubleOf(err error) string {
	var refused *smtp.RefusedError
	var lost *smtp.LostError
	switch {
	case errors.Is(err, smtp.ErrLogin):
		return "login refused"
	case errors.Is(err, smtp.ErrTLS):
		return "no safe connection"
	case errors.As(err, &refused):
		return fmt.Sprintf("answered %d at %s", refused.Reply.Code, refused.Reply.Step)
	case errors.As(err, &lost):
		return fmt.Sprintf("link lost at %s", lost.Step)
	}
	return "other"
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
	r.log.Info("relay takes mail again", "relay", r.name())
}

// lost notes that the link died without an answer. It reports true, and the relay rests for a
// growing while, when that happened a few times without an answer in between.
func (r *relay) lost(ctx context.Context, err error) (down bool) {
	r.mu.Lock()
	r.losses++
	down = r.losses >= lossesInRow
	r.mu.Unlock()
	if down && ctx.Err() == nil {
		r.failed(ctx, err)
	}
	return down
}

// answers is how many answers to a message the relay has given.
func (r *relay) answers() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spoken
}

// shut says that the relay cannot be used now, for issues at least.
func (r *relay) shut() bool { return r.resting(time.Now()) > 0 || !r.gate.waiting().IsZero() }

func (r *relay) dotWait() time.Duration { return time.Duration(r.Settings.Timeouts.Dot) }

// answered counts refusals that are about us. It reports true when there were too many in a
// row to be chance.
func (r *relay) answered(ctx context.Context, reply smtp.Reply) (tooMany bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoken++
	r.losses = 0
	if r.failures > 0 { // it answers: it is well
		r.failures, r.restTill = 0, time.Time{}
		defer r.clear(ctx)
	}
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
