package smtptest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// SinkOptions says how a sink behaves. The zero value offers PIPELINING, CHUNKING, 8BITMIME and
// SIZE, and keeps nothing.
type SinkOptions struct {
	Extensions []string // lines of the answer to EHLO; nil is the above
	Keep       bool     // keeps the messages; else they are counted
}

// Sink is a relay that takes everything and costs next to nothing, for measuring who sends to
// it: at 40 KB a message go-smtp's server takes several times the processor time that we do. It
// reads in large pieces, looks for the end of the data and answers when nothing more is there
// to be read.
type Sink struct {
	options  SinkOptions
	hello    string
	listener net.Listener
	running  sync.WaitGroup
	count    atomic.Int64
	bytes    atomic.Int64

	mu       sync.Mutex
	conns    map[net.Conn]bool
	closed   bool
	messages []Message
}

// StartSink runs a sink until Close.
func StartSink(options SinkOptions) (*Sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	if options.Extensions == nil {
		options.Extensions = []string{"PIPELINING", "CHUNKING", "8BITMIME", "SIZE 0"}
	}
	s := &Sink{options: options, listener: listener, conns: make(map[net.Conn]bool)}
	s.hello = strings.Join(append([]string{"250-sink.test"}, options.Extensions...), "\r\n250-") + "\r\n"
	at := strings.LastIndex(s.hello, "250-")
	s.hello = s.hello[:at] + "250 " + s.hello[at+4:]
	s.running.Go(s.serve)
	return s, nil
}

// Port is the port that the sink listens on.
func (s *Sink) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Count is how many messages came, and how many bytes of content.
func (s *Sink) Count() (messages, bytes int64) { return s.count.Load(), s.bytes.Load() }

// Messages returns what was kept: content without stuffed dots.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Close ends all connections and waits for them. It may be called twice.
func (s *Sink) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close() // its goroutine sees the end, which is all that is wanted
	}
	s.mu.Unlock()
	s.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop sink: %w", err)
	}
	return nil
}

func (s *Sink) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		if s.closed {
			_ = conn.Close()
		}
		s.mu.Unlock()
		s.running.Go(func() {
			c := &sinkConn{sink: s, r: bufio.NewReaderSize(conn, 128<<10), w: bufio.NewWriter(conn)}
			c.run()
			_ = conn.Close() // the client may have been first
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// sinkConn is one connection to a sink.
type sinkConn struct {
	sink     *Sink
	r        *bufio.Reader
	w        *bufio.Writer
	from, to string
	content  []byte
}

func (c *sinkConn) run() {
	c.say("220 sink.test\r\n")
	for {
		if c.r.Buffered() == 0 && c.w.Flush() != nil {
			return
		}
		line, err := c.r.ReadSlice('\n')
		if err != nil || !c.command(bytes.TrimRight(line, "\r\n")) {
			_ = c.w.Flush() // a goodbye, if anybody still listens
			return
		}
	}
}

// say puts an answer into the buffer; a broken link shows when that is flushed.
func (c *sinkConn) say(reply string) { _, _ = c.w.WriteString(reply) }

func (c *sinkConn) command(line []byte) bool {
	verb := line[:min(4, len(line))]
	switch string(verb) { // our client writes its commands so
	case "EHLO":
		c.say(c.sink.hello)
	case "HELO":
		c.say("250 sink.test\r\n")
	case "MAIL":
		if c.sink.options.Keep {
			c.from, c.to = between(string(line)), ""
		}
		c.say("250 2.1.0 Ok\r\n")
	case "RCPT":
		if c.sink.options.Keep {
			c.to = between(string(line))
		}
		c.say("250 2.1.5 Ok\r\n")
	case "DATA":
		c.say("354 go on\r\n")
		if c.w.Flush() != nil || !c.data() {
			return false
		}
		c.took()
	case "BDAT":
		return c.chunk(line)
	case "RSET":
		c.content = c.content[:0]
		c.say("250 2.0.0 Ok\r\n")
	case "QUIT":
		c.say("221 2.0.0 Bye\r\n")
		return false
	default:
		c.say("500 5.5.2 what?\r\n")
	}
	return true
}

// data reads up to the dot.
func (c *sinkConn) data() bool {
	end := []byte("\r\n.\r\n")
	if start, err := c.r.Peek(3); err != nil || string(start) == ".\r\n" {
		_, _ = c.r.Discard(len(start)) // it is there
		return err == nil
	}
	for {
		here, _ := c.r.Peek(c.r.Buffered())
		at := bytes.Index(here, end)
		if at >= 0 {
			c.keep(here[:at+2])
			_, _ = c.r.Discard(at + len(end)) // it is there
			c.content = bytes.ReplaceAll(c.content, []byte("\r\n.."), []byte("\r\n."))
			c.content = bytes.TrimPrefix(c.content, []byte("."))
			return true
		}
		take := max(0, len(here)-len(end)+1)
		c.keep(here[:take])
		_, _ = c.r.Discard(take) // it is there
		if _, err := c.r.Peek(c.r.Buffered() + 1); err != nil {
			return false
		}
	}
}

// chunk reads what BDAT announces.
func (c *sinkConn) chunk(line []byte) bool {
	size, last := bytes.CutSuffix(line[min(5, len(line)):], []byte(" LAST"))
	n, err := strconv.Atoi(string(size))
	if err != nil || n < 0 {
		return false
	}
	if c.sink.options.Keep {
		piece := make([]byte, n)
		if _, err := io.ReadFull(c.r, piece); err != nil {
			return false
		}
		c.keep(piece)
	} else if got, err := c.r.Discard(n); err != nil {
		return false
	} else {
		c.sink.bytes.Add(int64(got))
	}
	if !last {
		c.say("250 2.0.0 Ok\r\n")
		return true
	}
	c.took()
	return true
}

func (c *sinkConn) keep(piece []byte) {
	c.sink.bytes.Add(int64(len(piece)))
	if c.sink.options.Keep {
		c.content = append(c.content, piece...)
	}
}

// took counts a whole message and says so.
func (c *sinkConn) took() {
	if c.sink.options.Keep {
		m := Message{From: c.from, To: []string{c.to}, Data: bytes.Clone(c.content)}
		c.sink.mu.Lock()
		c.sink.messages = append(c.sink.messages, m)
		c.sink.mu.Unlock()
		c.content = c.content[:0]
	}
	c.sink.count.Add(1)
	c.say("250 2.0.0 Ok: queued\r\n")
}
