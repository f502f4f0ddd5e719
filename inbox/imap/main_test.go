package imap_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/proof/dovecot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// within bounds a test's conversation in time.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// loopback is a mailbox's settings on this machine, without TLS.
func loopback(port int) imap.Settings {
	s := imap.DefaultSettings()
	s.Host, s.Port, s.TLS, s.Username = "127.0.0.1", port, dial.None, "tips@example.org"
	return s
}

// A peer is a real or embedded server under test.
type peer struct {
	settings imap.Settings
	deliver  func(folder string, raw []byte) error
	raws     func(folder string) [][]byte // as they lie there, line ends as sent
}

// peers starts each kind of server: a real Dovecot with everything, without MOVE, without MOVE and UIDPLUS, and the embedded one likewise.
func peers(t *testing.T, run func(t *testing.T, p peer)) {
	t.Helper()
	real := func(o dovecot.Options) func(t *testing.T) {
		return func(t *testing.T) {
			t.Parallel() // a Dovecot takes a second to start and stop, mostly waiting
			run(t, realPeer(t, o))
		}
	}
	embedded := func(o imaptest.Options) func(t *testing.T) {
		return func(t *testing.T) { run(t, embeddedPeer(t, o)) }
	}
	t.Run("dovecot", real(dovecot.Options{}))
	if !testing.Short() {
		t.Run("dovecot without MOVE", real(dovecot.Options{NoMove: true}))
		t.Run("dovecot without MOVE, UIDPLUS and IDLE", real(dovecot.Options{NoMove: true, NoUIDPlus: true, NoIdle: true}))
		t.Run("dovecot without UIDPLUS", real(dovecot.Options{NoUIDPlus: true}))
	}
	t.Run("embedded", embedded(imaptest.Options{}))
	t.Run("embedded without MOVE", embedded(imaptest.Options{NoMove: true}))
	t.Run("embedded without MOVE and UIDPLUS", embedded(imaptest.Options{NoMove: true, NoUIDPlus: true}))
}

func startDovecot(t testing.TB, o dovecot.Options) *dovecot.Dovecot {
	t.Helper()
	d, err := dovecot.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func realPeer(t *testing.T, o dovecot.Options) peer {
	d := startDovecot(t, o)
	return peer{
		settings: loopback(d.Port()),
		deliver: func(folder string, raw []byte) error {
			return d.Deliver(folder, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))
		},
		raws: func(folder string) [][]byte {
			raws, err := d.RawMessages(folder)
			if err != nil {
				t.Error(err)
			}
			for i, raw := range raws {
				if !bytes.Contains(raw, []byte("\r\n")) { // Dovecot keeps what it was given
					raws[i] = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
				}
			}
			return raws
		},
	}
}

func startEmbedded(t testing.TB, o imaptest.Options) *imaptest.Server {
	t.Helper()
	s, err := imaptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func embeddedPeer(t *testing.T, o imaptest.Options) peer {
	s := startEmbedded(t, o)
	return peer{
		settings: loopback(s.Port()),
		deliver:  func(folder string, raw []byte) error { return s.Append(folder, raw, time.Now()) },
		raws:     s.RawMessages,
	}
}

func startScripted(t testing.TB, script imaptest.Script) *imaptest.Scripted {
	t.Helper()
	s, err := imaptest.StartScripted(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t testing.TB, ctx context.Context, settings imap.Settings) *imap.Session {
	t.Helper()
	s, err := imap.Dial(ctx, settings, "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test about broken lines has broken it
	return s
}

func openInbox(t testing.TB, ctx context.Context, settings imap.Settings) *imap.Session {
	t.Helper()
	s := open(t, ctx, settings)
	if _, err := s.Select(ctx, "INBOX"); err != nil {
		t.Fatal(err)
	}
	return s
}

func letter(n int) []byte {
	return fmt.Appendf(nil, "From: reader%d@example.com\r\nSubject: letter %d\r\n\r\nThis is letter number %d.\r\n", n, n, n)
}

// fetchAll fetches in one batch and returns the bodies by UID; a UID with two bodies fails the test.
func fetchAll(t testing.TB, ctx context.Context, s *imap.Session, uids []uint32) (map[uint32]imap.Fetched, []uint32) {
	t.Helper()
	got := map[uint32]imap.Fetched{}
	missing, err := s.Fetch(ctx, uids, func(f imap.Fetched) error {
		if _, twice := got[f.UID]; twice {
			t.Errorf("uid %d came twice", f.UID)
		}
		got[f.UID] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, missing
}
