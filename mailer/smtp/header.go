package smtp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
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
	if isPlain([]byte(s)) {
		return strings.TrimSpace(strings.ReplaceAll(s, "\t", " "))
	}
	return string(appendWords(nil, []byte(s)))
}

// isPlain: a header may have it as it is.
func isPlain(s []byte) bool {
	for i, c := range s {
		if c >= 0x80 || c == '?' && i > 0 && s[i-1] == '=' {
			return false
		}
	}
	return true
}

// appendWords appends s as encoded words, cut between characters.
func appendWords(out, s []byte) []byte {
	for len(s) > 0 {
		cut := min(len(s), maxWord)
		for cut < len(s) && !utf8.RuneStart(s[cut]) {
			cut--
		}
		out = append(out, "=?utf-8?B?"...)
		out = append(base64.StdEncoding.AppendEncode(out, s[:cut]), "?="...)
		if s = s[cut:]; len(s) > 0 {
			out = append(out, ' ')
		}
	}
	return out
}

// unfolded are the fields that stay on one line: a fold in them has broken signatures at relays
// that folded anew.
var unfolded = [...]string{"List-Unsubscribe", "List-Unsubscribe-Post"}

// appendHeader appends one field, folded at its spaces (RFC 5322, section 2.2.3). A word that
// is longer than a line may be is an error.
func appendHeader(out []byte, h Header) ([]byte, error) {
	if slices.Contains(unfolded[:], h.Name) && len(h.Name)+2+len(h.Value) <= MaxLine {
		return append(append(append(append(out, h.Name...), ": "...), h.Value...), '\r', '\n'), nil
	}
	return appendField(out, h.Name, []byte(h.Value))
}

// appendField appends a field folded.
func appendField(out []byte, name string, value []byte) ([]byte, error) {
	start := len(out)
	out = append(append(out, name...), ':')
	column := len(name) + 1
	for more := true; more; {
		var word []byte
		word, value, more = bytes.Cut(value, space)
		if len(word) > MaxLine-foldAt-2 {
			return out[:start], fmt.Errorf("header %q: a word of %d bytes", name, len(word))
		}
		// A line of spaces alone would end the header, so an empty word never begins one.
		if column+1+len(word) > foldAt && len(word) > 0 && column > len(name)+1 {
			out = append(out, '\r', '\n')
			column = 0
		}
		out = append(append(out, ' '), word...)
		column += 1 + len(word)
	}
	return append(out, '\r', '\n'), nil
}

// appendMailboxField appends a whole field that names a mailbox. The name has no control
// characters. The error is ErrAddress.
func appendMailboxField(out []byte, field string, name []byte, address string) ([]byte, error) {
	var room [1 << 10]byte
	value, err := appendMailbox(room[:0], name, address)
	if err != nil {
		return out, fmt.Errorf("header %s: %w", field, err)
	}
	return appendField(out, field, value)
}

// appendMailbox appends a mailbox as a header has it: the name as a quoted string (RFC 5322,
// section 3.2.4) or as encoded words, the domain in ASCII.
func appendMailbox(out, name []byte, address string) (_ []byte, err error) {
	if len(name) > 0 && isPlain(name) {
		out = append(out, '"')
		for _, c := range name {
			if c == '"' || c == '\\' {
				out = append(out, '\\')
			}
			out = append(out, c)
		}
		out = append(out, '"', ' ')
	} else if len(name) > 0 {
		out = append(appendWords(out, name), ' ')
	}
	if out, _, err = appendAddress(append(out, '<'), address); err != nil {
		return out, err
	}
	return append(out, '>'), nil
}

var space = []byte{' '}

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
