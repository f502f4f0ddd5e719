package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

const secret = "correct-horse-battery"

// authority is a CA and the file that makes a client trust it.
func authority(t *testing.T) (*smtptest.CA, string) {
	t.Helper()
	ca, err := smtptest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	file, err := ca.WriteFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return ca, file
}

func serving(t *testing.T, ca *smtptest.CA, until time.Time, hosts ...string) *tls.Config {
	t.Helper()
	certificate, err := ca.Issue(until, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

// spoke says whether a server heard the password in any form that a login has it.
func spoke(received []byte) bool {
	for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00news\x00" + secret)), "AUTH"} {
		if bytes.Contains(received, []byte(form)) {
			return true
		}
	}
	return false
}

func TestLoginTakesTheBestMethodOnOffer(t *testing.T) {
	ca, caFile := authority(t)
	config, err := ca.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		auth    string
		offered []string
	}{
		{"auto", []string{"PLAIN"}}, {"auto", []string{"LOGIN"}}, {"auto", []string{"SCRAM-SHA-256"}}, {"auto", nil},
		{"plain", nil}, {"login", nil}, {"scram", nil},
	} {
		for _, mode := range []dial.TLSMode{dial.StartTLS, dial.Implicit, dial.None} {
			o := smtptest.Options{Username: "news", Password: secret, Mechanisms: test.offered, Implicit: mode == dial.Implicit}
			if mode != dial.None {
				o.TLSConfig = config
			}
			server := relay(t, o)
			s := plain(server.Port())
			s.TLS, s.CAFile, s.Auth, s.Username = mode, caFile, test.auth, "news"
			c := connect(t, s, secret)
			send(t, c, reader(1), words(1))
			c.Close()
			if m := server.Messages(); len(m) != 1 || m[0].User != "news" || m[0].TLS != (mode != dial.None) {
				t.Errorf("%s %v %s: %+v", test.auth, test.offered, mode, m)
			}
			_, err := Dial(limited(t), s, Secret{Password: "wrong"})
			var login *LoginError
			if !errors.Is(err, ErrLogin) || !errors.As(err, &login) || login.Reply.Code != 535 ||
				login.Reply.Enhanced != "5.7.8" || !strings.Contains(err.Error(), "Authentication failed") {
				t.Errorf("%s %v %s: wrong password: %v", test.auth, test.offered, mode, err)
			}
		}
	}
}

func TestLoginWithoutAMethodInCommonSaysWhatIsOffered(t *testing.T) {
	for _, offered := range []string{"AUTH NTLM CRAM-MD5", "PIPELINING"} {
		server := scripted(t, smtptest.Script{Extensions: []string{offered}})
		s := plain(server.Port())
		s.Username = "news"
		_, err := Dial(limited(t), s, Secret{Password: secret})
		want := "no login"
		if strings.HasPrefix(offered, "AUTH") {
			want = "NTLM, CRAM-MD5"
		}
		if !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", offered, err)
		}
	}
}

func TestRelaysNoWhileDiallingKeepsItsWords(t *testing.T) {
	for _, test := range []struct {
		command, reply string
		step           Step
	}{
		{"GREETING", "554 5.7.1 you are on a list", StepGreeting},
		{"GREETING", "421 4.3.2 too busy", StepGreeting},
		{"AUTH", "454 4.7.0 try later", StepLogin},
	} {
		server := scripted(t, smtptest.Script{Extensions: []string{"AUTH PLAIN"}, Action: answering(test.command, test.reply)})
		s := plain(server.Port())
		s.Username = "news"
		_, err := Dial(limited(t), s, Secret{Password: secret})
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Reply.Step != test.step || refused.Reply.String() != test.reply {
			t.Errorf("%s %s: %v", test.command, test.reply, err)
		}
	}
}

func TestDialLeavesWithTheContextAndAtTheDeadline(t *testing.T) {
	asked := make(chan struct{}, 10)
	server := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		asked <- struct{}{}
		return smtptest.Action{Silent: true}
	}})
	ctx, cancel := context.WithCancel(limited(t))
	go func() {
		<-asked
		cancel()
	}()
	if _, err := Dial(ctx, plain(server.Port()), Secret{}); !isLost(err, false) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s := plain(server.Port())
	s.Timeouts.Greeting = Duration(50 * time.Millisecond)
	var netErr net.Error
	if _, err := Dial(limited(t), s, Secret{}); !isLost(err, false) || !errors.As(err, &netErr) || !netErr.Timeout() {
		t.Errorf("silent: %v", err)
	}
}

func TestNobodyListeningIsALostLink(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	var lost *LostError
	if _, err := Dial(limited(t), plain(port), Secret{}); !errors.As(err, &lost) || lost.Step != StepConnect {
		t.Errorf("error %v", err)
	}
}

func TestEverySettingIsCheckedAtOnce(t *testing.T) {
	if wrong := plain(2525).Validate(); len(wrong) != 0 {
		t.Errorf("good settings: %v", wrong)
	}
	bad := Settings{Name: "x", Host: "relay.example.com", Port: 70000, TLS: dial.None, Auth: "ntlm",
		PasswordFile: "p", Connections: 0, Recycle: -1, HELO: "a b"}
	if wrong := bad.Validate(); len(wrong) != 7 {
		t.Errorf("%d mistakes: %v", len(wrong), wrong)
	}
	var d Duration
	if err := d.UnmarshalText([]byte("90s")); err != nil || d != Duration(90*time.Second) {
		t.Errorf("90s: %v %v", d, err)
	}
	for _, text := range []string{"", "ten", "-1s"} {
		if d.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
