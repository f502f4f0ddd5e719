package smtp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	foldAt  = 76 // a header line is folded before it grows longer, where it has a space
	maxWord = 39 // bytes in one encoded word, so that it fits in a line behind Subject:
)

// reserved are the fields that Compose writes itself.
var reserved = [...]string{"from", "reply-to", "to", "subject", "date", "message-id", "sender", "cc", "bcc",
	"mime-version", "content-type", "content-transfer-encoding", "dkim-signature", "return-path", "received"}

// checkName refuses what is no header name (RFC 5322, section 3.6.8) and the reserved ones.
func checkName(name string) error {
	if name == "" || len(name) > 60 {
		return fmt.Errorf("header %q: its name has no or over 60 characters", name)
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return fmt.Errorf("header %q: its name has a character that no name has", name)
		}
	}
	for _, r := range reserved {
		if strings.EqualFold(name, r) {
			return fmt.Errorf("header %q: it has a place of its own and cannot be added", name)
		}
	}
	return nil
}

// checkValue refuses a value that could begin a header of its own, or do something to a
// terminal.
func checkValue(h Header) error {
	if strings.ContainsFunc(h.Value, func(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("header %q: a control character in its value", h.Name)
	}
	return nil
}

// encodeWords returns s as it is when it is plain ASCII, else as encoded words (RFC 2047) with
// spaces between. What looks like an encoded word is encoded too, so that nothing is decoded
// that the writer did not mean.
func encodeWords(s string) string {
	plain := !strings.Contains(s, "=?")
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < 0x80
	}
	if plain {
		return strings.TrimSpace(strings.ReplaceAll(s, "\t", " "))
	}
	var words []string
	for len(s) > 0 {
		cut := min(len(s), maxWord)
		for cut < len(s) && !utf8.RuneStart(s[cut]) {
			cut--
		}
		words = append(words, "=?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:cut]))+"?=")
		s = s[cut:]
	}
	return strings.Join(words, " ")
}

// appendHeader appends one field, folded at its spaces (RFC 5322, section 2.2.3). A word that
// is longer than a line may be is an error.
func appendHeader(out []byte, h Header) ([]byte, error) {
	start := len(out)
	out = append(out, h.Name...)
	out = append(out, ':')
	column := len(out) - start
	for _, word := range strings.Split(h.Value, " ") {
		if len(word) > MaxLine-foldAt-2 {
			return nil, fmt.Errorf("header %q: a word of %d bytes", h.Name, len(word))
		}
		// A line of spaces alone would end the header, so an empty word never begins one.
		if column+1+len(word) > foldAt && word != "" && column > len(h.Name)+1 {
			out = append(out, '\r', '\n')
			column = 0
		}
		out = append(append(out, ' '), word...)
		column += 1 + len(word)
	}
	return append(out, '\r', '\n'), nil
}

// fields splits a header block, without the empty line behind it, into its fields, each with
// its folds and its line end.
func fields(head []byte) [][]byte {
	var list [][]byte
	for len(head) > 0 {
		end := 0
		for {
			at := bytes.IndexByte(head[end:], '\n')
			if at < 0 {
				list = append(list, append(bytes.Clone(head), '\r', '\n'))
				return list
			}
			end += at + 1
			if end == len(head) || head[end] != ' ' && head[end] != '\t' {
				break
			}
		}
		list = append(list, head[:end])
		head = head[end:]
	}
	return list
}

// AddressField is one complete header field that names a mailbox, with its CRLF, as Compose
// writes it: for a mail that is composed once and addressed to each reader. What Compose
// refuses is an error.
func AddressField(name string, b Mailbox) ([]byte, error) {
	if err := b.check(name); err != nil {
		return nil, err
	}
	return appendHeader(nil, Header{name, b.header()})
}
