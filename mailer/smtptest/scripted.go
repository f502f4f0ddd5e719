package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// Call is what a scripted server has just read, or is about to read.
type Call struct {
	Conn    int    // number of the connection, from 1
	Message int    // number of the message on it, from 1; 0 before the first MAIL
	Command string // GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, BDAT, CONTENT, DOT, RSET, QUIT, or what else was said
	Line    string // the whole line
}

// Action is what the server does at a call. The zero value behaves well. BDAT is asked for when
// its chunk has been read, and the last one of a message as DOT.
type Action struct {
	Reply  string          // the answer in place of the usual one, CRLF added; may have several lines
	Silent bool            // gives no answer and goes on reading
	Wait   <-chan struct{} // answers only when this is closed, or the server is
	Drop   bool            // closes the connection, after Reply if there is one
	After  int             // at CONTENT with Drop: closes after this many bytes
}

// Script says how a scripted server behaves. The zero value is a plain good server.
type Script struct {
	Extensions []string // lines of the answer to EHLO; nil is PIPELINING, 8BITMIME, SIZE 0; CHUNKING is only offered when listed
	TLSConfig  *tls.Config
	Implicit   bool // TLS from the first byte; else STARTTLS is offered with a TLSConfig
	Action     func(Call) Action
}

// Scripted is a running scripted server.
type Scripted struct {
	script   Script
	listener net.Listener
	stop     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	count    int
	received bytes.Buffer
	messages []Message
	closed   bool
}

// StartScripted runs a scripted server until Close.
func StartScripted(script Script) (*Scripted, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start scripted relay: %w", err)
	}
	if script.Extensions == nil {
		script.Extensions = []string{"PIPELINING", "8BITMIME", "SIZE 0"}
	}
	if script.Action == nil {
		script.Action = func(Call) Action { return Action{} }
	}
	s := &Scripted{script: script, listener: listener, stop: make(chan struct{}), conns: make(map[net.Conn]bool)}
	s.running.Go(s.serve)
	return s, nil
}

// Port is the port that the server listens on.
func (s *Scripted) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Connections is how many connections were made.
func (s *Scripted) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Received is every byte that came, of all connections, inside TLS where there is TLS.
func (s *Scripted) Received() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.received.Bytes())
}

// Messages returns what came with a final dot, or a last chunk and a recipient, whatever was
// answered. Data is as on the wire, dots still stuffed after DATA.
func (s *Scripted) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Close ends all connections and waits for them. It may be called twice.
func (s *Scripted) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	for conn := range s.conns {
		_ = conn.Close() // its goroutine sees the end, which is all that is wanted
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop scripted relay: %w", err)
	}
	return nil
}

func (s *Scripted) serve() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.count++
		number := s.count
		s.conns[raw] = true
		if s.closed {
			_ = raw.Close()
		}
		s.mu.Unlock()
		s.running.Go(func() {
			c := &scriptedConn{server: s, number: number, raw: raw}
			c.run()
			_ = raw.Close() // the client may have been first
			s.mu.Lock()
			delete(s.conns, raw)
			s.mu.Unlock()
		})
	}
}

// scriptedConn is one connection to a scripted server.
type scriptedConn struct {
	server  *Scripted
	number  int
	raw     net.Conn
	r       *bufio.Reader
	w       io.Writer
	secure  bool
	message int
	from    string
	to      []string
	chunks  []byte // of the message so far
	open    bool   // the message has a sender and a recipient
	last    Action // what the last answer was
}

func (c *scriptedConn) use(conn net.Conn) {
	c.r, c.w = bufio.NewReader(recorder{conn, c.server}), conn
}

// recorder keeps a copy of what is read.
type recorder struct {
	io.Reader
	server *Scripted
}

func (r recorder) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.received.Write(p[:n])
	return n, err
}

func (c *scriptedConn) run() {
	conn := c.raw
	if c.server.script.Implicit {
		conn, c.secure = tls.Server(c.raw, c.server.script.TLSConfig), true
	}
	c.use(conn)
	if !c.answer(Call{Command: "GREETING"}, "220 scripted.test ready") {
		return
	}
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(line, " ")
		if !c.command(strings.ToUpper(verb), line) {
			return
		}
	}
}

// ask asks the script.
func (c *scriptedConn) ask(call Call) Action {
	call.Conn, call.Message = c.number, c.message
	return c.server.script.Action(call)
}

// answer asks the script and says what it wants, or the usual. It returns false when the
// connection is over.
func (c *scriptedConn) answer(call Call, usual string) bool {
	a := c.ask(call)
	c.last = a
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-c.server.stop:
			return false
		}
	}
	if a.Reply != "" {
		usual = a.Reply
	}
	if !a.Silent && (!a.Drop || a.Reply != "") {
		if _, err := io.WriteString(c.w, usual+"\r\n"); err != nil {
			return false
		}
	}
	return !a.Drop
}
