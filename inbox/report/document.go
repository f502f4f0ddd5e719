package report

import (
	"github.com/olomotimes/tipsheet/inbox/message"
)

// Document is the JSON object that `message parse` prints for one message. Every field is always
// there: what is absent is null or an empty list.
type Document struct {
	File string `json:"file"`
	N    int    `json:"n"`
	Kind string `json:"kind"`
	message.Wire
	Reports []Wire `json:"reports"`
}

// Wire is the JSON form of a Report.
type Wire struct {
	Recipient *string `json:"recipient"`
	Action    string  `json:"action"`
	Status    *string `json:"status"`
	Class     string  `json:"class"`
	Reason    string  `json:"reason"`
}

// Describe parses one raw message of a file and reads its reports.
func Describe(item message.Item) Document {
	m := message.Parse(item.Raw)
	if item.Cut {
		m.Warnings = append(m.Warnings, "the message is longer than 100 MB; the rest was not read")
	}
	f := Read(m)
	d := Document{File: item.File, N: item.N, Kind: f.Kind, Wire: m.Wire(), Reports: make([]Wire, 0, len(f.Reports))}
	for _, r := range f.Reports {
		d.Reports = append(d.Reports, Wire{orNull(r.Recipient), r.Action, orNull(r.Status), r.Class, r.Reason})
	}
	return d
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
