package digest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest/feed"
)

const (
	backlogAge    = 24 * time.Hour // entries older than this at the first sight of a feed are kept, not mailed
	feedAlarm     = 6 * time.Hour  // a feed that has been broken for this long raises an alarm
	longestPause  = time.Hour      // between two tries of a broken feed
	wholeEvery    = 3 * time.Hour  // a feed is asked for whole at least so often: some sites answer "nothing new" for ever
	jitterPercent = 10
)

// pollOne reads one feed. A feed that cannot be read is a Polled with an Err; the error is about our own database, or the
// end of ctx.
func (d *Desk) pollOne(ctx context.Context, f data.Feed, closing bool) (Polled, error) {
	conditions := feed.Conditions{ETag: f.ETag, LastModified: f.LastModified}
	if d.DB.Now().Sub(f.FullAt) >= wholeEvery {
		conditions = feed.Conditions{}
	}
	answer, err := d.fetcher.Fetch(ctx, f.URL, conditions)
	if err != nil {
		if ctx.Err() != nil {
			return Polled{Feed: f}, ctx.Err()
		}
		return Polled{Feed: f, Err: err}, d.feedFailed(ctx, f, err)
	}
	p, err := d.keep(ctx, f, answer)
	if err != nil {
		return p, err
	}
	p.Gone, err = d.checkMissing(ctx, f, closing)
	return p, err
}

// keep keeps a good answer.
func (d *Desk) keep(ctx context.Context, f data.Feed, answer feed.Answer) (Polled, error) {
	p := Polled{Feed: f, Same: answer.NotModified, MovedTo: answer.MovedTo, Warnings: answer.Feed.Warnings}
	now := d.DB.Now()
	keep := data.FeedAnswer{NotModified: answer.NotModified, MovedTo: answer.MovedTo, NextAt: now.Add(jitter(time.Duration(d.Feeds.Every)))}
	if !answer.NotModified {
		keep.Title, keep.Link, keep.ETag, keep.LastModified = answer.Feed.Title, answer.Feed.Link, answer.ETag, answer.LastModified
		keep.Stories = stories(answer.Feed)
	}
	p.Read = len(keep.Stories)
	var err error
	if p.Kept, err = d.DB.RecordFeedAnswer(ctx, f.ID, keep, now.Add(-backlogAge)); err != nil {
		return p, err
	}
	if p.Kept.New > 0 || p.Kept.Edited > 0 || p.Kept.Left > 0 {
		d.Log.Info("stories were kept", "feed", f.ID, "new", p.Kept.New, "edited", p.Kept.Edited, "backlog", p.Kept.Backlog, "left", p.Kept.Left)
	}
	if answer.MovedTo != "" {
		d.Log.Info("feed has moved", "feed", f.ID, "joined", p.Kept.Joined)
	}
	return p, nil
}

// stories are the entries of a feed that a reader could be shown. The same entry twice is one: the later words count.
func stories(f feed.Feed) []data.Story {
	all := make([]data.Story, 0, len(f.Items))
	keys, addresses := feed.Keys(f.Items), feed.Addresses(f)
	at := make(map[string]int, len(keys))
	updated := make([]time.Time, 0, len(keys))
	for i, it := range f.Items {
		title := it.Title
		if title == "" {
			title = it.Summary
		}
		if title == "" {
			continue // neither title nor words; the feed's warnings count it
		}
		s := data.Story{
			Key: keys[i], Address: addresses[i], Link: it.Link, Title: title, Author: it.Author, Summary: it.Summary, Body: it.Text,
			Image: it.Image, Categories: it.Categories, PublishedAt: it.Date,
		}
		if n, twice := at[s.Key]; twice {
			if it.Updated.After(updated[n]) {
				all[n], updated[n] = s, it.Updated
			}
			continue
		}
		at[s.Key] = len(all)
		all, updated = append(all, s), append(updated, it.Updated)
	}
	return all
}

// feedFailed keeps why, and plans the next try: the usual pause, doubled for each failure, or what the site asks for.
func (d *Desk) feedFailed(ctx context.Context, f data.Feed, why error) error {
	pause := time.Duration(d.Feeds.Every)
	for range min(f.Failures, 10) {
		pause = max(pause, min(2*pause, longestPause))
	}
	now := d.DB.Now()
	since := f.FailingSince
	if since.IsZero() {
		since = now
	}
	var status *feed.StatusError
	if errors.As(why, &status) {
		pause = max(pause, status.RetryAfter)
		if status.Code == http.StatusNotModified && f.FailingSince.IsZero() && !f.FullAt.IsZero() {
			since = f.FullAt // it says that nothing is new whatever it is asked, maybe since then
		}
	}
	if err := d.DB.RecordFeedFailure(ctx, f.ID, why.Error(), since, now.Add(jitter(pause))); err != nil {
		return err
	}
	d.Log.Warn("feed could not be read", "feed", f.ID, "failures", f.Failures+1)
	if now.Sub(since) < feedAlarm {
		return nil
	}
	f.FailingSince, f.LastError = since, why.Error()
	return d.alarm(ctx, f)
}

// alarmBroken raises the alarm in time for feeds that are not tried again for long.
func (d *Desk) alarmBroken(ctx context.Context) error {
	broken, err := d.DB.BrokenFeeds(ctx, d.DB.Now().Add(-feedAlarm))
	for _, f := range broken {
		err = errors.Join(err, d.alarm(ctx, f))
	}
	return err
}

func (d *Desk) alarm(ctx context.Context, f data.Feed) error {
	_, err := d.DB.RaiseAlarm(ctx, data.Alarm{
		Kind: "feed", About: fmt.Sprint(f.ID),
		Text: fmt.Sprintf("Feed %d has brought nothing for %s: %s", f.ID, d.DB.Now().Sub(f.FailingSince).Round(time.Minute), f.LastError),
		Hint: "look at it with `tipsheet story fetch`; the stories we have stay",
	})
	return err
}

// jitter spreads polls by up to a tenth either way, so that they do not fall on one second.
func jitter(d time.Duration) time.Duration {
	spread := int64(d) * jitterPercent / 100
	if spread == 0 {
		return d
	}
	return d + time.Duration(rand.Int64N(2*spread)-spread)
}
