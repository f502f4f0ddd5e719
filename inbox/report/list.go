package report

import (
	"regexp"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// isList knows mail that went to many: mailing lists (RFC 2919, RFC 2369) and newsletters.
func isList(m message.Message) bool {
	h := m.Header
	for _, name := range []string{"List-Id", "List-Unsubscribe", "List-Post", "List-Help", "X-Mailing-List", "X-Loop-List", "Mailing-List", "X-BeenThere", "X-Mailman-Version", "List-Archive", "List-Subscribe"} {
		if h.Has(name) {
			return true
		}
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "list", "bulk":
		return true
	}
	return false
}

// leave is a text that wishes to leave and says nothing else.
var leave = regexp.MustCompile(`(?i)^\W*(?:please |kindly |pls |bitte |s'il vous plaît )?(?:unsubscribe|un-subscribe|unsubscribe me|remove me|opt[- ]?out|désabonne[rz]?(?:-moi)?|désinscrire|abmelden|abbestellen|darse de baja|cancelar suscripción|descadastrar|cancelar inscrição|stop)(?: me)?(?: (?:from|of) (?:this|the|your|all)(?: mailing)?(?: list| newsletter| lists| emails?| e-?mails?)?)?(?:,? (?:please|thanks|thank you|pls))*\W*$`)

// isUnsubscribe knows a mail whose whole subject is the wish to leave, over no or a short text that asks
// nothing, or whose whole text is. A person who says more than that is read by an editor.
func isUnsubscribe(m message.Message) bool {
	if len(m.Attachments) > 0 || isList(m) {
		return false
	}
	text := strings.TrimSpace(m.NewText)
	if len(text) > 200 {
		return false
	}
	subject := leave.MatchString(m.Subject)
	if subject && strings.Contains(strings.ToLower(oneLine(text)), "sent this email to unsubscribe") { // Apple Mail's button
		return true
	}
	body := leave.MatchString(oneLine(text))
	if isStop(m.Subject) && text != "" && !body {
		return false // "Stop", and then what is to be stopped
	}
	return subject && (text == "" || body || !strings.Contains(text, "?")) || body && !isStop(text)
}

// isStop is the word that alone, without a subject that says so, may mean anything.
func isStop(text string) bool { return strings.EqualFold(strings.Trim(text, " .!\n"), "stop") }
