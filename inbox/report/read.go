package report

import (
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// maxNotice is how many bytes of text are searched for what a bounce says.
const maxNotice = 64 << 10

// maxReports is how many recipients are kept of one mail.
const maxReports = 200

// Read decides what a parsed mail is and what it reports. It never fails.
func Read(m message.Message) Finding {
	if m.Unreadable {
		return Finding{Kind: KindUnreadable}
	}
	f := Finding{Kind: KindMessage}
	f.readReturned(m)
	switch {
	case f.readComplaint(m):
	case f.readAmazon(m):
	case !isMachine(m.From.Address) && isChallenge(m, m.Text[:min(len(m.Text), 4096)]):
		f.Kind = KindAutoReply
	case f.readDeliveryStatus(m):
	case f.readNotice(m):
	case isUnsubscribe(m): // before automatic replies: a mail program's button sends it by itself
		f.Kind = KindUnsubscribe
	case isAutoReply(m):
		f.Kind = KindAutoReply
	case isList(m):
		f.Kind = KindList
	}
	if f.Kind != KindBounce && f.Kind != KindComplaint {
		return Finding{Kind: f.Kind}
	}
	return f
}

// readReturned reads the header of the mail that came back.
func (f *Finding) readReturned(m message.Message) {
	if len(m.Returned) == 0 {
		return
	}
	h := message.Parse(m.Returned[:min(len(m.Returned), maxNotice)])
	f.MessageID = h.MessageID
	f.ReturnedTo = addressesOf(h)
}

func addressesOf(h message.Message) []string {
	var out []string
	for _, list := range [][]message.Address{h.To, h.Cc} {
		for _, a := range list {
			if strings.Contains(a.Address, "@") {
				out = append(out, a.Address)
			}
		}
	}
	return out
}
