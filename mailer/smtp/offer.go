package smtp

import (
	"context"
	"fmt"
)

const contentBlock = 256 << 10 // bytes of content that share one deadline

// Offer hands the relay one message up to, and not with, the final dot: MAIL, RCPT, DATA, in
// one write where the relay offers PIPELINING, and the content, dot-stuffed and flushed. When
// it returns nil the message waits for Dot or Abort. The message may have bare LF as line
// ends; it is not kept after Offer has returned.
//
// The error is ErrUnfit when nothing was written; RefusedError when the relay said no, to be
// judged by its code; LostError, with DotWritten false, when the link died, also when ctx
// ended. In no case was the message handed over. Usable tells whether the connection may go
// on: it may after a plain refusal, unless the relay then waits for content (a 354 for a
// message without a recipient), where only closing the connection avoids an empty message.
func (c *Conn) Offer(ctx context.Context, envelope Envelope, message []byte) error {
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

	riding, tx := c.state == riding, c.next
	c.next, c.state = nil, idle
	if riding && !tx.is(envelope, message) {
		return c.lose(ctx, StepData, false, fmt.Errorf("another message's commands are on the wire: %w", errState))
	}
	if !riding {
		if tx, err = c.prepare(envelope, message, c.content[0]); err != nil {
			return err
		}
		c.content[0] = tx.content
		if c.needsReset {
			tx.commands = append([]command{{StepReset, "RSET"}}, tx.commands...)
		}
	}
	if err := c.open(ctx, tx, riding); err != nil {
		return err
	}
	if err := c.pour(tx.content); err != nil {
		return c.lose(ctx, StepContent, false, err)
	}
	c.state = offered
	return nil
}

// open says the commands and reads their answers until the relay waits for the content.
func (c *Conn) open(ctx context.Context, tx *transaction, riding bool) error {
	c.needsReset = false
	if c.offers.pipelining {
		if !riding {
			if err := c.write(tx.commands[0].step, c.settings.Timeouts.Mail, lines(tx.commands)); err != nil {
				return c.lose(ctx, tx.commands[0].step, false, err)
			}
		}
		return c.answers(ctx, tx.commands)
	}
	for _, said := range tx.commands {
		if err := c.write(said.step, c.limit(said.step), []byte(said.line+"\r\n")); err != nil {
			return c.lose(ctx, said.step, false, err)
		}
		if err := c.answers(ctx, []command{said}); err != nil {
			return err
		}
	}
	return nil
}

// answers matches one reply to each command that was written. The first refusal is the
// verdict on the message; the answers behind it only decide whether the connection goes on.
func (c *Conn) answers(ctx context.Context, commands []command) error {
	var verdict error
	for _, said := range commands {
		reply, err := c.read(said.step, c.limit(said.step))
		if err == nil && said.step == StepReset && !reply.Accepted() {
			err = surprise(reply)
		}
		refused := reply.Deferred() || reply.Refused()
		if err == nil && !refused && !said.welcomes(reply) {
			err = surprise(reply)
		}
		switch {
		case err != nil && verdict == nil:
			return c.lose(ctx, said.step, false, err)
		case err != nil:
			c.Abort()
			return verdict
		case refused && verdict == nil:
			verdict = &RefusedError{Reply: reply}
		}
		// A transaction whose MAIL was accepted is still open when RCPT or DATA is refused.
		c.needsReset = c.needsReset || refused && said.step != StepMail
		waitsForContent := said.step == StepData && !refused
		if reply.Closing() || waitsForContent && verdict != nil {
			c.Abort()
			return verdict
		}
	}
	return verdict
}

// welcomes says whether reply is the yes that belongs to the command.
func (c command) welcomes(reply Reply) bool {
	if c.step == StepData {
		return reply.Code == 354
	}
	return reply.Accepted()
}

// limit is how long to wait for the answer to a step.
func (c *Conn) limit(step Step) Duration {
	switch step {
	case StepRcpt:
		return c.settings.Timeouts.Rcpt
	case StepData:
		return c.settings.Timeouts.Data
	}
	return c.settings.Timeouts.Mail
}

// pour writes the content in blocks, each with a deadline of its own.
func (c *Conn) pour(content []byte) error {
	for len(content) > 0 {
		block := content[:min(len(content), contentBlock)]
		if err := c.write(StepContent, c.settings.Timeouts.Content, block); err != nil {
			return err
		}
		content = content[len(block):]
	}
	return nil
}
