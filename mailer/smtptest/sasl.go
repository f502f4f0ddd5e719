package smtptest

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// loginServer is the server side of LOGIN, which go-sasl no longer has.
type loginServer struct {
	accept   func(username, password string) error
	step     int
	username string
}

// Next asks for the user name, then for the password.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		if response == nil {
			return []byte("Username:"), false, nil
		}
		l.step++
		fallthrough
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	case 3:
		return nil, true, l.accept(l.username, string(response))
	}
	return nil, false, errors.New("login is over")
}

// xoauth2Server is the server side of XOAUTH2, which Google and Microsoft describe. After a
// reason for the no it waits for an empty answer.
type xoauth2Server struct {
	accept  func(username, token string) bool
	refused bool
}

// Next takes the user name and the token.
func (x *xoauth2Server) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case x.refused:
		return nil, true, gosmtp.ErrAuthFailed
	case response == nil:
		return []byte{}, false, nil
	}
	user, rest, _ := strings.Cut(strings.TrimPrefix(string(response), "user="), "\x01auth=Bearer ")
	token, ok := strings.CutSuffix(rest, "\x01\x01")
	if ok && x.accept(user, token) {
		return nil, true, nil
	}
	x.refused = true
	return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
}

// plainNo is a login whose no is a 535, as relays have it, where go-smtp would say 454.
type plainNo struct{ sasl.Server }

// Next is the login's.
func (p plainNo) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = p.Server.Next(response)
	if err != nil {
		return nil, true, gosmtp.ErrAuthFailed
	}
	return challenge, done, nil
}

const scramRounds = 4096 // the fewest that RFC 7677 allows

// scramServer is the server side of SCRAM-SHA-256 without channel binding (RFC 5802, 7677).
type scramServer struct {
	username, password string
	accepted           func()

	step               int
	clientFirst, nonce string
	serverFirst        string
	salted             []byte // the password, stretched
}

// Next answers the client's first and final message; a last empty response ends the login.
func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.step == 0 && response == nil {
		return []byte{}, false, nil
	}
	s.step++
	switch s.step {
	case 1:
		return s.first(string(response))
	case 2:
		return s.final(string(response))
	case 3:
		s.accepted()
		return nil, true, nil
	}
	return nil, false, errors.New("scram is over")
}

func (s *scramServer) first(message string) ([]byte, bool, error) {
	bare, ok := strings.CutPrefix(message, "n,,")
	user, nonce, ok2 := strings.Cut(bare, ",r=")
	if !ok || !ok2 || user != "n="+s.username {
		return nil, false, gosmtp.ErrAuthFailed
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, false, fmt.Errorf("make salt: %w", err)
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, salt, scramRounds, sha256.Size)
	if err != nil {
		return nil, false, fmt.Errorf("derive key: %w", err)
	}
	encoded := base64.StdEncoding.EncodeToString(salt)
	s.clientFirst, s.nonce = bare, nonce+rand.Text()
	s.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, encoded, scramRounds)
	s.salted = salted
	return []byte(s.serverFirst), false, nil
}

func (s *scramServer) final(message string) ([]byte, bool, error) {
	withoutProof, proof, ok := strings.Cut(message, ",p=")
	if !ok || withoutProof != "c=biws,r="+s.nonce {
		return nil, false, gosmtp.ErrAuthFailed
	}
	signed := s.clientFirst + "," + s.serverFirst + "," + withoutProof
	clientKey := mac(s.salted, "Client Key")
	storedKey := sha256.Sum256(clientKey)
	want := mac(storedKey[:], signed)
	for i := range want {
		want[i] ^= clientKey[i]
	}
	got, err := base64.StdEncoding.DecodeString(proof)
	if err != nil || !hmac.Equal(got, want) {
		return nil, false, gosmtp.ErrAuthFailed
	}
	verifier := mac(mac(s.salted, "Server Key"), signed)
	return []byte("v=" + base64.StdEncoding.EncodeToString(verifier)), false, nil
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message)) // a hash never fails
	return h.Sum(nil)
}
