package mailer_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// takes is how long the counter has a message before it says so. A relay that takes none spends
// its life between two transactions, and kills would not hit one.
const takes = 2 * time.Millisecond

// A counterSession is one connection to the counter.
type counterSession struct {
	c       *counter
	conn    net.Conn
	in      []byte // read and not used yet
	out     []byte // answers that wait for the next read
	block   []byte
	content []byte

	to      string
	rcpt    bool // the recipient was taken
	size    int  // that MAIL announced
	inMail  bool // a transaction is open
	inData  bool // its content is being read
	held    bool // it was held for a kill
	unheard bool // the sender died before it heard an answer
	stopped bool // mid content, this message
}

func newCounterSession(c *counter, conn net.Conn, narrow bool) *counterSession {
	size := 256 << 10
	if narrow {
		size = 2 << 10
	}
	return &counterSession{c: c, conn: conn, block: make([]byte, size)}
}

// run talks until the other end is gone.
func (s *counterSession) run() {
	defer s.conn.Close()
	s.say("220 counter.test")
	for {
		line, ok := s.line()
		if !ok || !s.command(line) {
			break
		}
	}
	s.flush()
	s.c.ended(s.inMail || s.held || s.unheard, s.inData && len(s.in)+len(s.content) > 2)
}

func (s *counterSession) say(answer string) { s.out = append(append(s.out, answer...), '\r', '\n') }

func (s *counterSession) flush() bool {
	if len(s.out) == 0 {
		return true
	}
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	s.unheard = s.unheard || err != nil
	return err == nil
}

// more answers what was asked so far and reads on. It reports false at the end; what a dead
// sender has sent before is read all the same. A connection whose end is a reset was closed with
// an answer that the sender had not read, or that came when it was dead.
func (s *counterSession) more() bool {
	s.flush()
	n, err := s.conn.Read(s.block)
	s.unheard = s.unheard || errors.Is(err, syscall.ECONNRESET)
	s.in = append(s.in, s.block[:n]...)
	return n > 0 || err == nil
}

func (s *counterSession) line() (string, bool) {
	for {
		if at := bytes.Index(s.in, []byte("\r\n")); at >= 0 {
			line := string(s.in[:at])
			s.in = s.in[at+2:]
			return line, true
		}
		if !s.more() {
			return "", false
		}
	}
}

func (s *counterSession) command(line string) bool {
	switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
	case "EHLO":
		s.hello()
	case "MAIL":
		s.mail(line)
	case "RCPT":
		s.to = strings.TrimSuffix(strings.TrimPrefix(line[strings.IndexByte(line, ':')+1:], "<"), ">")
		answer, ok := s.c.recipient(s.to)
		s.rcpt = ok
		s.say(answer)
	case "DATA":
		if !s.rcpt {
			s.over("554 5.5.1 no valid recipient")
			return true
		}
		s.say("354 go on")
		return s.data()
	case "BDAT":
		return s.chunk(line)
	case "RSET":
		s.over("250 2.0.0 ok")
	case "QUIT":
		s.say("221 2.0.0 bye")
		return false
	default:
		s.say("500 5.5.2 what?")
	}
	return true
}

func (s *counterSession) hello() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.say("250-counter.test")
	for _, e := range s.c.extras {
		s.say("250-" + e)
	}
	s.say("250 SIZE 10000000")
}

func (s *counterSession) mail(line string) {
	s.inMail, s.rcpt, s.size, s.stopped = true, false, 0, false
	if _, after, ok := strings.Cut(line, " SIZE="); ok {
		number, _, _ := strings.Cut(after, " ")
		s.size, _ = strconv.Atoi(number) // none: it is not stopped mid content
	}
	s.content = s.content[:0]
	s.say("250 2.1.0 ok")
	s.held = s.c.pass(afterMail) || s.held
}

// over ends the transaction with an answer.
func (s *counterSession) over(answer string) {
	s.say(answer)
	s.inMail, s.inData, s.rcpt = false, false, false
}

// data reads up to the dot.
func (s *counterSession) data() bool {
	s.inData = true
	end := []byte("\r\n.\r\n")
	s.in = append([]byte("\r\n"), s.in...) // the line end of DATA: a dot may follow it
	for from := 0; ; {
		if at := bytes.Index(s.in[from:], end); at >= 0 {
			at += from
			s.content = append(s.content, s.in[2:max(2, at+2)]...)
			s.in = s.in[at+len(end):]
			s.content = bytes.ReplaceAll(s.content, []byte("\r\n.."), []byte("\r\n."))
			s.content = bytes.TrimPrefix(s.content, []byte("."))
			return s.received()
		}
		from = max(0, len(s.in)-len(end)+1)
		if !s.half(len(s.in)) || !s.more() {
			return false
		}
	}
}

// half holds the connection once half of a message was seen. It reports true.
func (s *counterSession) half(seen int) bool {
	if s.size > 0 && seen >= s.size/2 && !s.stopped {
		s.stopped = true
		s.held = s.c.pass(midContent) || s.held
	}
	return true
}

// chunk reads a chunk (RFC 3030).
func (s *counterSession) chunk(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 {
		return false
	}
	size, err := strconv.Atoi(words[1])
	if err != nil || size < 0 {
		return false
	}
	s.inData = true
	for len(s.in) < size {
		if !s.half(len(s.content)+len(s.in)) || !s.more() {
			return false
		}
	}
	s.content = append(s.content, s.in[:size]...)
	s.in = s.in[size:]
	switch last := len(words) > 2; {
	case !s.rcpt:
		s.over("503 5.5.1 no valid recipient")
	case last:
		return s.received()
	default:
		s.say("250 2.0.0 ok")
	}
	return true
}

// received counts a whole message, and then says so.
func (s *counterSession) received() bool {
	s.inData = false
	sum := sha256.Sum256(s.content)
	s.c.accept(s.to, hex.EncodeToString(sum[:]), messageID(s.content))
	s.held = s.c.pass(afterDot) || s.held
	t := time.NewTimer(takes)
	defer t.Stop()
	<-t.C
	s.over("250 2.0.0 taken")
	s.flush()
	return true
}

func messageID(mail []byte) string {
	_, after, _ := bytes.Cut(mail, []byte("\r\nMessage-ID: "))
	id, _, _ := bytes.Cut(after, []byte("\r\n"))
	return string(id)
}
