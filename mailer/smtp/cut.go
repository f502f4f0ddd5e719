package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
)

// maxBesideName is how many bytes of words, encoded, may belong to a name on either side.
const maxBesideName = 300

// cutter takes a part's encoded words apart at the marks. Each span gets lines of its own: words
// in front of it end in a soft break, and so does what is put there.
type cutter struct {
	html   bool
	own    string // our links begin with it
	pieces []piece
	open   []byte // what stands since the last span,
	from   int    // and where in it this part's words begin
}

// cut takes one part apart. The words may begin anywhere and end in a line end.
func (c *cutter) cut(words []byte) error {
	marks, at := marksIn(words), 0
	for i := 0; i < len(marks); i++ {
		m := marks[i]
		c.open = append(c.open, words[at:m.start]...)
		s, used, err := c.spanAt(words, marks[i:])
		if err != nil {
			return err
		}
		i += used - 1
		at = marks[i].end
		// The break in front of the span is on a line of at least one byte less than the mark's.
		if len(c.open) > 0 && c.open[len(c.open)-1] != '\n' {
			c.open = append(c.open, softBreak...)
		}
		if bytes.HasPrefix(words[at:], []byte(softBreak)) {
			at += len(softBreak)
		}
		s.atEnd = bytes.HasPrefix(words[at:], []byte("\r\n"))
		if s.kind != noSpan {
			c.pieces = append(c.pieces, piece{c.open, s})
			c.open, c.from = nil, 0
		}
	}
	c.open = append(c.open, words[at:]...)
	return nil
}

// spanAt is what the reader gets at the first of the marks, and how many of them that takes. A
// mark that stands where it can do harm, or encloses nothing, is left out: no span.
func (c *cutter) spanAt(words []byte, marks []markAt) (s span, used int, err error) {
	s.body, used = true, 1
	switch marks[0].kind {
	case spanNamedEnd:
		return s, 1, nil
	case spanNamed:
		if !enclosed(marks) {
			return s, 1, nil
		}
		used = 3
		if s.before, err = decodeQuoted(words[marks[0].end:marks[1].start]); err == nil {
			s.after, err = decodeQuoted(words[marks[1].end:marks[2].start])
		}
		s.kind = spanName
	default:
		s.kind = marks[0].kind
	}
	if err != nil {
		return s, used, err
	}
	said, err := decodeQuoted(c.open[c.from:])
	if err != nil {
		return s, used, err
	}
	s.in = inText
	if c.html {
		s.in = inHTML
	}
	address := said + s.before
	address = address[strings.LastIndexAny(address, " \t\r\n\"'<>()")+1:]
	linked := strings.Contains(address, "://")
	ours := c.own != "" && strings.HasPrefix(address, c.own)
	switch {
	// A reader's token in another's link, or in plain sight, is a way into the subscription.
	case s.kind != spanName && !ours, s.kind == spanName && linked && !ours:
		s.kind = noSpan
	case s.kind == spanName && linked:
		s.in = inURL
	}
	return s, used, nil
}

// enclosed: the marks begin with words that belong to a name.
func enclosed(marks []markAt) bool {
	return len(marks) > 2 && marks[1].kind == spanName && marks[2].kind == spanNamedEnd &&
		marks[1].start-marks[0].end <= maxBesideName && marks[2].start-marks[1].end <= maxBesideName
}

// decodeQuoted is the words as they were before they were encoded, with \n as line end.
func decodeQuoted(encoded []byte) (string, error) {
	// Spaces at the end of a line that ends there would be lost, so it goes on.
	plain, err := io.ReadAll(quotedprintable.NewReader(io.MultiReader(bytes.NewReader(encoded), strings.NewReader("."))))
	if err != nil {
		return "", fmt.Errorf("read the encoded words: %w", err)
	}
	return strings.ReplaceAll(string(plain[:len(plain)-1]), "\r\n", "\n"), nil
}

// errNoPart means that a composed mail is not as Compose makes them.
var errNoPart = errors.New("a part of the mail is not where it should be")

// cutBody takes the body of a composed mail apart, part by part.
func cutBody(body []byte, boundary string, html bool, own string) ([]piece, error) {
	c := &cutter{own: own}
	if !html {
		err := c.cut(body)
		return c.close(nil), err
	}
	delimiter := []byte("--" + boundary)
	for n := range 2 {
		at := bytes.Index(body, delimiter)
		if at < 0 {
			return nil, errNoPart
		}
		head := bytes.Index(body[at:], []byte("\r\n\r\n"))
		if head < 0 {
			return nil, errNoPart
		}
		from := at + head + len("\r\n\r\n")
		to := bytes.Index(body[from:], append([]byte("\r\n"), delimiter...))
		if to < 0 {
			return nil, errNoPart
		}
		to += from + len("\r\n")
		c.html = n == 1
		c.open = append(c.open, body[:from]...)
		c.from = len(c.open)
		if err := c.cut(body[from:to]); err != nil {
			return nil, err
		}
		body = body[to:]
	}
	return c.close(body), nil
}

// close ends the last piece. What stood in the middle of a line may now begin one.
func (c *cutter) close(rest []byte) []piece {
	all := append(c.pieces, piece{static: append(c.open, rest...)})
	for i := range all {
		all[i].static = appendBody(nil, all[i].static)
	}
	return all
}
