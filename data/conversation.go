package data

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Categories are what a conversation can be, in the order the desk shows them.
var Categories = [...]string{"tip", "gossip", "advert", "other", "spam"}

// Sorting is what the sorter, a rule or an editor says of a conversation.
type Sorting struct {
	Category   string
	Confidence float64 // 0 to 1
	Unsure     bool
	Also       string // a second category in the same mail, or empty
	Scores     map[string]float64
	Why        []string
	By         string // sorter, rule or editor
}

// A Conversation is messages and letters that belong together.
type Conversation struct {
	ID        int64
	Status    string // new, checking, stood_up, spiked, done or published
	OwnerID   int64  // 0: nobody
	Sensitive bool
	Alias     string // what its source is called until somebody reveals the address
	Subject   string
	FirstAt   time.Time
	LatestAt  time.Time
	Messages  int
	Sorting
}

const conversationColumns = `id, status, COALESCE(owner_id, 0), sensitive, alias, subject, first_at, latest_at,
	(SELECT COUNT(*) FROM message m WHERE m.conversation_id = conversation.id),
	category, confidence, unsure, also, scores, why, sorted_by`

func scanConversation(s scanner) (Conversation, error) {
	var c Conversation
	var scores, why string
	err := s.Scan(&c.ID, &c.Status, &c.OwnerID, &c.Sensitive, &c.Alias, &c.Subject, at(&c.FirstAt), at(&c.LatestAt), &c.Messages,
		&c.Category, &c.Confidence, &c.Unsure, &c.Also, &scores, &why, &c.By)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(scores), &c.Scores); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(why), &c.Why)
}

// NewConversation is what FileNew needs besides the message.
type NewConversation struct {
	Sorting
	Alias   string
	Subject string
	Done    bool   // too old for triage: kept and searchable, not waiting for anybody
	MoveTo  string // the mailbox folder it is to be moved to; empty: it stays
}

// FileNew opens a conversation with a parsed message, in one transaction with the row that
// asks for the move in the mailbox. It returns the conversation's id.
func (db *DB) FileNew(ctx context.Context, message int64, n NewConversation) (int64, error) {
	scores, why, err := n.Sorting.encode()
	if err != nil {
		return 0, fmt.Errorf("file message %d: %w", message, err)
	}
	var id int64
	err = db.update(ctx, func(t *tx) error {
		var arrived int64
		if err := t.row(`SELECT arrived_at FROM message WHERE id = $1`, message).Scan(&arrived); err != nil {
			return err
		}
		status := "new"
		if n.Done {
			status = "done"
		}
		var err error
		id, err = t.insert(`
			INSERT INTO conversation (category, confidence, unsure, also, scores, why, sorted_by, status, alias, subject, first_at, latest_at, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
			RETURNING id`, n.Category, n.Confidence, n.Unsure, n.Also, scores, why, n.By, status, n.Alias, n.Subject, arrived, t.now)
		if err != nil {
			return err
		}
		if err := t.join(message, id); err != nil {
			return err
		}
		if n.MoveTo == "" {
			return nil
		}
		_, err = t.exec(`
			INSERT INTO filing (message_id, target, state, next_at, made_at)
			VALUES ($1, $2, 'pending', $3, $3)`, message, n.MoveTo, t.now)
		return err
	})
	return id, found(err, "file message %d", message)
}

func (s Sorting) encode() (scores, why string, err error) {
	if s.Scores == nil {
		s.Scores = map[string]float64{}
	}
	if s.Why == nil {
		s.Why = []string{}
	}
	a, err := json.Marshal(s.Scores)
	if err != nil {
		return "", "", err
	}
	b, err := json.Marshal(s.Why)
	return string(a), string(b), err
}

// join puts a message into a conversation. A message already in one is ErrConflict.
func (t *tx) join(message, conversation int64) error {
	return t.move(`
		UPDATE message
		SET conversation_id = $1, state = CASE state WHEN 'parsed' THEN 'filed' ELSE state END
		WHERE id = $2 AND conversation_id IS NULL AND state IN ('parsed', 'unreadable')`, conversation, message)
}

// FileInto adds a parsed message to a conversation. A message from outside opens a done one
// again.
func (db *DB) FileInto(ctx context.Context, message, conversation int64) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.join(message, conversation); err != nil {
			return err
		}
		return t.move(`
			UPDATE conversation
			SET latest_at = `+greatest("latest_at", "(SELECT arrived_at FROM message WHERE id = $1)")+`,
				status = CASE WHEN status = 'done' AND NOT (SELECT ours FROM message WHERE id = $1) THEN 'new' ELSE status END
			WHERE id = $2`, message, conversation)
	})
	return found(err, "file message %d into conversation %d", message, conversation)
}

// ConversationWith is the conversation that one of the ids (of References, latest first)
// belongs to and in which the sender has written before, or ErrNotFound: a stranger does not
// join by quoting an id.
func (db *DB) ConversationWith(ctx context.Context, ids []string, sender string) (int64, error) {
	for _, id := range ids {
		var conversation int64
		err := db.row(ctx, `
			SELECT q.conversation_id
			FROM message q
			WHERE q.message_id = $1 AND q.conversation_id IS NOT NULL
			  AND EXISTS (
				SELECT 1 FROM message m
				WHERE m.conversation_id = q.conversation_id AND m.from_address = $2 AND $2 <> '')
			ORDER BY q.id
			LIMIT 1`, id, sender).Scan(&conversation)
		if err = found(err, "find conversation"); err == nil || !isNotFound(err) {
			return conversation, err
		}
	}
	return 0, ErrNotFound
}

// Conversation returns one conversation, or ErrNotFound.
func (db *DB) Conversation(ctx context.Context, id int64) (Conversation, error) {
	c, err := scanConversation(db.row(ctx, `SELECT `+conversationColumns+` FROM conversation WHERE id = $1`, id))
	return c, found(err, "read conversation %d", id)
}

// A Pile selects conversations for the desk. The zero value is everything that is open.
type Pile struct {
	Category string // empty: all
	Unsure   bool   // only those the sorter is unsure of
	Closed   bool   // those that are done, spiked or published instead of the open ones
	NoTips   bool   // leave tips and what may be one out: sales may not see them
	Limit    int
}

func (p Pile) where() (string, []any) {
	w := ` WHERE status IN ('new', 'checking', 'stood_up')`
	if p.Closed {
		w = ` WHERE status IN ('done', 'spiked', 'published')`
	}
	if p.Unsure {
		w += ` AND unsure`
	}
	if p.NoTips {
		w += ` AND category = 'advert' AND NOT unsure AND also <> 'tip' AND NOT sensitive`
	}
	if p.Category != "" {
		return w + ` AND category = $1`, []any{p.Category}
	}
	return w + ` AND $1 = ''`, []any{""}
}

// Conversations are the conversations of a pile, the latest first.
func (db *DB) Conversations(ctx context.Context, p Pile) ([]Conversation, error) {
	where, args := p.where()
	if p.Limit == 0 {
		p.Limit = 100
	}
	all, err := query(ctx, db, scanConversation, `SELECT `+conversationColumns+` FROM conversation`+where+` ORDER BY latest_at DESC, id DESC LIMIT $2`, append(args, p.Limit)...)
	return all, found(err, "list conversations")
}

// CountConversations counts the conversations of a pile by category; those the sorter is
// unsure of are counted once more under "unsure".
func (db *DB) CountConversations(ctx context.Context, p Pile) (map[string]int, error) {
	where, args := p.where()
	all := map[string]int{}
	rows, err := db.read.QueryContext(ctx, bind(`SELECT category, COUNT(*), SUM(unsure) FROM conversation`+where+` GROUP BY category`), args...)
	if err != nil {
		return nil, fmt.Errorf("count conversations: %w", err)
	}
	_, err = collect(rows, func(s scanner) (struct{}, error) {
		var category string
		var n, unsure int
		err := s.Scan(&category, &n, &unsure)
		all[category] = n
		all["unsure"] += unsure
		return struct{}{}, err
	})
	return all, found(err, "count conversations")
}

// CorrectConversation is an editor's word on what a conversation is: it is sorted so, sure,
// and the correction is kept for the sorter to learn from. Saying what it is already makes it
// sure and is a correction too. editor 0: by command.
func (db *DB) CorrectConversation(ctx context.Context, id int64, category string, editor int64) error {
	err := db.update(ctx, func(t *tx) error {
		var before string
		if err := t.row(`SELECT category FROM conversation WHERE id = $1`, id).Scan(&before); err != nil {
			return err
		}
		if _, err := t.exec(`
			INSERT INTO correction (conversation_id, before, category, editor_id, at)
			VALUES ($1, $2, $3, $4, $5)`, id, before, category, maybeID(editor), t.now); err != nil {
			return err
		}
		return t.move(`
			UPDATE conversation
			SET category = $1, confidence = 1, unsure = 0, sorted_by = 'editor'
			WHERE id = $2`, category, id)
	})
	return found(err, "correct conversation %d", id)
}

// SetStatus is an editor's word on how far a conversation has come.
func (db *DB) SetStatus(ctx context.Context, id int64, status string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM conversation WHERE id = $1`, id); err != nil {
			return err
		}
		return t.move(`UPDATE conversation SET status = $1 WHERE id = $2`, status, id)
	})
	return found(err, "set status of conversation %d", id)
}

// CountCorrections says how many corrections stand.
func (db *DB) CountCorrections(ctx context.Context) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM correction WHERE undone_at IS NULL`).Scan(&n)
	return n, found(err, "count corrections")
}
