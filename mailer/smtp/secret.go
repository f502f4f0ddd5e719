package smtp

import (
	"context"
	"errors"

	"github.com/olomotimes/tipsheet/dial"
)

// Secret is what proves to a relay who we are. The zero value is no proof.
type Secret struct {
	Password string
	Tokens   Tokens // for auth "xoauth2"; nil elsewhere
}

// Tokens gives out OAuth access tokens (RFC 6749). It may be shared by many connections.
// dial.Tokens is one.
type Tokens interface {
	// Token is an access token that has not expired, made new where that is needed.
	Token(ctx context.Context) (string, error)
	// Renew is a token in place of one that the relay has refused. When somebody else has had it
	// renewed since, it is that one.
	Renew(ctx context.Context, refused string) (string, error)
}

// codeBadLogin is how a relay refuses a password or a token (RFC 4954, section 6).
const codeBadLogin = 535

// usesToken says whether the login takes an access token in place of a password.
func (s Settings) usesToken() bool { return s.Auth == "xoauth2" && s.Username != "" }

// noToken is what Dial says when there was no token to log in with.
func noToken(err error) error {
	if errors.Is(err, dial.ErrSignIn) {
		return &LoginError{Hint: err.Error()}
	}
	return &LostError{Step: StepLogin, Err: err}
}
