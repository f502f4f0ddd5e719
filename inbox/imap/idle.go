package imap

import (
	"context"
	"errors"
	"fmt"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const noopEvery = 15 * time.Second // how often a server without IDLE is asked

// An ending is why the waiting stopped.
type ending int

const (
	byMail  ending = iota // the server announced mail
	byWake                // Wake was called
	byTime                // the longest wait is over
	byPause               // time to ask again
)

// Idle waits until the open folder gets mail, Wake is called, or atMost is over, whichever is first; changed says that mail came
// (EXISTS), also when it came between the last Select or Idle and now. It uses IDLE (RFC 2177) where offered and
// NOOP every 15 seconds elsewhere. A dead line goes unseen while it waits: keep atMost at five minutes or less, and poll besides.
// The end of ctx ends the session; to end the waiting alone, call Wake.
func (s *Session) Idle(ctx context.Context, atMost time.Duration) (changed bool, err error) {
	if err := s.needFolder("wait for mail"); err != nil {
		return false, err
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	over := time.NewTimer(atMost)
	defer over.Stop()
	if !s.caps.Has(goimap.CapIdle) {
		return s.idleByNoop(ctx, over.C)
	}
	if s.hasArrived() {
		return true, nil
	}
	var idle *imapclient.IdleCommand
	err = s.step(ctx, "start waiting for mail", func() (err error) {
		idle, err = s.client.Idle()
		return err
	})
	if err != nil {
		return false, err
	}
	end, err := s.await(ctx, over.C, nil)
	if err != nil {
		s.fail(err)
		_ = idle.Close() // lets go of the library's goroutine; the line is gone, and why is in err
		return false, err
	}
	err = s.step(ctx, "stop waiting for mail", func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
	return end == byMail || s.hasArrived(), err
}

// idleByNoop asks at once, then every noopEvery, and once more at the end, whether mail came.
func (s *Session) idleByNoop(ctx context.Context, over <-chan time.Time) (changed bool, err error) {
	again := time.NewTicker(noopEvery)
	defer again.Stop()
	for end := byPause; ; {
		err := s.step(ctx, "ask for new mail", func() error { return s.client.Noop().Wait() })
		if err != nil {
			return false, err
		}
		if s.hasArrived() {
			return true, nil
		}
		if end == byTime {
			return false, nil
		}
		end, err = s.await(ctx, over, again.C)
		if err != nil {
			s.fail(err)
			return false, err
		}
		if end == byMail || end == byWake {
			return end == byMail, nil
		}
	}
}

// await waits for one of the ends of waiting. Only the end of the context or of the connection is an error.
func (s *Session) await(ctx context.Context, over, pause <-chan time.Time) (ending, error) {
	select {
	case <-s.arrived:
		return byMail, nil
	case <-s.wake:
		return byWake, nil
	case <-over:
		return byTime, nil
	case <-pause:
		return byPause, nil
	case <-ctx.Done():
		return byTime, fmt.Errorf("wait for mail: %w", ctx.Err())
	case <-s.client.Closed():
		return byTime, fmt.Errorf("wait for mail: %w", s.explain(errors.New("the connection ended")))
	}
}

// hasArrived takes the token that says mail came, if it is there.
func (s *Session) hasArrived() bool {
	select {
	case <-s.arrived:
		return true
	default:
		return false
	}
}
