package report

import (
	"regexp"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// readDeliveryStatus reads a message/delivery-status part (RFC 3464): groups of fields, the first
// about the message, each further one about a recipient. A report that only says that the mail was
// delivered or read is a bounce too, by its action.
func (f *Finding) readDeliveryStatus(m message.Message) bool {
	if len(m.DeliveryStatus) == 0 || isEnclosed(m) {
		return false
	}
	reports := statusReports(string(m.DeliveryStatus[:min(len(m.DeliveryStatus), maxNotice)]))
	if len(reports) == 0 {
		return false
	}
	f.nameMissing(m, reports)
	notice, _ := cutReturned(noticeText(m))
	lines := strings.Split(notice, "\n")
	for i := range reports {
		if r := &reports[i]; r.Action == ActionFailed && (r.Reason == ReasonOther || r.Text == "") {
			if at := lineOf(lines, r.Recipient); at >= 0 {
				r.judgeBy(oneLine(strings.Join(lines[at:], " ")))
			}
		}
	}
	f.Kind, f.Reports = KindBounce, reports
	return true
}

// isEnclosed says whether a person sent the status along as a file: nothing but that part looks like a report.
func isEnclosed(m message.Message) bool {
	notice := noticeText(m)
	return m.Type == "multipart/mixed" && m.AutoSubmitted == "" && !isMachine(m.From.Address) && !senderName.MatchString(m.From.Name) && !m.From.IsZero() && !isNull(m.Header) &&
		!bounceSubject.MatchString(m.Subject) && !bounceText.MatchString(notice[:min(len(notice), 6000)])
}

// nameMissing finds the recipient of a report that names none: the notice above it, or the returned
// mail, may.
func (f *Finding) nameMissing(m message.Message, reports []Report) {
	if len(reports) != 1 || strings.Contains(reports[0].Recipient, "@") {
		return
	}
	notice, _ := cutReturned(noticeText(m))
	if found := f.wordReports(m, notice); len(found) == 1 {
		reports[0].Recipient = found[0].Recipient
	}
}

// group is one recipient's fields.
type group map[string]string

var blankLine = regexp.MustCompile(`\n[ \t]*\n`)

var statusField = regexp.MustCompile(`^\s*>?\s*([A-Za-z][A-Za-z0-9-]{2,40}):[ \t]*(.*)$`)

// statusGroups cuts delivery status fields into groups, leniently: a new group begins at a blank line
// or where a recipient is named again.
func statusGroups(text string) []group {
	var groups []group
	current, last := group{}, ""
	flush := func() {
		if len(current) > 0 {
			groups = append(groups, current)
		}
		current, last = group{}, ""
	}
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			last = ""
			continue
		}
		if m := statusField.FindStringSubmatch(line); m != nil && (line[0] != ' ' && line[0] != '\t' || last == "") {
			name := strings.ToLower(m[1])
			if _, again := current[name]; again && (name == "final-recipient" || name == "original-recipient" || name == "action") {
				flush()
			}
			if _, again := current[name]; !again {
				current[name] = strings.TrimSpace(m[2])
				last = name
			}
			continue
		}
		if last != "" && len(current[last]) < 2000 {
			current[last] = strings.TrimSpace(current[last] + " " + strings.TrimSpace(line))
		}
	}
	flush()
	return groups
}

// statusReports turns groups into reports. Groups without a recipient give none.
func statusReports(text string) []Report {
	var reports []Report
	for _, block := range blocks(text) {
		for _, g := range statusGroups(block) {
			recipient := recipientOf(g)
			if recipient == "" && g["action"] == "" {
				continue
			}
			reports = merge(reports, reportOf(g, recipient))
		}
	}
	return reports
}

// blocks cuts at blank lines, but keeps a block that names no recipient with the one before it when
// that has no action yet.
func blocks(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var out []string
	for _, block := range blankLine.Split(text, -1) {
		lower := strings.ToLower(block)
		if n := len(out); n > 0 && !strings.Contains(lower, "-recipient:") && strings.Contains(strings.ToLower(out[n-1]), "-recipient:") {
			out[n-1] += "\n" + block
			continue
		}
		out = append(out, block)
	}
	return out
}

// recipientOf prefers the recipient as the reporting server knew it; where that is no address, the
// original one.
func recipientOf(g group) string {
	local := "" // an address inside the other side's network, when nothing better is named
	for _, name := range []string{"final-recipient", "original-recipient", "x-actual-recipient", "final-rcpt-to", "original-rcpt-to"} {
		value := g[name]
		if _, after, ok := strings.Cut(value, ";"); ok {
			value = after
		}
		a := trimAddress(value)
		if !strings.Contains(a, "@") || strings.ContainsAny(a, " \t") {
			a = firstAddress(value)
		}
		if at := strings.LastIndexByte(a, '@'); at > 0 && strings.Contains(a[at:], ".") {
			return a
		} else if at > 0 && local == "" {
			local = a
		}
	}
	return local
}

func reportOf(g group, recipient string) Report {
	r := Report{Recipient: recipient, Action: actionOf(g), Text: oneLine(g["diagnostic-code"])}
	if original := recipientOf(group{"original-recipient": g["original-recipient"]}); !strings.EqualFold(original, recipient) {
		r.Original = original
	}
	status := enhanced.FindString(g["status"])
	r.Status = status
	if better := statusIn(r.Text); better != "" && (status == "" || strings.HasSuffix(status, ".0.0") && better[0] == status[0]) {
		r.Status = better
	}
	if r.Text == "" {
		r.Text = oneLine(g["status"])
	}
	r.judge()
	return r
}

func actionOf(g group) string {
	word := strings.ToLower(strings.Trim(g["action"], " \t;."))
	if cut := strings.IndexAny(word, " ;("); cut > 0 {
		word = word[:cut]
	}
	switch word {
	case ActionDelayed, "delay":
		return ActionDelayed
	case ActionDelivered, ActionRelayed:
		return word
	case "expanded":
		return ActionDelivered
	}
	return ActionFailed
}

// merge adds a report; a second one about the same recipient fills what the first left open.
func merge(reports []Report, r Report) []Report {
	for i, have := range reports {
		if strings.EqualFold(have.Recipient, r.Recipient) {
			if have.Class != ClassHard && r.Class == ClassHard || have.Status == "" && r.Status != "" {
				reports[i] = r
			}
			return reports
		}
	}
	if len(reports) >= maxReports {
		return reports
	}
	return append(reports, r)
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if r := []rune(s); len(r) > 1000 {
		return string(r[:1000])
	}
	return s
}
