package data

import (
	"context"
	"time"
)

// A Card is a conversation as a list shows it.
type Card struct {
	Conversation
	FromName    string // of its latest message from outside
	FromAddress string
	Preview     string // the first words of that message
	Files       int
}

// previewLength is how many characters of a message a list may show.
const previewLength = 300

// A CardPile is a pile in pages. The zero value is the first page of everything that is open.
type CardPile struct {
	Pile
	Status string // only those in this status; Closed must fit it
	Owner  int64  // only those that belong to this editor or to nobody; 0: all
	// Before is the last card of the page before; nil: the first page.
	Before *CardPlace
}

// A CardPlace is a conversation's place in the order of a pile.
type CardPlace struct {
	LatestAt time.Time
	ID       int64
}

// where uses $1 to $5; its callers go on from there.
func (p CardPile) where() (string, []any) {
	w, args := p.Pile.where()
	before := CardPlace{LatestAt: fromMillis(1 << 52), ID: 0}
	if p.Before != nil {
		before = *p.Before
	}
	w += `
		  AND ($2 = '' OR status = $2)
		  AND ($3 = 0 OR owner_id IS NULL OR owner_id = $3)
		  AND (latest_at < $4 OR (latest_at = $4 AND id < $5))`
	return w, append(args, p.Status, p.Owner, millis(before.LatestAt), before.ID)
}

// Cards are the conversations of a pile as a list shows them, the latest first.
func (db *DB) Cards(ctx context.Context, p CardPile) ([]Card, error) {
	where, args := p.where()
	if p.Limit == 0 {
		p.Limit = 100
	}
	all, err := query(ctx, db, func(s scanner) (Card, error) {
		var c Card
		var err error
		c.Conversation, err = scanConversation(tail{s, []any{&c.FromName, &c.FromAddress, &c.Preview, &c.Files}})
		return c, err
	}, `
		SELECT c.*, COALESCE(m.from_name, ''), COALESCE(m.from_address, ''), COALESCE(SUBSTR(m.new_text, 1, $7), ''),
			(SELECT COUNT(*) FROM attachment a JOIN message f ON f.id = a.message_id WHERE f.conversation_id = c.id)
		FROM (SELECT `+conversationColumns+` FROM conversation`+where+` ORDER BY latest_at DESC, id DESC LIMIT $6) c
		LEFT JOIN message m ON m.id = (SELECT MAX(x.id) FROM message x WHERE x.conversation_id = c.id AND NOT x.ours)
		ORDER BY c.latest_at DESC, c.id DESC`, append(args, p.Limit, previewLength)...)
	return all, found(err, "list cards")
}

// CountCards counts the conversations of a pile, on whatever page.
func (db *DB) CountCards(ctx context.Context, p CardPile) (int, error) {
	p.Before = nil
	where, args := p.where()
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM conversation`+where, args...).Scan(&n)
	return n, found(err, "count cards")
}

// CountCardsSince counts the conversations of a pile that were opened, or written to, after
// an instant.
func (db *DB) CountCardsSince(ctx context.Context, p CardPile, since time.Time) (int, error) {
	p.Before = nil
	where, args := p.where()
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM conversation`+where+` AND (made_at > $6 OR latest_at > $6)`, append(args, millis(since))...).Scan(&n)
	return n, found(err, "count new cards")
}

// tail scans further columns behind those that a scan function knows.
type tail struct {
	row  scanner
	more []any
}

func (t tail) Scan(to ...any) error { return t.row.Scan(append(to, t.more...)...) }

// TakeConversation makes a conversation an editor's own, whoever had it before. A new one is
// being checked from then on.
func (db *DB) TakeConversation(ctx context.Context, id, editor int64) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM conversation WHERE id = $1`, id); err != nil {
			return err
		}
		return t.move(`
			UPDATE conversation
			SET owner_id = $1, status = CASE status WHEN 'new' THEN 'checking' ELSE status END
			WHERE id = $2`, editor, id)
	})
	return found(err, "take conversation %d", id)
}
