package data

import (
	"context"
	"fmt"
	"time"
)

// A PlannedChoice says what the readers of one choice get of an issue that is closing.
type PlannedChoice struct {
	Choice  int64     // 0: they chose nothing
	Variant int64     // 0: no story is left for them, and they are left out
	At      time.Time // when theirs may go
}

// noStories is why readers are left out whose topics no story of an issue has.
const noStories = "no stories"

// PlanChoices writes down what the readers of some choices get. It may be repeated. Once an issue
// has one of these rows, FreezeSlice wants one for each choice. An issue that is not closing is
// ErrConflict.
func (db *DB) PlanChoices(ctx context.Context, issue int64, all []PlannedChoice) error {
	err := db.update(ctx, func(t *tx) error {
		mailing, err := t.closing(issue)
		if err != nil {
			return err
		}
		var due int64
		if err := t.row(`SELECT due_at FROM mailing WHERE id = $1`, mailing).Scan(&due); err != nil {
			return err
		}
		for _, p := range all {
			at := max(millis(p.At), due)
			if _, err := t.exec(`
				INSERT INTO closing_choice (mailing_id, choice_id, variant_id, next_at, part)
				VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (mailing_id, choice_id) DO UPDATE
				SET variant_id = excluded.variant_id`, mailing, p.Choice, maybeID(p.Variant), at, partOf(at-due)); err != nil {
				return err
			}
		}
		return nil
	})
	return found(err, "plan choices of issue %d", issue)
}

// partOf numbers a part by how many minutes after the due time it may go. Times on whole minutes
// have parts of their own, and only the due time itself is part 0.
func partOf(after int64) int64 {
	const minute = int64(time.Minute / time.Millisecond)
	return min((after+minute-1)/minute, lastPart)
}

// lastPart keeps sequence numbers below 2^40, which is what a token holds.
const lastPart = 4000

// An UnplannedError names choices that readers have made of whom PlanChoices knows nothing: while
// the issue was closing. Plan them and go on.
type UnplannedError struct{ Choices []int64 }

func (e *UnplannedError) Error() string {
	return fmt.Sprintf("%d choices are not planned", len(e.Choices))
}

// A slice is what one transaction of a freeze works on.
type slice struct {
	mailing, newsletter, mark int64
	first, before             int64 // moves of subscriptions, from first on and before before
	planned                   bool  // choices have been planned
}

// FreezeSlice moves the next size moves of subscriptions into the ledger: those that made one
// active which still was at the instant closing began, whatever happened since. The latest
// comes first, so that a relay that is warming up writes to the readers who remember having
// asked; each part of an issue is in that order. It reports whether there may be more. One whose
// address is suppressed, or for whose choice there is no variant, is left out with that reason. A
// choice that is not planned is an UnplannedError. It may be repeated.
func (db *DB) FreezeSlice(ctx context.Context, issue int64, size int) (more bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		more, err = t.freezeSlice(issue, size)
		return err
	})
	return more, found(err, "freeze audience of issue %d", issue)
}

// sliceSize is how many moves of subscriptions a step of FreezeFor looks at.
const sliceSize = 500

// FreezeFor is FreezeSlice for as much as one transaction does in about that time: who wants to
// leave meanwhile waits no longer than that.
func (db *DB) FreezeFor(ctx context.Context, issue int64, atMost time.Duration) (more bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		begun := time.Now()
		for more = true; more && time.Since(begun) < atMost; {
			if more, err = t.freezeSlice(issue, sliceSize); err != nil {
				return err
			}
		}
		return nil
	})
	return more, found(err, "freeze audience of issue %d", issue)
}

func (t *tx) freezeSlice(issue int64, size int) (more bool, err error) {
	var s slice
	if err := t.row(`
		SELECT m.id, i.newsletter_id, i.audience_move, m.frozen_through, EXISTS (SELECT 1 FROM closing_choice k WHERE k.mailing_id = m.id)
		FROM issue i
		JOIN mailing m ON m.id = i.mailing_id
		WHERE i.id = $1 AND i.state = 'closing'`, issue).Scan(&s.mailing, &s.newsletter, &s.mark, &s.before, &s.planned); err != nil {
		return false, err
	}
	if s.before == 0 {
		s.before = s.mark + 1
	}
	var seen int64
	if err := t.row(`
		SELECT COALESCE(MIN(id), 0), COUNT(*)
		FROM (SELECT id FROM subscription_move WHERE id < $1 ORDER BY id DESC LIMIT $2) slice`,
		s.before, size).Scan(&s.first, &seen); err != nil || seen == 0 {
		return false, err
	}
	return seen == int64(size), t.freeze(s)
}

// audience selects the subscriptions of a newsletter that a move from $3 on and before $4 made
// active, and that no later move up to $2 changed, each with its reader and what is planned for
// mailing $5. The + 0 keeps the database from walking all of the newsletter's subscriptions
// for each slice.
const audience = `
	FROM subscription_move v
	JOIN subscription s ON s.id = v.subscription_id
	JOIN subscriber r ON r.id = s.subscriber_id
	LEFT JOIN closing_choice k ON k.mailing_id = $5 AND k.choice_id = COALESCE(s.choice_id, 0)
	WHERE v.id >= $3 AND v.id < $4
	  AND v.state = 'active'
	  AND s.newsletter_id + 0 = $1
	  AND NOT EXISTS (
		SELECT 1 FROM subscription_move w
		WHERE w.subscription_id = v.subscription_id AND w.id > v.id AND w.id <= $2)`

const suppressed = `EXISTS (SELECT 1 FROM suppression x WHERE x.address = r.address)`

func (t *tx) freeze(s slice) error {
	args := []any{s.newsletter, s.mark, s.first, s.before, s.mailing}
	var unplanned, never, out int
	if err := t.row(`
		SELECT COALESCE(SUM(k.choice_id IS NULL), 0), COALESCE(SUM(`+suppressed+`), 0), COALESCE(SUM(k.variant_id IS NULL), 0)`+audience,
		args...).Scan(&unplanned, &never, &out); err != nil {
		return err
	}
	if s.planned && unplanned > 0 {
		return t.unplanned(args)
	}
	if never > 0 {
		if _, err := t.exec(`
			INSERT INTO left_out (mailing_id, subscription_id, reason)
			SELECT $5, s.id, 'suppressed'`+audience+`
			  AND `+suppressed+`
			ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	with := ""
	if s.planned && out > 0 {
		with = ` AND k.variant_id IS NOT NULL`
		if _, err := t.exec(`
			INSERT INTO left_out (mailing_id, subscription_id, reason)
			SELECT $5, s.id, '`+noStories+`'`+audience+`
			  AND k.variant_id IS NULL
			ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	if _, err := t.exec(`
		INSERT INTO delivery (mailing_id, seq, subscriber_id, subscription_id, address, name, variant_id)
		SELECT $5, COALESCE((
				SELECT d.seq
				FROM delivery d
				WHERE d.mailing_id = $5 AND d.seq > f.base AND d.seq < f.base + $6
				ORDER BY d.seq DESC
				LIMIT 1
			), f.base) + ROW_NUMBER() OVER (PARTITION BY f.base ORDER BY f.move DESC),
			f.subscriber, f.subscription, f.typed, f.name, f.variant
		FROM (
			SELECT v.id AS move, r.id AS subscriber, s.id AS subscription, r.typed, r.name, k.variant_id AS variant, COALESCE(k.part, 0) * $6 AS base`+audience+with+`
			  AND NOT `+suppressed+`
		) f`, append(args, int64(1)<<partShift)...); err != nil {
		return err
	}
	return t.move(`UPDATE mailing SET frozen_through = $1 WHERE id = $2 AND state = 'freezing'`, s.first, s.mailing)
}

func (t *tx) unplanned(args []any) error {
	rows, err := t.rows(`
		SELECT DISTINCT COALESCE(s.choice_id, 0)`+audience+`
		  AND k.choice_id IS NULL`, args...)
	if err != nil {
		return err
	}
	ids, err := collect(rows, scanInt)
	if err != nil {
		return err
	}
	return &UnplannedError{ids}
}

// LeftOutFor counts the active readers that an issue does not go to, by the reason.
func (db *DB) LeftOutFor(ctx context.Context, mailing int64) (map[string]int, error) {
	type counted struct {
		why string
		n   int
	}
	all, err := query(ctx, db, func(s scanner) (counted, error) {
		var c counted
		err := s.Scan(&c.why, &c.n)
		return c, err
	}, `
		SELECT reason, COUNT(*)
		FROM left_out
		WHERE mailing_id = $1
		GROUP BY reason`, mailing)
	sums := map[string]int{}
	for _, c := range all {
		sums[c.why] = c.n
	}
	return sums, found(err, "count who is left out of mailing %d", mailing)
}
