package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

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
		return t.takeStories(issue, stories)
	})
	return found(err, "begin closing issue %d", issue)
}

// takeStories writes down which stories an issue has, in that order. What an editor had placed
// and is not among them goes back.
func (t *tx) takeStories(issue int64, stories []int64) error {
	if _, err := t.exec(`UPDATE issue_story SET position = 0 WHERE issue_id = $1 AND NOT hidden`, issue); err != nil {
		return err
	}
	for i, story := range stories {
		n, err := t.exec(`
			UPDATE issue_story
			SET position = $1
			WHERE issue_id = $2 AND story_id = $3 AND NOT hidden
			  AND EXISTS (SELECT 1 FROM story WHERE id = $3 AND state = 'new')`, i+1, issue, story)
		if err != nil {
			return err
		}
		if n == 1 {
			continue
		}
		if _, err := t.exec(`
			INSERT INTO issue_story (issue_id, story_id, newsletter_id, position)
			SELECT i.id, s.id, i.newsletter_id, $1
			FROM issue i, story s
			WHERE i.id = $2 AND s.id = $3 AND s.state = 'new'
			ON CONFLICT DO NOTHING`, i+1, issue, story); err != nil {
			return err
		}
	}
	if _, err := t.exec(`DELETE FROM issue_story WHERE issue_id = $1 AND NOT hidden AND position = 0`, issue); err != nil {
		return err
	}
	var n int
	if err := t.row(`SELECT COUNT(*) FROM issue_story WHERE issue_id = $1 AND NOT hidden`, issue).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	return nil
}

// FinishClosing writes the issue's words, the count and the state: from here on the issue is sent
// at its due time, and those who chose an hour of their own get it then; where the database is
// held, it is held with it. v is the main variant; one with an id is written already. Deliveries
// are cut into chunks of chunkSize, part by part. An issue that is not closing is ErrConflict, so
// that a second call changes nothing.
func (db *DB) FinishClosing(ctx context.Context, issue int64, v Variant, chunkSize int) error {
	err := db.update(ctx, func(t *tx) error {
		mailing, err := t.closing(issue)
		if err != nil {
			return err
		}
		if err := t.move(`
			UPDATE issue
			SET state = 'closed', subject = $1, preheader = $2, closed_at = $3
			WHERE id = $4 AND state = 'closing'`, v.Subject, v.Preheader, t.now, issue); err != nil {
			return err
		}
		if v.ID == 0 {
			if _, err := t.keepVariant(mailing, v); err != nil {
				return err
			}
		}
		parts, err := t.parts(mailing, int64(chunkSize))
		if err != nil {
			return err
		}
		count, n := int64(0), int64(0)
		for _, p := range parts {
			if n, err = t.cutChunks(mailing, n, p); err != nil {
				return err
			}
			count += p.hi - p.lo + 1
		}
		if _, err := t.exec(`DELETE FROM closing_choice WHERE mailing_id = $1`, mailing); err != nil {
			return err
		}
		if count == 0 { // nobody to send it to: the archive has it, and its stories are told
			return t.move(`UPDATE mailing SET state = 'complete', completed_at = $1 WHERE id = $2 AND state = 'freezing'`, t.now, mailing)
		}
		first, last := parts[0].at, parts[len(parts)-1].at
		if err := t.move(`
			UPDATE mailing
			SET state = 'closed', audience = $1,
				late_at = CASE WHEN late_at > $2 THEN late_at ELSE late_at + ($3 - due_at) END,
				give_up_at = `+greatest("give_up_at", "$4 + "+wordLasts)+`
			WHERE id = $5 AND state = 'freezing'`, count, int64(math.MaxInt64)/2, first, last, mailing); err != nil {
			return err
		}
		return t.holdNew(mailing)
	})
	return found(err, "close issue %d", issue)
}

// closing is the mailing of an issue that is closing, or ErrConflict.
func (t *tx) closing(issue int64) (mailing int64, err error) {
	err = t.row(`SELECT COALESCE(mailing_id, 0) FROM issue WHERE id = $1 AND state = 'closing'`, issue).Scan(&mailing)
	if !errors.Is(err, sql.ErrNoRows) {
		return mailing, err
	}
	if err := t.exists(`SELECT 1 FROM issue WHERE id = $1`, issue); err != nil {
		return 0, err
	}
	return 0, ErrConflict
}

// A part is a run of an issue's deliveries that may go at one time.
type part struct {
	lo, hi int64 // sequence numbers, both within
	size   int64 // of its chunks
	at     int64
}

const (
	partShift     = 28 // the deliveries of a part are numbered from its minute << partShift on
	chunksOfPart  = 16 // where there are several parts, a small one is cut into that many chunks
	smallestChunk = 10
)

// parts are the parts of an issue that have readers, in the order of their times.
func (t *tx) parts(mailing, size int64) ([]part, error) {
	rows, err := t.rows(`
		SELECT part, MAX(at)
		FROM (
			SELECT part, next_at AS at FROM closing_choice WHERE mailing_id = $1
			UNION ALL
			SELECT 0, due_at FROM mailing WHERE id = $1
		) times
		GROUP BY part
		ORDER BY part`, mailing)
	if err != nil {
		return nil, err
	}
	all, err := collect(rows, func(s scanner) (part, error) {
		var p part
		err := s.Scan(&p.lo, &p.at)
		return p, err
	})
	if err != nil {
		return nil, err
	}
	var used []part
	for _, p := range all {
		from := p.lo << partShift
		if err := t.row(`
			SELECT COALESCE(MAX(seq), $2)
			FROM delivery
			WHERE mailing_id = $1 AND seq > $2 AND seq < $3`, mailing, from, from+1<<partShift).Scan(&p.hi); err != nil {
			return nil, err
		}
		if p.lo = from + 1; p.hi >= p.lo {
			used = append(used, p)
		}
	}
	for i := range used {
		used[i].size = size
		if len(used) > 1 {
			used[i].size = min(size, max((used[i].hi-used[i].lo+1)/chunksOfPart, smallestChunk))
		}
	}
	return used, nil
}

// cutChunks cuts a part's deliveries into chunks after the first n, in one statement: there may be
// thousands. It returns how many chunks there are then.
func (t *tx) cutChunks(mailing, n int64, p part) (int64, error) {
	made, err := t.exec(`
		WITH RECURSIVE part (n, lo) AS (
			SELECT $1 + 1, $2
			UNION ALL
			SELECT n + 1, lo + $4 FROM part WHERE lo + $4 <= $3
		)
		INSERT INTO chunk (mailing_id, n, lo, hi, state, next_at, due_at)
		SELECT $5, n, lo, CASE WHEN lo + $4 - 1 < $3 THEN lo + $4 - 1 ELSE $3 END, 'open', $6, $6
		FROM part`, n, p.lo, p.hi, p.size, mailing, p.at)
	return n + made, err
}

// A Part is the readers of an issue whose mail may go from one time on.
type Part struct {
	At      time.Time
	Readers int
}

// Parts are the times at which an issue's mail may go, in order: its due time, and the hours that
// readers chose. Once its deliveries are folded there are none.
func (db *DB) Parts(ctx context.Context, mailing int64) ([]Part, error) {
	all, err := query(ctx, db, func(s scanner) (Part, error) {
		var p Part
		err := s.Scan(at(&p.At), &p.Readers)
		return p, err
	}, `
		SELECT COALESCE(c.due_at, m.due_at), SUM(c.hi - c.lo + 1)
		FROM chunk c
		JOIN mailing m ON m.id = c.mailing_id
		WHERE c.mailing_id = $1
		GROUP BY 1
		ORDER BY 1`, mailing)
	return all, found(err, "list parts of mailing %d", mailing)
}
