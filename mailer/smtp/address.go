package smtp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Envelope is who a message comes from and goes to on the wire. It is not taken from the
// message's headers.
type Envelope struct {
	From string // where bounces go; empty is the null sender <> (RFC 5321, section 4.5.5)
	To   string // one recipient
}

// wireAddress returns address with its domain in ASCII (RFC 5891) and whether its local part
// needs SMTPUTF8. The error is ErrAddress and does not name the address.
func wireAddress(address string) (wire string, utf8Local bool, err error) {
	bytes, utf8Local, err := appendAddress(nil, address)
	return string(bytes), utf8Local, err
}

// appendAddress appends what wireAddress returns to dst; with an error, dst as it was.
func appendAddress(dst []byte, address string) (wire []byte, utf8Local bool, err error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return dst, false, fmt.Errorf("%w: it has no local part or no domain", ErrAddress)
	}
	local, domain := address[:at], address[at+1:]
	if len(local) > 64 {
		return dst, false, fmt.Errorf("%w: its local part has over 64 bytes", ErrAddress)
	}
	if utf8Local, err = checkLocal(local); err != nil {
		return dst, false, err
	}
	if !isPlainDomain(domain) {
		ascii, ok := asciiDomain(domain)
		if !ok {
			return dst, false, fmt.Errorf("%w: its domain is not a host name", ErrAddress)
		}
		domain = ascii
	}
	return append(append(append(dst, local...), '@'), domain...), utf8Local, nil
}

// isPlainDomain knows the domains that asciiDomain would return as they are, which are nearly
// all, without its cost: lower-case letters, digits and hyphens in labels of at most 63, none
// with a hyphen at an end or in the places where a punycode label has them.
func isPlainDomain(domain string) bool {
	start := 0
	for i := 0; i <= len(domain); i++ {
		if i < len(domain) && domain[i] != '.' {
			c := domain[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
			continue
		}
		label := domain[start:i]
		if len(label) < 1 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			len(label) > 3 && label[2] == '-' && label[3] == '-' {
			return false
		}
		start = i + 1
	}
	return len(domain) <= 253
}

// checkLocal takes an unquoted local part, dots anywhere as some providers have them, or a
// quoted string of printable characters.
func checkLocal(local string) (utf8Local bool, err error) {
	if !utf8.ValidString(local) {
		return false, fmt.Errorf("%w: its local part is not UTF-8", ErrAddress)
	}
	quoted := len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"'
	inside := local
	if quoted {
		inside = local[1 : len(local)-1]
	}
	escaped := false
	for _, r := range inside {
		switch {
		case r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029:
			return false, fmt.Errorf("%w: its local part has a control character", ErrAddress)
		case r > 0x9f:
			utf8Local = true
		case quoted && r == '\\' && !escaped:
			escaped = true
			continue
		case quoted && r == '"' && !escaped:
			return false, fmt.Errorf("%w: its local part has a quote inside", ErrAddress)
		case !quoted && strings.ContainsRune(` ()<>[]:;@\,"`, r):
			return false, fmt.Errorf("%w: its local part has a character that must be quoted", ErrAddress)
		}
		escaped = false
	}
	if escaped {
		return false, fmt.Errorf("%w: its local part ends in a backslash", ErrAddress)
	}
	return utf8Local, nil
}

// asciiDomain returns a host name in ASCII (RFC 5891), or not ok for what is none. x/net/idna
// looks at the characters; the lengths (RFC 1035, section 2.3.4) are left to us.
func asciiDomain(domain string) (ascii string, ok bool) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(ascii) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if len(label) < 1 || len(label) > 63 {
			return "", false
		}
	}
	return ascii, true
}
