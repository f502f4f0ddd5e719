//go:build unix

package smtp

import "syscall"

// spokenTo says whether the relay has closed the connection or sent something that nobody
// asked for, most often a 421 because it grew tired of waiting. It does not wait and takes
// nothing off the connection. Asked right before the dot it turns most lost connections from
// "perhaps handed over" into "certainly not".
//
// Under TLS any record counts, also one without words in it; the price of being wrong is one
// more connection.
func (c *Conn) spokenTo() bool {
	if c.r.Buffered() > 0 {
		return true
	}
	if c.control == nil {
		return false
	}
	c.spoken = false
	err := c.control.Control(c.peek)
	return c.spoken || err != nil
}

// peek looks at the socket. Go's sockets do not block, so EAGAIN means silence. All else, a
// byte, an end or an error, means that the connection is no longer what it was.
func (c *Conn) peek(fd uintptr) {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
	c.spoken = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR
}
