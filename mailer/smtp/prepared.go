package smtp

import (
	"bytes"
	"fmt"
)

// Prepared is one message made ready for the wire: its envelope is checked, and its content
// has CRLF line ends, no line over MaxLine bytes, no NUL and no bare CR or LF. It fits any
// relay only as far as Conn.Fits says.
//
// It is made by Prepare or by Form.Prepare and may be filled again once it has been answered;
// its memory is then used again, so that sending needs no new memory per message. It belongs to
// one goroutine, and to one connection from Offer, Follow or Burst until the answer.
type Prepared struct {
	from, to []byte // addresses as the wire has them, without <>; from empty is the null sender
	utf8     bool   // an address needs SMTPUTF8
	eightBit bool   // the content has a byte outside ASCII

	// plain is the content as BDAT carries it. It ends in CRLF, is never empty, and lies in memory
	// of our own: what follows the content on the wire is appended behind it for one write.
	plain []byte
	// dots is where in plain a line begins with a dot, in ascending order; DATA carries one more
	// at each of these places. Most messages have none, and then both forms are the same bytes.
	dots []int
	// stuffed is plain with those dots, built when a connection asks for it.
	stuffed []byte
}

// Prepare checks a message and its envelope. The message may have bare LF as line ends and is
// copied. The error is ErrUnfit.
func Prepare(envelope Envelope, message []byte) (*Prepared, error) {
	p := &Prepared{}
	if err := p.fill(envelope, message); err != nil {
		return nil, err
	}
	return p, nil
}

// fill is Prepare into memory that is there already.
func (p *Prepared) fill(envelope Envelope, message []byte) error {
	if err := Check(message); err != nil {
		return err
	}
	if err := p.address(envelope); err != nil {
		return err
	}
	p.plain, p.dots = appendLines(p.plain[:0], p.dots[:0], message)
	p.eightBit = has8Bit(message)
	p.stuffed = p.stuffed[:0]
	return nil
}

// address takes the envelope in. The error is ErrAddress.
func (p *Prepared) address(envelope Envelope) (err error) {
	var utf8To, utf8From bool
	if p.to, utf8To, err = appendAddress(p.to[:0], envelope.To); err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	p.from = p.from[:0]
	if envelope.From != "" {
		if p.from, utf8From, err = appendAddress(p.from, envelope.From); err != nil {
			return fmt.Errorf("sender: %w", err)
		}
	}
	p.utf8 = utf8To || utf8From
	return nil
}

// dotted returns the content as DATA carries it, without the final dot. There is room behind
// it that belongs to p.
func (p *Prepared) dotted() []byte {
	if len(p.dots) == 0 {
		return p.plain
	}
	if len(p.stuffed) == 0 {
		from := 0
		for _, at := range p.dots {
			p.stuffed = append(append(p.stuffed, p.plain[from:at]...), '.')
			from = at
		}
		p.stuffed = append(p.stuffed, p.plain[from:]...)
	}
	return p.stuffed
}

// appendLines appends message to dst with CRLF at the end of each line, the last one too, and
// to dots the places of the lines that begin with a dot.
func appendLines(dst []byte, dots []int, message []byte) ([]byte, []int) {
	for len(message) > 0 {
		if message[0] == '.' {
			dots = append(dots, len(dst))
		}
		end := bytes.IndexByte(message, '\n')
		switch {
		case end < 0 && message[len(message)-1] == '\r':
			return append(append(dst, message...), '\n'), dots
		case end < 0:
			return append(append(dst, message...), '\r', '\n'), dots
		case end > 0 && message[end-1] == '\r':
			dst = append(dst, message[:end+1]...)
		default:
			dst = append(append(dst, message[:end]...), '\r', '\n')
		}
		message = message[end+1:]
	}
	return dst, dots
}
