// Package sink is an SMTP server that takes every mail and throws it away, so light that a
// benchmark measures the sender and not the server: it reads in blocks of 256 KiB, finds the end
// of the data with one search, and answers in few bytes.
//
// Serve accepts connections until Close. Each connection goes through commands, data or chunks
// in turn; answers to pipelined commands leave in one write, when what has come in is used up.
// It counts messages and bytes, notes the instants of the first and the last, and keeps one
// message in so many whole, so that its counting can be checked. It checks neither addresses nor
// content: what breaks the protocol (a bare LF, a line without end, an unknown command) is
// answered with a 5xx, or ends the connection.
package sink

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a sink offers. The zero value offers neither extension and keeps nothing.
type Options struct {
	Pipelining bool // RFC 2920
	Chunking   bool // RFC 3030
	KeepEvery  int  // one message in so many is kept whole; 0: none
}

// Counts are what a sink has taken since it began, or since Reset.
type Counts struct {
	Messages int64
	Bytes    int64 // of content as it came: with the dots that DATA adds, without the final one
	First    time.Time
	Last     time.Time
	Open     int64 // connections open now
	Kept     []Message
}

// A Message is one that was kept: its recipient, and its bytes as they were before dot-stuffing.
type Message struct {
	To   string
	Data []byte
}

// A Sink is a server at work. It is safe for concurrent use.
type Sink struct {
	o        Options
	listener net.Listener

	messages, bytes, open atomic.Int64
	first, last           atomic.Int64 // Unix nanoseconds

	mu     sync.Mutex
	kept   []Message
	conns  map[net.Conn]bool
	closed bool
	all    sync.WaitGroup
}

// maxKept is how many messages are kept at most, whatever KeepEvery says.
const maxKept = 100

// Serve takes connections from l, which it owns from now on, until Close.
func Serve(l net.Listener, o Options) *Sink {
	s := &Sink{o: o, listener: l, conns: map[net.Conn]bool{}}
	s.all.Go(s.accept)
	return s
}

// Port is the TCP port that it listens at.
func (s *Sink) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Counts is what was taken so far.
func (s *Sink) Counts() Counts {
	c := Counts{Messages: s.messages.Load(), Bytes: s.bytes.Load(), Open: s.open.Load()}
	if c.Messages > 0 {
		c.First, c.Last = time.Unix(0, s.first.Load()), time.Unix(0, s.last.Load())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Kept = append(c.Kept, s.kept...)
	return c
}

// Reset begins to count anew. It is meant for a moment when nothing comes in.
func (s *Sink) Reset() {
	s.messages.Store(0)
	s.bytes.Store(0)
	s.first.Store(0)
	s.last.Store(0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}

// Close ends all connections and waits for them. It may be called twice.
func (s *Sink) Close() error {
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
	return err
}

func (s *Sink) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			c.Close()
			return
		}
		s.conns[c] = true
		s.mu.Unlock()
		s.open.Add(1)
		s.all.Go(func() {
			newSession(s, c).run()
			c.Close()
			s.open.Add(-1)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// took counts one message.
func (s *Sink) took(size int64) (keepNext bool) {
	now := time.Now().UnixNano()
	n := s.messages.Add(1)
	s.bytes.Add(size)
	if n == 1 {
		s.first.Store(now)
	}
	for {
		last := s.last.Load()
		if now <= last || s.last.CompareAndSwap(last, now) {
			break
		}
	}
	return s.o.KeepEvery > 0 && n%int64(s.o.KeepEvery) == 0
}

func (s *Sink) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) < maxKept {
		s.kept = append(s.kept, m)
	}
}
