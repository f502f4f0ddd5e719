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
// because DotStuff makes it a CRLF.
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

// DotStuff returns message as it goes over the wire after DATA, without the final dot: each
// line ends in CRLF, the last one too, and a line that starts with a dot has one more
// (RFC 5321, section 4.5.2). It does not change message. Check the message first: a bare CR
// passes through.
func DotStuff(message []byte) []byte {
	return appendStuffed(make([]byte, 0, len(message)+len(message)/64+2), message)
}

// appendStuffed appends what DotStuff returns to dst.
func appendStuffed(dst, message []byte) []byte {
	for len(message) > 0 {
		if message[0] == '.' {
			dst = append(dst, '.')
		}
		end := bytes.IndexByte(message, '\n')
		if end < 0 {
			dst = append(dst, message...)
			if message[len(message)-1] == '\r' {
				return append(dst, '\n')
			}
			return append(dst, '\r', '\n')
		}
		if end > 0 && message[end-1] == '\r' {
			dst = append(dst, message[:end+1]...)
		} else {
			dst = append(append(dst, message[:end]...), '\r', '\n')
		}
		message = message[end+1:]
	}
	return dst
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
