package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
	"github.com/olomotimes/tipsheet/inbox/thread"
)

const (
	poorHead = 64 << 10 // bytes of header tried of a message that could not be read
	poorText = 16 << 10 // bytes of it shown as text
)

// A reading is what was made of one message.
type reading struct {
	message.Message
	finding    report.Finding
	references []string // latest first
}

// read parses a message. Where that panics or takes too long, what can be seen of it without is returned, marked
// unreadable. The only error is the end of ctx. A parser that overruns is left behind until it ends by itself.
func (in *Inbox) read(ctx context.Context, raw []byte) (reading, error) {
	r, why, err := in.guarded(ctx, raw)
	if err != nil || why == "" {
		return r, err
	}
	head, _, _ := bytes.Cut(raw[:min(len(raw), poorHead)], []byte("\r\n\r\n"))
	r, again, err := in.guarded(ctx, append(bytes.Clone(head), "\r\n\r\n"...))
	if err != nil {
		return r, err
	}
	if again != "" {
		r = reading{}
	}
	r.Unreadable = true
	r.finding = report.Finding{Kind: report.KindUnreadable}
	r.Warnings = append(r.Warnings, why)
	r.Text = strings.ReplaceAll(strings.ToValidUTF8(string(raw[:min(len(raw), poorText)]), "\uFFFD"), "\x00", "")
	return r, nil
}

// guarded parses with recover and a deadline; why says what went wrong.
func (in *Inbox) guarded(ctx context.Context, raw []byte) (r reading, why string, err error) {
	type outcome struct {
		reading
		why string
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{why: "The message could not be read: the program met something it did not expect."}
			}
			done <- o
		}()
		o.Message = in.parse(raw)
		o.finding = report.Read(o.Message)
		o.references = thread.References(o.Message)
	}()
	limit := time.Duration(in.Settings.ParseTimeout)
	over := time.NewTimer(limit)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return reading{}, "", ctx.Err()
	case <-over.C:
		return reading{}, fmt.Sprintf("The message could not be read within %v.", limit), nil
	case o := <-done:
		for i, j := 0, len(o.references)-1; i < j; i, j = i+1, j-1 {
			o.references[i], o.references[j] = o.references[j], o.references[i]
		}
		return o.reading, o.why, nil
	}
}

// A told is one report in the words of `message parse`.
type told struct {
	Recipient string `json:"recipient"`
	Action    string `json:"action"`
	Status    string `json:"status"`
	Class     string `json:"class"`
	Reason    string `json:"reason"`
}

// row is the reading as it is kept.
func (r reading) row(ours bool) (data.Reading, error) {
	reports := make([]told, 0, len(r.finding.Reports))
	for _, p := range r.finding.Reports {
		reports = append(reports, told{Recipient: p.Recipient, Action: p.Action, Status: p.Status, Class: p.Class, Reason: p.Reason})
	}
	encoded, err := json.Marshal(reports)
	if err != nil {
		return data.Reading{}, fmt.Errorf("keep the reports: %w", err)
	}
	row := data.Reading{
		Parser: message.Version, Kind: r.finding.Kind, Ours: ours,
		Unreadable: r.Unreadable && !ours, // ours is no card, readable or not
		FromName:   r.From.Name, FromAddress: r.From.Address, Subject: r.Subject, DatedAt: r.Date, MessageID: r.MessageID,
		Text: r.Text, NewText: r.NewText, Warnings: r.Warnings, Reports: encoded,
	}
	if len(r.ReplyTo) > 0 {
		row.ReplyTo = r.ReplyTo[0].Address
	}
	for _, a := range r.Attachments {
		row.Attachments = append(row.Attachments, data.Attachment{Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256})
	}
	return row, nil
}

// machine reports whether the message is a machine's word about our mail, which nobody has to sort.
func (r reading) machine() bool {
	switch r.finding.Kind {
	case report.KindBounce, report.KindComplaint, report.KindAutoReply:
		return true
	}
	return false
}
