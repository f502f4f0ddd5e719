package message

import (
	"encoding/json"
	"time"
)

// Wire is the JSON form of a Message as `message parse` prints it: what is absent is null or an
// empty list, never missing, and dates are RFC 3339 in the sender's own zone.
type Wire struct {
	From        *wireAddress     `json:"from"`
	To          []wireAddress    `json:"to"`
	Cc          []wireAddress    `json:"cc"`
	ReplyTo     *string          `json:"reply_to"`
	InReplyTo   *string          `json:"in_reply_to"`
	References  []string         `json:"references"`
	Subject     *string          `json:"subject"`
	Date        *string          `json:"date"`
	MessageID   *string          `json:"message_id"`
	Text        *string          `json:"text"`
	NewText     *string          `json:"new_text"`
	HTML        *string          `json:"html"`
	Attachments []wireAttachment `json:"attachments"`
	Original    *wireAddress     `json:"original"`
	Warnings    []string         `json:"warnings"`
}

type wireAddress struct {
	Name    *string `json:"name"`
	Address *string `json:"address"`
}

type wireAttachment struct {
	Name   *string `json:"name"`
	Type   *string `json:"type"`
	Size   int64   `json:"size"`
	SHA256 string  `json:"sha256"`
}

// Wire gives the JSON form.
func (m Message) Wire() Wire {
	w := Wire{
		From: oneAddress(m.From), To: addresses(m.To), Cc: addresses(m.Cc),
		InReplyTo: orNull(m.InReplyTo), References: orEmpty(m.References),
		Subject: orNull(m.Subject), MessageID: orNull(m.MessageID),
		Text: orNull(m.Text), NewText: orNull(m.NewText), HTML: orNull(m.HTML),
		Attachments: make([]wireAttachment, 0, len(m.Attachments)),
		Original:    oneAddress(m.Original), Warnings: orEmpty(m.Warnings),
	}
	if len(m.ReplyTo) > 0 {
		w.ReplyTo = orNull(m.ReplyTo[0].Address)
	}
	if !m.Date.IsZero() {
		w.Date = orNull(m.Date.Format(time.RFC3339))
	}
	for _, a := range m.Attachments {
		w.Attachments = append(w.Attachments, wireAttachment{orNull(a.Name), orNull(a.Type), a.Size, a.SHA256})
	}
	return w
}

// MarshalJSON writes the Wire form.
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(m.Wire()) }

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func oneAddress(a Address) *wireAddress {
	if a.IsZero() {
		return nil
	}
	return &wireAddress{orNull(a.Name), orNull(a.Address)}
}

func addresses(list []Address) []wireAddress {
	out := make([]wireAddress, 0, len(list))
	for _, a := range list {
		out = append(out, *oneAddress(a))
	}
	return out
}
