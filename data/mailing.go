package data

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// A MailingState says what may happen to a mailing's deliveries.
type MailingState string

// The states of a mailing.
const (
	MailingFreezing  MailingState = "freezing"
	MailingClosed    MailingState = "closed"
	MailingSending   MailingState = "sending"
	MailingPaused    MailingState = "paused"
	MailingComplete  MailingState = "complete"
	MailingHeld      MailingState = "held"
	MailingCancelled MailingState = "cancelled"
)

// A Header is the sender's profile, frozen with a mailing: a resend after the config has
// changed has the same bytes.
type Header struct {
	From      string `json:"from"` // an address
	FromName  string `json:"from_name,omitempty"`
	ReplyTo   string `json:"reply_to,omitempty"`
	Domain    string `json:"domain"`              // right-hand side of Message-IDs
	Bounce    string `json:"bounce,omitempty"`    // where VERP senders are made from; empty: From
	SiteURL   string `json:"site_url"`            // where links with a token begin
	Site      string `json:"site,omitempty"`      // the site's name
	List      string `json:"list,omitempty"`      // the newsletter's name; empty: no List-* headers
	ListID    string `json:"list_id,omitempty"`   // RFC 2919
	Archive   string `json:"archive,omitempty"`   // List-Archive
	Contact   string `json:"contact,omitempty"`   // List-Owner, List-Help
	Automatic bool   `json:"automatic,omitempty"` // a letter from a null sender
	InReplyTo string `json:"in_reply_to,omitempty"`
	Refs      string `json:"refs,omitempty"`
}

// A Mailing is the ledger's unit: an issue or a letter.
type Mailing struct {
	ID          int64
	Kind        string // issue or letter
	State       MailingState
	Reason      string
	DueAt       time.Time
	DatedAt     time.Time
	LateAt      time.Time // it is not begun later than this
	GiveUpAt    time.Time
	Header      Header
	Secret      string // the id of the secret that signs its tokens; empty: not composed yet
	DKIM        string // the id of the DKIM keys that sign it; empty: not composed yet; "-": none
	Audience    int
	MadeAt      time.Time
	BegunAt     time.Time
	CompletedAt time.Time
}

const mailingColumns = `id, kind, state, reason, due_at, dated_at, late_at, give_up_at, header, secret, dkim, audience, made_at, begun_at, completed_at`

func scanMailing(s scanner) (Mailing, error) {
	var m Mailing
	var header string
	err := s.Scan(&m.ID, &m.Kind, &m.State, &m.Reason, at(&m.DueAt), at(&m.DatedAt), at(&m.LateAt), at(&m.GiveUpAt), &header,
		&m.Secret, &m.DKIM, &m.Audience, at(&m.MadeAt), at(&m.BegunAt), at(&m.CompletedAt))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(header), &m.Header)
}

// Mailing returns one mailing, or ErrNotFound.
func (db *DB) Mailing(ctx context.Context, id int64) (Mailing, error) {
	m, err := scanMailing(db.row(ctx, `SELECT `+mailingColumns+` FROM mailing WHERE id = $1`, id))
	return m, found(err, "read mailing %d", id)
}

// SealMailing fixes which keys sign a mailing's mail, the first time it is composed, and returns
// the mailing with those that are fixed: a resend has the same bytes after a key was rotated.
func (db *DB) SealMailing(ctx context.Context, id int64, secret, dkim string) (Mailing, error) {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE mailing SET secret = $1, dkim = $2 WHERE id = $3 AND secret = ''`, secret, dkim, id)
		return err
	})
	if err != nil {
		return Mailing{}, found(err, "seal mailing %d", id)
	}
	return db.Mailing(ctx, id)
}

// OpenMailings are the mailings that still have something to send or to settle.
func (db *DB) OpenMailings(ctx context.Context) ([]Mailing, error) {
	all, err := query(ctx, db, scanMailing, `
		SELECT `+mailingColumns+`
		FROM mailing
		WHERE state IN ('closed', 'sending', 'paused', 'held')
		ORDER BY due_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list open mailings: %w", err)
	}
	return all, nil
}

// IssueMailings are the mailings of issues that are not through: closed, sending, paused or held.
func (db *DB) IssueMailings(ctx context.Context) ([]Mailing, error) {
	all, err := query(ctx, db, scanMailing, `
		SELECT `+mailingColumns+`
		FROM mailing
		WHERE kind = 'issue' AND state IN ('closed', 'sending', 'paused', 'held')
		ORDER BY due_at, id`)
	return all, found(err, "list open issues")
}

// PauseMailing stops a mailing between two messages. It is ErrConflict where nothing is
// being sent or waits to be.
func (db *DB) PauseMailing(ctx context.Context, id int64, reason string) error {
	return db.moveMailing(ctx, id, MailingPaused, reason, `'closed', 'sending'`)
}

// HoldMailing stops a mailing until a person decides.
func (db *DB) HoldMailing(ctx context.Context, id int64, reason string) error {
	return db.moveMailing(ctx, id, MailingHeld, reason, `'closed', 'sending', 'paused'`)
}

// ResumeMailing lets a paused or held mailing go on where it stopped. That is a person's word,
// and counts from now: one that never began waits for its due time again and must begin within
// its newsletter's grace, and retries have at least six hours. While the database is held it is
// refused.
func (db *DB) ResumeMailing(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM mailing WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.refuseWhileHeld(); err != nil {
			return err
		}
		return t.resume(id, `'paused', 'held'`)
	})
	return found(err, "resume mailing %d", id)
}

// wordLasts is how long retries have at least, from a person's word on, in milliseconds.
const wordLasts = `21600000`

// graceOf is the grace of a mailing in milliseconds: its newsletter's, or a letter's patience.
const graceOf = `COALESCE((SELECT n.grace FROM issue i JOIN newsletter n ON n.id = i.newsletter_id WHERE i.mailing_id = mailing.id), 259200000)`

// resume lets a mailing go on that is in one of the states from.
func (t *tx) resume(id int64, from string) error {
	return t.move(`
		UPDATE mailing
		SET state = CASE WHEN begun_at IS NULL THEN 'closed' ELSE 'sending' END, reason = '',
			late_at = `+greatest("late_at", greatest("due_at", "$1")+" + "+graceOf)+`,
			give_up_at = `+greatest("give_up_at", greatest("due_at", "$1")+" + "+wordLasts)+`
		WHERE id = $2 AND state IN (`+from+`)`, t.now, id)
}

func (db *DB) moveMailing(ctx context.Context, id int64, to MailingState, reason, from string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM mailing WHERE id = $1`, id); err != nil {
			return err
		}
		return t.move(`UPDATE mailing SET state = $1, reason = $2 WHERE id = $3 AND state IN (`+from+`)`, to, reason, id)
	})
	return found(err, "move mailing %d to %s", id, to)
}

// CancelMailing ends a mailing: what was not tried is skipped, with that reason. An issue
// whose mailing had no intent yet gives its stories back. Before the mailing is complete the
// rest of its deliveries is skipped in slices by SkipRest.
func (db *DB) CancelMailing(ctx context.Context, id int64, reason string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM mailing WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE mailing
			SET state = 'cancelled', reason = $1
			WHERE id = $2 AND state IN ('closed', 'sending', 'paused', 'held')`, reason, id); err != nil {
			return err
		}
		_, err := t.exec(`
			DELETE FROM issue_story
			WHERE NOT hidden
			  AND issue_id = (SELECT id FROM issue WHERE mailing_id = $1)
			  AND NOT EXISTS (SELECT 1 FROM attempt WHERE mailing_id = $1 AND kind = 'intent')`, id)
		return err
	})
	return found(err, "cancel mailing %d", id)
}

// CancelIssue ends an issue in any state before complete.
func (db *DB) CancelIssue(ctx context.Context, id int64, reason string) error {
	i, err := db.Issue(ctx, id)
	if err != nil {
		return err
	}
	if i.MailingID != 0 && i.State != IssueClosing {
		return db.CancelMailing(ctx, i.MailingID, reason)
	}
	return db.moveIssue(ctx, id, IssueCancelled, reason, `'draft', 'awaiting_approval', 'held'`)
}

// LateIssues are the closed issues whose time to begin has gone by. None of them will be
// begun: a person or the newsletter's rule decides.
func (db *DB) LateIssues(ctx context.Context) ([]Issue, error) {
	all, err := query(ctx, db, scanIssue, `
		SELECT `+issueColumns+`
		FROM issue_now
		WHERE state = 'closed' AND mailing_id IN (
			SELECT id FROM mailing WHERE state = 'closed' AND begun_at IS NULL AND late_at < $1)
		ORDER BY due_at, id`, millis(db.Now()))
	return all, found(err, "list late issues")
}

// MergeClosed ends a closed issue that was never begun: nothing of it is sent, and its
// stories go into the next one.
func (db *DB) MergeClosed(ctx context.Context, id int64, reason string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM issue WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE mailing
			SET state = 'cancelled', reason = $1
			WHERE state = 'closed' AND begun_at IS NULL
			  AND id = (SELECT mailing_id FROM issue WHERE id = $2 AND state = 'closed')`, reason, id); err != nil {
			return err
		}
		if err := t.move(`UPDATE issue SET state = 'merged', reason = $1 WHERE id = $2 AND state = 'closed'`, reason, id); err != nil {
			return err
		}
		return t.giveBack(id)
	})
	return found(err, "merge issue %d", id)
}
