package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	freezeTime   = 10 * time.Millisecond // a transaction of a freeze: unsubscribes wait behind it
	largestChunk = 500
	chunksEach   = 4 // at least, for each connection
	shortestTry  = 6 * time.Hour
	longestTry   = 72 * time.Hour
)

// Close freezes an issue: which stories it has, its words in each variant, and its readers. One
// without stories is skipped. It may be called again after a crash, and goes on where it stopped.
func (d *Desk) Close(ctx context.Context, issue int64) error {
	i, err := d.DB.Issue(ctx, issue)
	if err != nil {
		return err
	}
	if i.State == data.IssueClosing {
		return d.finish(ctx, i)
	}
	n, err := d.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return err
	}
	stories, err := d.pick(ctx, i)
	if err != nil {
		return err
	}
	if len(stories) == 0 {
		d.Log.Info("issue skipped", "issue", i.ID)
		return d.DB.SkipIssue(ctx, i.ID, "there were no new stories")
	}
	ids := make([]int64, len(stories))
	for at, s := range stories {
		ids[at] = s.ID
	}
	if err := d.DB.BeginClosing(ctx, i.ID, ids, d.Header(n), d.giveUp(n, i)); err != nil {
		return err
	}
	if i, err = d.DB.Issue(ctx, issue); err != nil {
		return err
	}
	return d.finish(ctx, i)
}

// giveUp is until when a deferred delivery is tried again: until the next issue, but for at
// least 6 h and at most 72 h.
func (d *Desk) giveUp(n data.Newsletter, i data.Issue) time.Time {
	if s, err := ParseSchedule(n.Cron, n.TimeZone); err == nil {
		if next := s.Next(i.DueAt); !next.IsZero() {
			return i.DueAt.Add(min(max(next.Sub(i.DueAt), shortestTry), longestTry))
		}
	}
	return i.DueAt.Add(longestTry)
}

// finish freezes the words and then the audience, both slice by slice. Words are composed from
// the stories as they are at its start: after a crash all are composed anew, so that no reader's
// are older than another's.
func (d *Desk) finish(ctx context.Context, i data.Issue) error {
	g, err := d.galley(ctx, i)
	if err != nil {
		return err
	}
	choices, err := d.DB.ChoicesOf(ctx, i.NewsletterID)
	if err != nil {
		return err
	}
	err = d.assign(ctx, g, append([]data.Choice{{}}, choices...))
	if err == nil {
		err = d.freezeAudience(ctx, g)
	}
	if errors.Is(err, data.ErrConflict) {
		return nil // another process has just closed it
	}
	if err != nil {
		return err
	}
	readers, err := d.DB.CountDeliveries(ctx, i.MailingID)
	if err != nil {
		return err
	}
	err = d.DB.FinishClosing(ctx, i.ID, g.main, chunkSize(readers, d.Connections))
	if errors.Is(err, data.ErrConflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finish issue %d: %w", i.ID, err)
	}
	d.Log.Info("issue closed", "issue", i.ID, "readers", readers, "variants", len(g.variants))
	return nil
}

// freezeAudience moves the readers into the ledger. A choice that somebody made since the words
// were composed is composed for as it is met.
func (d *Desk) freezeAudience(ctx context.Context, g *galley) error {
	for more := true; more; {
		if err := d.step("freeze"); err != nil {
			return err
		}
		var err error
		more, err = d.DB.FreezeFor(ctx, g.issue.ID, freezeTime)
		var unplanned *data.UnplannedError
		if errors.As(err, &unplanned) {
			var choices []data.Choice
			if choices, err = d.DB.ChoicesByID(ctx, unplanned.Choices); err == nil {
				err = d.assign(ctx, g, choices)
			}
			more = true
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunkSize gives each connection at least four chunks, of at most 500 deliveries.
func chunkSize(readers, connections int) int {
	return min(max(readers/(chunksEach*max(connections, 1)), 1), largestChunk)
}
