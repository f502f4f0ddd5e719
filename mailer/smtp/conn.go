package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
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
	raw      net.Conn // below TLS: deadlines, closing, peeking
	r        *bufio.Reader
	w        *bufio.Writer
	offers   extensions

	state      state
	needsReset bool         // a refused transaction is still open at the relay
	gone       atomic.Bool  // closed, or about to be
	next       *transaction // rides behind the coming dot, or is riding
	sent       int
	content    [2][]byte // buffers for stuffed messages, one in use and one for the next
}

// extensions is what the relay offered in its answer to EHLO.
type extensions struct {
	pipelining, utf8, eightBit bool
	size                       int64 // 0: no limit known
}

func newConn(settings Settings, client *wire.Client, raw net.Conn) *Conn {
	c := &Conn{settings: settings, raw: raw, r: client.Text.R, w: client.Text.W}
	c.offers.pipelining, _ = client.Extension("PIPELINING")
	c.offers.utf8, _ = client.Extension("SMTPUTF8")
	c.offers.eightBit, _ = client.Extension("8BITMIME")
	if ok, limit := client.Extension("SIZE"); ok {
		// RFC 1870, section 4: no number, or 0, means that there is no fixed limit.
		c.offers.size, _ = strconv.ParseInt(limit, 10, 64)
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
	if c.write(StepQuit, c.settings.Timeouts.Quit, []byte("QUIT\r\n")) == nil {
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
	stop := context.AfterFunc(ctx, c.Abort)
	return func() {
		if !stop() {
			// Abort has begun; it may not have got to marking the connection yet.
			c.gone.Store(true)
		}
	}, nil
}

// write sends bytes and flushes them, with a deadline for the whole.
func (c *Conn) write(step Step, limit Duration, bytes []byte) error {
	if err := c.raw.SetDeadline(time.Now().Add(time.Duration(limit))); err != nil {
		return fmt.Errorf("write %s: %w", step, err)
	}
	if _, err := c.w.Write(bytes); err != nil {
		return fmt.Errorf("write %s: %w", step, err)
	}
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", step, err)
	}
	return nil
}

// read waits for one reply.
func (c *Conn) read(step Step, limit Duration) (Reply, error) {
	if err := c.raw.SetDeadline(time.Now().Add(time.Duration(limit))); err != nil {
		return Reply{}, fmt.Errorf("read answer to %s: %w", step, err)
	}
	reply, err := readReply(c.r, step)
	if err != nil {
		return Reply{}, fmt.Errorf("read answer to %s: %w", step, err)
	}
	return reply, nil
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
