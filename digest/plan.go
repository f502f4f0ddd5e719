package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const mostMissed = 400 // due times written down as missed in one look

func (d *Desk) planAll(ctx context.Context) error {
	newsletters, err := d.DB.Newsletters(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, n := range newsletters {
		// A newsletter that cannot be planned must not hold up the others.
		if err := d.plan(ctx, n); err != nil {
			failed = errors.Join(failed, fmt.Errorf("plan newsletter %d: %w", n.ID, err))
		}
	}
	return failed
}

// plan makes the draft of a newsletter's next issue once the one before is closed, and writes
// down the due times that went by without one.
func (d *Desk) plan(ctx context.Context, n data.Newsletter) error {
	next, err := d.dueTimes(n)
	if err != nil || next == nil {
		return err
	}
	last, open, err := d.DB.LastDue(ctx, n.ID)
	if err != nil || open {
		return err
	}
	if last.Before(n.AddedAt) { // new, or taken up again
		last = n.AddedAt
	}
	now := d.DB.Now()
	due, err := next(ctx, last)
	for range mostMissed {
		if err != nil || due.IsZero() {
			return err
		}
		if due.After(now) {
			return d.draft(ctx, n, due)
		}
		following, err := next(ctx, due)
		if err != nil {
			return err
		}
		late := now.Sub(due)
		switch {
		case late <= n.Grace || n.Late != data.LateMerge && (following.IsZero() || following.After(now)):
			err = d.draft(ctx, n, due)
			if n.Gap > 0 { // the draft takes every story that has come, so it is the last
				return err
			}
		default:
			// Of several that are to be sent late, or held, one is: the last. The others say so.
			err = d.DB.MergeMissed(ctx, n.ID, due, lateBy(late))
		}
		if err != nil {
			return err
		}
		due = following
	}
	return nil
}

// dueTimes is what asks for a newsletter's first due time after another; the zero time is none
// yet. It is nil where issues are made by hand.
func (d *Desk) dueTimes(n data.Newsletter) (func(context.Context, time.Time) (time.Time, error), error) {
	if n.Gap > 0 {
		return func(ctx context.Context, last time.Time) (time.Time, error) { return d.storyDue(ctx, n, last) }, nil
	}
	if n.Cron == "" {
		return nil, nil
	}
	s, err := ParseSchedule(n.Cron, n.TimeZone)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, last time.Time) (time.Time, error) { return s.Next(last), nil }, nil
}

// storyDue is when an issue is due that follows the stories: when the first story came after
// the due time before it, but the newsletter's gap after that. It follows from the rows alone,
// so that two processes name the same due time. Stories that were there before, such as one
// that was hidden and no longer is, go with the next that comes.
func (d *Desk) storyDue(ctx context.Context, n data.Newsletter, last time.Time) (time.Time, error) {
	came, err := d.DB.NextStory(ctx, n.ID, last)
	if err != nil || came.IsZero() {
		return came, err
	}
	if after := last.Add(n.Gap); last.After(n.AddedAt) && came.Before(after) {
		return after, nil
	}
	return came, nil
}

// draft makes the draft for one due time. One that follows a story closes when it is due: the
// news has waited already.
func (d *Desk) draft(ctx context.Context, n data.Newsletter, due time.Time) error {
	closes := due
	if n.Gap <= 0 {
		closes = due.Add(-time.Duration(d.Issues.CloseBefore))
	}
	_, err := d.DB.EnsureDraft(ctx, n.ID, due, closes)
	return err
}

func lateBy(d time.Duration) string {
	return fmt.Sprintf("found %s after its due time; its stories go into the next issue", d.Round(time.Minute))
}
