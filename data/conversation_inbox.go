package data

import "context"

// A Joining says what else happens when a message joins a conversation.
type Joining struct {
	Reopen bool   // a conversation that was done is new again
	MoveTo string // the mailbox folder the message is to be moved to; empty: it stays
}

// JoinConversation adds a parsed message to a conversation, in one transaction with the row
// that asks for the move in the mailbox.
func (db *DB) JoinConversation(ctx context.Context, message, conversation int64, j Joining) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.join(message, conversation); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE conversation
			SET latest_at = `+greatest("latest_at", "(SELECT arrived_at FROM message WHERE id = $1)")+`,
				status = CASE WHEN status = 'done' AND $2 THEN 'new' ELSE status END
			WHERE id = $3`, message, j.Reopen, conversation); err != nil {
			return err
		}
		if j.MoveTo == "" {
			return nil
		}
		_, err := t.exec(`
			INSERT INTO filing (message_id, target, state, next_at, made_at)
			VALUES ($1, $2, 'pending', $3, $3)`, message, j.MoveTo, t.now)
		return err
	})
	return found(err, "join message %d to conversation %d", message, conversation)
}

// ConversationsQuoted are the conversations in which a message with that Message-ID lies, the
// oldest first. A Message-ID is its sender's word: who quotes one proves nothing by it.
func (db *DB) ConversationsQuoted(ctx context.Context, messageID string) ([]int64, error) {
	all, err := query(ctx, db, func(s scanner) (int64, error) {
		var id int64
		err := s.Scan(&id)
		return id, err
	}, `
		SELECT DISTINCT conversation_id
		FROM message
		WHERE message_id = $1 AND message_id <> '' AND conversation_id IS NOT NULL
		ORDER BY conversation_id`, messageID)
	return all, found(err, "find conversation")
}

// SendersOf are the addresses that have written to us in a conversation, as typed; our own
// mails are left out.
func (db *DB) SendersOf(ctx context.Context, conversation int64) ([]string, error) {
	all, err := query(ctx, db, func(s scanner) (string, error) {
		var address string
		err := s.Scan(&address)
		return address, err
	}, `
		SELECT DISTINCT from_address
		FROM message
		WHERE conversation_id = $1 AND NOT ours AND from_address <> ''
		ORDER BY from_address`, conversation)
	return all, found(err, "list senders of conversation %d", conversation)
}

// ConversationOfOurLetter is the conversation that a letter of ours belongs to, or ErrNotFound.
// It is for our own further mails; see ConversationOfLetter for everybody else's.
func (db *DB) ConversationOfOurLetter(ctx context.Context, mailing int64) (int64, error) {
	var id int64
	err := db.row(ctx, `SELECT conversation_id FROM letter WHERE mailing_id = $1 AND conversation_id IS NOT NULL`, mailing).Scan(&id)
	return id, found(err, "find conversation of letter %d", mailing)
}
