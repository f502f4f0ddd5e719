package smtp

import (
	"bytes"
	"fmt"
)

// transaction is one message made ready for this relay: what will be written, and which
// answers that will bring.
type transaction struct {
	envelope Envelope
	message  []byte // as the caller gave it, to know it again
	content  []byte // dot-stuffed
	commands []command
}

// command is one line for the relay.
type command struct {
	step Step
	line string
}

// prepare checks a message and its envelope against what the relay offers, before a byte of
// it is written. Its errors are ErrUnfit. The content is built in buffer's memory.
func (c *Conn) prepare(envelope Envelope, message, buffer []byte) (*transaction, error) {
	if err := Check(message); err != nil {
		return nil, err
	}
	to, utf8To, err := wireAddress(envelope.To)
	if err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	var from string
	var utf8From bool
	if envelope.From != "" {
		if from, utf8From, err = wireAddress(envelope.From); err != nil {
			return nil, fmt.Errorf("sender: %w", err)
		}
	}
	needsUTF8 := utf8To || utf8From
	if needsUTF8 && !c.offers.utf8 {
		return nil, ErrNeedsUTF8
	}
	needs8Bit := has8Bit(message)
	if needs8Bit && !c.offers.eightBit {
		return nil, ErrNeeds8Bit
	}
	content := appendStuffed(buffer[:0], message)
	// RFC 1870, section 3: the size counts line ends as two bytes, and no stuffed dots. Counting
	// those too costs nothing but a message within a few bytes of the limit.
	if c.offers.size > 0 && int64(len(content)) > c.offers.size {
		return nil, fmt.Errorf("%w: %d bytes of %d", ErrTooLarge, len(content), c.offers.size)
	}
	mail := "MAIL FROM:<" + from + ">"
	if c.offers.size > 0 {
		mail += fmt.Sprintf(" SIZE=%d", len(content))
	}
	if needs8Bit || needsUTF8 && c.offers.eightBit {
		mail += " BODY=8BITMIME"
	}
	if needsUTF8 {
		mail += " SMTPUTF8"
	}
	return &transaction{
		envelope: envelope, message: message, content: content,
		commands: []command{{StepMail, mail}, {StepRcpt, "RCPT TO:<" + to + ">"}, {StepData, "DATA"}},
	}, nil
}

// is says whether the transaction was prepared for just this message.
func (t *transaction) is(envelope Envelope, message []byte) bool {
	return t.envelope == envelope && bytes.Equal(t.message, message)
}

// lines is the commands in one piece, as they are pipelined (RFC 2920).
func lines(commands []command) []byte {
	var all []byte
	for _, command := range commands {
		all = append(append(all, command.line...), '\r', '\n')
	}
	return all
}
