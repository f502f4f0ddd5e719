package data

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// A MessageState says how far a message has come.
type MessageState string

// The states of a message.
const (
	MessageReceived   MessageState = "received"
	MessageParsed     MessageState = "parsed"
	MessageUnreadable MessageState = "unreadable" // still a card at the desk
	MessageFiled      MessageState = "filed"
	MessageReported   MessageState = "reported" // machine mail, not for triage
)

// An Attachment is a file that came with a message. Its bytes are in the raw message.
type Attachment struct {
	Name   string
	Type   string
	Size   int64
	SHA256 string
}

// A Reading is what a parser made of a message.
type Reading struct {
	Parser      int // its version
	Unreadable  bool
	Kind        string // message, bounce, complaint, auto_reply, unsubscribe, list or unreadable
	Ours        bool   // one of our own mails, come back
	FromName    string
	FromAddress string
	ReplyTo     string
	Subject     string
	DatedAt     time.Time
	MessageID   string
	Text        string
	NewText     string
	Warnings    []string
	Reports     json.RawMessage
	Attachments []Attachment
}

// A Message is one incoming mail without its raw bytes (see Raw).
type Message struct {
	ID             int64
	SHA256         string
	Size           int64
	ReceivedAt     time.Time
	SeenAt         time.Time
	State          MessageState
	ConversationID int64
	Reading
}

const messageColumns = `id, sha256, size, arrived_at, seen_at, state, COALESCE(conversation_id, 0), parser, kind, ours, from_name, from_address,
	reply_to, subject, dated_at, message_id, text, new_text, warnings, reports`

func scanMessage(s scanner) (Message, error) {
	var m Message
	var warnings, reports string
	err := s.Scan(&m.ID, &m.SHA256, &m.Size, at(&m.ReceivedAt), at(&m.SeenAt), &m.State, &m.ConversationID, &m.Parser, &m.Kind, &m.Ours,
		&m.FromName, &m.FromAddress, &m.ReplyTo, &m.Subject, at(&m.DatedAt), &m.MessageID, &m.Text, &m.NewText, &warnings, &reports)
	if err != nil {
		return m, err
	}
	m.Reports = json.RawMessage(reports)
	return m, json.Unmarshal([]byte(warnings), &m.Warnings)
}

// Message returns one message with its attachments, or ErrNotFound.
func (db *DB) Message(ctx context.Context, id int64) (Message, error) {
	m, err := scanMessage(db.row(ctx, `SELECT `+messageColumns+` FROM message WHERE id = $1`, id))
	if err != nil {
		return m, found(err, "read message %d", id)
	}
	m.Attachments, err = db.attachments(ctx, id)
	return m, err
}

// Messages are the latest messages, newest first, at most limit.
func (db *DB) Messages(ctx context.Context, limit int) ([]Message, error) {
	all, err := query(ctx, db, scanMessage, `
		SELECT `+messageColumns+`
		FROM message
		ORDER BY id DESC
		LIMIT $1`, limit)
	return all, found(err, "list messages")
}

// MessagesOf are the messages of a conversation with their attachments, oldest first.
func (db *DB) MessagesOf(ctx context.Context, conversation int64) ([]Message, error) {
	all, err := query(ctx, db, scanMessage, `
		SELECT `+messageColumns+`
		FROM message
		WHERE conversation_id = $1
		ORDER BY arrived_at, id`, conversation)
	if err != nil {
		return nil, fmt.Errorf("list messages of conversation %d: %w", conversation, err)
	}
	for i := range all {
		if all[i].Attachments, err = db.attachments(ctx, all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (db *DB) attachments(ctx context.Context, message int64) ([]Attachment, error) {
	all, err := query(ctx, db, func(s scanner) (Attachment, error) {
		var a Attachment
		err := s.Scan(&a.Name, &a.Type, &a.Size, &a.SHA256)
		return a, err
	}, `
		SELECT name, type, size, sha256
		FROM attachment
		WHERE message_id = $1
		ORDER BY position`, message)
	return all, found(err, "list attachments of message %d", message)
}

// UnfiledMessages are the messages that the intake has not finished, oldest first: received
// ones to be parsed, parsed and unreadable ones to be filed.
func (db *DB) UnfiledMessages(ctx context.Context, limit int) ([]Message, error) {
	all, err := query(ctx, db, scanMessage, `
		SELECT `+messageColumns+`
		FROM message
		WHERE state IN ('received', 'parsed') OR (state = 'unreadable' AND conversation_id IS NULL)
		ORDER BY id
		LIMIT $1`, limit)
	return all, found(err, "list unfiled messages")
}

// RecordReading keeps what a parser made of a received message.
func (db *DB) RecordReading(ctx context.Context, message int64, r Reading) error {
	warnings, err := json.Marshal(r.Warnings)
	if err != nil {
		return fmt.Errorf("record reading of message %d: %w", message, err)
	}
	if len(r.Reports) == 0 {
		r.Reports = json.RawMessage("[]")
	}
	err = db.update(ctx, func(t *tx) error {
		state := MessageParsed
		if r.Unreadable {
			state = MessageUnreadable
		}
		if err := t.move(`
			UPDATE message
			SET state = $1, parser = $2, kind = $3, ours = ours OR $4, from_name = $5, from_address = $6, reply_to = $7, subject = $8,
				dated_at = $9, message_id = $10, text = $11, new_text = $12, warnings = $13, reports = $14
			WHERE id = $15 AND state = 'received'`, state, r.Parser, r.Kind, r.Ours, r.FromName, r.FromAddress, r.ReplyTo, r.Subject,
			maybeMillis(r.DatedAt), r.MessageID, r.Text, r.NewText, string(warnings), string(r.Reports), message); err != nil {
			return err
		}
		for i, a := range r.Attachments {
			if _, err := t.exec(`
				INSERT INTO attachment (message_id, position, name, type, size, sha256)
				VALUES ($1, $2, $3, $4, $5, $6)`, message, i, a.Name, a.Type, a.Size, a.SHA256); err != nil {
				return err
			}
		}
		return nil
	})
	return found(err, "record reading of message %d", message)
}

// ReportMessage ends the intake of machine mail: it is kept and listed, and not for triage.
func (db *DB) ReportMessage(ctx context.Context, message int64) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`UPDATE message SET state = 'reported' WHERE id = $1 AND state = 'parsed'`, message)
	})
	return found(err, "file report %d", message)
}

// CountMessages counts the messages by state.
func (db *DB) CountMessages(ctx context.Context) (map[MessageState]int, error) {
	all := map[MessageState]int{}
	rows, err := db.read.QueryContext(ctx, `SELECT state, COUNT(*) FROM message GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	_, err = collect(rows, func(s scanner) (struct{}, error) {
		var state MessageState
		var n int
		err := s.Scan(&state, &n)
		all[state] = n
		return struct{}{}, err
	})
	return all, found(err, "count messages")
}
