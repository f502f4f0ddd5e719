package mailer

import (
	"strconv"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// headersOf is what a mail says besides the fields that every mail has. There are three sets: a
// digest's, an automatic letter's, and an editor's letter, which is a mail like any other.
func headersOf(m data.Mailing, letter data.LetterKind) []smtp.Header {
	var all headers
	h := m.Header
	if m.Kind != "letter" {
		all.list(h, m.ID)
		return all
	}
	if h.Automatic {
		// RFC 3834, section 5: an acknowledgement answers a mail, a confirmation answers none.
		kind := "auto-generated"
		if letter == data.LetterAcknowledgement {
			kind = "auto-replied"
		}
		all.add("Auto-Submitted", kind)
	}
	all.add("In-Reply-To", h.InReplyTo)
	all.add("References", h.Refs)
	return all
}

type headers []smtp.Header

// add adds a field that has a value.
func (all *headers) add(name, value string) {
	if value != "" {
		*all = append(*all, smtp.Header{Name: name, Value: value})
	}
}

// list adds a digest's fields.
func (all *headers) list(h data.Header, mailing int64) {
	// RFC 8058, section 3.1: both fields, https first, and no cookies asked for at the other end.
	unsubscribe := "<" + siteOf(h) + "/u/" + token.MarkUnsubscribe + ">"
	if letter := unsubscribeLetter(h); letter != "" {
		unsubscribe += ", <" + letter + ">" // RFC 2369, section 3.2; some providers know this one only
	}
	all.add("List-Unsubscribe", unsubscribe)
	all.add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	if h.ListID != "" {
		all.add("List-Id", quotedName(h.List)+" <"+h.ListID+">") // RFC 2919, section 3
	}
	if h.Contact != "" {
		all.add("List-Help", "<mailto:"+h.Contact+">") // RFC 2369, sections 3.1 and 3.5
		all.add("List-Owner", "<mailto:"+h.Contact+">")
	}
	if h.Archive != "" {
		all.add("List-Archive", "<"+h.Archive+">")
	}
	all.add("List-Post", "NO")                  // RFC 2369, section 3.4
	all.add("Auto-Submitted", "auto-generated") // RFC 3834, section 5: no vacation reply into the tip line
	all.add("Precedence", "bulk")               // not a standard; stops old autoresponders
	all.add("X-Auto-Response-Suppress", "OOF, AutoReply")
	all.add("Feedback-ID", strconv.FormatInt(mailing, 10)+":"+firstLabel(h.ListID)+":digest:"+firstLabel(h.Domain))
}

// maxLocal is how long a local part may be (RFC 5321, section 4.5.3.1.1).
const maxLocal = 64

// unsubscribeWord stands in front of the token in the address of an unsubscribe letter.
const unsubscribeWord = "+unsubscribe-"

// unsubscribeLetter is the address (RFC 6068) of a mail that unsubscribes its reader:
//
//	mailto:bounces+unsubscribe-TOKEN@example.org?subject=unsubscribe
//
// where mail for bounces comes back with a token behind a plus, and else the contact's, where
// only the subject tells who it is about:
//
//	mailto:contact@example.org?subject=unsubscribe%20TOKEN
func unsubscribeLetter(h data.Header) string {
	if local, domain, ok := cutAddress(h.Bounce); ok && len(local)+len(unsubscribeWord)+token.Length <= maxLocal && !strings.HasSuffix(local, `"`) {
		return "mailto:" + mailtoEscaped(local) + unsubscribeWord + token.MarkUnsubscribe + "@" + mailtoEscaped(domain) + "?subject=unsubscribe"
	}
	for _, address := range []string{h.Contact, h.ReplyTo, h.From} {
		if local, domain, ok := cutAddress(address); ok {
			return "mailto:" + mailtoEscaped(local) + "@" + mailtoEscaped(domain) + "?subject=unsubscribe%20" + token.MarkUnsubscribe
		}
	}
	return ""
}

func cutAddress(address string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}

// mailtoEscaped escapes what has a meaning in an address (RFC 6068, section 2) or in the header
// around it.
func mailtoEscaped(s string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(s) {
		if c > ' ' && c < 0x7f && !strings.ContainsRune("\"%&/;<=>?[\\]^`{|}#,@:", rune(c)) {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return out.String()
}

func firstLabel(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return label
}

// quotedName is a phrase (RFC 5322, section 3.2.5) as a quoted string where it is ASCII; other
// letters are encoded as words by Compose.
func quotedName(s string) string {
	for _, r := range s {
		if r > '~' {
			return s
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
