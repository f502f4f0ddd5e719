package smtp

import (
	"context"
	"fmt"
	"time"
)

// Follow has the commands of the next message ride behind the coming dot, in the same write,
// where the relay offers PIPELINING; elsewhere it does nothing. It is called between Offer and
// Dot, with the envelope and message that the next Offer will have; both must stay as they are
// until then. Once the dot is written there is no way back but Close or Abort.
// Its error is ErrUnfit, and nothing rides.
func (c *Conn) Follow(envelope Envelope, message []byte) error {
	if c.state != offered || c.gone.Load() {
		return fmt.Errorf("follow a message: %w", errState)
	}
	last := c.settings.Recycle > 0 && c.sent+1 >= c.settings.Recycle
	if !c.offers.pipelining || last {
		return nil
	}
	next, err := c.prepare(envelope, message, c.content[1])
	if err != nil {
		return err
	}
	c.content[0], c.content[1] = next.content, c.content[0]
	c.next = next
	return nil
}

// Dot ends the offered message and waits, up to ten minutes by default, for the relay's
// answer. Every answer comes back as a Reply with a nil error: Accepted means that the relay
// has the message, Deferred and Refused that it has not. The connection goes on after each,
// except after a 421.
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
	reply, err := c.read(StepDot, c.settings.Timeouts.Dot)
	switch {
	case err != nil:
		return Reply{}, c.lose(ctx, StepDot, true, err)
	case reply.Code/100 == 3:
		return Reply{}, c.lose(ctx, StepDot, true, surprise(reply))
	case reply.Closing():
		c.Abort()
	}
	if reply.Accepted() {
		c.sent++
	}
	c.state = idle
	if c.next != nil {
		c.state = riding
	}
	return reply, nil
}

// writeDot writes the dot and the commands that ride behind it. With an error it tells
// whether any of that may have left: bytes that the buffer still holds have not.
func (c *Conn) writeDot() (written bool, err error) {
	if err := c.raw.SetDeadline(time.Now().Add(time.Duration(c.settings.Timeouts.Content))); err != nil {
		return false, fmt.Errorf("write %s: %w", StepDot, err)
	}
	end := []byte(".\r\n")
	if c.next != nil {
		end = append(end, lines(c.next.commands)...)
	}
	// The buffer is empty and larger than this, so that Write cannot fail.
	_, _ = c.w.Write(end)
	if err := c.w.Flush(); err != nil {
		return c.w.Buffered() < len(end), fmt.Errorf("write %s: %w", StepDot, err)
	}
	return true, nil
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
