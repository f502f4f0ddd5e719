package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// judgeMIME asks of a mail what its row says is worth scoring: the project's own label, or what
// three of four parsers agree on.
func judgeMIME(r row, raw []byte) []verdict {
	if r.Kind != "eml" {
		return nil
	}
	m := message.Parse(raw)
	want := r.Expected
	out := []verdict{{"parsed", !m.Unreadable}}
	if worth(r, "subject") && want.Subject != nil {
		out = append(out, verdict{"subject", fold(m.Subject) == fold(*want.Subject)})
	}
	if worth(r, "from") && want.From != nil {
		out = append(out, verdict{"from", sameFrom(m.From.Address, want.From)})
	}
	if worth(r, "text") && want.Text != nil {
		out = append(out, verdict{"text", sameWords(m.Text, *want.Text)})
	}
	if worth(r, "attachments") && want.Attachments != nil {
		out = append(out, verdict{"attachments", sameNames(named(m.Attachments), want.Attachments)})
	}
	if len(want.Leaves) > 0 {
		have := map[string]bool{}
		for _, l := range m.Leaves {
			for _, sum := range sums(l.Data) {
				have[sum] = true
			}
		}
		for _, l := range want.Leaves {
			out = append(out, verdict{"leaves", have[l.SHA1]})
		}
	}
	return out
}

func worth(r row, field string) bool {
	switch r.Score[field] {
	case "explicit", "explicit+consensus", "consensus":
		return true
	}
	return false
}

func sameFrom(got string, want []string) bool {
	if len(want) == 0 {
		return got == ""
	}
	return strings.EqualFold(got, want[0])
}

func named(list []message.Attachment) []string {
	var out []string
	for _, a := range list {
		if a.Name != "" {
			out = append(out, a.Name)
		}
	}
	return out
}

// sums are the hashes of a leaf as it is and with its line ends written either way.
func sums(data []byte) []string {
	unix := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	var out []string
	for _, b := range [][]byte{data, unix, bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))} {
		sum := sha1.Sum(b)
		out = append(out, hex.EncodeToString(sum[:]))
	}
	return out
}
