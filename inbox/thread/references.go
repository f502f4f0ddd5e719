package thread

import (
	"github.com/olomotimes/tipsheet/inbox/message"
)

// MaxReferences is how many identifiers References keeps of a mail.
const MaxReferences = 50

// References gives the identifiers that a mail says it answers (RFC 5322, section 3.6.4), with angle brackets,
// oldest first, each once, In-Reply-To at the end. Of a longer list the first and the 49 last are
// kept: the root names the conversation and the last ones are the nearest.
func References(m message.Message) []string {
	all := m.References
	if m.InReplyTo != "" {
		all = append(all[:len(all):len(all)], m.InReplyTo)
	}
	seen := make(map[string]bool, len(all))
	var out []string
	for i := len(all) - 1; i >= 0; i-- { // of a doubled identifier the last place counts
		if id := all[i]; id != m.MessageID && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	reverse(out)
	if len(out) > MaxReferences {
		out = append(out[:1:1], out[len(out)-MaxReferences+1:]...)
	}
	return out
}

func reverse(list []string) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}
