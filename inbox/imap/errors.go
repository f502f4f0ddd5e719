package imap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"unicode"

	goimap "github.com/emersion/go-imap/v2"
)

// What a caller may test for with errors.Is. The texts are for people; the kinds are for code.
var (
	// ErrLogin: the server refused this user name and password. Trying again without a change is useless and may lock the account.
	ErrLogin = errors.New("the mail server refused the user name or password")
	// ErrNetwork: the connection could not be made or was cut. Try again later.
	ErrNetwork = errors.New("no connection to the mail server")
	// ErrSilent: nothing moved on the wire for Settings.Timeout. The server hangs, or the line died without a word.
	ErrSilent = errors.New("the mail server does not answer")
	// ErrTLS: no safe connection: a certificate that does not check, no STARTTLS, a server that skips the login. A person must look.
	ErrTLS = errors.New("no safe connection to the mail server")
	// ErrProtocol: the server said something the IMAP library cannot read, which ends the connection.
	ErrProtocol = errors.New("the mail server's answer cannot be read")
	// ErrTooLarge: a message, or a batch, is larger than MaxBatch. The connection was closed rather than the memory filled.
	ErrTooLarge = errors.New("the message is larger than one fetch may be")
	// ErrGone: no message with this UID is in the folder any more; another program moved or deleted it.
	ErrGone = errors.New("the message is no longer in the folder")
	// ErrNoFolder: the folder does not exist; CreateFolder makes it.
	ErrNoFolder = errors.New("the folder does not exist")
	// ErrNoKeywords: the folder does not take (this) keyword.
	ErrNoKeywords = errors.New("the folder takes no such keyword")
	// ErrClosed: the session was closed by Close.
	ErrClosed = errors.New("the mailbox session is closed")
)

// A LoginError is a refused login with the server's own words. It is ErrLogin.
type LoginError struct {
	Code string // the response code (RFC 5530), such as AUTHENTICATIONFAILED; often empty
	Text string // the server's words
}

// Error is one line: what, and the server's words.
func (e *LoginError) Error() string {
	return fmt.Sprintf("%v; it said: %s", ErrLogin, words(e.Code, e.Text))
}

// Is makes errors.Is(err, ErrLogin) true.
func (e *LoginError) Is(target error) bool { return target == ErrLogin }

// A ServerError is a NO or BAD to one command, or a BYE for a greeting. After NO and BAD the session goes on.
type ServerError struct {
	Kind string // NO, BAD or BYE
	Code string // the response code, such as TRYCREATE; often empty
	Text string // the server's words
}

// Error is one line with the server's words.
func (e *ServerError) Error() string {
	return fmt.Sprintf("the mail server said %s: %s", e.Kind, words(e.Code, e.Text))
}

// Is makes errors.Is(err, ErrNoFolder) true for the codes that mean it (RFC 3501 TRYCREATE, RFC 5530 NONEXISTENT).
func (e *ServerError) Is(target error) bool {
	return target == ErrNoFolder && (e.Code == string(goimap.ResponseCodeTryCreate) || e.Code == string(goimap.ResponseCodeNonExistent))
}

func words(code, text string) string {
	if text == "" {
		text = "nothing more"
	}
	if code != "" {
		return text + " [" + code + "]"
	}
	return text
}

// asServerError turns the library's status error into ours, or returns nil for any other error.
func asServerError(err error) *ServerError {
	var status *goimap.Error
	if !errors.As(err, &status) {
		return nil
	}
	return &ServerError{Kind: string(status.Type), Code: readable(string(status.Code)), Text: readable(status.Text)}
}

const maxWords = 300 // bytes of a server's words that are repeated to people

// readable makes a server's words fit to be shown: short, and without characters that a terminal obeys.
func readable(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), maxWords)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// loginRefused reports whether a NO to a login is about the credentials. RFC 5530 has codes for a server that is only busy or ill.
func loginRefused(e *ServerError) bool {
	if e.Kind != string(goimap.StatusResponseTypeNo) {
		return false
	}
	switch goimap.ResponseCode(e.Code) {
	case goimap.ResponseCodeUnavailable, goimap.ResponseCodeInUse, goimap.ResponseCodeLimit, goimap.ResponseCodeServerBug:
		return false
	}
	return true
}

// isTLSFault reports whether err is about certificates or the TLS handshake and not about the line.
func isTLSFault(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
