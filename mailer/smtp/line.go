package smtp

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"
)

// errInjected means that plain bytes came behind the answer to STARTTLS: somebody on the way
// is trying to have them taken for the relay's (CVE-2011-0411 and its kin).
var errInjected = errors.New("bytes behind the answer to STARTTLS")

// line is the TCP connection below go-mail while it dials. It notes how far the conversation
// is, so that an error can name its step, and watches the answer to STARTTLS.
type line struct {
	net.Conn
	step     atomic.Value // Step
	awaiting bool         // STARTTLS is written, its answer not read
}

func newLine(conn net.Conn) *line {
	l := &line{Conn: conn}
	l.step.Store(StepGreeting)
	return l
}

// at is the step that the conversation has reached.
func (l *line) at() Step { return l.step.Load().(Step) }

// Write notes which command goes out. go-mail writes each in one piece.
func (l *line) Write(p []byte) (int, error) {
	switch {
	case bytes.HasPrefix(p, []byte("EHLO ")), bytes.HasPrefix(p, []byte("HELO ")):
		l.step.Store(StepHello)
	case bytes.Equal(p, []byte("STARTTLS\r\n")):
		l.step.Store(StepTLS)
		l.awaiting = true
	}
	return l.Conn.Write(p)
}

// Read refuses what comes in the same breath as the answer to STARTTLS.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if !l.awaiting {
		return n, err
	}
	if end := bytes.IndexByte(p[:n], '\n'); end >= 0 {
		l.awaiting = false
		if end != n-1 {
			return 0, errInjected
		}
	}
	return n, err
}
