package report

import (
	"regexp"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// readNotice reads a bounce in words. Two signs of three make one: a machine for its sender, a
// subject and a text that bounces have; and it must name somebody, or return a mail.
func (f *Finding) readNotice(m message.Message) bool {
	text := noticeText(m)
	notice, returned := cutReturned(text)
	if !looksLikeBounce(m, notice, returned) {
		return false
	}
	if returned != "" && f.MessageID == "" {
		h := message.Parse([]byte(returned))
		f.MessageID, f.ReturnedTo = h.MessageID, addressesOf(h)
	}
	delayed := isDelay(m.Subject, notice)
	reports := statusReports(onlyStatus(notice))
	if len(reports) == 0 && strings.Contains(text, "-Recipient:") {
		reports = statusReports(onlyStatus(text))
	}
	if len(reports) == 0 {
		reports = f.wordReports(m, notice)
	}
	if delayed {
		for i := range reports {
			reports[i].Action = ActionDelayed
			reports[i].judge()
		}
	}
	f.Kind, f.Reports = KindBounce, reports
	return true
}

// noticeText is what the machine wrote: the text, or where a part is damaged whatever text there is.
func noticeText(m message.Message) string {
	text := m.Text
	if strings.TrimSpace(text) == "" {
		for _, l := range m.Leaves {
			if strings.HasPrefix(l.Type, "text/") {
				text = strings.ToValidUTF8(string(l.Data[:min(len(l.Data), maxNotice)]), "\uFFFD")
				break
			}
		}
	}
	if len(text) > maxNotice {
		text = strings.ToValidUTF8(text[:maxNotice], "")
	}
	return strings.ReplaceAll(text, "\r", "")
}

var (
	bounceSubject = regexp.MustCompile(`(?i)undeliver|non[- ]?deliver|returned (?:mail|e-?mail|message|to sender)|return(?:ing|ed) (?:message )?to sender|deliver(?:y|ing)? (?:status|fail|problem|error|has failed|of your|report|subsystem|notification|delayed|warning|unsuccessful|incomplete)|(?:mail|message|e-?mail) (?:delivery|system|transmission|status|status report|could not|not delivered|not sent|undeliver|error|failure|delivered|is delayed|bounced?|rejected|returned)|failure (?:notice|delivery|notification|de livraison)|failed (?:mail|delivery|to deliver|message)|delivery (?:has )?fail|mail fail|could ?n[o']t (?:be )?(?:send|deliver)|cannot send|unable to deliver|not deliver|user unknown|unknown user|\bbounced? (?:mail|message)?|permanent error|warning: (?:could|message|mail)|nondeliverable|unzustellbar|nicht zustellbar|nachricht nicht|retour|échec|non remis|no se (?:pudo|puede) entregar|devuelt|devolvid|mancat[oa] (?:recapito|consegna)|недоставлен|不達|配信|送信エラー|送達|エラーメール|宛先|退信|投递|delivery error|error (?:sending|delivering)|rejected (?:mail|message|by)|fallo|\bproblem delivering|\bundelivered|mailsystem error|mail system error|\bndr\b|considered unsolicited|message you sent`)
	bounceText    = regexp.MustCompile(`(?i)(?:could ?n[o']t|cannot|can ?not|can't|was ?n[o']t|not|unable to|did ?n[o']t|has ?n[o']t|failed to|impossible to|wasn't able to) (?:be )?(?:successfully )?(?:deliver|reach|sent|send|relay|accept|process|forward)|undeliver|non[- ]?deliver|deliver\w* (?:to .{1,100} )?(?:has |have |had )?(?:fail|unsuccess|error|problem|delay|not)|(?:fail|error|problem)\w* (?:\w+ ){0,4}deliver|returned (?:to sender|mail|message|your|unread|below|because)|being returned|permanent(?: fatal)? (?:error|failure)|fatal error|user unknown|unknown user|no such user|recipient(?:s|\(s\))? (?:was|were|address|reject|unknown|did|has)|mailbox (?:is )?(?:full|unavailable|not found|unknown)|over ?quota|transcript of session|following (?:address|recipient|destination)|diagnostic|\b5\d\d[ -]\d\.\d\.\d|\b[45]\.\d\.\d{1,2}\b|\b55\d [<\w]|rejected|bounced|not (?:be )?delivered|(?:message|mail) (?:that )?you sent|remote host said|smtp error|final[- ]recipient|could not find|unzustell|konnte nicht|nicht zugestellt|nicht gefunden|n'a pas (?:pu|été)|no (?:se )?(?:pudo|ha podido|puede)|não (?:pôde|foi)|non (?:è stato|può|ha potuto)|не (?:может|удалось|был)|送信できません|届けることができません|配信|送信に失敗|エラー|無法|无法|被退`)
	senderName    = regexp.MustCompile(`(?i)mail(?:er)?[- ]?(?:delivery|daemon|system|administrator|admin)|delivery (?:sub)?system|postmaster|system administrator|mail ?server|mail delivery|microsoft exchange|bounce`)
)

// looksLikeBounce weighs the signs. A sender that is no machine needs the form of a report: people write
// about mail that did not arrive, and attach it.
func looksLikeBounce(m message.Message, notice, returned string) bool {
	h := m.Header
	head := m.Subject + "\n" + notice[:min(len(notice), 6000)]
	if h.Has("X-Failed-Recipients") {
		return true
	}
	if m.ReportType == "delivery-status" && bounceText.MatchString(head) {
		return true
	}
	if m.ReportType == "disposition-notification" || isVacation(m) {
		return false
	}
	sender := isMachine(m.From.Address) || senderName.MatchString(m.From.Name) || senderName.MatchString(localPart(m.From.Address)) || isNull(h) || m.From.IsZero() && h.Get("Return-Path") == ""
	subject := bounceSubject.MatchString(m.Subject)
	text := bounceText.MatchString(notice[:min(len(notice), 6000)])
	back := returned != "" || len(m.Returned) > 0
	switch {
	case sender && subject && (text || back):
		return true
	case sender && text && (back || statusIn(head) != "" || address.MatchString(notice)) && !isChallenge(m, notice):
		return !personal(m)
	case subject && text && back && m.Type == "multipart/report":
		return true
	}
	return false
}

// personal says whether the mail stands in a conversation between people: it answers something or
// came over a list.
func personal(m message.Message) bool {
	subject := strings.ToLower(m.Subject)
	return isList(m) && !isMachine(m.From.Address) || strings.HasPrefix(subject, "re:") && !isMachine(m.From.Address) || strings.HasPrefix(subject, "fw") || strings.HasPrefix(subject, "[")
}

// isVacation says whether the mail calls itself an absence note, which may quote any words.
func isVacation(m message.Message) bool {
	return autoSubject.MatchString(m.Subject) || m.Header.Has("X-Autoreply") || m.Header.Has("X-Autorespond") || m.AutoSubmitted == "vacation"
}

var (
	delayWords = regexp.MustCompile(`(?i)\bdelay(?:ed)?\b|warning(?: message only|: (?:could|message)|.{0,20}still)|(?:not yet|has not|have not|hasn't) (?:been )?(?:yet )?(?:be )?deliver|(?:do not|don't|no need to|need not) (?:have to )?(?:need to )?re-?send|still (?:trying|being|queued|in the)|will (?:continue|keep|be retried|try again|retry|go on)|delivery attempts will continue|could not send message for past|no action is required|temporär|verzögert|retard|en attente`)
	gaveUp     = regexp.MustCompile(`(?i)giv(?:en|ing) up|permanent (?:error|fail)|not going to try`)
	finalWords = regexp.MustCompile(`(?i)permanent|giv(?:e|en|ing) up|gave up|fatal|undeliverable|could not be delivered to|not going to try|expired|has failed|was not delivered|retry time(?:out| limit)? exceeded|final|failed after|user unknown|unknown user|too long`)
)

// isDelay says whether the machine only says that it is still trying.
func isDelay(subject, notice string) bool {
	head := notice[:min(len(notice), 3000)]
	if strings.Contains(strings.ToLower(subject), "delay") || strings.HasPrefix(strings.ToLower(subject), "warning") {
		return !gaveUp.MatchString(head)
	}
	return delayWords.MatchString(head) && !finalWords.MatchString(head+subject)
}

var (
	returnedMark = regexp.MustCompile(`(?i)^[\s\-_=*|#>+]*(?:below this line|(?:the |your )?(?:original|returned|unsent|rejected|undelivered) (?:message|mail|e-?mail)(?: text| headers?| info\w*| body| content)?(?: follows| is (?:below|attached|included|as follows))?|this is a copy of (?:the|your) (?:original )?(?:message|mail)|message (?:text|headers?|contents?|source)(?: follows?)?|(?:a )?copy of (?:the |your )?(?:original )?(?:message|mail)|headers? (?:of|from) (?:the |your )?(?:original |returned )?(?:message|mail)|(?:the )?(?:header|headers|first \d+ \w+|beginning|start) (?:of|from) (?:the|your) (?:original )?(?:message|mail)|(?:here is|included (?:is|below)|attached is|what follows is|following is|the following is) .{0,40}(?:message|mail|header)s?|(?:ursprüngliche|original)e? ?nachricht|mensaje original|mensagem original|message d'origine|start of (?:returned|forwarded) message)[\s.:\-_=*|#<+]*(?:follows?)?[\s.:\-_=*|#<+]*$`)
	ownWords     = regexp.MustCompile(`(?i)was received at|recipient|could not|failed|undeliver`)
)

// cutReturned parts the machine's own words from the mail that it returned below them.
func cutReturned(text string) (notice, returned string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		marked := len(line) < 120 && i > 0 && returnedMark.MatchString(line)
		if marked && !mentionsFailure(lines[i+1:]) || startsHeader(lines[i:]) && i > 0 {
			from := i
			if marked {
				from = i + 1
			}
			return strings.Join(lines[:i], "\n"), strings.TrimLeft(strings.Join(lines[from:], "\n"), "\n \t")
		}
	}
	return text, ""
}

// mentionsFailure says whether an "original message" mark is followed by the machine's own words
// instead of a mail.
func mentionsFailure(lines []string) bool {
	for _, line := range lines[:min(len(lines), 6)] {
		if strings.TrimSpace(line) != "" {
			return mailField(line) == "" && ownWords.MatchString(line)
		}
	}
	return false
}

// innerFields are fields that a summary for people does not show.
var innerFields = map[string]bool{"received": true, "mime-version": true, "return-path": true, "content-type": true, "message-id": true}

// mailFields are the other fields by which the header of a mail is known.
var mailFields = map[string]bool{
	"from": true, "to": true, "subject": true, "date": true, "cc": true, "sender": true, "reply-to": true, "delivered-to": true,
	"content-transfer-encoding": true, "dkim-signature": true, "user-agent": true, "envelope-to": true, "delivery-date": true,
}

// mailField gives the name of the header field that a line begins, perhaps quoted, or "".
func mailField(line string) string {
	line = strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ")
	colon := strings.IndexByte(line, ':')
	if colon <= 0 || colon > 40 {
		return ""
	}
	name := strings.ToLower(line[:colon])
	if innerFields[name] || mailFields[name] || strings.HasPrefix(name, "x-") && !strings.Contains(name, " ") {
		return name
	}
	return ""
}

// startsHeader says whether a mail header begins here: four different fields in a row, or three at its
// end, one of them of the kind that a summary does not show.
func startsHeader(lines []string) bool {
	if mailField(lines[0]) == "" {
		return false
	}
	names := map[string]bool{}
	inner := false
	for _, line := range lines[:min(len(lines), 30)] {
		if name := mailField(line); name != "" {
			names[name] = true
			inner = inner || innerFields[name]
			if len(names) >= 4 && inner {
				return true
			}
			continue
		}
		if line = strings.TrimPrefix(line, ">"); !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			break
		}
	}
	return len(names) >= 3 && inner
}

var statusBlock = regexp.MustCompile(`(?i)^\s*(?:final-recipient|original-recipient|action|status|diagnostic-code|remote-mta|last-attempt-date|x-actual-recipient)\s*:`)

// onlyStatus keeps the lines that look like delivery status fields, and what continues them, for the
// servers that print them into the text.
func onlyStatus(text string) string {
	if !strings.Contains(strings.ToLower(text), "-recipient") {
		return ""
	}
	var out []string
	keep := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case statusBlock.MatchString(line):
			keep = true
			line = strings.TrimLeft(line, " \t")
		case strings.TrimSpace(line) == "":
			keep = false
		case keep && (line[0] == ' ' || line[0] == '\t'):
		default:
			keep = false
		}
		if keep {
			out = append(out, line)
		} else if len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, "")
		}
	}
	return strings.Join(out, "\n")
}
