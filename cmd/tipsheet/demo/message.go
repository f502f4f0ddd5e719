package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"text/template"
	"time"
)

//go:embed messages/*.eml
var messageFiles embed.FS

//go:embed labels.json
var labelFile []byte

// Labels of machine mail, which is kept out of triage; all other labels are categories.
const (
	LabelBounce    = "bounce"
	LabelAutoReply = "auto_reply"
)

// headerTime is the date-time of RFC 5322, section 3.3.
const headerTime = "Mon, 02 Jan 2006 15:04:05 -0700"

// Message is one mail that arrives at Contact during the demo.
type Message struct {
	Name  string // stable and unique, such as "02-tanker"
	Label string // the category that it should be sorted into, or LabelBounce or LabelAutoReply
	Raw   []byte // RFC 5322 with CRLF line ends
	Date  time.Time
}

// Machine tells whether the message is a machine's word and not for triage.
func (m Message) Machine() bool { return m.Label == LabelBounce || m.Label == LabelAutoReply }

// labelled is one line of the index: what a message is, and when it was written.
type labelled struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Ago   string `json:"ago"`  // before now, as a Go duration
	Zone  string `json:"zone"` // the sender's, such as "+0100"
}

// Messages returns the demo's thirty mails, oldest first, dated within the eighteen hours before now.
// Two of them are one conversation, and one answers a digest. It panics when an embedded message or
// the index is malformed.
func Messages(now time.Time) []Message {
	var index []labelled
	if err := json.Unmarshal(labelFile, &index); err != nil {
		panic(fmt.Sprintf("demo: read labels.json: %v", err))
	}
	messages := make([]Message, 0, len(index))
	for _, l := range index {
		m, err := readMessage(l, now)
		if err != nil {
			panic(fmt.Sprintf("demo: read message %s: %v", l.Name, err))
		}
		messages = append(messages, m)
	}
	return messages
}

func readMessage(l labelled, now time.Time) (Message, error) {
	ago, err := time.ParseDuration(l.Ago)
	if err != nil {
		return Message{}, fmt.Errorf("parse its age: %w", err)
	}
	zone, err := time.Parse("-0700", l.Zone)
	if err != nil {
		return Message{}, fmt.Errorf("parse its zone: %w", err)
	}
	text, err := messageFiles.ReadFile("messages/" + l.Name + ".eml")
	if err != nil {
		return Message{}, err
	}
	t, err := template.New(l.Name).Parse(string(text))
	if err != nil {
		return Message{}, fmt.Errorf("parse its dates: %w", err)
	}
	date := now.Add(-ago).Truncate(time.Second).In(zone.Location())
	var raw bytes.Buffer
	if err := t.Execute(&raw, written{date}); err != nil {
		return Message{}, fmt.Errorf("fill in its dates: %w", err)
	}
	return Message{
		Name:  l.Name,
		Label: l.Label,
		Raw:   bytes.ReplaceAll(raw.Bytes(), []byte("\n"), []byte("\r\n")),
		Date:  date,
	}, nil
}

// written is what the dates inside a message are told from: {{.Date}}, {{.Received}} and {{.At}}.
type written struct{ date time.Time }

// Date is when the sender's program says that it was written.
func (w written) Date() string { return w.date.Format(headerTime) }

// Received is when the paper's own mail server took it.
func (w written) Received() string {
	return w.date.Add(4 * time.Second).UTC().Format(headerTime)
}

// At is a time that far from the writing, before it where from is negative, in any layout: the date of
// a quoted mail, the day on which an advert should run.
func (w written) At(from, layout string) (string, error) {
	d, err := time.ParseDuration(from)
	if err != nil {
		return "", err
	}
	return w.date.Add(d).Format(layout), nil
}
