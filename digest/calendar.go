package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const dueAlarm = 15 * time.Minute // after a due time that nothing became of

// Look does what is due now: it makes the drafts of coming issues, writes missed due times
// down, closes what is to be closed, and rules on what is late. It may be called at any time,
// and by two processes at once.
func (d *Desk) Look(ctx context.Context) error {
	if err := d.DB.WakeStories(ctx); err != nil {
		return err
	}
	planned := d.planAll(ctx)
	open, err := d.DB.OpenIssues(ctx)
	if err != nil {
		return errors.Join(planned, err)
	}
	now := d.DB.Now()
	var failed error
	for _, i := range open {
		if i.CloseAt.After(now) {
			continue
		}
		// One issue that cannot be closed must not hold up the others.
		failed = errors.Join(failed, d.attend(ctx, i, now))
	}
	failed = errors.Join(planned, failed, d.ruleOnLate(ctx))
	if planned != nil {
		return failed // it is said once
	}
	// What was just closed or merged has a next one.
	return errors.Join(failed, d.planAll(ctx))
}

// attend closes one issue whose closing time has come, or says why not. That another process
// was quicker is no error.
func (d *Desk) attend(ctx context.Context, i data.Issue, now time.Time) error {
	err := d.rule(ctx, i, now)
	if err == nil || d.outrun(ctx, i, err) {
		return nil
	}
	return err
}

// outrun says whether an error means no more than that another process has moved the issue since
// it was read.
func (d *Desk) outrun(ctx context.Context, i data.Issue, err error) bool {
	if !errors.Is(err, data.ErrConflict) && !errors.Is(err, data.ErrNotFound) {
		return false
	}
	is, err := d.DB.Issue(ctx, i.ID)
	return err == nil && is.State != i.State
}

func (d *Desk) rule(ctx context.Context, i data.Issue, now time.Time) error {
	if i.State == data.IssueClosing {
		return d.finish(ctx, i)
	}
	n, err := d.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return err
	}
	// An editor's word that came after the due time counts from then.
	late := now.Sub(i.DueAt) > n.Grace && now.Sub(i.ApprovedAt) > n.Grace
	waits := n.Approval && i.ApprovedAt.IsZero()
	switch {
	case late && waits:
		return d.hold(ctx, i, "nobody has approved it")
	case late && n.Late == data.LateHold:
		return d.hold(ctx, i, fmt.Sprintf("found %s after its due time", now.Sub(i.DueAt).Round(time.Minute)))
	case late && n.Late == data.LateMerge:
		return d.DB.MergeIssue(ctx, i.ID, lateBy(now.Sub(i.DueAt)))
	case waits:
		if now.Sub(i.DueAt) > dueAlarm {
			if err := d.overdue(ctx, i, "it waits for an editor's word"); err != nil {
				return err
			}
		}
		if i.State == data.IssueAwaiting {
			return nil
		}
		return d.DB.AwaitApproval(ctx, i.ID)
	}
	if err := d.Close(ctx, i.ID); err != nil {
		if now.Sub(i.DueAt) > dueAlarm && !d.outrun(ctx, i, err) {
			err = errors.Join(err, d.overdue(ctx, i, "it could not be closed: "+err.Error()))
		}
		return err
	}
	_, err = d.DB.ClearAlarm(ctx, "due", fmt.Sprint(i.ID))
	return err
}

// overdue raises the alarm for a due time that nothing became of.
func (d *Desk) overdue(ctx context.Context, i data.Issue, why string) error {
	_, err := d.DB.RaiseAlarm(ctx, data.Alarm{Kind: "due", About: fmt.Sprint(i.ID),
		Text: fmt.Sprintf("Issue %d is over %s late: %s.", i.ID, dueAlarm, why),
		Hint: "open it at the desk under Issues, or run `tipsheet issue show`"})
	return err
}

// hold stops an issue until a person decides, and says so.
func (d *Desk) hold(ctx context.Context, i data.Issue, why string) error {
	var err error
	if i.MailingID != 0 {
		err = d.DB.HoldMailing(ctx, i.MailingID, why)
	} else {
		err = d.DB.HoldIssue(ctx, i.ID, why)
	}
	if err != nil {
		return err
	}
	d.Log.Error("issue is held", "issue", i.ID)
	_, err = d.DB.RaiseAlarm(ctx, data.Alarm{Kind: "due", About: fmt.Sprint(i.ID),
		Text: fmt.Sprintf("Issue %d is held: %s.", i.ID, why),
		Hint: "approve it, or cancel it, at the desk under Issues"})
	return err
}

// ruleOnLate decides about closed issues that were not begun in time: this process was down, or
// there was no relay.
func (d *Desk) ruleOnLate(ctx context.Context) error {
	late, err := d.DB.LateIssues(ctx)
	if err != nil {
		return err
	}
	for _, i := range late {
		n, err := d.DB.Newsletter(ctx, i.NewsletterID)
		if err != nil {
			return err
		}
		after := d.DB.Now().Sub(i.DueAt)
		if n.Late == data.LateHold {
			err = d.hold(ctx, i, fmt.Sprintf("it was not begun within %s of its due time", n.Grace))
		} else {
			err = d.DB.MergeClosed(ctx, i.ID, lateBy(after))
		}
		if err != nil && !errors.Is(err, data.ErrConflict) {
			return err
		}
	}
	return nil
}
