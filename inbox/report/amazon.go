package report

import (
	"encoding/json"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// amazonNotice is what Amazon's mail service sends about a mail, as JSON in a mail of its
// notification service: the fields that we need.
type amazonNotice struct {
	Type   string `json:"notificationType"`
	Bounce struct {
		Type       string `json:"bounceType"`
		Recipients []struct {
			Address    string `json:"emailAddress"`
			Status     string `json:"status"`
			Diagnostic string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		Recipients []struct {
			Address string `json:"emailAddress"`
		} `json:"complainedRecipients"`
	} `json:"complaint"`
	Delivery struct {
		Recipients []string `json:"recipients"`
	} `json:"delivery"`
	Mail struct {
		Headers struct {
			MessageID string `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
}

// readAmazon reads such a notice.
func (f *Finding) readAmazon(m message.Message) bool {
	text := strings.TrimSpace(m.Text)
	if !strings.HasPrefix(text, "{") || !strings.Contains(text, "notificationType") || len(text) > maxNotice {
		return false
	}
	var notice amazonNotice
	if !readJSON(text, &notice) {
		return false
	}
	f.MessageID = notice.Mail.Headers.MessageID
	switch notice.Type {
	case "Bounce":
		f.Kind = KindBounce
		for _, r := range notice.Bounce.Recipients {
			f.add(Report{Recipient: r.Address, Action: ActionFailed, Status: enhanced.FindString(r.Status), Text: oneLine(r.Diagnostic)})
		}
	case "Complaint":
		f.Kind = KindComplaint
		for _, r := range notice.Complaint.Recipients {
			f.add(Report{Recipient: r.Address, Action: ActionComplaint})
		}
	case "Delivery":
		f.Kind = KindBounce
		for _, address := range notice.Delivery.Recipients {
			f.add(Report{Recipient: address, Action: ActionDelivered})
		}
	}
	return len(f.Reports) > 0
}

func (f *Finding) add(r Report) {
	r.judge()
	f.Reports = merge(f.Reports, r)
}

// readJSON reads the notice bare, or as the text "Message" of the envelope around it; what follows
// the object is advice for people. A text that was wrapped on its way is joined first.
func readJSON(text string, notice *amazonNotice) bool {
	text = strings.ReplaceAll(text, "\n", "")
	var envelope struct{ Message string }
	if json.NewDecoder(strings.NewReader(text)).Decode(&envelope) == nil && envelope.Message != "" {
		text = envelope.Message
	}
	return json.NewDecoder(strings.NewReader(text)).Decode(notice) == nil && notice.Type != ""
}
