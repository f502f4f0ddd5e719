package smtp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	wire "github.com/wneessen/go-mail/smtp"
)

// errState is a call out of order: Dot without Offer, Offer in the middle of another. It is a
// programmer's mistake; nothing was written for it.
var errState = errors.New("the connection is not at that point")

// state is where a connection is between two calls.
type state int

const (
	idle    state = iota // between two messages
	offered              // content written, dot not
	riding               // idle, and the next message's commands went out behind the dot
)

// Conn is one connection to a relay, past the login. It is for one goroutine at a time; only
// Abort may be called from any. It must end in Close or Abort.
type Conn struct {
	settings Settings
	raw      net.Conn        // below TLS: deadlines, closing, peeking
	control  syscall.RawConn // raw once more, for peeking; nil where there is none
	r        *bufio.Reader
	w        *bufio.Writer
	offers   extensions

	state      state
	how        content     // how the offered message's content travels
	needsReset bool        // a refused transaction is still open at the relay
	closing    bool        // the relay has said 421
	gone       atomic.Bool // closed, or about to be
	next       *Prepared   // rides behind the coming dot, or is riding
	sent       int

	ahead           []byte    // the commands that ride for next
	out             []byte    // for what is written in one piece with other things
	heard           lastHeard // to make no new text of the same answer
	readBy, writeBy time.Time // the deadlines that stand
	spoken          bool      // what peek saw
}

// extensions is what the relay offered in its answer to EHLO.
type extensions struct {
	pipelining, chunking, utf8, eightBit bool
	size                                 int64 // 0: no limit known
}

func newConn(settings Settings, client *wire.Client, raw net.Conn) *Conn {
	c := &Conn{settings: settings, raw: raw, r: client.Text.R, w: client.Text.W}
	c.offers.pipelining, _ = client.Extension("PIPELINING")
	c.offers.chunking, _ = client.Extension("CHUNKING")
	c.offers.utf8, _ = client.Extension("SMTPUTF8")
	c.offers.eightBit, _ = client.Extension("8BITMIME")
	if ok, limit := client.Extension("SIZE"); ok {
		// RFC 1870, section 4: no number, or 0, means that there is no fixed limit.
		c.offers.size, _ = strconv.ParseInt(limit, 10, 64)
	}
	if conn, ok := raw.(syscall.Conn); ok {
		// Where it has no descriptor to look at, peeking finds nothing, and reading will.
		c.control, _ = conn.SyscallConn()
	}
	return c
}

// Usable says whether another message may be offered: false after any surprise, after Abort
// or Close, while a message is offered, when the relay has closed the connection or said
// something unasked in the meantime, and after as many messages as the settings allow. It
// does not wait.
func (c *Conn) Usable() bool {
	switch {
	case c.gone.Load(), c.state == offered:
		return false
	case c.state == riding:
		return true
	}
	if c.settings.Recycle > 0 && c.sent >= c.settings.Recycle {
		return false
	}
	return !c.spokenTo()
}

// Sent is how many messages the relay has accepted over this connection.
func (c *Conn) Sent() int { return c.sent }

// Abort closes the connection at once and without a dot, so that what was offered is not
// handed over (RFC 5321, section 4.1.1.4). It may be called at any time, from any goroutine,
// and more than once.
func (c *Conn) Abort() {
	if !c.gone.Swap(true) {
		// The socket is freed in any case; its error says nothing about the message.
		_ = c.raw.Close()
	}
}

// Close says QUIT, waits a little for the answer and closes the connection. With a message
// offered, or the next one's commands on the wire, it is Abort: a QUIT would be content, and
// go-mail's QUIT would send the dot. It may be called more than once.
func (c *Conn) Close() {
	if c.gone.Load() || c.state != idle {
		c.Abort()
		return
	}
	// QUIT is a courtesy. Whatever becomes of it, each message has had its answer.
	if _, err := c.write(StepQuit, c.settings.Timeouts.Quit, []byte("QUIT\r\n")); err == nil {
		_, _ = c.read(StepQuit, c.settings.Timeouts.Quit)
	}
	c.Abort()
}

// watch closes the connection when ctx ends before the returned function is called. It
// refuses a context that has already ended.
func (c *Conn) watch(ctx context.Context) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if ctx.Done() == nil {
		return func() {}, nil
	}
	stop := context.AfterFunc(ctx, c.Abort)
	return func() {
		if !stop() {
			// Abort has begun; it may not have got to marking the connection yet.
			c.gone.Store(true)
		}
	}, nil
}

// block is how many bytes share one deadline when they are written.
const block = 256 << 10

// write sends bytes and flushes them, with a deadline for each block. left is how many of them
// may have left, whatever the error.
func (c *Conn) write(step Step, limit Duration, bytes []byte) (left int, err error) {
	for left < len(bytes) {
		piece := bytes[left:min(left+block, len(bytes))]
		if err := grant(c.raw.SetWriteDeadline, &c.writeBy, limit); err != nil {
			return left, fmt.Errorf("write %s: %w", step, err)
		}
		n, err := c.w.Write(piece)
		if err == nil {
			err = c.w.Flush()
			n -= c.w.Buffered()
		}
		left += n
		if err != nil {
			return left, fmt.Errorf("write %s: %w", step, err)
		}
	}
	return left, nil
}

// read waits for one reply.
func (c *Conn) read(step Step, limit Duration) (Reply, error) {
	// What is here already needs no deadline.
	here, _ := c.r.Peek(c.r.Buffered())
	if bytes.IndexByte(here, '\n') < 0 {
		// Other connections go first: by then the answer is often here, which saves a wait for it.
		runtime.Gosched()
		if err := grant(c.raw.SetReadDeadline, &c.readBy, limit); err != nil {
			return Reply{}, fmt.Errorf("read answer to %s: %w", step, err)
		}
	}
	reply, err := readReply(c.r, step, &c.heard)
	if err != nil {
		return Reply{}, fmt.Errorf("read answer to %s: %w", step, err)
	}
	return reply, nil
}

// grant sets a deadline that is limit away, and up to a 64th more, so that one set lately is
// left as it is: it is asked for with each message.
func grant(set func(time.Time) error, stands *time.Time, limit Duration) error {
	now, span := time.Now(), time.Duration(limit)
	if left := stands.Sub(now); left >= span && left <= span+span/64 {
		return nil
	}
	*stands = now.Add(span + span/64)
	return set(*stands)
}

// lose closes the connection and says why. The end of the context goes before the network
// error that it causes.
func (c *Conn) lose(ctx context.Context, step Step, dotWritten bool, err error) error {
	c.Abort()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &LostError{Step: step, Err: err, DotWritten: dotWritten}
}

// surprise is an answer that its step does not know.
func surprise(reply Reply) error { return fmt.Errorf("unexpected answer: %s", reply) }
