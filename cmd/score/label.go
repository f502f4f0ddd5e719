package main

import (
	"sync"

	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

// model is loaded once; a binary without a model is broken, which its own tests say.
var model = sync.OnceValues(sorter.Load)

// judgeLabel asks that a ham is not taken for a machine's mail, by which a person's mail would be kept
// from the editors; and, without a floor of its own in the first issues, how much spam the sorter
// names. A spam that is machine mail or list mail does not reach the sorter.
func judgeLabel(r row, raw []byte) []verdict {
	m := message.Parse(raw)
	kind := report.Read(m).Kind
	if r.Expected.Label == "ham" {
		machine := kind != report.KindMessage && kind != report.KindList
		return []verdict{{"ham_kept", !machine}, {"ham_not_spam", machine || sort(m) != "spam"}}
	}
	return []verdict{{"spam_found", sort(m) == "spam"}}
}

// sort gives the category, or "" where there is no model.
func sort(m message.Message) string {
	s, err := model()
	if err != nil {
		return ""
	}
	text := sorter.Text{From: m.From.Name + " <" + m.From.Address + ">", Subject: m.Subject, Body: m.NewText}
	for _, a := range m.Attachments {
		text.Attachments = append(text.Attachments, a.Name)
	}
	return s.Sort(text).Category
}
