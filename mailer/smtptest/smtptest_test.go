package smtptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

const mail = "Subject: hello\r\n\r\n.\r\nhello\r\n"

func TestMessagesAreKeptInOrder(t *testing.T) {
	var told []string
	s := start(t, Options{OnMessage: func(m Message) { told = append(told, m.To[0]) }})
	for _, to := range []string{"a@example.net", "b@example.net", "c@example.net"} {
		if err := smtp.SendMail(s.Addr(), nil, "desk@example.org", []string{to}, []byte(mail)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Wait(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()
	for i, to := range []string{"a@example.net", "b@example.net", "c@example.net"} {
		if got[i].To[0] != to || told[i] != to || string(got[i].Data) != mail || got[i].At.IsZero() {
			t.Errorf("message %d: %+v", i, got[i])
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx, 4); err == nil {
		t.Error("Wait did not wait")
	}
}

func TestVerdictIsGivenAtEachStage(t *testing.T) {
	var stages []string
	refuse := ""
	s := start(t, Options{Verdict: func(e Event) *Refusal {
		stages = append(stages, e.Stage)
		if e.Stage == refuse || e.Stage == StageRcpt && strings.HasPrefix(e.To, "gone") {
			return &Refusal{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "not " + e.Stage}
		}
		return nil
	}})
	for _, refuse = range []string{StageMail, StageRcpt, StageData, StageDot} {
		err := smtp.SendMail(s.Addr(), nil, "desk@example.org", []string{"a@example.net"}, []byte(mail))
		var answer *textproto.Error
		if !errors.As(err, &answer) || answer.Code != 451 || answer.Msg != "4.7.1 not "+refuse {
			t.Errorf("%s: %v", refuse, err)
		}
	}
	refuse = ""
	if err := smtp.SendMail(s.Addr(), nil, "desk@example.org", []string{"gone@example.net"}, []byte(mail)); err == nil {
		t.Error("the recipient that is refused was taken")
	}
	if s.Count() != 0 || len(stages) == 0 {
		t.Errorf("%d accepted, stages %v", s.Count(), stages)
	}
}

func TestLoginIsRequiredAndChecked(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	config, err := ca.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	file, err := ca.WriteFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the file")
	}
	s := start(t, Options{Username: "news", Password: "secret", TLSConfig: config})
	for password, good := range map[string]bool{"secret": true, "wrong": false, "": false} {
		c, err := smtp.Dial(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.StartTLS(&tls.Config{RootCAs: trusted, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}); err != nil {
			t.Fatal(err)
		}
		if password != "" {
			if err := c.Auth(smtp.PlainAuth("", "news", password, "127.0.0.1")); (err == nil) != good {
				t.Errorf("%q: %v", password, err)
			}
		}
		if err := c.Mail("desk@example.org"); (err == nil) != good {
			t.Errorf("MAIL after %q: %v", password, err)
		}
		c.Close()
	}
}

func TestScriptedServerBehavesWellUnlessTold(t *testing.T) {
	s, err := StartScripted(Script{Action: func(c Call) Action {
		if c.Command == "DOT" && c.Conn == 2 {
			return Action{Drop: true}
		}
		return Action{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	address := s.listener.Addr().String()
	send := func() error {
		return smtp.SendMail(address, nil, "desk@example.org", []string{"a@example.net"}, []byte(mail))
	}
	if err := send(); err != nil {
		t.Errorf("first: %v", err)
	}
	if err := send(); err == nil {
		t.Error("second: an answer came after the dot")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := s.Messages(); len(got) != 2 || s.Connections() != 2 || got[0].To[0] != "a@example.net" {
		t.Errorf("%d connections, messages %+v", s.Connections(), got)
	}
	if !strings.Contains(string(s.Received()), "\r\n..\r\n") {
		t.Errorf("received %q", s.Received())
	}
}
