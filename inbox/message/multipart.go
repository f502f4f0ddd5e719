package message

import (
	"bytes"
)

// cutParts splits the body of a multipart at its boundary (RFC 2046, section 5.1.1) into at most
// limit parts, in place and in one pass. Without a closing delimiter the last part runs to the end.
// found is false when the boundary does not occur.
func cutParts(body []byte, boundary string, limit int) (parts [][]byte, found, whole bool) {
	delimiter := []byte("--" + boundary)
	start := -1
	for at := 0; at < len(body); {
		next := len(body)
		if end := bytes.IndexByte(body[at:], '\n'); end >= 0 {
			next = at + end + 1
		}
		line := body[at:next]
		if bytes.HasPrefix(line, delimiter) {
			tail := bytes.TrimSpace(line[len(delimiter):])
			closing := bytes.HasPrefix(tail, []byte("--"))
			if len(tail) == 0 || closing {
				found = true
				if start >= 0 {
					if len(parts) == limit {
						return parts, true, false
					}
					parts = append(parts, trimLineEnd(body[start:at]))
				}
				if start = next; closing {
					start = -1
				}
			}
		}
		at = next
	}
	if start >= 0 && start <= len(body) {
		if len(parts) == limit {
			return parts, true, false
		}
		parts = append(parts, body[start:])
	}
	return parts, found, true
}

// trimLineEnd drops the line end that belongs to the delimiter after it.
func trimLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// guessBoundary finds the boundary of a multipart that names none, or a wrong one: the first line
// that begins with "--" and is followed by a header field or a blank line.
func guessBoundary(body []byte) string {
	for rest := body[:min(len(body), 64<<10)]; len(rest) > 0; {
		line, after := cutLine(rest)
		rest = after
		line = bytes.TrimRight(line, " \t")
		if len(line) < 3 || !bytes.HasPrefix(line, []byte("--")) || bytes.ContainsAny(line, " \t") {
			continue
		}
		next, _ := cutLine(after)
		if name := bytes.Trim(line, "-"); len(name) > 0 && (isField(next) || len(next) == 0) {
			return string(line[2:])
		}
	}
	return ""
}
