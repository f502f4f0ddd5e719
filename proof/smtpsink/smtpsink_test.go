package smtpsink

import (
	"net"
	"net/smtp"
	"slices"
	"strconv"
	"testing"
)

func start(t *testing.T, switches ...string) *Sink {
	t.Helper()
	s, err := Start(switches...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func send(s *Sink, to string) error {
	mail := []byte("Subject: hello\r\n\r\nX-Rcpt: <nobody@example.com>\r\n")
	return smtp.SendMail(net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port())), nil, "desk@example.com", []string{to}, mail)
}

func recipients(t *testing.T, s *Sink) []string {
	t.Helper()
	all, err := s.Recipients()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEachMessageIsCounted(t *testing.T) {
	s := start(t)
	for _, to := range []string{"ada@example.org", "bola@example.org", "ada@example.org"} {
		if err := send(s, to); err != nil {
			t.Fatal(err)
		}
	}
	if all := recipients(t, s); !slices.Equal(all, []string{"ada@example.org", "ada@example.org", "bola@example.org"}) {
		t.Errorf("recipients: %v", all)
	}
}

func TestSwitchesMakeItMisbehaveUntilItHeals(t *testing.T) {
	s := start(t, "-r", "RCPT")
	if err := send(s, "ada@example.org"); err == nil {
		t.Fatal("a rejected RCPT was taken")
	}
	if err := s.Restart("-q", "."); err != nil {
		t.Fatal(err)
	}
	if err := send(s, "bola@example.org"); err == nil {
		t.Fatal("a link that was dropped after the dot gave an answer")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := send(s, "chidi@example.org"); err != nil {
		t.Fatal(err)
	}
	if all := recipients(t, s); !slices.Equal(all, []string{"bola@example.org", "chidi@example.org"}) {
		t.Errorf("recipients: %v", all)
	}
}

func TestOneThatEndsByItselfCanBeRestarted(t *testing.T) {
	s := start(t, "-M", "1")
	if err := send(s, "ada@example.org"); err != nil {
		t.Log("the goodbye was cut short:", err)
	}
	<-s.Exited()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := send(s, "bola@example.org"); err != nil {
		t.Fatal(err)
	}
	if all := recipients(t, s); !slices.Equal(all, []string{"ada@example.org", "bola@example.org"}) {
		t.Errorf("recipients: %v", all)
	}
}

func TestAMessageWithoutItsDotIsNotCounted(t *testing.T) {
	s := start(t)
	c, err := smtp.Dial(net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Mail("desk@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("ada@example.org"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("Subject: hello\r\n\r\nhello\r\n")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := send(s, "bola@example.org"); err != nil { // by then it has seen the end of the other
		t.Fatal(err)
	}
	if all := recipients(t, s); !slices.Equal(all, []string{"bola@example.org"}) {
		t.Errorf("recipients: %v", all)
	}
}

func TestAWrongSwitchIsSaidInTheError(t *testing.T) {
	s, err := Start("-Z")
	if err == nil {
		_ = s.Stop()
		t.Fatal("it started")
	}
	t.Log(err)
}
