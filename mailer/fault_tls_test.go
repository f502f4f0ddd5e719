package mailer_test

import (
	"bytes"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// certified is a server's TLS with a certificate for host that is good for so long, and the file
// of the authority that signed it.
func certified(t *testing.T, good time.Duration, host string) (authority string, config *tls.Config) {
	t.Helper()
	ca, err := smtptest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	if authority, err = ca.WriteFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	certificate, err := ca.Issue(time.Now().Add(good), host)
	if err != nil {
		t.Fatal(err)
	}
	return authority, &tls.Config{Certificates: []tls.Certificate{certificate}}
}

// starttls is a relay that wants STARTTLS and a login.
func starttls(port int, authority string) smtp.Settings {
	s := plain("main", port)
	s.TLS, s.CAFile, s.Username, s.Connections = dial.StartTLS, authority, "desk", 1
	s.Timeouts.Greeting = smtp.Duration(2 * time.Second)
	return s
}

func TestRow20RelayWithoutGoodTLSGetsNoPasswordAndThePersonAReason(t *testing.T) {
	t.Parallel()
	good, config := certified(t, time.Hour, "127.0.0.1")
	late, expired := certified(t, -time.Minute, "127.0.0.1")
	other, wrongHost := certified(t, time.Hour, "relay.example.org")
	old := config.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	for name, c := range map[string]struct {
		authority string
		config    *tls.Config
		implicit  bool
		says      string
	}{
		"expired":              {late, expired, false, "expired"},
		"expired, implicit":    {late, expired, true, "expired"},
		"wrong host":           {other, wrongHost, false, "x509"},
		"unknown authority":    {other, config, false, "unknown authority"},
		"self-signed":          {"", config, false, "unknown authority"},
		"TLS 1.0":              {good, old, false, "protocol version"},
		"TLS 1.0, implicit":    {good, old, true, "protocol version"},
		"STARTTLS is missing":  {good, nil, false, "offers no STARTTLS"},
		"no TLS at all inside": {good, nil, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, 3, 3)
			relay := scripted(t, smtptest.Script{Extensions: []string{"PIPELINING", "AUTH PLAIN LOGIN"}, TLSConfig: c.config, Implicit: c.implicit && c.config != nil})
			s := starttls(relay.Port(), c.authority)
			if c.implicit {
				s.TLS = dial.Implicit
			}
			r.run(s)
			if a := r.alarm("main"); !strings.Contains(a.Text, c.says) || !strings.Contains(a.Hint, "no password was sent") {
				t.Errorf("alarm: %q (%q), want %q in it", a.Text, a.Hint, c.says)
			}
			if got := relay.Received(); bytes.Contains(got, []byte("AUTH")) || bytes.Contains(got, []byte(canary)) {
				t.Errorf("it was told: %q", got)
			}
			if w := r.words(); w[data.WordOpen] != 3 {
				t.Errorf("words: %v, want all open", w)
			}
		})
	}
}

// The control: with good TLS the password goes, and so does the mail.
func TestRow20RelayWithGoodTLSGetsTheMail(t *testing.T) {
	t.Parallel()
	good, config := certified(t, time.Hour, "127.0.0.1")
	r := newRig(t, nil, 3, 3)
	relay := scripted(t, smtptest.Script{Extensions: []string{"PIPELINING", "AUTH PLAIN"}, TLSConfig: config})
	r.run(starttls(relay.Port(), good))
	r.complete(0)
	r.wantOnce(counted(relay.Messages()))
	if !bytes.Contains(relay.Received(), []byte("AUTH PLAIN")) {
		t.Error("there was no login")
	}
}
