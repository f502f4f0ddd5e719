package sink

import (
	"bytes"
	"net"
	"strconv"
	"strings"
)

const (
	blockSize = 256 << 10 // read at once at most
	maxLine   = 2048      // of a command
)

var endOfData = []byte("\r\n.\r\n")

// A session is one connection. What has been read and not used yet is block[from:to].
type session struct {
	sink     *Sink
	conn     net.Conn
	block    []byte
	from, to int
	out      []byte // answers that wait for the next read

	hello, mail bool // EHLO or HELO was said; MAIL was
	recipients  int
	to1         string // the first recipient of a message that is kept
	keep        bool   // this message is kept
	kept        []byte
	chunked     int64 // bytes of earlier chunks of this message
}

func newSession(s *Sink, c net.Conn) *session {
	return &session{sink: s, conn: c, block: make([]byte, blockSize), keep: s.o.KeepEvery == 1}
}

// run talks until the other end hangs up or says QUIT.
func (s *session) run() {
	s.say("220 sink.test ESMTP")
	for {
		line, ok := s.line()
		if !ok {
			return
		}
		if !s.command(line) {
			s.flush()
			return
		}
	}
}

// command answers one command, and takes the content that follows it. It reports false when
// the connection is over.
func (s *session) command(line []byte) bool {
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	switch strings.ToUpper(string(verb)) {
	case "MAIL":
		if !s.hello || s.mail {
			return s.say("503 not now")
		}
		s.mail = true
		return s.say("250 ok")
	case "RCPT":
		if !s.mail || s.chunked > 0 {
			return s.say("503 not now")
		}
		if s.recipients++; s.keep && s.recipients == 1 {
			s.to1 = addressIn(rest)
		}
		return s.say("250 ok")
	case "DATA":
		if s.recipients == 0 || s.chunked > 0 {
			return s.say("503 not now")
		}
		s.say("354 go on")
		return s.data()
	case "BDAT":
		return s.chunk(rest)
	case "EHLO":
		s.clear()
		s.hello = true
		return s.offer()
	case "HELO":
		s.clear()
		s.hello = true
		return s.say("250 sink.test")
	case "RSET":
		s.clear()
		return s.say("250 ok")
	case "NOOP":
		return s.say("250 ok")
	case "QUIT":
		s.say("221 bye")
		return false
	}
	return s.say("500 unknown")
}

func (s *session) offer() bool {
	s.say("250-sink.test")
	if s.sink.o.Pipelining {
		s.say("250-PIPELINING")
	}
	if s.sink.o.Chunking {
		s.say("250-CHUNKING")
	}
	return s.say("250 8BITMIME")
}

// data takes content up to the final dot. The line end of the DATA command is the first that a
// dot may follow, so the search begins there.
func (s *session) data() bool {
	s.from -= 2
	size := int64(-2)
	for {
		have := s.block[s.from:s.to]
		if at := bytes.Index(have, endOfData); at >= 0 {
			size += s.use(at + 2)
			s.from += len(endOfData) - 2
			s.unstuff()
			return s.received(size)
		}
		// The end may lie across two reads.
		if keep := len(endOfData) - 1; len(have) > keep {
			size += s.use(len(have) - keep)
		}
		if !s.read() {
			return false
		}
	}
}

// chunk takes one chunk of a message (RFC 3030, section 2).
func (s *session) chunk(rest []byte) bool {
	number, flag, _ := strings.Cut(string(rest), " ")
	size, err := strconv.ParseInt(number, 10, 62)
	last := strings.EqualFold(flag, "LAST")
	if err != nil || size < 0 || flag != "" && !last || !s.sink.o.Chunking {
		s.say("501 no chunk") // what comes next may be content: nothing can be understood any more
		return false
	}
	for left := size; ; {
		left -= s.use(int(min(left, int64(s.to-s.from))))
		if left == 0 {
			break
		}
		if !s.read() {
			return false
		}
	}
	if s.recipients == 0 { // the chunk is read and thrown away
		s.clear()
		return s.say("503 not now")
	}
	s.chunked += size
	if !last {
		return s.say("250 ok")
	}
	return s.received(s.chunked)
}

// use takes the next n bytes for content.
func (s *session) use(n int) int64 {
	if s.keep {
		s.kept = append(s.kept, s.block[s.from:s.from+n]...)
	}
	s.from += n
	return int64(n)
}

// unstuff takes the line end in front of the content and the added dots off a message that is
// kept.
func (s *session) unstuff() {
	if s.keep {
		s.kept = bytes.ReplaceAll(s.kept, []byte("\r\n."), []byte("\r\n"))[2:]
	}
}

// received counts a message and makes ready for the next.
func (s *session) received(size int64) bool {
	if s.keep {
		s.sink.keep(Message{To: s.to1, Data: s.kept})
	}
	s.keep = s.sink.took(size)
	s.clear()
	return s.say("250 taken")
}

// clear forgets a message that was begun.
func (s *session) clear() {
	s.mail, s.recipients, s.chunked = false, 0, 0
	s.to1, s.kept = "", nil
}

// say puts an answer with those that wait. It is true, for a command that goes on.
func (s *session) say(answer string) bool {
	s.out = append(append(s.out, answer...), '\r', '\n')
	return true
}

func (s *session) flush() bool {
	if len(s.out) == 0 {
		return true
	}
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	return err == nil
}

// read answers what was asked so far and waits for more. It reports false when the connection
// is over.
func (s *session) read() bool {
	if !s.flush() {
		return false
	}
	if s.from > 0 {
		s.to = copy(s.block, s.block[s.from:s.to])
		s.from = 0
	}
	n, err := s.conn.Read(s.block[s.to:])
	s.to += n
	return n > 0 || err == nil
}

// line is the next command without its CRLF. A line that is too long, or ends in a bare LF, ends
// the connection.
func (s *session) line() ([]byte, bool) {
	for {
		have := s.block[s.from:s.to]
		if at := bytes.IndexByte(have, '\n'); at >= 0 {
			if at == 0 || have[at-1] != '\r' {
				s.say("500 bare line feed")
				s.flush()
				return nil, false
			}
			s.from += at + 1
			return have[:at-1], true
		}
		if len(have) > maxLine || !s.read() {
			return nil, false
		}
	}
}

// addressIn is what stands between < and >.
func addressIn(argument []byte) string {
	_, after, _ := strings.Cut(string(argument), "<")
	address, _, _ := strings.Cut(after, ">")
	return address
}
