package smtp

import (
	"fmt"
	"strconv"
)

// How a message is opened: what is said, in this order, before its content. With BDAT the
// announcement of a first chunk stands where DATA would.
var openingSteps = [...]Step{StepReset, StepMail, StepRcpt, StepData}

// opening is the steps that are answered before the content is written, or with it; with reset
// it begins with RSET. The answer to a last chunk is that to the message, not one of these.
func opening(how content, reset bool) []Step {
	steps := openingSteps[:]
	if !reset {
		steps = steps[1:]
	}
	if how == byLastChunk {
		steps = steps[:len(steps)-1]
	}
	return steps
}

// content is how the content of a message travels.
type content int

const (
	byDot       content = iota // DATA, up to a line with a dot (RFC 5321, section 4.1.1.4)
	byChunk                    // BDAT with its length, to be ended by an empty last chunk (RFC 3030)
	byLastChunk                // BDAT ... LAST: the content ends the message
)

// Fits says whether the relay takes a message like this one at all. The error is ErrUnfit:
// ErrNeedsUTF8, ErrNeeds8Bit or ErrTooLarge. Nothing is written.
func (c *Conn) Fits(p *Prepared) error {
	if p.utf8 && !c.offers.utf8 {
		return ErrNeedsUTF8
	}
	if p.eightBit && !c.offers.eightBit {
		return ErrNeeds8Bit
	}
	if size := p.size(); c.offers.size > 0 && int64(size) > c.offers.size {
		return fmt.Errorf("%w: %d bytes of %d", ErrTooLarge, size, c.offers.size)
	}
	return nil
}

// size is the message's size for SIZE. RFC 1870, section 3, counts no stuffed dots; counting
// them costs nothing but a message within a few bytes of the limit.
func (p *Prepared) size() int { return len(p.plain) + len(p.dots) }

// appendOpening appends the command lines that open the message to dst.
func (c *Conn) appendOpening(dst []byte, p *Prepared, how content, reset bool) []byte {
	if reset {
		dst = append(dst, "RSET\r\n"...)
	}
	dst = append(append(append(dst, "MAIL FROM:<"...), p.from...), '>')
	if c.offers.size > 0 {
		dst = strconv.AppendInt(append(dst, " SIZE="...), int64(p.size()), 10)
	}
	if p.eightBit || p.utf8 && c.offers.eightBit {
		dst = append(dst, " BODY=8BITMIME"...)
	}
	if p.utf8 {
		dst = append(dst, " SMTPUTF8"...)
	}
	dst = append(append(append(dst, "\r\nRCPT TO:<"...), p.to...), ">\r\n"...)
	if how == byDot {
		return append(dst, "DATA\r\n"...)
	}
	return appendChunk(dst, p, how)
}

// appendChunk appends the command that announces the message's content as one chunk.
func appendChunk(dst []byte, p *Prepared, how content) []byte {
	dst = strconv.AppendInt(append(dst, "BDAT "...), int64(len(p.plain)), 10)
	if how == byLastChunk {
		dst = append(dst, " LAST"...)
	}
	return append(dst, "\r\n"...)
}
