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
	password string
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
			l.chosen = wire.ScramSHA256Auth(user, l.password)
		case "SCRAM-SHA-1":
			l.chosen = wire.ScramSHA1Auth(user, l.password)
		case "PLAIN":
			l.chosen = wire.PlainAuth("", user, l.password, host, true)
		case "LOGIN":
			l.chosen = wire.LoginAuth(user, l.password, host, true)
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
