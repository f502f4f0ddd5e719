package feed

import (
	"bytes"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']\s*([A-Za-z0-9_.:-]+)\s*["']`)

const brokenUTF8 = "the feed contains bytes that are not UTF-8; they are shown as \ufffd"

// decode turns the bytes of a feed into UTF-8. What the bytes themselves show counts most: a byte order mark,
// the zero bytes of UTF-16, text that is UTF-8. Then the header's word counts (RFC 7303, section 3.2), unless it is a server's blanket
// ISO-8859-1 and the XML declaration knows better; then the declaration; and windows-1252 when nobody says anything usable.
func decode(body []byte, contentType string) (text string, warnings []string) {
	if enc, skip := byMark(body); enc != nil {
		return convert(enc, body[skip:]), nil
	}
	if marked, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		if !utf8.Valid(marked) {
			warnings = []string{brokenUTF8}
		}
		return strings.ToValidUTF8(string(marked), "\ufffd"), warnings
	}
	header := headerCharset(contentType)
	declared := ""
	if m := xmlEncoding.FindSubmatch(head(body, 1024)); m != nil {
		declared = strings.ToLower(string(m[1]))
	}
	if utf8.Valid(body) && !sevenBit(header) && !sevenBit(declared) {
		return string(body), disagreement(body, header, declared)
	}
	for _, label := range order(header, declared) {
		enc := lookup(label)
		if enc == nil {
			warnings = append(warnings, fmt.Sprintf("the feed claims the unknown character set %.20q", label))
			continue
		}
		if enc != unicode.UTF8 {
			return convert(enc, body), warnings
		}
		if mostlyUTF8(body) {
			return strings.ToValidUTF8(string(body), "\ufffd"), append(warnings, brokenUTF8)
		}
	}
	if mostlyUTF8(body) {
		return strings.ToValidUTF8(string(body), "\ufffd"), append(warnings, brokenUTF8)
	}
	return convert(charmap.Windows1252, body), append(warnings, "the feed does not say its character set rightly; it was read as windows-1252")
}

// byMark recognises byte order marks, and wide encodings without one by the zeros around the first "<" or "{".
func byMark(b []byte) (enc encoding.Encoding, skip int) {
	le16 := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	be16 := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	le32 := utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	be32 := utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	for _, m := range []struct {
		start string
		enc   encoding.Encoding
		skip  int
	}{
		{"\xff\xfe\x00\x00", le32, 4}, {"\x00\x00\xfe\xff", be32, 4}, {"\xff\xfe", le16, 2}, {"\xfe\xff", be16, 2},
		{"<\x00\x00\x00", le32, 0}, {"\x00\x00\x00<", be32, 0}, {"<\x00", le16, 0}, {"\x00<", be16, 0}, {"{\x00", le16, 0}, {"\x00{", be16, 0},
	} {
		if bytes.HasPrefix(b, []byte(m.start)) {
			return m.enc, m.skip
		}
	}
	return nil, 0
}

func headerCharset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		// A header that cannot be read says nothing; the bytes decide.
		return ""
	}
	return strings.ToLower(strings.Trim(params["charset"], ` '"`))
}

// order lists the labels to try. ISO-8859-1 and US-ASCII in the header are what servers say that were never asked.
func order(header, declared string) (labels []string) {
	switch header {
	case "iso-8859-1", "us-ascii", "ascii", "latin1":
		labels = []string{declared, header}
	default:
		labels = []string{header, declared}
	}
	kept := labels[:0]
	for _, l := range labels {
		if l != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

func lookup(label string) encoding.Encoding {
	if strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") || label == "ucs-2" {
		// The bytes would have shown it: no text of these begins with a plain "<".
		return unicode.UTF8
	}
	enc, name := charset.Lookup(label)
	if name == "utf-8" {
		return unicode.UTF8
	}
	if enc == encoding.Replacement {
		return nil
	}
	return enc
}

// sevenBit reports whether a character set hides other letters in ASCII bytes, so that its text looks like UTF-8.
func sevenBit(label string) bool {
	return strings.HasPrefix(label, "iso-2022-") || strings.HasPrefix(label, "hz-")
}

// mostlyUTF8 is true for UTF-8 that was damaged on the way: far more whole characters than broken bytes.
func mostlyUTF8(b []byte) bool {
	whole, broken := 0, 0
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			broken++
		} else {
			whole++
		}
		b = b[n:]
	}
	return whole > 4*broken
}

// convert never fails: what a character set does not know becomes U+FFFD.
func convert(enc encoding.Encoding, b []byte) string {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		out = append(out, "\ufffd"...)
	}
	return strings.ToValidUTF8(string(out), "\ufffd")
}

func disagreement(body []byte, header, declared string) []string {
	if isASCII(body) {
		return nil
	}
	for _, label := range order(header, declared) {
		switch enc := lookup(label); enc {
		case nil:
			continue
		case unicode.UTF8:
			return nil
		default:
			return []string{fmt.Sprintf("the feed says that it is %.20s, but it is UTF-8", label)}
		}
	}
	return nil
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// head is the first n bytes, or all.
func head[T string | []byte](b T, n int) T { return b[:min(n, len(b))] }
