package report

import (
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// hotmailReader is the field in which Microsoft's reporting programme names the reader who complained; it
// stands in the attached mail, or in a mail that is forwarded whole.
const hotmailReader = "X-HmXmrOriginalRecipient"

// readComplaint reads an abuse report: ARF (RFC 5965), or the older form of some large providers that
// attach the mail with a field naming the reader. Reports on authentication (RFC 6591) and
// "not-spam" are no complaints.
func (f *Finding) readComplaint(m message.Message) bool {
	var recipients []string
	switch {
	case len(m.FeedbackReport) > 0:
		h, _ := message.ReadHeader(m.FeedbackReport[:min(len(m.FeedbackReport), maxNotice)])
		switch strings.ToLower(strings.TrimSpace(h.Get("Feedback-Type"))) {
		case "auth-failure", "not-spam", "dmarc":
			return false
		}
		for _, name := range []string{"Original-Rcpt-To", "Removal-Recipient"} {
			for _, value := range h.Values(name) {
				recipients = add(recipients, trimAddress(value))
			}
			if len(recipients) > 0 {
				break
			}
		}
	case len(m.ReturnedHeaders) > 0 && isOldComplaint(m):
		h, _ := message.ReadHeader(m.ReturnedHeaders)
		recipients = add(recipients, trimAddress(first(h.Get(hotmailReader), h.Get("X-Original-To"))))
	case m.Header.Has(hotmailReader):
		recipients = add(recipients, trimAddress(m.Header.Get(hotmailReader)))
	default:
		return false
	}
	if len(recipients) == 0 {
		for _, to := range f.ReturnedTo {
			recipients = add(recipients, to)
		}
	}
	if len(recipients) == 0 {
		recipients = []string{""}
	}
	f.Kind = KindComplaint
	for _, recipient := range recipients[:min(len(recipients), maxReports)] {
		r := Report{Recipient: recipient, Action: ActionComplaint}
		r.judge()
		f.Reports = append(f.Reports, r)
	}
	return true
}

// isOldComplaint knows a complaint that is no ARF: a mail attached under a subject that says so, or
// with the field that Microsoft's reporting programme puts into it.
func isOldComplaint(m message.Message) bool {
	h, _ := message.ReadHeader(m.ReturnedHeaders)
	if h.Has(hotmailReader) {
		return true
	}
	subject := strings.ToLower(m.Subject)
	from := localPart(m.From.Address)
	robot := strings.Contains(from, "abuse") || strings.Contains(from, "fbl") || strings.Contains(from, "feedback") || strings.Contains(from, "complaint") || from == "staff" || from == "scomp"
	return robot && (strings.Contains(subject, "complaint") || strings.Contains(subject, "abuse") || strings.Contains(subject, "client tos notification") || strings.Contains(subject, "feedback"))
}

func add(list []string, s string) []string {
	if s == "" || !strings.Contains(s, "@") {
		return list
	}
	for _, have := range list {
		if strings.EqualFold(have, s) {
			return list
		}
	}
	return append(list, s)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
