package data

import (
	"context"
	"fmt"
	"time"
)

// What happens to an issue that is found later than its grace.
const (
	LateMerge = "merge" // its stories go into the next issue
	LateHold  = "hold"
	LateSend  = "send"
)

// A Newsletter is something that a reader subscribes to.
type Newsletter struct {
	ID          int64
	Slug        string // its name in commands and addresses
	Name        string
	Description string
	Cron        string // five fields; empty: issues by hand only
	TimeZone    string // IANA
	Language    string
	Late        string // LateMerge, LateHold or LateSend
	Grace       time.Duration
	Approval    bool // an editor must approve each issue
	InFull      int  // stories with their summary; 0: the template's own number
	PerSection  int  // of them under one heading, the others stand under "Also today"; 0: no cap
	// Gap is how far apart issues are at least that follow their stories as they come; 0: they
	// come by Cron, or by hand.
	Gap     time.Duration
	Since   time.Time // takes stories published at or after this time
	Backlog bool      // takes stories that were old when their feed was first seen
	State   string    // active or stopped
	AddedAt time.Time
}

const newsletterColumns = `id, slug, name, description, cron, time_zone, language, late, grace, approval, in_full, per_section, gap, since, backlog, state, added_at`

func scanNewsletter(s scanner) (Newsletter, error) {
	var n Newsletter
	var grace, gap int64
	err := s.Scan(&n.ID, &n.Slug, &n.Name, &n.Description, &n.Cron, &n.TimeZone, &n.Language, &n.Late, &grace,
		&n.Approval, &n.InFull, &n.PerSection, &gap, at(&n.Since), &n.Backlog, &n.State, at(&n.AddedAt))
	n.Grace, n.Gap = time.Duration(grace)*time.Millisecond, time.Duration(gap)*time.Millisecond
	return n, err
}

// AddNewsletter keeps a newsletter. Where Since is zero it takes the stories of the last
// 24 hours and what comes; where it is set, it also takes backlog stories published since
// then. A slug that is taken is ErrConflict.
func (db *DB) AddNewsletter(ctx context.Context, n Newsletter) (Newsletter, error) {
	err := db.update(ctx, func(t *tx) error {
		n.Backlog = n.Backlog || !n.Since.IsZero()
		if n.Since.IsZero() {
			n.Since = fromMillis(t.now).Add(-24 * time.Hour)
		}
		id, err := t.insert(`
			INSERT INTO newsletter (slug, name, description, cron, time_zone, language, late, grace, approval, in_full, per_section, gap, since, backlog, added_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			RETURNING id`, n.Slug, n.Name, n.Description, n.Cron, n.TimeZone, n.Language, n.Late, n.Grace.Milliseconds(),
			n.Approval, n.InFull, n.PerSection, n.Gap.Milliseconds(), millis(n.Since), n.Backlog, t.now)
		if isUnique(err) {
			return ErrConflict
		}
		n.ID, n.State, n.AddedAt = id, "active", fromMillis(t.now)
		return err
	})
	return n, found(err, "add newsletter %s", n.Slug)
}

// EditNewsletter changes what a newsletter says and when it is due; its slug, Since and
// Backlog stay. A draft that was waiting for the old due time is dropped, so that the
// scheduler makes one for the new.
func (db *DB) EditNewsletter(ctx context.Context, n Newsletter) error {
	err := db.update(ctx, func(t *tx) error {
		var cron, zone string
		var gap int64
		if err := t.row(`SELECT cron, time_zone, gap FROM newsletter WHERE id = $1`, n.ID).Scan(&cron, &zone, &gap); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE newsletter
			SET name = $1, description = $2, cron = $3, time_zone = $4, language = $5, late = $6, grace = $7, approval = $8,
				in_full = $9, per_section = $10, gap = $11
			WHERE id = $12`, n.Name, n.Description, n.Cron, n.TimeZone, n.Language, n.Late, n.Grace.Milliseconds(), n.Approval,
			n.InFull, n.PerSection, n.Gap.Milliseconds(), n.ID); err != nil {
			return err
		}
		if cron == n.Cron && zone == n.TimeZone && gap == n.Gap.Milliseconds() {
			return nil
		}
		return t.dropDrafts(n.ID, rescheduled)
	})
	return found(err, "edit newsletter %d", n.ID)
}

// StopNewsletter ends a newsletter: no further issue is made, no new subscription taken. Its
// past issues and its readers stay.
func (db *DB) StopNewsletter(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.move(`UPDATE newsletter SET state = 'stopped' WHERE id = $1 AND state = 'active'`, id); err != nil {
			return err
		}
		return t.dropDrafts(id, "the newsletter was stopped")
	})
	return found(err, "stop newsletter %d", id)
}

// RestartNewsletter takes up a newsletter that has ended. Due times that went by meanwhile are
// not made up for: what is due next counts from now.
func (db *DB) RestartNewsletter(ctx context.Context, id int64) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`UPDATE newsletter SET state = 'active', added_at = $1 WHERE id = $2 AND state = 'stopped'`, t.now, id)
	})
	return found(err, "restart newsletter %d", id)
}

// rescheduled is the reason of a draft whose due time is no longer in the schedule. A draft for
// the same due time takes its row again.
const rescheduled = "the schedule was changed"

// dropDrafts cancels the scheduled drafts of a newsletter and gives their stories back.
func (t *tx) dropDrafts(newsletter int64, why string) error {
	if _, err := t.exec(`
		DELETE FROM issue_story
		WHERE NOT hidden AND issue_id IN (
			SELECT id FROM issue WHERE newsletter_id = $1 AND state = 'draft' AND NOT by_hand)`, newsletter); err != nil {
		return err
	}
	_, err := t.exec(`
		UPDATE issue
		SET state = 'cancelled', reason = $1
		WHERE newsletter_id = $2 AND state = 'draft' AND NOT by_hand`, why, newsletter)
	return err
}

// Newsletters are the active newsletters, in the order they were added.
func (db *DB) Newsletters(ctx context.Context) ([]Newsletter, error) {
	all, err := query(ctx, db, scanNewsletter, `
		SELECT `+newsletterColumns+`
		FROM newsletter
		WHERE state = 'active'
		ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list newsletters: %w", err)
	}
	return all, nil
}

// Newsletter returns the newsletter with that id, active or not, or ErrNotFound.
func (db *DB) Newsletter(ctx context.Context, id int64) (Newsletter, error) {
	n, err := scanNewsletter(db.row(ctx, `SELECT `+newsletterColumns+` FROM newsletter WHERE id = $1`, id))
	return n, found(err, "read newsletter %d", id)
}

// NewsletterBySlug returns the newsletter with that slug, active or not, or ErrNotFound.
func (db *DB) NewsletterBySlug(ctx context.Context, slug string) (Newsletter, error) {
	n, err := scanNewsletter(db.row(ctx, `SELECT `+newsletterColumns+` FROM newsletter WHERE slug = $1`, slug))
	return n, found(err, "read newsletter %s", slug)
}
