package smtp

import (
	"errors"
	"fmt"
)

// ErrLogin is what errors.Is finds when the relay refuses the user name or password for good,
// or offers no login method that we know. A person must act. The relay's words are in the
// LoginError around it.
var ErrLogin = errors.New("the relay refused the login")

// ErrTLS is what errors.Is finds when the connection cannot be encrypted as configured: no
// STARTTLS, a certificate that does not verify, a protocol older than TLS 1.2. No password
// was sent. A person must act.
var ErrTLS = errors.New("the connection to the relay is not safe")

// ErrUnfit is what errors.Is finds when this message cannot go over this connection and
// nothing of it was written. The connection stays usable.
var ErrUnfit = errors.New("not fit to be sent")

// These are the kinds of ErrUnfit.
var (
	// ErrAddress means that an envelope address is not one (RFC 5321, section 4.1.2).
	ErrAddress = fmt.Errorf("%w: bad address", ErrUnfit)
	// ErrNeedsUTF8 means that a local part is not ASCII and the relay lacks SMTPUTF8 (RFC 6531).
	ErrNeedsUTF8 = fmt.Errorf("%w: the address needs SMTPUTF8, which the relay does not offer", ErrUnfit)
	// ErrNeeds8Bit means that the message has 8-bit bytes and the relay lacks 8BITMIME (RFC 6152).
	ErrNeeds8Bit = fmt.Errorf("%w: the message needs 8BITMIME, which the relay does not offer", ErrUnfit)
	// ErrTooLarge means that the message is larger than the SIZE the relay announced (RFC 1870).
	ErrTooLarge = fmt.Errorf("%w: larger than the relay takes", ErrUnfit)
	// ErrMessage means that the bytes break RFC 5321: see Check.
	ErrMessage = fmt.Errorf("%w: bad message", ErrUnfit)
)

// errGarbage is inside a LostError when the relay's answer is not an SMTP reply.
var errGarbage = errors.New("the answer is not an SMTP reply")

// LoginError is a login that was refused for good. It matches ErrLogin.
type LoginError struct {
	Reply Reply  // the relay's words; zero when we found no method in common
	Hint  string // what we know beyond the relay's words; may be empty
}

// Error says what the relay said.
func (e *LoginError) Error() string {
	if e.Reply.Code == 0 {
		return fmt.Sprintf("%v: %s", ErrLogin, e.Hint)
	}
	return fmt.Sprintf("%v: %s", ErrLogin, e.Reply)
}

// Unwrap lets errors.Is find ErrLogin.
func (e *LoginError) Unwrap() error { return ErrLogin }

// RefusedError is the relay's own no before the final dot, for good (5xx) or for now (4xx).
// The message was not handed over. Whether the connection can go on, Conn.Usable tells; after
// a 421 it cannot.
type RefusedError struct {
	Reply Reply
}

// Error says at which step the relay said what.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("relay refused %s: %s", e.Reply.Step, e.Reply)
}

// LostError means that the connection is gone, or had to be closed because the relay's answer
// made no sense. DotWritten tells whether the final dot may have been on the wire: if false,
// the message was certainly not handed over; if true, nobody can know (RFC 1047).
type LostError struct {
	Step       Step
	Err        error
	DotWritten bool
}

// Error says at which step the link was lost.
func (e *LostError) Error() string {
	return fmt.Sprintf("link to relay lost at %s: %v", e.Step, e.Err)
}

// Unwrap gives the cause: a network error, the context's cause, or what the relay said out of turn.
func (e *LostError) Unwrap() error { return e.Err }
