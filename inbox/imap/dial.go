package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"github.com/olomotimes/tipsheet/dial"
)

// Dial connects, makes the connection safe, and logs in. The password is sent only inside TLS, or to this machine where tls is
// "none"; a server that offers no STARTTLS, or greets with PREAUTH (RFC 3501, 7.1.4), is refused before a byte of it is sent.
// Errors: ErrNetwork, ErrTLS, ErrLogin (*LoginError), ErrSilent, the context's own, or a *ServerError.
func Dial(ctx context.Context, settings Settings, password string) (*Session, error) {
	settings = settings.Filled()
	if err := dial.CheckPlain(settings.TLS, settings.Host); err != nil {
		return nil, fmt.Errorf("connect to the mailbox: %w: %w", ErrTLS, err)
	}
	quiet := time.Duration(settings.Timeout)
	if quiet <= 0 {
		quiet = time.Duration(DefaultSettings().Timeout)
	}
	dialer := &net.Dialer{Timeout: quiet}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(settings.Host, strconv.Itoa(settings.Port)))
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("connect to the mailbox: %w: %w", ErrNetwork, err)
	}
	s := &Session{
		wire:    newWire(conn),
		quiet:   quiet,
		arrived: make(chan struct{}, 1),
		wake:    make(chan struct{}, 1),
	}
	if err := s.open(ctx, settings, password); err != nil {
		s.fail(err)
		if s.client != nil {
			<-s.client.Closed()
		}
		return nil, err
	}
	return s, nil
}

func (s *Session) open(ctx context.Context, settings Settings, password string) error {
	if err := s.secure(ctx, settings); err != nil {
		return err
	}
	err := s.step(ctx, "greet the mailbox", func() error {
		if err := s.client.WaitGreeting(); err != nil {
			return err
		}
		if s.client.State() != goimap.ConnStateNotAuthenticated {
			return fmt.Errorf("%w: it let us in without a login (PREAUTH), which a stranger on the line can fake", ErrTLS)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.login(ctx, settings, password); err != nil {
		return err
	}
	return s.step(ctx, "ask what the server can", func() error {
		if s.caps = s.client.Caps(); s.caps != nil {
			return nil
		}
		caps, err := s.client.Capability().Wait()
		s.caps = caps
		return err
	})
}

// secure puts TLS on the wire as the settings say and starts the library's client on it.
func (s *Session) secure(ctx context.Context, settings Settings) error {
	options := &imapclient.Options{UnilateralDataHandler: s.handler()}
	if settings.TLS == dial.None {
		s.client = imapclient.New(s.wire, options)
		return nil
	}
	config, err := dial.TLSConfig(settings.Host, settings.CAFile)
	if err != nil {
		return fmt.Errorf("read the certificates: %w: %w", ErrTLS, err)
	}
	return s.step(ctx, "make the connection safe", func() error {
		if settings.TLS == dial.Implicit {
			secured := tls.Client(s.wire, config)
			if err := secured.HandshakeContext(ctx); err != nil {
				return s.tlsError(err)
			}
			s.client = imapclient.New(secured, options)
			return nil
		}
		options.TLSConfig = config
		client, err := imapclient.NewStartTLS(s.wire, options)
		if err != nil {
			return s.tlsError(err)
		}
		s.client = client
		return nil
	})
}

// tlsError says why there is no safe connection: the line (left for explain), or a refusal that a person must look at.
func (s *Session) tlsError(err error) error {
	if said := asServerError(err); said != nil {
		return fmt.Errorf("%w: it does not offer STARTTLS, so the password was not sent: %w", ErrTLS, said)
	}
	if !isTLSFault(err) && s.wire.lostBy() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrTLS, err)
}

// login proves who we are. After any error the exchange may hang half open, so the session is of no more use.
func (s *Session) login(ctx context.Context, settings Settings, password string) error {
	err := s.step(ctx, "log in to the mailbox", func() error {
		caps := s.client.Caps()
		if settings.Auth == AuthPlain || (settings.Auth != AuthLogin && caps.Has(goimap.AuthCap(sasl.Plain))) {
			return s.client.Authenticate(sasl.NewPlainClient("", settings.Username, password))
		}
		if caps.Has(goimap.CapLoginDisabled) {
			return fmt.Errorf("%w: it takes no password over this connection (LOGINDISABLED)", ErrTLS)
		}
		return s.client.Login(settings.Username, password).Wait()
	})
	var said *ServerError
	if errors.As(err, &said) && loginRefused(said) {
		return &LoginError{Code: said.Code, Text: said.Text}
	}
	return err
}
