package imap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const logoutWait = 3 * time.Second // how long Close waits for the server's goodbye

// A Session is one logged-in connection to one mailbox. It comes from Dial. One goroutine uses it at a time, Close and
// Wake excepted.
type Session struct {
	wire   *wire
	client *imapclient.Client
	caps   goimap.CapSet
	quiet  time.Duration // Settings.Timeout

	selected string // the folder that is open, empty when none
	keywords bool   // it takes new keywords
	known    []goimap.Flag

	arrived chan struct{}             // holds a token when EXISTS came since the last Idle or Select
	wake    chan struct{}             // holds a token when Wake was called
	current atomic.Pointer[collector] // the fetch in flight, for bodies that the library could not match

	busy atomic.Int32 // steps in flight, of which only Close can make two

	mu     sync.Mutex
	broken error // why the session is of no more use
}

// Usable reports whether the session can take another step. False is final: dial again.
func (s *Session) Usable() bool { return s.failure() == nil }

func (s *Session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// fail marks the session as of no more use, for the first reason given, and closes the connection.
func (s *Session) fail(reason error) {
	s.mu.Lock()
	if s.broken == nil {
		s.broken = reason
	}
	s.mu.Unlock()
	s.wire.Close()
}

// step runs one exchange with the server under the watchdog and explains its error. After an error that is not the
// server's NO or BAD the session is of no more use. A success stands even where the watchdog fired as it came.
func (s *Session) step(ctx context.Context, what string, do func() error) error {
	if err := s.failure(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := ctx.Err(); err != nil {
		s.fail(err)
		return fmt.Errorf("%s: %w", what, err)
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	release := s.wire.guard(ctx, s.quiet)
	err := do()
	cause := release()
	if cause != nil {
		s.fail(cause)
	}
	switch {
	case err == nil:
		return nil
	case cause != nil:
		return fmt.Errorf("%s: %w", what, cause)
	}
	return fmt.Errorf("%s: %w", what, s.explain(err))
}

// explain maps an error of the library to one of ours. It reads no error texts: the wire knows whether the line was cut.
func (s *Session) explain(err error) error {
	if said := asServerError(err); said != nil {
		if said.Kind == string(goimap.StatusResponseTypeBye) {
			s.fail(said)
		}
		return said
	}
	if prior := s.failure(); prior != nil {
		return prior
	}
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrTLS):
	case isTLSFault(err):
		err = fmt.Errorf("%w: %w", ErrTLS, err)
	case s.wire.lostBy() != nil:
		err = fmt.Errorf("%w: %w", ErrNetwork, s.wire.lostBy())
	default:
		err = fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	s.fail(err)
	return err
}

// Close says goodbye (LOGOUT, at most three seconds) and frees the connection. It may be called at any time, from any goroutine,
// and more than once; a step in flight then ends with an error. It returns nil unless the first goodbye met an error.
func (s *Session) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), logoutWait)
	defer cancel()
	var err error
	if s.Usable() && s.busy.Load() == 0 {
		err = s.step(ctx, "log out", func() error { return s.client.Logout().Wait() })
	}
	s.fail(ErrClosed)
	<-s.client.Closed()
	return err
}

// Wake makes the Idle in progress, or the next one, return at once with changed false. It never blocks.
func (s *Session) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Can reports whether the server offers the capability, such as "MOVE", "UIDPLUS" or "IDLE".
func (s *Session) Can(capability string) bool { return s.caps.Has(goimap.Cap(capability)) }

// handler receives what the server says without being asked.
func (s *Session) handler() *imapclient.UnilateralDataHandler {
	return &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages == nil {
				return
			}
			select {
			case s.arrived <- struct{}{}:
			default:
			}
		},
		Fetch: func(msg *imapclient.FetchMessageData) {
			if c := s.current.Load(); c != nil {
				c.readStray(msg)
				return
			}
			drain(msg)
		},
	}
}
