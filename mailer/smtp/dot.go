package smtp

import (
	"context"
	"fmt"
	"time"
)

// Follow has the commands of the next message ride behind the coming dot, in the same write,
// where the relay offers PIPELINING; elsewhere it does nothing. It is called between Offer and
// Dot, with the message that the next Offer will have; p must stay as it is until then. With BDAT the content rides too, as a chunk that is not the
// last. Once the dot is written there is no way back but Close or Abort.
// Its error is ErrUnfit, and nothing rides.
func (c *Conn) Follow(p *Prepared) error {
	if c.state != offered || c.gone.Load() {
		return fmt.Errorf("follow a message: %w", errState)
	}
	last := c.settings.Recycle > 0 && c.sent+1 >= c.settings.Recycle
	if !c.offers.pipelining || last {
		return nil
	}
	if err := c.Fits(p); err != nil {
		return err
	}
	c.next = p
	c.ahead = c.appendOpening(c.ahead[:0], p, c.how, false)
	return nil
}

// Dot ends the offered message, with BDAT by an empty last chunk, and waits, up to ten minutes
// by default, for the relay's answer. Every answer comes back as a Reply with a nil error:
// Accepted means that the relay has the message, Deferred and Refused that it has not. The
// connection goes on after each, except after a 421.
//
// The error is LostError: with DotWritten false the message was certainly not handed over,
// and when the relay said why out of turn, its words are a RefusedError inside; with
// DotWritten true nobody can know. The end of ctx closes the connection.
func (c *Conn) Dot(ctx context.Context) (Reply, error) {
	if c.gone.Load() {
		return Reply{}, &LostError{Step: StepDot, Err: errState}
	}
	if c.state != offered {
		return Reply{}, fmt.Errorf("end a message: %w", errState)
	}
	release, err := c.watch(ctx)
	if err != nil {
		return Reply{}, c.lose(ctx, StepDot, false, err)
	}
	defer release()

	if c.spokenTo() {
		return Reply{}, c.lose(ctx, StepContent, false, c.outOfTurn())
	}
	if written, err := c.writeDot(); err != nil {
		return Reply{}, c.lose(ctx, StepDot, written, err)
	}
	reply, err := c.hearDot(ctx)
	if err != nil {
		return Reply{}, err
	}
	if reply.Closing() {
		c.Abort()
	}
	c.state = idle
	if c.next != nil {
		c.state = riding
	}
	return reply, nil
}

// writeDot writes the dot and what rides behind it. With an error it tells whether any of that
// may have left.
func (c *Conn) writeDot() (written bool, err error) {
	end := ".\r\n"
	if c.how == byChunk {
		end = "BDAT 0 LAST\r\n"
	}
	c.out = append(c.out[:0], end...)
	if c.next != nil {
		c.out = append(c.out, c.ahead...)
	}
	left, err := c.write(StepDot, c.settings.Timeouts.Content, c.out)
	if err == nil && c.next != nil && c.how == byChunk {
		_, err = c.write(StepDot, c.settings.Timeouts.Content, c.next.plain)
	}
	return left > 0, err
}

// hearDot waits for the answer to the end of a message. The error is LostError, and then
// nobody can know whether the message was handed over.
func (c *Conn) hearDot(ctx context.Context) (Reply, error) {
	reply, err := c.read(StepDot, c.limit(StepDot))
	if err == nil && reply.Code/100 == 3 {
		err = surprise(reply)
	}
	if err != nil {
		return Reply{}, c.lose(ctx, StepDot, true, err)
	}
	if reply.Accepted() {
		c.sent++
	}
	c.closing = c.closing || reply.Closing()
	c.needsReset = c.how == byLastChunk && !reply.Accepted()
	return reply, nil
}

// outOfTurn is what the relay said, or did, while it had only content to expect. It is there
// already, so the wait is short.
func (c *Conn) outOfTurn() error {
	reply, err := c.read(StepContent, Duration(time.Second))
	if err != nil {
		return err
	}
	if reply.Deferred() || reply.Refused() {
		return &RefusedError{Reply: reply}
	}
	return surprise(reply)
}
