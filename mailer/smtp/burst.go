package smtp

import (
	"context"
	"fmt"
)

// Burst hands over several messages with their dots, as fast as the relay takes them: for
// callers that have made the intents of all of them durable. said is called in order, once for
// each message whose fate is known, with the relay's words: Accepted, or a no at whatever step.
//
// With DATA and PIPELINING it takes one round trip a message: content, dot and the commands of
// the next go out in one write. With chunks (BDAT; see Settings.Chunking) many messages go out
// before the first answer is read, at most maxFlight bytes and maxFlights messages. Without
// PIPELINING each command waits for its answer.
//
// It is not for a connection on which a message is offered, or follows. The error is ErrUnfit
// when one of the messages does not fit (see Fits); then nothing was
// written. Otherwise it is LostError when the connection ended before all were answered, also
// by the relay's 421, its words then being a RefusedError inside. mayBeSent is how many of the
// messages from the first unanswered one on may have been handed over; of those behind them,
// none was. The end of ctx closes the connection. Usable tells whether it may go on.
func (c *Conn) Burst(ctx context.Context, ps []*Prepared, said func(i int, r Reply)) (mayBeSent int, err error) {
	if len(ps) == 0 {
		return 0, nil
	}
	if c.gone.Load() {
		return 0, &LostError{Step: StepMail, Err: errState}
	}
	if c.state != idle {
		return 0, fmt.Errorf("send a burst: %w", errState)
	}
	for i, p := range ps {
		if err := c.Fits(p); err != nil {
			return 0, fmt.Errorf("message %d of the burst: %w", i, err)
		}
	}
	release, err := c.watch(ctx)
	if err != nil {
		return 0, fmt.Errorf("send a burst: %w", err)
	}
	defer release()

	c.how = byDot
	if c.chunks(true) {
		c.how = byLastChunk
	}
	if c.how == byLastChunk && c.offers.pipelining {
		return c.burstAhead(ctx, ps, said)
	}
	return c.burstInTurn(ctx, ps, said)
}

// burstInTurn is a burst in which the content of a message waits for the answers to its
// commands.
func (c *Conn) burstInTurn(ctx context.Context, ps []*Prepared, said func(int, Reply)) (int, error) {
	rode := false
	for i, p := range ps {
		no, err := c.open(ctx, p, rode)
		rode = false
		if no.Code != 0 {
			said(i, no)
			if err != nil && i < len(ps)-1 {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		var next *Prepared
		if c.offers.pipelining && i < len(ps)-1 {
			next = ps[i+1]
		}
		if left, err := c.pour(p, next); err != nil {
			return left, c.lose(ctx, StepDot, left > 0, err)
		}
		reply, err := c.hearDot(ctx)
		if err != nil {
			return 1, err
		}
		said(i, reply)
		if c.closing {
			return 0, c.leave(ctx, reply, len(ps)-1-i)
		}
		rode = next != nil
	}
	return 0, nil
}

// pour writes a message's content, its end, and the commands of the next, if there is one, in
// one piece. With an error, left is 1 when all of the message may have left.
func (c *Conn) pour(p, next *Prepared) (left int, err error) {
	if c.how == byLastChunk {
		c.out = append(appendChunk(c.out[:0], p, byLastChunk), p.plain...)
		n, err := c.write(StepDot, c.settings.Timeouts.Content, c.out)
		if err != nil && n == len(c.out) {
			left = 1
		}
		return left, err
	}
	content := p.dotted()
	all := append(content, ".\r\n"...)
	if next != nil {
		all = c.appendOpening(all, next, byDot, false)
	}
	p.keep(all, len(content))
	n, err := c.write(StepDot, c.settings.Timeouts.Content, all)
	if err != nil && n > len(content) {
		left = 1
	}
	return left, err
}

// keep makes p's content lie in grown, where there is room for what follows it.
func (p *Prepared) keep(grown []byte, length int) {
	if len(p.dots) == 0 {
		p.plain = grown[:length]
	} else {
		p.stuffed = grown[:length]
	}
}

// leave closes the connection after the relay's 421. With messages left over, the error says
// that they were not sent.
func (c *Conn) leave(ctx context.Context, last Reply, over int) error {
	err := c.lose(ctx, last.Step, false, &RefusedError{Reply: last})
	if over == 0 {
		return nil
	}
	return err
}
