package demo

import (
	"testing"

	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

func TestTheSorterAgreesOnEveryMessage(t *testing.T) {
	model, err := sorter.Load()
	if err != nil {
		t.Fatal(err)
	}
	var sorted int
	for _, m := range Messages(noon) {
		if m.Machine() {
			continue
		}
		sorted++
		parsed := message.Parse(m.Raw)
		text := sorter.Text{
			From:    parsed.From.Name + " <" + parsed.From.Address + ">",
			Subject: parsed.Subject,
			Body:    parsed.NewText,
		}
		for _, a := range parsed.Attachments {
			text.Attachments = append(text.Attachments, a.Name)
		}
		v := model.Sort(text)
		if v.Category != m.Label || v.Unsure {
			t.Errorf("%s: sorted as %s (%.2f, unsure %t) for %v, want %s", m.Name, v.Category, v.Confidence, v.Unsure, v.Why, m.Label)
		}
	}
	if sorted != 28 {
		t.Errorf("%d messages sorted, want 28", sorted)
	}
}
