package smtp

import "context"

// hear matches one answer to each of steps, whose commands are on the wire. The first refusal
// is the verdict on the message and comes back as no, whose code is 0 when there was none; the
// answers behind it only decide whether the connection goes on. err is LostError; together
// with a no, it is only about the connection.
//
// A 421 closes the connection, unless more messages are on the wire behind this one: those
// are heard first. Go-aheads for the content of a message that has been refused close it,
// because the only command left then is the dot.
func (c *Conn) hear(ctx context.Context, steps []Step, more bool) (no Reply, err error) {
	c.needsReset = false
	for _, step := range steps {
		reply, err := c.read(step, c.limit(step))
		refused := reply.Deferred() || reply.Refused()
		if err == nil && !c.expects(step, reply) {
			err = surprise(reply)
		}
		if err != nil {
			return no, c.lose(ctx, step, false, err)
		}
		if refused && no.Code == 0 {
			no = reply
		}
		// A transaction whose MAIL was accepted is still open when RCPT or DATA is refused.
		c.needsReset = c.needsReset || refused && step != StepMail
		if step == StepData && !refused && no.Code != 0 {
			return no, c.lose(ctx, step, false, surprise(reply))
		}
		if reply.Closing() {
			c.closing = true
			if !more {
				return no, c.lose(ctx, step, false, &RefusedError{Reply: reply})
			}
		}
	}
	return no, nil
}

// expects says whether reply is a no, or the yes that belongs to the step. RSET cannot be
// refused.
func (c *Conn) expects(step Step, reply Reply) bool {
	switch {
	case reply.Deferred() || reply.Refused():
		return step != StepReset || reply.Closing()
	case step == StepData && c.how == byDot:
		return reply.Code == 354
	}
	return reply.Accepted()
}

// limit is how long to wait for the answer to a step. Who has said 421 is not waited for.
func (c *Conn) limit(step Step) Duration {
	if c.closing {
		return c.settings.Timeouts.Quit
	}
	switch step {
	case StepRcpt:
		return c.settings.Timeouts.Rcpt
	case StepData:
		return c.settings.Timeouts.Data
	case StepDot:
		return c.settings.Timeouts.Dot
	}
	return c.settings.Timeouts.Mail
}
