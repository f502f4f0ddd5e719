package imap_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

func TestASilentServerIsGivenUpAfterTheTimeout(t *testing.T) {
	steps := map[string]func(context.Context, *imap.Session) error{
		"SELECT":     func(ctx context.Context, s *imap.Session) error { _, err := s.Select(ctx, "INBOX"); return err },
		"LIST":       func(ctx context.Context, s *imap.Session) error { _, err := s.Folders(ctx); return err },
		"STATUS":     func(ctx context.Context, s *imap.Session) error { _, err := s.Status(ctx, "INBOX"); return err },
		"CREATE":     func(ctx context.Context, s *imap.Session) error { return s.CreateFolder(ctx, "Tips") },
		"APPEND":     func(ctx context.Context, s *imap.Session) error { return s.Append(ctx, "Tips", letter(1), time.Time{}) },
		"UID SEARCH": func(ctx context.Context, s *imap.Session) error { _, err := s.AllUIDs(ctx); return err },
		"UID FETCH":  func(ctx context.Context, s *imap.Session) error { _, err := s.FetchOne(ctx, 1); return err },
		"UID MOVE":   func(ctx context.Context, s *imap.Session) error { _, err := s.Move(ctx, 1, "Tips"); return err },
		"UID STORE":  func(ctx context.Context, s *imap.Session) error { return s.Keyword(ctx, 1, "Done") },
		"IDLE":       func(ctx context.Context, s *imap.Session) error { _, err := s.Idle(ctx, time.Hour); return err },
	}
	for verb, step := range steps {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			silent := answers{verb: imaptest.Silent}
			server := startScripted(t, imaptest.Script{Mails: three(), Answers: silent})
			settings := loopback(server.Port())
			settings.Timeout = imap.Duration(150 * time.Millisecond)
			ctx := within(t, 10*time.Second)
			s := open(t, ctx, settings)
			var err error
			if verb != "SELECT" {
				if _, err = s.Select(ctx, "INBOX"); err != nil {
					t.Fatal(err)
				}
			}
			if err = step(ctx, s); !errors.Is(err, imap.ErrSilent) || s.Usable() {
				t.Errorf("%v, usable %v; want ErrSilent", err, s.Usable())
			}
			// The same with the end of the context, which comes sooner.
			settings.Timeout = imap.Duration(time.Minute)
			s = open(t, ctx, settings)
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			if verb != "SELECT" {
				if _, err = s.Select(ctx, "INBOX"); err != nil {
					t.Fatal(err)
				}
			}
			if err = step(short, s); !errors.Is(err, context.DeadlineExceeded) || s.Usable() {
				t.Errorf("%v, usable %v; want the context's error", err, s.Usable())
			}
		})
	}
}

func TestASilentServerIsGivenUpWhileDialling(t *testing.T) {
	for _, verb := range []string{"", "AUTHENTICATE", "CAPABILITY"} {
		t.Run("silent from "+verb, func(t *testing.T) {
			t.Parallel()
			script := imaptest.Script{Mute: verb == "", Answers: answers{verb: imaptest.Silent}}
			settings := loopback(startScripted(t, script).Port())
			settings.Timeout = imap.Duration(150 * time.Millisecond)
			if _, err := imap.Dial(within(t, 10*time.Second), settings, "secret"); !errors.Is(err, imap.ErrSilent) {
				t.Errorf("%v, want ErrSilent", err)
			}
			settings.Timeout = imap.Duration(time.Minute)
			if _, err := imap.Dial(within(t, 100*time.Millisecond), settings, "secret"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want the context's error", err)
			}
		})
	}
}

func TestASlowTransferIsNotSilence(t *testing.T) {
	raw := bytes.Repeat([]byte("x"), 30)
	slow := func(e *imaptest.Exchange) {
		e.Send("* 1 FETCH (UID 1 BODY[] {30}\r\n")
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for range raw {
			<-tick.C
			e.Send("x")
		}
		e.Send(")\r\n")
		e.OK("done")
	}
	server := startScripted(t, imaptest.Script{Mails: three(), Answers: answers{"UID FETCH": slow}})
	settings := loopback(server.Port())
	settings.Timeout = imap.Duration(400 * time.Millisecond)
	ctx := within(t, 20*time.Second)
	s := openInbox(t, ctx, settings)
	if f, err := s.FetchOne(ctx, 1); err != nil || !bytes.Equal(f.Raw, raw) {
		t.Errorf("%q, %v; it took three times the timeout, but never stood still", f.Raw, err)
	}
}
