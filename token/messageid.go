package token

import "strings"

// MessageID returns the Message-ID of one delivery, in its angle brackets (RFC 5322, section 3.6.4). The same
// mailing, sequence number and domain always give the same one. The domain is written as it is given, so it must be
// in ASCII. It panics as Sign does.
func MessageID(k Keys, mailing, seq int64, domain string) string {
	return "<" + k.Sign(PurposeMessageID, mailing, seq) + "@" + domain + ">"
}

// OpenMessageID returns the delivery that a Message-ID belongs to, and true, when it is one of ours. The angle brackets
// and white space around it may be missing or there, as In-Reply-To and References have them in the wild.
// The domain is not compared: the token proves itself, and a site may have changed its domain since.
func OpenMessageID(k Keys, id string) (mailing, seq int64, ok bool) {
	id = strings.TrimSpace(id)
	id = strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	local, _, found := strings.Cut(id, "@")
	if !found {
		return 0, 0, false
	}
	return k.Open(PurposeMessageID, strings.TrimSpace(local))
}
