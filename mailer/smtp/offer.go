package smtp

import (
	"bytes"
	"context"
	"fmt"
)

// Offer hands the relay one message up to, and not with, the final dot: MAIL, RCPT, DATA, in
// one write where the relay offers PIPELINING, and the content, dot-stuffed and flushed. With
// chunking "on" it is MAIL, RCPT and the content as a chunk (BDAT) that is not the last. When
// it returns nil the message waits for Dot or Abort.
//
// The error is ErrUnfit when nothing was written; RefusedError when the relay said no, to be
// judged by its code; LostError, with DotWritten false, when the link died, also when ctx
// ended. In no case was the message handed over. Usable tells whether the connection may go
// on: it may after a plain refusal, unless the relay then waits for content (a 354 for a
// message without a recipient), where only closing the connection avoids an empty message.
func (c *Conn) Offer(ctx context.Context, p *Prepared) error {
	if c.gone.Load() {
		return &LostError{Step: StepMail, Err: errState}
	}
	if c.state == offered {
		return fmt.Errorf("offer a message: %w", errState)
	}
	release, err := c.watch(ctx)
	if err != nil {
		return fmt.Errorf("offer a message: %w", err)
	}
	defer release()

	rode, err := c.rode(ctx, p)
	if err != nil {
		return err
	}
	if !rode {
		if err := c.Fits(p); err != nil {
			return err
		}
		c.how = byDot
		if c.chunks(false) {
			c.how = byChunk
		}
	}
	no, err := c.open(ctx, p, rode)
	switch {
	case no.Code != 0:
		return &RefusedError{Reply: no}
	case err != nil:
		return err
	}
	if c.how == byDot {
		if _, err := c.write(StepContent, c.settings.Timeouts.Content, p.dotted()); err != nil {
			return c.lose(ctx, StepContent, false, err)
		}
	}
	c.state = offered
	return nil
}

// rode says whether the message's commands are on the wire already. When those of another
// are, the connection is of no more use, and the error says so.
func (c *Conn) rode(ctx context.Context, p *Prepared) (bool, error) {
	if c.state != riding {
		return false, nil
	}
	next := c.next
	c.next, c.state = nil, idle
	c.out = c.appendOpening(c.out[:0], p, c.how, false)
	if next != p || !bytes.Equal(c.out, c.ahead) {
		return false, c.lose(ctx, StepData, false, fmt.Errorf("another message's commands are on the wire: %w", errState))
	}
	return true, nil
}

// open says what opens the message and hears the answers, until the relay waits for the
// content or has the first chunk.
func (c *Conn) open(ctx context.Context, p *Prepared, rode bool) (no Reply, err error) {
	if rode {
		return c.hear(ctx, opening(c.how, false), false)
	}
	steps := opening(c.how, c.needsReset)
	c.out = c.appendOpening(c.out[:0], p, c.how, c.needsReset)
	if !c.offers.pipelining {
		return c.openInTurn(ctx, p, steps)
	}
	if _, err := c.write(steps[0], c.settings.Timeouts.Mail, c.out); err != nil {
		return Reply{}, c.lose(ctx, steps[0], false, err)
	}
	if err := c.chunk(ctx, p); err != nil {
		return Reply{}, err
	}
	return c.hear(ctx, steps, false)
}

// openInTurn is open without PIPELINING: each command waits for its answer, and after a no
// there are no more.
func (c *Conn) openInTurn(ctx context.Context, p *Prepared, steps []Step) (no Reply, err error) {
	commands := c.out
	for i, step := range steps {
		end := bytes.IndexByte(commands, '\n') + 1
		if _, err := c.write(step, c.limit(step), commands[:end]); err != nil {
			return Reply{}, c.lose(ctx, step, false, err)
		}
		if step == StepData {
			if err := c.chunk(ctx, p); err != nil {
				return Reply{}, err
			}
		}
		no, err := c.hear(ctx, steps[i:i+1], false)
		if no.Code != 0 || err != nil {
			return no, err
		}
		commands = commands[end:]
	}
	return Reply{}, nil
}

// chunk writes the content behind the BDAT that announced it; it does nothing for DATA.
func (c *Conn) chunk(ctx context.Context, p *Prepared) error {
	if c.how != byChunk {
		return nil
	}
	if _, err := c.write(StepContent, c.settings.Timeouts.Content, p.plain); err != nil {
		return c.lose(ctx, StepContent, false, err)
	}
	return nil
}
