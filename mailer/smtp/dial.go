package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/olomotimes/tipsheet/dial"
)

// Dial opens a connection to the relay and takes it through greeting, TLS and login, or
// returns one of: LoginError (ErrLogin), an error that is ErrTLS, RefusedError when the relay
// said no otherwise, LostError for everything about the network. The end of ctx ends the
// attempt. After any error nothing is left open, and where TLS failed no password was sent.
//
// A zero wait in the settings takes its default. The secret is ignored when there is no
// user name or auth is "none". With auth "xoauth2" a token that the relay refuses is renewed
// once, and the login tried once more over a new connection.
func Dial(ctx context.Context, settings Settings, secret Secret) (*Conn, error) {
	settings.Timeouts = settings.Timeouts.withDefaults()
	if err := dial.CheckPlain(settings.TLS, settings.Host); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTLS, err)
	}
	if !settings.usesToken() {
		return dialOnce(ctx, settings, secret.Password)
	}
	if secret.Tokens == nil {
		return nil, &LoginError{Hint: "auth is xoauth2 and there is no token_file"}
	}
	token, err := secret.Tokens.Token(ctx)
	if err != nil {
		return nil, noToken(err)
	}
	conn, err := dialOnce(ctx, settings, token)
	var refused *LoginError
	if !errors.As(err, &refused) || refused.Reply.Code != codeBadLogin {
		return conn, err
	}
	renewed, renewErr := secret.Tokens.Renew(ctx, token)
	if renewErr != nil {
		return nil, noToken(renewErr)
	}
	if renewed == token {
		return nil, err
	}
	return dialOnce(ctx, settings, renewed)
}

// dialOnce is one attempt, with a password or an access token.
func dialOnce(ctx context.Context, settings Settings, proof string) (*Conn, error) {
	d := &dialling{ctx: ctx, settings: settings, auth: &login{settings: settings, proof: proof}}
	client, err := d.client()
	if err != nil {
		return nil, err
	}
	sc, err := client.DialToSMTPClientWithContext(ctx)
	if d.stop != nil && !d.stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if d.line != nil {
			// The attempt has failed; there is no more to learn from a failing close.
			_ = d.line.Close()
		}
		return nil, d.explain(err)
	}
	c := newConn(settings, sc, d.line.Conn)
	if c.spokenTo() {
		// net/textproto takes a line that breaks off for a whole one, so that half an answer to
		// EHLO would count: half a SIZE, or no PIPELINING.
		c.Abort()
		return nil, &LostError{Step: StepHello, Err: io.ErrUnexpectedEOF}
	}
	return c, nil
}

// dialling is one attempt to connect.
type dialling struct {
	ctx      context.Context // of this one call
	settings Settings
	auth     *login
	tls      *tls.Config
	line     *line
	stop     func() bool
}

// client is go-mail's, configured for one relay. TLS is settled by our own dialler and by
// the mandatory policy; go-mail never gets to choose.
func (d *dialling) client() (*gomail.Client, error) {
	s := d.settings
	options := []gomail.Option{
		gomail.WithPort(s.port()),
		gomail.WithTimeout(time.Duration(s.Timeouts.Greeting)),
		gomail.WithDialContextFunc(d.dial),
		gomail.WithoutSMTPUTF8(),
	}
	if s.HELO != "" {
		options = append(options, gomail.WithHELO(s.HELO))
	}
	if s.TLS != dial.None {
		config, err := dial.TLSConfig(s.Host, s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTLS, err)
		}
		d.tls = config
		options = append(options, gomail.WithTLSConfig(config))
	}
	switch s.TLS {
	case dial.Implicit:
		options = append(options, gomail.WithSSL())
	case dial.StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.Username != "" && s.Auth != "none" {
		options = append(options, gomail.WithSMTPAuthCustom(d.auth))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare relay %s: %w", s.Name, err)
	}
	return client, nil
}

// dial opens the TCP connection, and TLS on it where that comes first. go-mail leaves the
// socket open when a later step fails and knows no context there, so we keep hold of it.
func (d *dialling) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	dialler := net.Dialer{Timeout: time.Duration(d.settings.Timeouts.Connect)}
	address := net.JoinHostPort(d.settings.Host, strconv.Itoa(d.settings.port()))
	conn, err := dialler.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d.line = newLine(conn)
	// Closing is all that the end of the context can do; the reader gets the error.
	d.stop = context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	if d.settings.TLS != dial.Implicit {
		return d.line, nil
	}
	d.line.step.Store(StepTLS)
	secure := tls.Client(d.line, d.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	d.line.step.Store(StepGreeting)
	return secure, nil
}

// explain gives an error of go-mail its type. It looks at types and at how far the
// conversation was, never at texts.
func (d *dialling) explain(err error) error {
	step := StepConnect
	if d.line != nil {
		step = d.line.at()
	}
	if d.auth.begun {
		step = StepLogin
	}
	if cause := context.Cause(d.ctx); cause != nil {
		return &LostError{Step: step, Err: cause}
	}
	var answer *textproto.Error
	var loginErr *LoginError
	var netErr net.Error
	var garbage textproto.ProtocolError
	switch {
	case errors.As(err, &loginErr):
		return loginErr
	case errors.As(err, &answer):
		return d.refused(step, answer)
	case errors.As(err, &garbage):
		return &LostError{Step: step, Err: fmt.Errorf("%w: %s", errGarbage, cleanText(string(garbage)))}
	case errors.As(err, &netErr), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if step == StepTLS && isAlert(err) {
			return fmt.Errorf("%w: %w", ErrTLS, err)
		}
		return &LostError{Step: step, Err: err}
	case step == StepTLS:
		return fmt.Errorf("%w: %w", ErrTLS, err)
	case step == StepHello && d.settings.TLS == dial.StartTLS:
		return fmt.Errorf("%w: relay %s offers no STARTTLS on port %d", ErrTLS, d.settings.Host, d.settings.port())
	}
	return &LostError{Step: step, Err: err}
}

// refused turns the relay's own words into ours.
func (d *dialling) refused(step Step, answer *textproto.Error) error {
	enhanced, text := cutEnhanced(answer.Code, answer.Msg)
	reply := Reply{Step: step, Code: answer.Code, Enhanced: enhanced, Text: cleanText(text)}
	if reply.Code < 200 || reply.Code > 599 {
		return &LostError{Step: step, Err: fmt.Errorf("%w: code %d", errGarbage, reply.Code)}
	}
	if step == StepLogin && reply.Refused() {
		return &LoginError{Reply: reply}
	}
	return &RefusedError{Reply: reply}
}

// isAlert says whether what looks like a network error is in truth a TLS alert, ours or theirs.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}
