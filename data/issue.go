package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// An IssueState is what the paper sees of an issue. From closed on it is the state of the
// issue's mailing, so that the two cannot differ.
type IssueState string

// The states of an issue.
const (
	IssueDraft     IssueState = "draft"
	IssueAwaiting  IssueState = "awaiting_approval"
	IssueClosing   IssueState = "closing"
	IssueClosed    IssueState = "closed"
	IssueSending   IssueState = "sending"
	IssuePaused    IssueState = "paused"
	IssueComplete  IssueState = "complete"
	IssueSkipped   IssueState = "skipped"
	IssueMerged    IssueState = "merged"
	IssueHeld      IssueState = "held"
	IssueCancelled IssueState = "cancelled"
)

// An Issue is one edition of a newsletter, for one due time.
type Issue struct {
	ID           int64
	NewsletterID int64
	DueAt        time.Time
	CloseAt      time.Time
	State        IssueState
	Reason       string // why it is skipped, merged, held, paused or cancelled
	MailingID    int64  // 0 before closing
	Subject      string // empty: by rule, until it is closed
	Preheader    string
	Note         string
	NoteBy       string // who signs it
	ByHand       bool
	ApprovedAt   time.Time
	AudienceAt   time.Time // the instant closing began
	ClosedAt     time.Time
	MadeAt       time.Time
	Audience     int
}

const issueColumns = `id, newsletter_id, due_at, close_at, shown, shown_reason, COALESCE(mailing_id, 0), subject, preheader, note, note_by, by_hand,
	approved_at, audience_at, closed_at, made_at, audience`

func scanIssue(s scanner) (Issue, error) {
	var i Issue
	err := s.Scan(&i.ID, &i.NewsletterID, at(&i.DueAt), at(&i.CloseAt), &i.State, &i.Reason, &i.MailingID, &i.Subject, &i.Preheader, &i.Note, &i.NoteBy,
		&i.ByHand, at(&i.ApprovedAt), at(&i.AudienceAt), at(&i.ClosedAt), at(&i.MadeAt), &i.Audience)
	if i.State == "freezing" {
		i.State = IssueClosing
	}
	return i, err
}

// EnsureDraft makes the draft of a newsletter's issue for one due time, wherever the process
// runs and however often it is asked: the row is unique. It reports whether it was made now.
func (db *DB) EnsureDraft(ctx context.Context, newsletter int64, due, closeAt time.Time) (made bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		n, err := t.exec(`
			INSERT INTO issue (newsletter_id, due_at, close_at, state, made_at)
			VALUES ($1, $2, $3, 'draft', $4)
			ON CONFLICT (newsletter_id, due_at) DO UPDATE
			SET state = 'draft', reason = '', close_at = excluded.close_at
			WHERE issue.state = 'cancelled' AND issue.reason = $5`, newsletter, millis(due), millis(closeAt), t.now, rescheduled)
		made = n == 1
		return err
	})
	return made, found(err, "make draft of newsletter %d", newsletter)
}

// AddIssue makes an issue by hand. One that is there for the same due time is ErrConflict.
func (db *DB) AddIssue(ctx context.Context, newsletter int64, due, closeAt time.Time) (int64, error) {
	var id int64
	err := db.update(ctx, func(t *tx) error {
		var err error
		id, err = t.insert(`
			INSERT INTO issue (newsletter_id, due_at, close_at, state, by_hand, made_at)
			VALUES ($1, $2, $3, 'draft', 1, $4)
			RETURNING id`, newsletter, millis(due), millis(closeAt), t.now)
		if isUnique(err) {
			return ErrConflict
		}
		return err
	})
	return id, found(err, "add issue of newsletter %d", newsletter)
}

// MergeMissed writes down a due time that went by without an issue: nothing is sent for it,
// and its stories go into the next. A due time that has a row is left alone.
func (db *DB) MergeMissed(ctx context.Context, newsletter int64, due time.Time, reason string) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO issue (newsletter_id, due_at, close_at, state, reason, made_at)
			VALUES ($1, $2, $2, 'merged', $3, $4)
			ON CONFLICT (newsletter_id, due_at) DO NOTHING`, newsletter, millis(due), reason, t.now)
		return err
	})
	return found(err, "record missed due time of newsletter %d", newsletter)
}

// Issue returns one issue, or ErrNotFound.
func (db *DB) Issue(ctx context.Context, id int64) (Issue, error) {
	i, err := scanIssue(db.row(ctx, `SELECT `+issueColumns+` FROM issue_now WHERE id = $1`, id))
	return i, found(err, "read issue %d", id)
}

// Issues are the latest issues by due time, newest first, at most limit.
func (db *DB) Issues(ctx context.Context, limit int) ([]Issue, error) {
	all, err := query(ctx, db, scanIssue, `
		SELECT `+issueColumns+`
		FROM issue_now
		ORDER BY due_at DESC, id DESC
		LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	return all, nil
}

// OpenIssues are the issues that are not closed, skipped, merged, held or cancelled, in the
// order of their closing times.
func (db *DB) OpenIssues(ctx context.Context) ([]Issue, error) {
	all, err := query(ctx, db, scanIssue, `
		SELECT `+issueColumns+`
		FROM issue_now
		WHERE state IN ('draft', 'awaiting_approval', 'closing')
		ORDER BY close_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list open issues: %w", err)
	}
	return all, nil
}

// LastDue is the latest due time of a newsletter that has a scheduled issue, or the zero time,
// and whether that issue is still open.
func (db *DB) LastDue(ctx context.Context, newsletter int64) (last time.Time, open bool, err error) {
	err = db.row(ctx, `
		SELECT due_at, state IN ('draft', 'awaiting_approval', 'closing')
		FROM issue
		WHERE newsletter_id = $1 AND NOT by_hand AND NOT (state = 'cancelled' AND reason = $2)
		ORDER BY due_at DESC
		LIMIT 1`, newsletter, rescheduled).Scan(at(&last), &open)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return last, open, found(err, "read last due time of newsletter %d", newsletter)
}

// PublishedIssues are the issues of the archive, newest first: those that readers have had.
func (db *DB) PublishedIssues(ctx context.Context, limit int) ([]Issue, error) {
	all, err := query(ctx, db, scanIssue, `
		SELECT `+issueColumns+`
		FROM issue_now
		WHERE shown IN ('sending', 'complete')
		ORDER BY due_at DESC, id DESC
		LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list published issues: %w", err)
	}
	return all, nil
}

// moveIssue moves an issue that has no mailing yet.
func (db *DB) moveIssue(ctx context.Context, id int64, to IssueState, reason string, from string) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM issue WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.move(`UPDATE issue SET state = $1, reason = $2 WHERE id = $3 AND state IN (`+from+`)`, to, reason, id); err != nil {
			return err
		}
		if to == IssueHeld || to == IssueAwaiting {
			return nil
		}
		return t.giveBack(id)
	})
	return found(err, "move issue %d to %s", id, to)
}

// giveBack frees the stories of an issue for the next one; those hidden stay hidden.
func (t *tx) giveBack(issue int64) error {
	_, err := t.exec(`DELETE FROM issue_story WHERE issue_id = $1 AND NOT hidden`, issue)
	return err
}

func (t *tx) exists(query string, args ...any) error {
	var one int
	return t.row(query, args...).Scan(&one)
}

// SkipIssue ends an issue that has nothing to say.
func (db *DB) SkipIssue(ctx context.Context, id int64, reason string) error {
	return db.moveIssue(ctx, id, IssueSkipped, reason, `'draft', 'awaiting_approval'`)
}

// MergeIssue ends an issue that was found too late; its stories go into the next one.
func (db *DB) MergeIssue(ctx context.Context, id int64, reason string) error {
	return db.moveIssue(ctx, id, IssueMerged, reason, `'draft', 'awaiting_approval'`)
}

// HoldIssue stops an issue until a person decides.
func (db *DB) HoldIssue(ctx context.Context, id int64, reason string) error {
	return db.moveIssue(ctx, id, IssueHeld, reason, `'draft', 'awaiting_approval'`)
}

// AwaitApproval says that an issue is ready to close but for an editor's word.
func (db *DB) AwaitApproval(ctx context.Context, id int64) error {
	return db.moveIssue(ctx, id, IssueAwaiting, "", `'draft'`)
}

// ApproveIssue is an editor's word that an issue may go. It also frees one that was held
// before it was closed; it closes again at the next look.
func (db *DB) ApproveIssue(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM issue WHERE id = $1`, id); err != nil {
			return err
		}
		return t.move(`
			UPDATE issue
			SET approved_at = $1, reason = '', state = CASE state WHEN 'held' THEN 'draft' WHEN 'awaiting_approval' THEN 'draft' ELSE state END
			WHERE id = $2 AND state IN ('draft', 'awaiting_approval', 'held')`, t.now, id)
	})
	return found(err, "approve issue %d", id)
}

// DueNow makes an issue due at once: a draft closes at the next look, one that is closed begins,
// one that had begun and is held goes on. One that is being sent or paused, or has ended, is
// ErrConflict. Another issue of the newsletter that is due at this very millisecond is ErrConflict
// too. It is no approval: where the newsletter asks for one, the issue waits for it. While the
// database is held it is refused.
func (db *DB) DueNow(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		var mailing int64
		var begun bool
		if err := t.row(`
			SELECT COALESCE(i.mailing_id, 0), m.begun_at IS NOT NULL
			FROM issue i
			LEFT JOIN mailing m ON m.id = i.mailing_id
			WHERE i.id = $1`, id).Scan(&mailing, &begun); err != nil {
			return err
		}
		if err := t.refuseWhileHeld(); err != nil {
			return err
		}
		if begun {
			return t.resume(mailing, `'held'`)
		}
		return t.dueNow(id, mailing)
	})
	return found(err, "make issue %d due", id)
}

// dueNow is for an issue of which nothing was sent.
func (t *tx) dueNow(id, mailing int64) error {
	err := t.move(`
		UPDATE issue
		SET due_at = $1, close_at = $1, by_hand = 1,
			state = CASE state WHEN 'awaiting_approval' THEN 'draft' WHEN 'held' THEN 'draft' ELSE state END
		WHERE id = $2 AND (state IN ('draft', 'awaiting_approval')
			OR (state = 'held' AND mailing_id IS NULL)
			OR (state = 'closed' AND mailing_id IN (SELECT id FROM mailing WHERE state IN ('closed', 'held'))))`, t.now, id)
	if isUnique(err) {
		return ErrConflict
	}
	if err != nil || mailing == 0 {
		return err
	}
	if _, err := t.exec(`UPDATE mailing SET due_at = $1 WHERE id = $2`, t.now, mailing); err != nil {
		return err
	}
	if err := t.resume(mailing, `'closed', 'held'`); err != nil {
		return err
	}
	// Who chose an hour of their own still gets it at that hour, but for a day less where the due
	// time was ahead.
	_, err = t.exec(`
		UPDATE chunk
		SET next_at = `+movedPart+`, due_at = `+movedPart+`
		WHERE mailing_id = $2 AND state <> 'done'`, t.now, mailing)
	return err
}

// movedPart is when a part of an issue may go whose due time has become $1.
const movedPart = `CASE
			WHEN COALESCE(due_at, 0) <= (SELECT dated_at FROM mailing WHERE id = $2) OR due_at <= $1 THEN $1
			WHEN due_at - 86400000 >= $1 THEN due_at - 86400000
			ELSE due_at END`
