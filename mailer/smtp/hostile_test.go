package smtp

import (
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// hostile is a server that must not hear the password (row S15 of the security matrix).
type hostile struct {
	name   string
	mode   dial.TLSMode
	script smtptest.Script
}

// hostileServers are servers, or somebody on the way to one, that are not safe to talk to.
func hostileServers(t *testing.T) (all []hostile, caFile string) {
	ca, caFile := authority(t)
	stranger, _ := authority(t)
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	good := serving(t, ca, tomorrow, "127.0.0.1")
	old := good.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, config := range map[string]*tls.Config{
		"expired":       serving(t, ca, yesterday, "127.0.0.1"),
		"not yet valid": serving(t, ca, time.Now().Add(72*time.Hour), "127.0.0.1"),
		"self-signed":   serving(t, stranger, tomorrow, "127.0.0.1"),
		"wrong name":    serving(t, ca, tomorrow, "relay.example.com"),
		"wrong address": serving(t, ca, tomorrow, "127.0.0.2"),
		"TLS 1.0, 1.1":  old,
	} {
		all = append(all, hostile{name, dial.StartTLS, smtptest.Script{TLSConfig: config}},
			hostile{name, dial.Implicit, smtptest.Script{TLSConfig: config, Implicit: true}})
	}
	for name, script := range map[string]smtptest.Script{
		"no STARTTLS":               {},
		"STARTTLS stripped":         {Extensions: []string{"XXXXXXXA", "AUTH PLAIN LOGIN XOAUTH2"}},
		"STARTTLS put off":          {TLSConfig: good, Action: answering("STARTTLS", "454 4.7.0 not now")},
		"STARTTLS not needed":       {TLSConfig: good, Action: answering("STARTTLS", "235 2.7.0 you are logged in already")},
		"logged in from the start":  {Action: answering("GREETING", "235 2.7.0 you are logged in already")},
		"bytes behind the yes":      {TLSConfig: good, Action: answering("STARTTLS", "220 go\r\n250 AUTH PLAIN")},
		"a yes and no TLS":          {Extensions: []string{"STARTTLS", "AUTH PLAIN"}, Action: answering("STARTTLS", "220 go\r\n")},
		"a yes and the end":         {TLSConfig: good, Action: at("STARTTLS", smtptest.Action{Reply: "220 go", Drop: true})},
		"STARTTLS only in the HELP": {Extensions: []string{"HELP STARTTLS", "AUTH PLAIN LOGIN"}},
	} {
		all = append(all, hostile{name, dial.StartTLS, script})
	}
	return append(all, hostile{"plain text in place of TLS", dial.Implicit, smtptest.Script{}}), caFile
}

func TestTwelveHostileServersHearNoPassword(t *testing.T) {
	all, caFile := hostileServers(t)
	names := map[string]bool{}
	for _, h := range all {
		names[h.name] = true
		if h.script.Extensions == nil {
			h.script.Extensions = []string{"AUTH PLAIN LOGIN XOAUTH2"}
		}
		for _, auth := range []string{"auto", "xoauth2"} {
			server := scripted(t, h.script)
			s := plain(server.Port())
			s.TLS, s.CAFile, s.Username, s.Auth = h.mode, caFile, "news", auth
			s.Timeouts.Greeting = Duration(2 * time.Second)
			c, err := Dial(limited(t), s, Secret{Password: secret, Tokens: &wallet{tokens: []string{secret}}})
			if err == nil {
				c.Abort()
				t.Errorf("%s, %s: connected", h.name, h.mode)
				continue
			}
			var refused *RefusedError
			if !errors.Is(err, ErrTLS) && !errors.As(err, &refused) && !isLost(err, false) || errors.Is(err, ErrLogin) {
				t.Errorf("%s, %s: %v", h.name, h.mode, err)
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
			if server.Connections() == 0 || spoke(server.Received()) {
				t.Errorf("%s, %s: the password was sent: %q", h.name, h.mode, server.Received())
			}
		}
	}
	if len(names) < 12 {
		t.Errorf("%d servers", len(names))
	}
}

func TestCertificateThatChangesMidRunHearsNoPassword(t *testing.T) {
	ca, caFile := authority(t)
	stranger, _ := authority(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	good, bad := serving(t, ca, tomorrow, "127.0.0.1"), serving(t, stranger, tomorrow, "127.0.0.1")
	changed := make(chan struct{})
	config := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		select {
		case <-changed:
			return bad, nil
		default:
			return good, nil
		}
	}}
	for _, mode := range []dial.TLSMode{dial.StartTLS, dial.Implicit} {
		changed = make(chan struct{})
		server := scripted(t, smtptest.Script{TLSConfig: config, Implicit: mode == dial.Implicit, Extensions: []string{"AUTH PLAIN"}})
		s := plain(server.Port())
		s.TLS, s.CAFile, s.Username = mode, caFile, "news"
		c := connect(t, s, secret)
		send(t, c, reader(1), words(1))
		c.Close()
		before := len(server.Received())
		if !spoke(server.Received()) {
			t.Fatalf("%s: there was no login", mode)
		}
		close(changed)
		if _, err := Dial(limited(t), s, Secret{Password: secret}); !errors.Is(err, ErrTLS) {
			t.Errorf("%s: %v", mode, err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if server.Connections() != 2 || spoke(server.Received()[before:]) {
			t.Errorf("%s: said %q", mode, server.Received()[before:])
		}
	}
}

func TestPlainTextGoesToThisMachineOnly(t *testing.T) {
	s := plain(25)
	s.Host = "relay.example.com"
	if _, err := Dial(limited(t), s, Secret{Password: secret}); !errors.Is(err, ErrTLS) || !errors.Is(err, dial.ErrPlain) {
		t.Errorf("error %v", err)
	}
}
