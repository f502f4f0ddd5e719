package report

import (
	"regexp"
	"strings"
)

// address finds addresses in running text. It is narrower than RFC 5322 on purpose: quoted local
// parts and address literals are seen only between angle brackets.
var address = regexp.MustCompile(`[A-Za-z0-9!#$%&'*+/=?^_{|}~\x60.\-\x{80}-\x{10FFFF}]{1,100}@(?:[A-Za-z0-9_\x{80}-\x{10FFFF}](?:[A-Za-z0-9_\-\x{80}-\x{10FFFF}]{0,62})\.)*[A-Za-z0-9\x{80}-\x{10FFFF}][A-Za-z0-9\-\x{80}-\x{10FFFF}]{0,62}`)

var angled = regexp.MustCompile(`<([^<>\s]{1,200}@[^<>\s]{1,200})>`)

// trimAddress takes an address out of brackets, quotes, prefixes and punctuation.
func trimAddress(s string) string {
	s = strings.TrimSpace(s)
	if m := angled.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	s = strings.Trim(s, "<>()[]\"'`,;: \t.")
	lower := strings.ToLower(s)
	for _, prefix := range []string{"mailto:", "smtp:", "rfc822;", "rfc822:", "to:"} {
		if strings.HasPrefix(lower, prefix) {
			s, lower = s[len(prefix):], lower[len(prefix):]
		}
	}
	if strings.HasPrefix(s, "@") { // a source route: @relay:user@host
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return strings.Trim(s, "<>()[]\"'`,;: \t.")
}

// firstAddress gives the first address of a text, or "".
func firstAddress(s string) string {
	if m := angled.FindStringSubmatch(s); m != nil {
		return trimAddress(m[1])
	}
	return trimAddress(address.FindString(s))
}

// machineNames are local parts that send reports and are never a reader.
var machineNames = map[string]bool{
	"mailer-daemon": true, "mailerdaemon": true, "mail-daemon": true, "maildaemon": true, "postmaster": true, "mail_daemon": true,
	"mdaemon": true, "daemon": true, "mmdf": true, "bounce": true, "bounces": true, "mailer": true, "maildeliverysystem": true,
}

func localPart(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return strings.ToLower(addr)
	}
	return strings.ToLower(addr[:at])
}

func isMachine(addr string) bool {
	local := localPart(addr)
	return machineNames[local] || machineNames[strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)]
}
