package imap_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

func TestNewMailEndsTheWaiting(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 40*time.Second)
		s := openInbox(t, ctx, p.settings)
		if changed, err := s.Idle(ctx, 30*time.Millisecond); err != nil || changed {
			t.Fatalf("an empty mailbox: changed %v, %v", changed, err)
		}
		delivered := make(chan error, 1)
		go func() { delivered <- p.deliver("INBOX", letter(1)) }()
		began := time.Now()
		atMost := 20 * time.Second
		if !s.Can("IDLE") {
			atMost = 200 * time.Millisecond // it is asked at the end of the wait
			if err := <-delivered; err != nil {
				t.Fatal(err)
			}
			delivered <- nil
		}
		changed, err := s.Idle(ctx, atMost)
		if err != nil || !changed || time.Since(began) > 10*time.Second {
			t.Errorf("changed %v, %v after %v", changed, err, time.Since(began))
		}
		if err := <-delivered; err != nil {
			t.Fatal(err)
		}
		if uids, err := s.UIDsAfter(ctx, 0); err != nil || len(uids) != 1 {
			t.Errorf("uids %v, %v", uids, err)
		}
		if changed, err := s.Idle(ctx, 30*time.Millisecond); err != nil || changed {
			t.Errorf("nothing more came: changed %v, %v", changed, err)
		}
	})
}

func TestMailThatCameBetweenTwoStepsIsNotSleptOver(t *testing.T) {
	server := startEmbedded(t, imaptest.Options{})
	ctx := within(t, 10*time.Second)
	s := openInbox(t, ctx, loopback(server.Port()))
	if err := server.Deliver(letter(1)); err != nil {
		t.Fatal(err)
	}
	// The server says EXISTS behind the answer to this, and never again.
	if _, err := s.Status(ctx, "Junk"); err != nil {
		t.Fatal(err)
	}
	if changed, err := s.Idle(ctx, 5*time.Second); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
}

func TestWakeEndsTheWaitingAndKeepsTheSession(t *testing.T) {
	for _, caps := range []string{"IMAP4rev1 IDLE", "IMAP4rev1"} {
		server := startScripted(t, imaptest.Script{Caps: caps, Mails: three()})
		ctx := within(t, 10*time.Second)
		s := openInbox(t, ctx, loopback(server.Port()))
		s.Wake()
		s.Wake()
		if changed, err := s.Idle(ctx, time.Hour); err != nil || changed {
			t.Errorf("%s: changed %v, %v", caps, changed, err)
		}
		go s.Wake()
		if changed, err := s.Idle(ctx, time.Hour); err != nil || changed {
			t.Errorf("%s: changed %v, %v", caps, changed, err)
		}
		if uids, err := s.AllUIDs(ctx); err != nil || len(uids) != 3 {
			t.Errorf("%s: the next step: %v, %v", caps, uids, err)
		}
	}
}

func TestTheWaitingEndsWithItsContextItsLineAndItsSession(t *testing.T) {
	for _, caps := range []string{"IMAP4rev1 IDLE", "IMAP4rev1"} {
		server := startScripted(t, imaptest.Script{Caps: caps, Mails: three()})
		ctx := within(t, 10*time.Second)
		s := openInbox(t, ctx, loopback(server.Port()))
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if _, err := s.Idle(short, time.Hour); !errors.Is(err, context.DeadlineExceeded) || s.Usable() {
			t.Errorf("%s: %v, usable %v; want the context's error", caps, err, s.Usable())
		}
		cancel()

		s = openInbox(t, ctx, loopback(server.Port()))
		go s.Close()
		if _, err := s.Idle(ctx, time.Hour); !errors.Is(err, imap.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", caps, err)
		}
		_ = s.Close() // waits for the other Close

		s = openInbox(t, ctx, loopback(server.Port()))
		go server.Close()
		if _, err := s.Idle(ctx, time.Hour); !errors.Is(err, imap.ErrNetwork) {
			t.Errorf("%s: %v, want ErrNetwork", caps, err)
		}
	}
}

func TestAServerThatDoesNotLetGoOfIDLEIsGivenUp(t *testing.T) {
	deaf := func(e *imaptest.Exchange) {
		e.Say("+ idling")
		e.Hang()
	}
	server := startScripted(t, imaptest.Script{Mails: three(), Answers: answers{"IDLE": deaf}})
	settings := loopback(server.Port())
	settings.Timeout = imap.Duration(150 * time.Millisecond)
	ctx := within(t, 10*time.Second)
	s := openInbox(t, ctx, settings)
	if _, err := s.Idle(ctx, 10*time.Millisecond); !errors.Is(err, imap.ErrSilent) || s.Usable() {
		t.Errorf("%v, usable %v; want ErrSilent", err, s.Usable())
	}
}

func TestClosingIsPoliteQuickAndRepeatable(t *testing.T) {
	server := startEmbedded(t, imaptest.Options{})
	ctx := within(t, 10*time.Second)
	s := openInbox(t, ctx, loopback(server.Port()))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if s.Usable() {
		t.Error("usable after Close")
	}
	if _, err := s.AllUIDs(ctx); !errors.Is(err, imap.ErrClosed) {
		t.Errorf("a step after Close: %v, want ErrClosed", err)
	}
}
