package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	mostStories  = 60   // an issue takes at most; the rest waits for the next
	freezeSlice  = 2000 // subscriptions a transaction
	largestChunk = 500
	chunksEach   = 4 // at least, for each connection
	shortestTry  = 6 * time.Hour
	longestTry   = 72 * time.Hour
)

// Close freezes an issue: which stories it has, its readers, its words. One without stories is
// skipped. It may be called again after a crash, and goes on where it stopped.
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
	return d.finish(ctx, i)
}

// pick is what an issue would have now, in its order: what an editor put there, then the
// newest stories that the newsletter has not told yet.
func (d *Desk) pick(ctx context.Context, i data.Issue) ([]data.IssueStory, error) {
	taken, err := d.DB.IssueStories(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	var all []data.IssueStory
	for _, s := range taken {
		if !s.HiddenNow {
			all = append(all, s)
		}
	}
	if i.MailingID != 0 { // closing or closed: the choice is made
		return all, nil
	}
	more, err := d.DB.Candidates(ctx, i.NewsletterID, max(mostStories-len(all), 0))
	if err != nil {
		return nil, err
	}
	for _, s := range more {
		all = append(all, data.IssueStory{Story: s, Position: len(all) + 1})
	}
	return all, nil
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

// finish freezes the audience, slice by slice, and then the words.
func (d *Desk) finish(ctx context.Context, i data.Issue) error {
	for more := true; more; {
		var err error
		if more, err = d.DB.FreezeSlice(ctx, i.ID, freezeSlice); err != nil {
			return err
		}
	}
	i, err := d.DB.Issue(ctx, i.ID)
	if err != nil {
		return err
	}
	n, err := d.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return err
	}
	v, err := d.write(ctx, n, i)
	if err != nil {
		return err
	}
	readers, err := d.DB.CountDeliveries(ctx, i.MailingID)
	if err != nil {
		return err
	}
	err = d.DB.FinishClosing(ctx, i.ID, v, chunkSize(readers, d.Connections))
	if errors.Is(err, data.ErrConflict) {
		return nil // another process has just closed it
	}
	if err != nil {
		return fmt.Errorf("finish issue %d: %w", i.ID, err)
	}
	d.Log.Info("issue closed", "issue", i.ID, "readers", readers)
	return nil
}

// chunkSize gives each connection at least four chunks, of at most 500 deliveries.
func chunkSize(readers, connections int) int {
	return min(max(readers/(chunksEach*max(connections, 1)), 1), largestChunk)
}
