package smtp

import (
	"fmt"
	"slices"
	"strings"

	wire "github.com/wneessen/go-mail/smtp"
)

// login is the authentication that go-mail is given: it picks the mechanism when it sees what
// the relay offers, and remembers that the login began, so that an error can be told apart.
type login struct {
	settings Settings
	proof    string // a password or an access token
	begun    bool
	chosen   wire.Auth
}

// mechanisms maps what the config says to what may be used, best first. SCRAM keeps the
// password from the relay itself.
func mechanisms(auth string) []string {
	scram := []string{"SCRAM-SHA-256", "SCRAM-SHA-1"}
	switch auth {
	case "scram":
		return scram
	case "plain":
		return []string{"PLAIN"}
	case "login":
		return []string{"LOGIN"}
	case "xoauth2":
		return []string{"XOAUTH2", "OAUTHBEARER"}
	}
	return append(scram, "PLAIN", "LOGIN")
}

// Start picks the first mechanism that both sides know. By now the connection is encrypted or
// goes to this machine, so the plain mechanisms are told not to look at that again.
func (l *login) Start(server *wire.ServerInfo) (string, []byte, error) {
	l.begun = true
	var offered []string
	for _, m := range server.Auth {
		offered = append(offered, strings.ToUpper(m))
	}
	for _, m := range mechanisms(l.settings.Auth) {
		if !slices.Contains(offered, m) {
			continue
		}
		user, host := l.settings.Username, server.Name
		switch m {
		case "SCRAM-SHA-256":
			l.chosen = wire.ScramSHA256Auth(user, l.proof)
		case "SCRAM-SHA-1":
			l.chosen = wire.ScramSHA1Auth(user, l.proof)
		case "PLAIN":
			l.chosen = wire.PlainAuth("", user, l.proof, host, true)
		case "LOGIN":
			l.chosen = wire.LoginAuth(user, l.proof, host, true)
		case "XOAUTH2":
			l.chosen = wire.XOAuth2Auth(user, l.proof)
		case "OAUTHBEARER":
			l.chosen = bearer{user: user, token: l.proof, host: host, port: l.settings.port()}
		}
		return l.chosen.Start(server)
	}
	return "", nil, &LoginError{Hint: fmt.Sprintf("it offers %s; we know %s",
		orNothing(offered), strings.Join(mechanisms(l.settings.Auth), ", "))}
}

// Next answers a challenge of the chosen mechanism.
func (l *login) Next(challenge []byte, more bool) ([]byte, error) {
	return l.chosen.Next(challenge, more)
}

func orNothing(offered []string) string {
	if len(offered) == 0 {
		return "no login"
	}
	return cleanText(strings.Join(offered, ", "))
}

// bearer is OAUTHBEARER (RFC 7628), which go-mail does not know.
type bearer struct {
	user, token, host string
	port              int
}

// Start says everything at once.
func (b bearer) Start(*wire.ServerInfo) (string, []byte, error) {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(b.user) // RFC 5801, section 4
	return "OAUTHBEARER", fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01", user, b.host, b.port, b.token), nil
}

// Next answers the relay's reason for a no, after which the no comes (section 3.2.3).
func (b bearer) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return []byte{1}, nil
	}
	return nil, nil
}
