package smtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// MaxLine is the longest line that a message may have, in bytes without its CRLF (RFC 5321,
// section 4.5.3.1.6).
const MaxLine = 998

// Check refuses what could end a message early or break at the next hop: an empty message, a
// bare CR, a NUL, a line of over 998 bytes. The error is ErrMessage. A bare LF is let through,
// because Prepare makes it a CRLF.
func Check(message []byte) error {
	if len(message) == 0 {
		return fmt.Errorf("%w: it is empty", ErrMessage)
	}
	if at := bytes.IndexByte(message, 0); at >= 0 {
		return fmt.Errorf("%w: NUL at byte %d", ErrMessage, at)
	}
	crs := bytes.Count(message, []byte{'\r'})
	for at, number := 0, 1; at < len(message); number++ {
		end, next := bytes.IndexByte(message[at:], '\n'), 0
		if end < 0 {
			end, next = len(message), len(message)
		} else {
			end, next = at+end, at+end+1
			if end > at && message[end-1] == '\r' {
				end--
				crs--
			}
		}
		if end-at > MaxLine {
			return fmt.Errorf("%w: line %d has %d bytes", ErrMessage, number, end-at)
		}
		at = next
	}
	if crs != 0 {
		return fmt.Errorf("%w: a CR without LF", ErrMessage)
	}
	return nil
}

// has8Bit says whether message has a byte outside ASCII. It looks at eight bytes at a time,
// because it looks at every message.
func has8Bit(message []byte) bool {
	for len(message) >= 8 {
		if binary.LittleEndian.Uint64(message)&0x8080808080808080 != 0 {
			return true
		}
		message = message[8:]
	}
	for _, c := range message {
		if c >= 0x80 {
			return true
		}
	}
	return false
}
