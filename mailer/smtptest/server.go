package smtptest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// The stages at which a verdict is asked for.
const (
	StageMail = "mail"
	StageRcpt = "rcpt"
	StageData = "data" // before the content is read
	StageDot  = "dot"  // after it
)

// Event is what a verdict is given on.
type Event struct {
	Stage string
	From  string // empty for the null sender
	To    string // the recipient at hand; at StageData and StageDot the first
	User  string // who logged in; empty without a login
	TLS   bool
	Data  []byte // at StageDot
	Count int    // messages that the server accepted before
}

// Refusal is a no: a reply code from 400 to 599, an enhanced code, and the words.
type Refusal struct {
	Code     int
	Enhanced [3]int // zero derives X.0.0 from Code
	Text     string
	Drop     bool // closes the connection in place of an answer
}

// Options says how a server behaves. The zero value takes everything, without TLS or login.
type Options struct {
	Username   string // with Password, a login is offered and required
	Password   string
	Mechanisms []string                // of PLAIN, LOGIN, SCRAM-SHA-256, XOAUTH2, OAUTHBEARER; nil offers the first three
	TLSConfig  *tls.Config             // offers STARTTLS; required before the login
	Implicit   bool                    // TLS from the first byte, with TLSConfig
	MaxBytes   int64                   // the SIZE that is announced; 0 is 50 MB
	UTF8       bool                    // offers SMTPUTF8
	Discard    bool                    // counts messages and does not keep their data
	Token      func(token string) bool // says whether an access token is good, for the last two
	Verdict    func(Event) *Refusal
	OnMessage  func(Message) // called for each accepted message, in order, before its answer; must not call the server
}

// Message is one accepted message. Data has CRLF line ends and no stuffed dots.
type Message struct {
	From string
	To   []string
	Data []byte
	User string
	TLS  bool
	At   time.Time
}

// Server is a running relay.
type Server struct {
	options  Options
	server   *gosmtp.Server
	listener net.Listener
	done     chan struct{}

	mu       sync.Mutex
	messages []Message
	count    int
	changed  chan struct{} // closed and replaced at each message
}

// Start runs a server until Close.
func Start(options Options) (*Server, error) {
	if options.Implicit && options.TLSConfig == nil {
		return nil, errors.New("start test relay: implicit TLS needs a certificate")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start test relay: %w", err)
	}
	s := &Server{options: options, listener: listener, done: make(chan struct{}), changed: make(chan struct{})}
	s.server = gosmtp.NewServer(gosmtp.BackendFunc(s.session))
	s.server.Domain = "relay.test"
	s.server.AllowInsecureAuth = options.TLSConfig == nil
	s.server.EnableSMTPUTF8 = options.UTF8
	s.server.MaxMessageBytes = cmpOr(options.MaxBytes, 50<<20)
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	serving := listener
	if options.Implicit {
		serving = tls.NewListener(listener, options.TLSConfig)
	} else {
		s.server.TLSConfig = options.TLSConfig
	}
	go func() {
		defer close(s.done)
		// Serve ends with Close; a listener that breaks before shows at the next connection.
		_ = s.server.Serve(serving)
	}()
	return s, nil
}

func cmpOr(n, otherwise int64) int64 {
	if n == 0 {
		return otherwise
	}
	return n
}

// Addr is where the server listens, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Messages returns what was accepted, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Count is how many messages were accepted, also when their data is not kept.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Wait returns when n messages were accepted in all, or with the context's error.
func (s *Server) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		count, changed := s.count, s.changed
		s.mu.Unlock()
		if count >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for message %d, have %d: %w", n, count, context.Cause(ctx))
		}
	}
}

// Close ends all connections and waits for the listener to end. It may be called twice.
func (s *Server) Close() error {
	err := s.server.Close()
	// A Close that came before Serve has noted the listener would leave it open.
	_ = s.listener.Close()
	<-s.done
	if err != nil && !errors.Is(err, gosmtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop test relay: %w", err)
	}
	return nil
}

// accept keeps a message and wakes who waits for it.
func (s *Server) accept(m Message) {
	m.At = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if !s.options.Discard {
		s.messages = append(s.messages, m)
	}
	if s.options.OnMessage != nil {
		s.options.OnMessage(m)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// verdict asks the options' verdict and gives it in go-smtp's form.
func (s *Server) verdict(c *gosmtp.Conn, e Event) error {
	if s.options.Verdict == nil {
		return nil
	}
	e.Count = s.Count()
	r := s.options.Verdict(e)
	if r == nil {
		return nil
	}
	enhanced := gosmtp.EnhancedCode(r.Enhanced)
	if r.Enhanced == [3]int{} {
		enhanced = gosmtp.EnhancedCode{r.Code / 100, 0, 0}
	}
	if r.Drop {
		// go-smtp then writes its answer to nobody.
		_ = c.Conn().Close()
	}
	return &gosmtp.SMTPError{Code: r.Code, EnhancedCode: enhanced, Message: r.Text}
}

// read takes a message's content in, or only counts it.
func (s *Server) read(r io.Reader) ([]byte, error) {
	if s.options.Discard && s.options.Verdict == nil && s.options.OnMessage == nil {
		_, err := io.Copy(io.Discard, r)
		return nil, err
	}
	var data bytes.Buffer
	_, err := data.ReadFrom(r)
	return data.Bytes(), err
}
