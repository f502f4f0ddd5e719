package report

import (
	"regexp"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// wordReports finds who did not get the mail in a notice in words, from the surest sign to the
// weakest: the field that names them, lines that begin with an address, labelled addresses,
// addresses in a sentence about failure, any address of a recipient of the returned mail.
func (f *Finding) wordReports(m message.Message, notice string) []Report {
	lines := strings.Split(notice, "\n")
	exclude := map[string]bool{strings.ToLower(m.From.Address): true}
	named := failedRecipients(m.Header)
	if len(named) == 0 {
		named = f.plausible(leadingAddresses(lines), exclude, false)
	}
	ours := map[string]bool{strings.ToLower(m.From.Address): true}
	for _, to := range m.To {
		ours[strings.ToLower(to.Address)] = true
	}
	for _, find := range []func([]string) []found{labelledAddresses, sessionAddresses, sentenceAddresses} {
		if len(named) == 0 {
			named = f.plausible(find(lines), ours, true)
		}
	}
	if len(named) == 0 {
		named = f.fallback(lines, ours)
	}
	var reports []Report
	for i, at := range named {
		r := Report{Recipient: at.address, Action: ActionFailed, Text: oneLine(wordsFor(lines, named, i))}
		r.Status = statusIn(r.Text)
		r.judge()
		if r.Reason == ReasonOther && len(named) == 1 {
			r.judgeBy(oneLine(strings.Join(lines, " ")))
		}
		reports = merge(reports, r)
	}
	return reports
}

// found is an address and the line that it stands on; -1 when it stands in a header field.
type found struct {
	address string
	line    int
}

// failedRecipients reads the field that Exim and Gmail set.
func failedRecipients(h message.Header) []found {
	var out []found
	for _, value := range h.Values("X-Failed-Recipients") {
		for _, a := range strings.Split(value, ",") {
			if a = trimAddress(a); strings.Contains(a, "@") {
				out = append(out, found{a, -1})
			}
		}
	}
	return out
}

// leadingAddress is a line that begins with an address which something is then said about, as qmail,
// Exim, Postfix, Sendmail and Exchange write it.
var leadingAddress = regexp.MustCompile(`^[\s|*\-]*(?:\d{3} )?(?:to: ?)?(?:<([^<>\s]+@[^<>\s]+)>|"?([^<>\s"'():,;\[\]]+@[^<>\s"'():,;\[\]]+)"?)(?:\s*$|\s*[:;(\[,]|\s*\.\.\.|\s+on\b|\s+-|\s+[A-Za-z0-9#/])`)

func leadingAddresses(lines []string) []found {
	var out []found
	for i, line := range lines {
		m := leadingAddress.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if a := trimAddress(first(m[1], m[2])); address.MatchString(a) {
			out = append(out, found{a, i})
		}
	}
	return out
}

var label = regexp.MustCompile(`(?i)(?:(?:undeliverable|(?:deliver|send) (?:it |your (?:mail|message) |the message )?|could not be delivered|delivering (?:your mail|the message)) to\s+|(?:^|[\s*(|])(?:(?:recipients?(?:'s)?(?: address(?:es)?| name)?|failed (?:recipient|address\w*)|intended recipient|addressee|invalid final delivery userid|undeliverable to|delivery (?:failed )?to|user(?: mailbox exceeds allowed size)?|unknown user|mailbox|e-?mail(?: address)?|address|destinat\w+|empfänger|not delivered to|unable to deliver to|failed to deliver to|sent to|rcpt to|to)\s*(?:\(s\))?\s*[:=]|(?:宛先|送信先|メールアドレス)\s*[:：])\s*)[<"'(]*([^\s<>"'(),;]+@[^\s<>"'(),;]+)`)

// dialogue is a line of an SMTP session.
var dialogue = regexp.MustCompile(`^\s*(?:>>>|<<<)`)

func labelledAddresses(lines []string) []found {
	var out []found
	for i, line := range lines {
		if dialogue.MatchString(line) {
			continue
		}
		if m := label.FindStringSubmatch(line); m != nil {
			out = append(out, found{trimAddress(m[1]), i})
		}
	}
	return out
}

// session is a line of an SMTP dialogue that is about a recipient.
var session = regexp.MustCompile(`(?i)(?:rcpt to:\s*<?|\b[45]\d\d[ -](?:[45]\.\d+\.\d+ )?.{0,60}<)([^\s<>]+@[^\s<>:;,]+)`)

func sessionAddresses(lines []string) []found {
	var out []found
	for i, line := range lines {
		if m := session.FindStringSubmatch(line); m != nil && !strings.Contains(strings.ToLower(line), "mail from") {
			out = append(out, found{trimAddress(m[1]), i})
		}
	}
	return out
}

// sentenceAddresses takes the addresses of sentences that speak of failure.
func sentenceAddresses(lines []string) []found {
	var out []found
	for i, line := range lines {
		if !strings.Contains(line, "@") {
			continue
		}
		near := line
		if i > 0 {
			near = lines[i-1] + " " + line
		}
		if i+1 < len(lines) {
			near += " " + lines[i+1]
		}
		near = near[:min(len(near), 2000)]
		if !bounceText.MatchString(near) && reasonInWords(near) == "" {
			continue
		}
		for _, a := range address.FindAllString(line, 20) {
			out = append(out, found{trimAddress(a), i})
		}
		if len(out) >= maxReports {
			break
		}
	}
	return out
}

// plausible drops machines, doubles and the addresses to exclude. With narrow set, and where the returned
// mail names its recipients, those among them win over the rest.
func (f *Finding) plausible(list []found, exclude map[string]bool, narrow bool) []found {
	var out, known []found
	seen := map[string]bool{}
	for _, at := range list {
		key := strings.ToLower(at.address)
		if seen[key] || exclude[key] || isMachine(at.address) || !strings.Contains(at.address, "@") || len(out) >= maxReports {
			continue
		}
		seen[key] = true
		out = append(out, at)
		if containsFold(f.ReturnedTo, at.address) {
			known = append(known, at)
		}
	}
	if narrow && len(known) > 0 {
		return known
	}
	return out
}

func containsFold(list []string, s string) bool {
	for _, have := range list {
		if strings.EqualFold(have, s) {
			return true
		}
	}
	return false
}

// fallback names the recipient of a returned mail that had only one, else any address of the notice
// that is not the sender's own.
func (f *Finding) fallback(lines []string, exclude map[string]bool) []found {
	if len(f.ReturnedTo) == 1 {
		return []found{{f.ReturnedTo[0], -1}}
	}
	var all []found
	for i, line := range lines {
		for _, a := range address.FindAllString(line, 20) {
			all = append(all, found{trimAddress(a), i})
		}
	}
	return f.plausible(all, exclude, true)
}

// wordsFor gives what the notice says about one recipient: the lines from its own to the next one's.
func wordsFor(lines []string, named []found, i int) string {
	at := named[i].line
	if at < 0 {
		at = lineOf(lines, named[i].address)
	}
	if at < 0 {
		return strings.Join(lines, " ")
	}
	end := len(lines)
	for _, other := range named {
		if other.line > at && other.line < end {
			end = other.line
		}
	}
	if len(named) > 1 {
		end = min(end, at+15)
	}
	return strings.Join(lines[at:end], " ")
}

// lineOf finds the first line that holds an address, or -1.
func lineOf(lines []string, address string) int {
	for i, line := range lines {
		if strings.Contains(strings.ToLower(line), strings.ToLower(address)) {
			return i
		}
	}
	return -1
}
