package message

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// charsetAliases are names that mail uses and the indexes of x/text lack, or read too strictly.
var charsetAliases = map[string]string{
	"gb2312": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "gb_2312-80": "gb18030",
	"utf8": "utf-8", "unicode": "utf-8", "x-unicode": "utf-8", "cp1252": "windows-1252", "ansi": "windows-1252",
	"iso8859-1": "windows-1252", "latin-1": "windows-1252", "8859_1": "windows-1252",
	"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1254": "windows-1254", "cp932": "shift_jis",
	"ms932": "shift_jis", "shift-jis": "shift_jis", "x-shift-jis": "shift_jis", "cp949": "euc-kr", "ks_c_5601-1987": "euc-kr",
	"unicode-1-1-utf-7": "utf-7", "utf7": "utf-7", "x-utf-7": "utf-7", "cp-850": "cp850", "ibm-850": "cp850",
	"big5-hkscs": "big5", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp",
	"iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "macroman": "macintosh", "x-mac-roman": "macintosh",
}

// undeclared are the names under which programs say that they do not know the charset.
var undeclared = map[string]bool{
	"": true, "us-ascii": true, "ascii": true, "unknown-8bit": true, "x-unknown": true, "unknown": true,
	"8bit": true, "7bit": true, "default": true, "x-user-defined": true, "utf-8-or-latin1": true,
}

// toUTF8 decodes b and names the charset it was read in: the declared one, else UTF-8 where b is
// valid UTF-8, else windows-1252. NULs are dropped; what no character stands for becomes U+FFFD.
func toUTF8(b []byte, declared string) (text, used string) {
	name := charsetName(declared)
	switch {
	case undeclared[name]:
		return sniff(b)
	case name == "utf-8":
		if !utf8.Valid(b) && !mostlyUTF8(b) {
			return decodeAs(b, "windows-1252")
		}
		return clean(string(b)), "utf-8"
	case name == "utf-7":
		return clean(decodeUTF7(b)), "utf-7"
	}
	if text, ok := decodeNamed(b, name); ok {
		if strings.Contains(text, "\uFFFD") && utf8.Valid(b) { // a wrong declaration
			return sniff(b)
		}
		return text, name
	}
	return sniff(b)
}

// knownCharset says whether toUTF8 can follow this declaration.
func knownCharset(declared string) bool {
	name := charsetName(declared)
	if undeclared[name] || name == "utf-7" {
		return true
	}
	_, ok := decodeNamed(nil, name)
	return ok
}

func charsetName(declared string) string {
	name := strings.ToLower(strings.Trim(declared, " \t\"'<>;,"))
	if alias, ok := charsetAliases[name]; ok {
		return alias
	}
	return name
}

func decodeNamed(b []byte, name string) (string, bool) {
	var enc encoding.Encoding
	if name == "gb18030" {
		enc = simplifiedchinese.GB18030
	} else if found, err := htmlindex.Get(name); err == nil {
		enc = found
	}
	if enc != nil {
		out, err := enc.NewDecoder().Bytes(b)
		return clean(string(out)), err == nil
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	out, err := io.ReadAll(r)
	return clean(string(out)), err == nil
}

func decodeAs(b []byte, name string) (string, string) {
	text, ok := decodeNamed(b, name)
	if !ok {
		return clean(string(b)), "utf-8"
	}
	return text, name
}

func sniff(b []byte) (text, used string) {
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}) || bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		if out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b); err == nil {
			return clean(string(out)), "utf-16"
		}
	case bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")):
		return decodeAs(b, "iso-2022-jp")
	case mostlyUTF8(b):
		return clean(string(b)), "utf-8"
	}
	return decodeAs(b, "windows-1252")
}

// mostlyUTF8 says whether b is UTF-8, perhaps with a few damaged bytes.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case size > 1:
			good++
		case r == utf8.RuneError:
			bad++
		}
		i += size
	}
	return bad == 0 || good > bad
}

// clean makes text fit to be stored and shown anywhere: valid UTF-8, no NUL, no byte order mark.
func clean(s string) string {
	s = strings.TrimPrefix(strings.ToValidUTF8(s, "\uFFFD"), "\uFEFF")
	return strings.ReplaceAll(s, "\x00", "")
}
