package smtptest

import (
	"io"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// session is one connection to a Server.
type session struct {
	server *Server
	conn   *gosmtp.Conn
	user   string
	from   string
	to     []string
}

func (s *Server) session(conn *gosmtp.Conn) (gosmtp.Session, error) {
	ss := &session{server: s, conn: conn}
	if s.options.Username != "" {
		return &loginSession{ss}, nil
	}
	return ss, nil
}

func (ss *session) event(stage string) Event {
	_, secure := ss.conn.TLSConnectionState()
	e := Event{Stage: stage, From: ss.from, User: ss.user, TLS: secure}
	if len(ss.to) > 0 {
		e.To = ss.to[0]
	}
	return e
}

// Reset ends the transaction.
func (ss *session) Reset() { ss.from, ss.to = "", nil }

// Logout ends the session.
func (ss *session) Logout() error { return nil }

// Mail begins a transaction.
func (ss *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if ss.server.options.Username != "" && ss.user == "" {
		return gosmtp.ErrAuthRequired
	}
	e := ss.event(StageMail)
	e.From = from
	if err := ss.server.verdict(ss.conn, e); err != nil {
		return err
	}
	ss.from = from
	return nil
}

// Rcpt adds a recipient.
func (ss *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	e := ss.event(StageRcpt)
	e.To = to
	if err := ss.server.verdict(ss.conn, e); err != nil {
		return err
	}
	ss.to = append(ss.to, to)
	return nil
}

// Data takes the content. go-smtp has said 354 by now, so a refusal at StageData comes where
// one at StageDot would, without the content having been looked at.
func (ss *session) Data(r io.Reader) error {
	if err := ss.server.verdict(ss.conn, ss.event(StageData)); err != nil {
		_, _ = io.Copy(io.Discard, r) // go-smtp wants it read; the refusal stands whatever it is
		return err
	}
	data, err := ss.server.read(r)
	if err != nil {
		return err
	}
	e := ss.event(StageDot)
	e.Data = data
	if err := ss.server.verdict(ss.conn, e); err != nil {
		return err
	}
	ss.server.accept(Message{From: ss.from, To: ss.to, Data: data, User: e.User, TLS: e.TLS})
	return nil
}

// loginSession is a session that can log in; go-smtp offers AUTH only for this kind.
type loginSession struct{ *session }

// AuthMechanisms lists what is offered.
func (ls *loginSession) AuthMechanisms() []string {
	if m := ls.server.options.Mechanisms; m != nil {
		return m
	}
	return []string{"SCRAM-SHA-256", sasl.Plain, sasl.Login}
}

// token logs in with an access token.
func (ls *loginSession) token(username, token string) bool {
	o := ls.server.options
	if username != o.Username || o.Token == nil || !o.Token(token) {
		return false
	}
	ls.user = username
	return true
}

// Auth begins a login.
func (ls *loginSession) Auth(mechanism string) (sasl.Server, error) {
	accept := func(username, password string) error {
		o := ls.server.options
		if username != o.Username || password != o.Password {
			return gosmtp.ErrAuthFailed
		}
		ls.user = username
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error {
			return accept(username, password)
		}), nil
	case sasl.Login:
		return &loginServer{accept: accept}, nil
	case "XOAUTH2":
		return &xoauth2Server{accept: ls.token}, nil
	case sasl.OAuthBearer:
		return plainNo{sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
			if ls.token(o.Username, o.Token) {
				return nil
			}
			return &sasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer"}
		})}, nil
	case "SCRAM-SHA-256":
		o := ls.server.options
		return &scramServer{username: o.Username, password: o.Password, accepted: func() { ls.user = o.Username }}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}
