package smtp

import (
	"context"
	"errors"
	"io"
	"syscall"
)

const (
	maxFlight  = 1 << 20 // bytes of content on the wire before an answer is waited for
	maxFlights = 64      // messages likewise: their answers must fit into the sockets' buffers
)

// chunks says whether BDAT is used with this relay, in a burst or in Offer and Dot.
//
// auto decides by what was measured (40 KB, one connection, DATA and BDAT in the same run; see
// BenchmarkHandOver). A burst of 32 is faster with BDAT: at a round trip of 20 ms 674 a second
// where DATA reaches 42; without one, no slower at 0.016 CPU-seconds a thousand, relay
// included, where DATA takes 0.043. Without PIPELINING it saves one of four round trips: 14 a
// second at 20 ms, not 10. Offer and Dot take one round trip a message either way (34 and 39 a
// second) and stay with DATA.
func (c *Conn) chunks(inBurst bool) bool {
	switch c.settings.Chunking {
	case "off":
		return false
	case "on":
		return c.offers.chunking
	}
	return c.offers.chunking && inBurst
}

// flight is a burst by chunks on its way.
type flight struct {
	ps     []*Prepared
	heard  int   // messages whose fate is known
	sent   int   // messages wholly written
	bytes  int   // of content written, its message not answered
	broken bool  // the relay reads no more
	bye    Reply // its 421
}

// burstAhead is a burst in which many messages, as last chunks, go out before the first answer
// is read. A refused transaction may be still open at the relay when the next MAIL comes, which
// would then be refused, and its message go out under the wrong sender; RSET between two
// messages rules that out and costs no round trip.
//
// The relay closes the connection after a 421 (RFC 5321, section 3.8) and answers in order, so
// that when it does so, what is behind the 421 was not taken.
func (c *Conn) burstAhead(ctx context.Context, ps []*Prepared, said func(int, Reply)) (int, error) {
	if c.spokenTo() {
		return 0, c.lose(ctx, StepMail, false, c.outOfTurn())
	}
	f := &flight{ps: ps}
	reset := c.needsReset
	for f.heard < len(ps) {
		if err := c.launch(f, reset); err != nil && !hasHungUp(err) {
			return c.crash(ctx, f, StepContent, err)
		}
		if f.bye.Code != 0 && f.sent <= f.heard {
			return 0, c.leave(ctx, f.bye, len(ps)-f.heard)
		}
		no, err := c.hear(ctx, opening(byLastChunk, reset || f.heard > 0), true)
		var reply Reply
		if err == nil {
			reply, err = c.hearDot(ctx)
		}
		if err == nil && no.Code != 0 && reply.Accepted() {
			err = c.lose(ctx, StepDot, true, surprise(reply))
			if no.Step == StepMail {
				// Nobody can say what it has accepted there.
				return c.crash(ctx, f, StepDot, err)
			}
		}
		if no.Code != 0 {
			reply = no
		}
		if reply.Code == 0 {
			return c.crash(ctx, f, StepDot, err)
		}
		if reply.Closing() {
			f.bye = reply
		}
		said(f.heard, reply)
		f.bytes -= len(ps[f.heard].plain)
		f.heard++
		if err != nil {
			return c.crash(ctx, f, StepDot, err)
		}
	}
	if c.closing {
		c.Abort()
	}
	return 0, nil
}

// launch writes messages until enough are on the wire. When the relay hangs up meanwhile, no
// more are written, and what it has said is still to be heard.
func (c *Conn) launch(f *flight, reset bool) error {
	if f.broken || c.closing || f.sent > f.heard && f.bytes > maxFlight/2 {
		return nil
	}
	rides := false
	for f.sent < len(f.ps) && f.room() {
		p := f.ps[f.sent]
		if !rides {
			c.out = c.appendOpening(c.out[:0], p, byLastChunk, reset || f.sent > 0)
			if _, err := c.write(StepMail, c.settings.Timeouts.Content, c.out); err != nil {
				f.broken = true
				return err
			}
		}
		f.bytes += len(p.plain)
		f.sent++
		all, length := p.plain, len(p.plain)
		if rides = f.sent < len(f.ps) && f.room(); rides {
			all = c.appendOpening(all, f.ps[f.sent], byLastChunk, true)
			p.plain = all[:length]
		}
		if left, err := c.write(StepContent, c.settings.Timeouts.Content, all); err != nil {
			f.broken = true
			if left < length {
				f.sent--
			}
			return err
		}
	}
	return nil
}

// room says whether one more message may be on the wire; the first always may.
func (f *flight) room() bool {
	return f.sent == f.heard || f.sent-f.heard < maxFlights && f.bytes+len(f.ps[f.sent].plain) <= maxFlight
}

// crash closes the connection and says what is known of the messages that have no answer.
func (c *Conn) crash(ctx context.Context, f *flight, step Step, err error) (mayBeSent int, _ error) {
	c.Abort()
	if f.heard == len(f.ps) {
		return 0, nil
	}
	mayBeSent = max(0, f.sent-f.heard)
	var lost *LostError
	if errors.As(err, &lost) {
		step, err = lost.Step, lost.Err
	}
	if f.bye.Code != 0 && hasHungUp(err) {
		mayBeSent, err = 0, &RefusedError{Reply: f.bye}
	}
	return mayBeSent, c.lose(ctx, step, mayBeSent > 0, err)
}

// hasHungUp says whether err is how a connection looks that the other end has closed.
func hasHungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
