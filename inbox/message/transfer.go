package message

import (
	"bytes"
	"io"
	"strings"

	gomessage "github.com/emersion/go-message"
)

// decodeTransfer undoes a Content-Transfer-Encoding (RFC 2045, section 6). go-message is asked
// first; a body that it refuses is read leniently and a sentence says what was wrong.
func decodeTransfer(body []byte, declared string) (data []byte, warning string) {
	encoding := strings.ToLower(strings.Trim(firstToken(declared), "\"'"))
	switch encoding {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
		return body, ""
	case "base64", "quoted-printable":
		if data, ok := strictTransfer(body, encoding); ok {
			return data, ""
		}
	case "base-64", "b64", "b":
		encoding = "base64"
	case "qp", "q", "quoted_printable", "quotedprintable":
		encoding = "quoted-printable"
	default:
		return body, "unknown transfer encoding; the part is kept as it came"
	}
	if encoding == "base64" {
		return lenientBase64(body, false), "a base64 part is damaged or cut off"
	}
	return lenientQuoted(body), "a quoted-printable part is damaged"
}

func strictTransfer(body []byte, encoding string) ([]byte, bool) {
	var h gomessage.Header
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Transfer-Encoding", encoding)
	e, err := gomessage.New(h, bytes.NewReader(body))
	if err != nil {
		return nil, false
	}
	data, err := io.ReadAll(e.Body)
	return data, err == nil
}

// firstToken gives what stands before a blank, a semicolon or a comment.
func firstToken(s string) string {
	s = strings.TrimSpace(s)
	if cut := strings.IndexAny(s, " \t;("); cut >= 0 {
		return s[:cut]
	}
	return s
}

// lenientBase64 decodes what can be decoded: other characters are skipped, padding ends
// the line and a new group may follow on the next. A cut-off group at the end gives the bytes that it
// holds where the text is whole (an encoded word may lack its padding), and none where it was cut.
func lenientBase64(b []byte, whole bool) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var group uint32
	n := 0
	flush := func() {
		switch n {
		case 2:
			out = append(out, byte(group>>4))
		case 3:
			out = append(out, byte(group>>10), byte(group>>2))
		}
		group, n = 0, 0
	}
	skip := false
	for _, c := range b {
		v := base64Value(c)
		switch {
		case c == '=':
			flush()
			skip = true
		case c == '\n':
			skip = false
		}
		if v > 63 || skip {
			continue
		}
		group = group<<6 | uint32(v)
		if n++; n == 4 {
			out = append(out, byte(group>>16), byte(group>>8), byte(group))
			group, n = 0, 0
		}
	}
	if whole {
		flush()
	}
	return out
}

// base64Value gives the six bits of a base64 character (RFC 4648, section 4), or 255.
func base64Value(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return 255
}

// lenientQuoted undoes quoted-printable and keeps every "=" that encodes nothing.
func lenientQuoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		line, lineEnd := b, []byte(nil)
		if end >= 0 {
			line, lineEnd = b[:end], b[end:end+1]
			if bytes.HasSuffix(line, []byte("\r")) {
				line, lineEnd = b[:end-1], b[end-1:end+1]
			}
			b = b[end+1:]
		} else {
			b = nil
		}
		trimmed := bytes.TrimRight(line, " \t")
		soft := bytes.HasSuffix(trimmed, []byte("="))
		if soft {
			trimmed, lineEnd = trimmed[:len(trimmed)-1], nil
		}
		for i := 0; i < len(trimmed); i++ {
			if trimmed[i] == '=' && i+2 < len(trimmed) && isHex(trimmed[i+1]) && isHex(trimmed[i+2]) {
				out = append(out, unhex(trimmed[i+1])<<4|unhex(trimmed[i+2]))
				i += 2
				continue
			}
			out = append(out, trimmed[i])
		}
		out = append(out, lineEnd...)
	}
	return out
}
