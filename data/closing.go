package data

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// A Variant is the frozen words of a mailing for one distinct (stories, edition, language).
// In HTML and Text, a reader's tokens stand as placeholders that the mailer fills in.
type Variant struct {
	ID        int64
	MailingID int64
	Edition   string // full, headlines or text
	Language  string
	Subject   string
	Preheader string
	HTML      string // empty: plain text only
	Text      string
}

// BeginClosing freezes which stories an issue has and fixes the instant whose active
// subscriptions are its audience. The issue must be a draft, or wait for an approval that
// has been given; else ErrConflict. A story that another issue of the newsletter took in the
// meantime is left out. Called again after a crash it changes nothing.
func (db *DB) BeginClosing(ctx context.Context, issue int64, stories []int64, h Header, giveUp time.Time) error {
	header, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("begin closing issue %d: %w", issue, err)
	}
	err = db.update(ctx, func(t *tx) error {
		var state IssueState
		var due, late int64
		if err := t.row(`
			SELECT i.state, i.due_at, CASE n.late WHEN 'send' THEN $2 ELSE `+greatest("i.due_at", "COALESCE(i.approved_at, 0)")+` + n.grace END
			FROM issue i
			JOIN newsletter n ON n.id = i.newsletter_id
			WHERE i.id = $1`, issue, int64(math.MaxInt64)).Scan(&state, &due, &late); err != nil {
			return err
		}
		if state == IssueClosing {
			return nil
		}
		mailing, err := t.insert(`
			INSERT INTO mailing (kind, state, due_at, dated_at, late_at, give_up_at, header, made_at)
			VALUES ('issue', 'freezing', $1, $1, $2, $3, $4, $5)
			RETURNING id`, due, late, millis(giveUp), string(header), t.now)
		if err != nil {
			return err
		}
		if err := t.move(`
			UPDATE issue
			SET state = 'closing', reason = '', mailing_id = $1, audience_at = $2,
				audience_move = (SELECT COALESCE(MAX(id), 0) FROM subscription_move)
			WHERE id = $3
			  AND state IN ('draft', 'awaiting_approval')
			  AND (approved_at IS NOT NULL OR NOT (SELECT approval FROM newsletter WHERE id = newsletter_id))`, mailing, t.now, issue); err != nil {
			return err
		}
		for i, story := range stories {
			if _, err := t.exec(`
				INSERT INTO issue_story (issue_id, story_id, newsletter_id, position)
				SELECT id, $1, newsletter_id, $2
				FROM issue
				WHERE id = $3
				ON CONFLICT DO NOTHING`, story, i+1, issue); err != nil {
				return err
			}
		}
		return nil
	})
	return found(err, "begin closing issue %d", issue)
}

// FreezeSlice moves the next size moves of subscriptions into the ledger: those that made one
// active which still was at the instant closing began, whatever happened since. The latest
// comes first, so that a relay that is warming up writes to the readers who remember having
// asked. It reports whether there may be more. One whose address is suppressed is left out,
// with that reason. It may be repeated.
func (db *DB) FreezeSlice(ctx context.Context, issue int64, size int) (more bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		var mailing, newsletter, mark, through, first, seen int64
		if err := t.row(`
			SELECT m.id, i.newsletter_id, i.audience_move, m.frozen_through
			FROM issue i
			JOIN mailing m ON m.id = i.mailing_id
			WHERE i.id = $1 AND i.state = 'closing'`, issue).Scan(&mailing, &newsletter, &mark, &through); err != nil {
			return err
		}
		if through == 0 {
			through = mark + 1
		}
		if err := t.row(`
			SELECT COALESCE(MIN(id), 0), COUNT(*)
			FROM (SELECT id FROM subscription_move WHERE id < $1 ORDER BY id DESC LIMIT $2) slice`,
			through, size).Scan(&first, &seen); err != nil {
			return err
		}
		if seen == 0 {
			return nil
		}
		more = seen == int64(size)
		return t.freeze(mailing, newsletter, mark, first, through)
	})
	return more, found(err, "freeze audience of issue %d", issue)
}

// audience selects the subscriptions of a newsletter that a move from $3 on and before $4 made
// active, and that no later move up to $2 changed.
const audience = `
	FROM subscription_move v
	JOIN subscription s ON s.id = v.subscription_id
	JOIN subscriber r ON r.id = s.subscriber_id
	WHERE v.id >= $3 AND v.id < $4
	  AND v.state = 'active'
	  AND s.newsletter_id = $1
	  AND NOT EXISTS (
		SELECT 1 FROM subscription_move w
		WHERE w.subscription_id = v.subscription_id AND w.id > v.id AND w.id <= $2)`

func (t *tx) freeze(mailing, newsletter, mark, first, before int64) error {
	if _, err := t.exec(`
		INSERT INTO left_out (mailing_id, subscription_id, reason)
		SELECT $5, s.id, 'suppressed'`+audience+`
		  AND EXISTS (SELECT 1 FROM suppression x WHERE x.address = r.address)
		ON CONFLICT DO NOTHING`, newsletter, mark, first, before, mailing); err != nil {
		return err
	}
	if _, err := t.exec(`
		INSERT INTO delivery (mailing_id, seq, subscriber_id, subscription_id, address, name)
		SELECT $5, (SELECT COALESCE(MAX(seq), 0) FROM delivery WHERE mailing_id = $5) + ROW_NUMBER() OVER (ORDER BY v.id DESC),
			r.id, s.id, r.typed, r.name`+audience+`
		  AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address = r.address)`, newsletter, mark, first, before, mailing); err != nil {
		return err
	}
	return t.move(`UPDATE mailing SET frozen_through = $1 WHERE id = $2 AND state = 'freezing'`, first, mailing)
}

// FinishClosing writes the words, the count and the state: from here on the issue is sent at
// its due time; where the database is held, it is held with it. Deliveries are cut into chunks
// of chunkSize. An issue that is not closing is ErrConflict, so that a second call changes
// nothing.
func (db *DB) FinishClosing(ctx context.Context, issue int64, v Variant, chunkSize int) error {
	err := db.update(ctx, func(t *tx) error {
		var mailing, due, count int64
		if err := t.row(`
			SELECT m.id, m.due_at, (SELECT COALESCE(MAX(d.seq), 0) FROM delivery d WHERE d.mailing_id = m.id)
			FROM issue i
			JOIN mailing m ON m.id = i.mailing_id
			WHERE i.id = $1`, issue).Scan(&mailing, &due, &count); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE issue
			SET state = 'closed', subject = $1, preheader = $2, closed_at = $3
			WHERE id = $4 AND state = 'closing'`, v.Subject, v.Preheader, t.now, issue); err != nil {
			return err
		}
		if err := t.keepVariant(mailing, v); err != nil {
			return err
		}
		if err := t.cutChunks(mailing, count, int64(chunkSize), due); err != nil {
			return err
		}
		if count == 0 { // nobody to send it to: the archive has it, and its stories are told
			return t.move(`UPDATE mailing SET state = 'complete', completed_at = $1 WHERE id = $2 AND state = 'freezing'`, t.now, mailing)
		}
		if err := t.move(`UPDATE mailing SET state = 'closed', audience = $1 WHERE id = $2 AND state = 'freezing'`, count, mailing); err != nil {
			return err
		}
		return t.holdNew(mailing)
	})
	return found(err, "close issue %d", issue)
}

func (t *tx) keepVariant(mailing int64, v Variant) error {
	_, err := t.exec(`
		INSERT INTO variant (mailing_id, edition, language, subject, preheader, html, text)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, mailing, v.Edition, v.Language, v.Subject, v.Preheader, v.HTML, v.Text)
	return err
}

// cutChunks cuts the deliveries 1 to count into chunks, in one statement: there may be thousands.
func (t *tx) cutChunks(mailing, count, size, due int64) error {
	if count == 0 {
		return nil
	}
	_, err := t.exec(`
		WITH RECURSIVE part (n, lo) AS (
			SELECT 1, 1
			UNION ALL
			SELECT n + 1, lo + $3 FROM part WHERE lo + $3 <= $2
		)
		INSERT INTO chunk (mailing_id, n, lo, hi, state, next_at)
		SELECT $1, n, lo, CASE WHEN lo + $3 - 1 < $2 THEN lo + $3 - 1 ELSE $2 END, 'open', $4
		FROM part`, mailing, count, size, due)
	return err
}

// Variants are the frozen words of a mailing.
func (db *DB) Variants(ctx context.Context, mailing int64) ([]Variant, error) {
	all, err := query(ctx, db, func(s scanner) (Variant, error) {
		var v Variant
		err := s.Scan(&v.ID, &v.MailingID, &v.Edition, &v.Language, &v.Subject, &v.Preheader, &v.HTML, &v.Text)
		return v, err
	}, `
		SELECT id, mailing_id, edition, language, subject, preheader, html, text
		FROM variant
		WHERE mailing_id = $1
		ORDER BY id`, mailing)
	if err != nil {
		return nil, fmt.Errorf("read variants of mailing %d: %w", mailing, err)
	}
	return all, nil
}
