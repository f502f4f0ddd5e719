package imaptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// A Script says what a Scripted server claims. The zero value is an empty, polite mailbox.
type Script struct {
	Greeting    string      // the first line, "* OK ready" by default
	Mute        bool        // sends no greeting and answers nothing
	Caps        string      // "IMAP4rev1 AUTH=PLAIN SASL-IR IDLE MOVE UIDPLUS" by default
	UIDValidity uint32      // 1 by default
	Mails       []Mail      // what every folder holds
	TLS         *tls.Config // TLS from the first byte
	StartTLS    *tls.Config // offers STARTTLS
	// Answers take the place of the polite answer, by the command's name in capitals: "LOGIN", "UID FETCH".
	Answers map[string]func(*Exchange)
}

// A Mail is one message that a Scripted server claims to hold.
type Mail struct {
	UID uint32
	Raw []byte
}

// A Scripted server answers by its script.
type Scripted struct {
	script   Script
	listener *tracker
	served   sync.WaitGroup
	ended    chan struct{}
	endOnce  sync.Once

	mu    sync.Mutex
	heard []string
}

// StartScripted listens on a free port of 127.0.0.1.
func StartScripted(script Script) (*Scripted, error) {
	if script.Greeting == "" {
		script.Greeting = "* OK ready"
	}
	if script.Caps == "" {
		script.Caps = "IMAP4rev1 AUTH=PLAIN SASL-IR IDLE MOVE UIDPLUS"
	}
	if script.UIDValidity == 0 {
		script.UIDValidity = 1
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for IMAP: %w", err)
	}
	s := &Scripted{script: script, listener: &tracker{Listener: listener}, ended: make(chan struct{})}
	s.served.Go(s.accept)
	return s, nil
}

// Port is the port on 127.0.0.1.
func (s *Scripted) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Heard is every command line that clients sent, in order, with literals in place, once TLS is off.
func (s *Scripted) Heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// Close ends everything and waits for it. It may be called twice.
func (s *Scripted) Close() error {
	var err error
	s.endOnce.Do(func() {
		close(s.ended)
		err = s.listener.Close()
		s.listener.closeAll()
		s.served.Wait()
	})
	return err
}

func (s *Scripted) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.served.Go(func() { s.serve(conn) })
	}
}

func (s *Scripted) serve(conn net.Conn) {
	defer conn.Close()
	select {
	case <-s.ended:
		return
	default:
	}
	l := &line{server: s, conn: conn, limit: -1}
	if s.script.TLS != nil {
		l.conn = tls.Server(conn, s.script.TLS)
	}
	l.in = bufio.NewReader(l.conn)
	if s.script.Mute {
		newExchange(l, "").Hang()
		return
	}
	l.write(s.script.Greeting + "\r\n")
	for !l.cut {
		text, err := l.readCommand()
		if err != nil {
			return
		}
		e := newExchange(l, text)
		if answer := s.script.Answers[e.Verb]; answer != nil {
			answer(e)
		} else {
			e.Polite()
		}
		if e.Verb == "LOGOUT" {
			return
		}
	}
}

// A line is one client's connection.
type line struct {
	server *Scripted
	conn   net.Conn
	in     *bufio.Reader
	limit  int // bytes that may still be sent before the line is cut; negative: no limit
	cut    bool
}

func (l *line) write(text string) {
	if l.cut {
		return
	}
	if l.limit >= 0 {
		if len(text) >= l.limit {
			text, l.cut = text[:l.limit], true
		}
		l.limit -= len(text)
	}
	if _, err := io.WriteString(l.conn, text); err != nil {
		l.cut = true // the client went away, which is its right
	}
	if l.cut {
		l.conn.Close()
	}
}

// readCommand reads one command line, and the literals in it where they stand.
func (l *line) readCommand() (string, error) {
	var whole strings.Builder
	for {
		text, err := l.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		text = strings.TrimRight(text, "\r\n")
		whole.WriteString(text)
		size, sync, ok := literalAt(text)
		if !ok {
			break
		}
		if sync {
			l.write("+ go on\r\n")
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(l.in, body); err != nil {
			return "", err
		}
		whole.Write(body)
	}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	l.server.heard = append(l.server.heard, whole.String())
	return whole.String(), nil
}

// literalAt reads the {n} or {n+} at the end of a line.
func literalAt(text string) (size int, sync, ok bool) {
	open := strings.LastIndexByte(text, '{')
	if open < 0 || !strings.HasSuffix(text, "}") {
		return 0, false, false
	}
	number, plus := strings.CutSuffix(text[open+1:len(text)-1], "+")
	size, err := strconv.Atoi(number)
	return size, !plus, err == nil && size >= 0 && size < 1<<27
}
