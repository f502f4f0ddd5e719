package message

import (
	"regexp"
	"strings"
)

var (
	forwardSubject = regexp.MustCompile(`(?i)^\s*(?:\[[^\]]*\]\s*)?(?:fwd?|wg|tr|rv|enc|i|doorst|vs|vb|vl|pd|ilt|转发|轉寄)\s*[:：]|^\s*\[fwd:`)
	labelEnd       = regexp.MustCompile(`[:：]\*?\s*`)
)

// original finds who wrote the mail that was forwarded here: the sender of an attached mail, else
// the From line of a forwarded block. It is the forwarder's word, not a proof. A report returns our
// own mail and has no original.
func original(m *Message, attached []*part) Address {
	if m.Type == "multipart/report" {
		return Address{}
	}
	for _, p := range attached {
		if len(p.children) == 0 || p.inReport {
			continue
		}
		if from := p.children[0].header.addressList("From"); len(from) > 0 {
			return from[0]
		}
	}
	lines := strings.SplitN(m.Text[:min(len(m.Text), maxNewText)], "\n", maxNewLines)
	forwarded := forwardSubject.MatchString(m.Subject)
	for i, line := range lines {
		if len(line) < 200 && forwardRule.MatchString(line) {
			forwarded = true
		}
		if forwarded && headerBlock(lines[i:]) > 0 {
			return fromLine(lines[i:])
		}
	}
	return Address{}
}

// fromLine reads the From line of a forwarded block; a long one may be wrapped onto the next line.
func fromLine(lines []string) Address {
	for i, line := range lines[:min(len(lines), 8)] {
		if !fromLabel.MatchString(line) {
			continue
		}
		if i+1 < len(lines) && !strings.Contains(line, "@") && strings.Contains(lines[i+1], "@") && !otherLabel.MatchString(lines[i+1]) {
			line += " " + lines[i+1]
		}
		at := labelEnd.FindStringIndex(line)
		value := strings.Trim(strings.NewReplacer("[mailto:", "<", "]", ">", "*", "").Replace(line[at[1]:]), " \t")
		if list := parseAddresses(value, ""); len(list) > 0 {
			return list[0]
		}
	}
	return Address{}
}
