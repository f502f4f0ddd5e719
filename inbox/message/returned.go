package message

import (
	"bytes"
	"strings"
)

// readReport finds the parts of a report anywhere in the tree: the first of each kind counts.
func (m *Message) readReport(p *part) {
	switch {
	case p.kind == "multipart/report":
		if m.ReportType == "" {
			m.ReportType = strings.ToLower(p.params["report-type"])
		}
	case strings.HasPrefix(p.kind, "message/") && strings.HasSuffix(p.kind, "delivery-status"):
		keepFirst(&m.DeliveryStatus, p.data)
	case p.kind == "message/feedback-report":
		keepFirst(&m.FeedbackReport, p.data)
	case p.kind == "message/disposition-notification":
		keepFirst(&m.Disposition, p.data)
	case strings.HasPrefix(p.kind, "text/rfc822"), p.isMessage():
		if m.Returned == nil && len(bytes.TrimSpace(p.data)) > 0 {
			m.Returned = p.data
			_, body := ReadHeader(repair(p.data))
			m.ReturnedHeaders = bytes.TrimSpace(p.data[:len(p.data)-len(body)])
		}
		return // what is inside was written by somebody else
	}
	for _, c := range p.children {
		m.readReport(c)
	}
}

func keepFirst(to *[]byte, data []byte) {
	if *to == nil {
		*to = data
	}
}
