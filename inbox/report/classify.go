package report

import (
	"regexp"
	"strings"
)

var (
	enhanced = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	reply    = regexp.MustCompile(`(?:^|[\s:;(<"'-])([245]\d\d)(?:[ -]|$)`)
	ipv4     = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
)

// statusIn finds the enhanced status in a server's words; addresses of machines are no status.
func statusIn(text string) string {
	return enhanced.FindString(ipv4.ReplaceAllString(text, " "))
}

// replyIn finds the SMTP reply code in a server's words, or "".
func replyIn(text string) string {
	if m := reply.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// judge sets reason and class from the action, the server's words and the status, in this order of
// trust: words name the cause more often rightly than the status, which many servers set to 5.0.0
// or 5.7.1 whatever happened.
func (r *Report) judge() {
	switch r.Action {
	case ActionDelivered, ActionRelayed:
		r.Class, r.Reason = ClassNone, ReasonOther
		return
	case ActionComplaint:
		r.Class, r.Reason = ClassNone, ReasonComplaint
		return
	}
	r.judgeBy(r.Text)
}

// judgeBy sets reason and class of a failure from these words and the status. Words that say only
// that the other side refused give way to a status that says why.
func (r *Report) judgeBy(text string) {
	r.Reason = reasonInWords(text)
	if weak := r.Reason == "" || r.Reason == ReasonRefused || r.Reason == ReasonPolicy; weak {
		if of := reasonOfStatus(r.Status, replyIn(text)); r.Reason == "" || isHard(of) {
			r.Reason = of
		}
	}
	if r.Text == "" || r.Text == r.Status {
		r.Text = text
	}
	r.Class = ClassSoft
	if r.Action == ActionDelayed {
		r.Class = ClassNone
	} else if isHard(r.Reason) && !r.temporary() {
		r.Class = ClassHard
	}
}

// isHard says whether a reason is about an address that will not work another time.
func isHard(reason string) bool {
	switch reason {
	case ReasonUnknownUser, ReasonUnknownHost, ReasonBadAddress, ReasonMoved:
		return true
	}
	return false
}

// temporary says whether the server itself calls the failure a passing one. An unknown domain that
// was retried until the end is not taken for one.
func (r *Report) temporary() bool {
	if r.Status != "" {
		return strings.HasPrefix(r.Status, "4.") && r.Reason != ReasonUnknownHost
	}
	if strings.Contains(strings.ToLower(r.Text), "not found, try again") {
		return true
	}
	return strings.HasPrefix(replyIn(r.Text), "4") && r.Reason != ReasonUnknownHost
}

// reasonOfStatus reads an enhanced status code (RFC 3463), or else the plain reply code.
func reasonOfStatus(status, code string) string {
	if status == "" {
		switch code {
		case "550", "551", "553":
			return ReasonOther
		case "552", "452":
			return ReasonFull
		}
		return ReasonOther
	}
	_, detail, _ := strings.Cut(status, ".")
	switch detail {
	case "1.1", "1.4", "1.0":
		return ReasonUnknownUser
	case "1.2", "4.4", "1.10":
		return ReasonUnknownHost
	case "1.3", "1.5":
		return ReasonBadAddress
	case "1.6":
		return ReasonMoved
	case "1.7", "1.8":
		return ReasonBlocked
	case "2.1":
		return ReasonDisabled
	case "2.2":
		return ReasonFull
	case "2.3", "3.4":
		return ReasonSize
	case "4.6":
		return ReasonLoop
	case "4.7":
		return ReasonExpired
	}
	switch detail[0] {
	case '2':
		return ReasonRefused
	case '3':
		return ReasonSystem
	case '4':
		return ReasonNetwork
	case '6':
		return ReasonContent
	case '7':
		return ReasonPolicy
	}
	return ReasonOther
}
