package inbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

// forwarderLine is how many characters a person writes above a mail that is only passed on.
const forwarderLine = 200

// sort says what a message is, and why. It cannot fail.
func (in *Inbox) sort(r reading) data.Sorting {
	switch r.finding.Kind {
	case report.KindUnreadable:
		return data.Sorting{Category: sorter.Other, Unsure: true, By: "rule", Why: []string{"could not be read"}}
	case report.KindUnsubscribe:
		return data.Sorting{Category: sorter.Other, Confidence: 1, By: "rule", Why: []string{"asks to unsubscribe"}}
	}
	v, ok := in.verdict(r)
	if !ok || !slices.Contains(data.Categories[:], v.Category) {
		return data.Sorting{Category: sorter.Other, Unsure: true, By: "sorter", Why: []string{"could not be sorted"}}
	}
	s := data.Sorting{Category: v.Category, Confidence: v.Confidence, Unsure: v.Unsure, Scores: v.Scores, Why: v.Why, By: "sorter"}
	if v.Also != nil {
		switch *v.Also {
		case sorter.Gossip, sorter.Tip, sorter.Advert:
			s.Also = *v.Also
		}
	}
	return s
}

// verdict asks the sorter. A sorter that panics over one message must not keep the others from the desk.
func (in *Inbox) verdict(r reading) (v sorter.Verdict, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			in.Log.Error("the sorter gave up on a message", "panic", fmt.Sprintf("%T", p))
			ok = false
		}
	}()
	return in.Model.Sort(r.sortText()), true
}

// sortText is what the sorter reads of a message.
func (r reading) sortText() sorter.Text { return SortText(r.Message) }

// SortText is what the sorter reads of a message: what this person wrote, or all of it where that is nothing or a
// line above a mail that is passed on.
func SortText(m message.Message) sorter.Text {
	t := sorter.Text{From: m.From.Address, Subject: m.Subject, Body: m.NewText}
	if m.From.Name != "" {
		t.From = m.From.Name + " <" + m.From.Address + ">"
	}
	if words := strings.TrimSpace(m.NewText); words == "" || !m.Original.IsZero() && len([]rune(words)) < forwarderLine {
		t.Body = m.Text
	}
	for _, a := range m.Attachments {
		t.Attachments = append(t.Attachments, a.Name)
	}
	return t
}
