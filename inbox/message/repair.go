package message

import (
	"bytes"
	"unicode/utf8"
)

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

// repair takes off what a mail picks up on its way into a file: a byte order mark, blank lines, the
// mbox "From " line. Where the lines end in bare CR (old Macintosh files) it gives a copy with LF.
func repair(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, byteOrderMark)
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 {
		raw = bytes.ReplaceAll(raw, []byte{'\r'}, []byte{'\n'})
	}
	for len(raw) > 0 {
		line, rest := cutLine(raw)
		if !isBlank(line) && !isFromLine(raw) {
			break
		}
		raw = rest
	}
	return raw
}

// isFromLine says whether b begins with the line that separates the messages of an mbox file
// (RFC 4155), quoted or not.
func isFromLine(b []byte) bool {
	return bytes.HasPrefix(b, []byte("From ")) || bytes.HasPrefix(b, []byte(">From "))
}

// cutLine gives the first line without its line end, and what follows it.
func cutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return bytes.TrimRight(b, "\r"), nil
	}
	return bytes.TrimRight(b[:end], "\r"), b[end+1:]
}

// looksBinary says whether a file without any header field is no text either: a NUL, or one byte in
// ten that neither UTF-8 nor an 8-bit text would hold.
func looksBinary(b []byte) bool {
	head := b[:min(len(b), 4096)]
	odd := 0
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		switch {
		case r == 0:
			return true
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1B:
			odd += 3
		case r == utf8.RuneError && size == 1:
			odd++
		}
		i += size
	}
	return odd*10 > len(head)
}
