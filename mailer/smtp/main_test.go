package smtp

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limited is a context that ends long before the test run does.
func limited(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// plain is the settings for a relay on this machine without TLS.
func plain(port int) Settings {
	s := DefaultSettings()
	s.Host, s.Port, s.TLS, s.HELO, s.Recycle = "127.0.0.1", port, dial.None, "mail.example.org", 0
	return s
}

func connect(t testing.TB, s Settings, password string) *Conn {
	t.Helper()
	c, err := Dial(limited(t), s, Secret{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

func relay(t testing.TB, o smtptest.Options) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Start(o)
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

func scripted(t testing.TB, s smtptest.Script) *smtptest.Scripted {
	t.Helper()
	server, err := smtptest.StartScripted(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// answering is a script's action that gives one reply to one command.
func answering(command, reply string) func(smtptest.Call) smtptest.Action {
	return func(c smtptest.Call) smtptest.Action {
		if c.Command == command {
			return smtptest.Action{Reply: reply}
		}
		return smtptest.Action{}
	}
}

func reader(n int) Envelope {
	return Envelope{From: fmt.Sprintf("bounces+%d@example.org", n), To: fmt.Sprintf("reader%d@example.net", n)}
}

func words(n int) []byte {
	return fmt.Appendf(nil, "From: <desk@example.org>\r\nSubject: number %d\r\n\r\n.\r\n..two dots\r\nbody %d\r\n", n, n)
}

func prepared(t testing.TB, e Envelope, message []byte) *Prepared {
	t.Helper()
	p, err := Prepare(e, message)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// messages are n different messages; one envelope is for all, none gives each a reader of its own.
func messages(t testing.TB, n int, envelope ...Envelope) []*Prepared {
	t.Helper()
	var all []*Prepared
	for i := range n {
		e := reader(i)
		if len(envelope) > 0 {
			e = envelope[0]
		}
		all = append(all, prepared(t, e, words(i)))
	}
	return all
}

func offer(t testing.TB, c *Conn, e Envelope, message []byte) error {
	t.Helper()
	p, err := Prepare(e, message)
	if err != nil {
		return err
	}
	return c.Offer(limited(t), p)
}

// send hands one message over and expects it to be accepted.
func send(t testing.TB, c *Conn, e Envelope, message []byte) {
	t.Helper()
	if err := offer(t, c, e, message); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Dot(limited(t))
	if err != nil || !reply.Accepted() {
		t.Fatalf("dot: %v %v", reply, err)
	}
}
