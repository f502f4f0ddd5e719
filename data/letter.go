package data

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A LetterKind says what a letter is for.
type LetterKind string

// The kinds of letters.
const (
	LetterConfirmation    LetterKind = "confirmation"
	LetterReply           LetterKind = "reply"
	LetterAcknowledgement LetterKind = "acknowledgement"
	LetterReport          LetterKind = "report"
	LetterTest            LetterKind = "test"
	LetterAlarm           LetterKind = "alarm"
)

// A Letter is one mail to one address.
type Letter struct {
	MailingID      int64
	Kind           LetterKind
	To             string
	ToName         string
	Header         Header // Header.Automatic: from a null sender
	Subject        string
	HTML           string // empty: plain text only
	Text           string
	SubscriptionID int64
	ConversationID int64
	EditorID       int64
	IssueID        int64
}

// letterPatience is how long a letter is tried for.
const letterPatience = 72 * time.Hour

// AddLetter queues a letter: the mailer finds it. While the database is held, so is the letter. It
// returns the mailing's id.
func (db *DB) AddLetter(ctx context.Context, l Letter) (int64, error) {
	var id int64
	err := db.update(ctx, func(t *tx) error {
		var err error
		id, err = t.addLetter(l)
		return err
	})
	return id, found(err, "add %s letter", l.Kind)
}

func (t *tx) addLetter(l Letter) (int64, error) {
	header, err := json.Marshal(l.Header)
	if err != nil {
		return 0, err
	}
	id, err := t.insert(`
		INSERT INTO mailing (kind, state, due_at, dated_at, late_at, give_up_at, header, audience, made_at)
		VALUES ('letter', 'closed', $1, $1, $2, $2, $3, 1, $1)
		RETURNING id`, t.now, t.now+letterPatience.Milliseconds(), string(header))
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(`
		INSERT INTO letter (mailing_id, kind, automatic, subscription_id, conversation_id, editor_id, issue_id, in_reply_to, refs, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, id, l.Kind, l.Header.Automatic, maybeID(l.SubscriptionID), maybeID(l.ConversationID),
		maybeID(l.EditorID), maybeID(l.IssueID), l.Header.InReplyTo, l.Header.Refs, comparedAddress(l.To)); err != nil {
		return 0, err
	}
	if _, err := t.keepVariant(id, Variant{Edition: "full", Subject: l.Subject, HTML: l.HTML, Text: l.Text}); err != nil {
		return 0, err
	}
	if _, err := t.exec(`
		INSERT INTO delivery (mailing_id, seq, address, name)
		VALUES ($1, 1, $2, $3)`, id, l.To, l.ToName); err != nil {
		return 0, err
	}
	if _, err := t.cutChunks(id, 0, part{lo: 1, hi: 1, size: 1, at: t.now}); err != nil {
		return 0, err
	}
	return id, t.holdNew(id)
}

// comparedAddress is the form in which a letter's address is compared with suppressions. One
// that is no plain address, such as a stranger's odd sender, is only lower-cased.
func comparedAddress(typed string) string {
	normal, err := NormalAddress(typed)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(typed))
	}
	return normal
}

func maybeID(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// A SentLetter is a letter of a conversation, as the desk shows it.
type SentLetter struct {
	MailingID int64
	Kind      LetterKind
	EditorID  int64 // 0: nobody's
	At        time.Time
	Text      string
	Word      Word // the delivery's word
}

// LettersOf are the letters of a conversation, oldest first.
func (db *DB) LettersOf(ctx context.Context, conversation int64) ([]SentLetter, error) {
	all, err := query(ctx, db, func(s scanner) (SentLetter, error) {
		var l SentLetter
		err := s.Scan(&l.MailingID, &l.Kind, &l.EditorID, at(&l.At), &l.Text)
		return l, err
	}, `
		SELECT l.mailing_id, l.kind, COALESCE(l.editor_id, 0), m.made_at, v.text
		FROM letter l
		JOIN mailing m ON m.id = l.mailing_id
		JOIN variant v ON v.mailing_id = l.mailing_id
		WHERE l.conversation_id = $1
		ORDER BY m.id`, conversation)
	for i := range all {
		var lines []LedgerLine
		if lines, err = db.LedgerOf(ctx, all[i].MailingID, 1); err != nil {
			break
		}
		all[i].Word = StrongestWord(lines) // the view delivery_word would read every delivery
	}
	return all, found(err, "list letters of conversation %d", conversation)
}

// ConversationOfLetter is the conversation that a letter of ours belongs to, if the letter
// went to that address; else ErrNotFound. The caller has verified our signature on its
// Message-ID: together they let a reply join, and a stranger's quote of the id not.
func (db *DB) ConversationOfLetter(ctx context.Context, mailing int64, address string) (int64, error) {
	want, err := NormalAddress(address)
	if err != nil {
		return 0, fmt.Errorf("find conversation of letter %d: %w", mailing, ErrNotFound)
	}
	var conversation int64
	var to string
	err = db.row(ctx, `
		SELECT l.conversation_id, d.address
		FROM letter l
		JOIN delivery d ON d.mailing_id = l.mailing_id AND d.seq = 1
		WHERE l.mailing_id = $1 AND l.conversation_id IS NOT NULL`, mailing).Scan(&conversation, &to)
	if err == nil {
		if got, e := NormalAddress(to); e != nil || got != want {
			err = ErrNotFound
		}
	}
	return conversation, found(err, "find conversation of letter %d", mailing)
}

// LetterKindOf is what a letter is for.
func (db *DB) LetterKindOf(ctx context.Context, mailing int64) (LetterKind, error) {
	var k LetterKind
	err := db.row(ctx, `SELECT kind FROM letter WHERE mailing_id = $1`, mailing).Scan(&k)
	return k, found(err, "read letter %d", mailing)
}
