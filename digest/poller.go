package digest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest/feed"
)

const (
	backlogAge    = 24 * time.Hour // entries older than this at the first sight of a feed are kept, not mailed
	feedAlarm     = 6 * time.Hour  // a feed that has been broken for this long raises an alarm
	longestPause  = 6 * time.Hour  // between two tries of a broken feed
	jitterPercent = 10
)

// A Polled is what one poll of one feed brought.
type Polled struct {
	Feed data.Feed
	Kept data.KeptStories
	Read int // entries in the feed; 0 also when nothing was new
	// Same says that the site answered that nothing has changed.
	Same     bool
	Warnings []string
	Err      error // why it brought nothing
}

// PollDue polls the feeds that are due.
func (d *Desk) PollDue(ctx context.Context) ([]Polled, error) {
	due, err := d.DB.DueFeeds(ctx)
	if err != nil {
		return nil, err
	}
	return d.poll(ctx, due)
}

// PollAll polls every feed now.
func (d *Desk) PollAll(ctx context.Context) ([]Polled, error) {
	all, err := d.DB.Feeds(ctx)
	if err != nil {
		return nil, err
	}
	return d.poll(ctx, all)
}

// AddFeed reads an address and, where that is a feed, keeps it, to be read from now on. One
// that cannot be read is not kept: the Polled says why. An address that is kept already is
// polled like any other.
func (d *Desk) AddFeed(ctx context.Context, url string) (Polled, error) {
	all, err := d.DB.Feeds(ctx)
	if err != nil {
		return Polled{}, err
	}
	known := slices.ContainsFunc(all, func(f data.Feed) bool { return f.URL == url })
	if !known {
		if _, err := d.fetcher.Fetch(ctx, url, feed.Conditions{}); err != nil {
			return Polled{Feed: data.Feed{URL: url}, Err: err}, nil
		}
	}
	f, err := d.DB.AddFeed(ctx, url)
	if err != nil {
		return Polled{}, err
	}
	return d.pollOne(ctx, f)
}

func (d *Desk) poll(ctx context.Context, feeds []data.Feed) ([]Polled, error) {
	var all []Polled
	for _, f := range feeds {
		p, err := d.pollOne(ctx, f)
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
	return all, nil
}

// pollOne reads one feed. A feed that cannot be read is a Polled with an Err; the error is
// about our own database.
func (d *Desk) pollOne(ctx context.Context, f data.Feed) (Polled, error) {
	p := Polled{Feed: f}
	answer, err := d.fetcher.Fetch(ctx, f.URL, feed.Conditions{ETag: f.ETag, LastModified: f.LastModified})
	if err != nil {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		p.Err = err
		return p, d.feedFailed(ctx, f, err)
	}
	now := d.DB.Now()
	keep := data.FeedAnswer{NotModified: answer.NotModified, NextAt: now.Add(jitter(time.Duration(d.Feeds.Every)))}
	if !answer.NotModified {
		keep.Title, keep.Link, keep.ETag, keep.LastModified, keep.MovedTo = answer.Feed.Title, answer.Feed.Link, answer.ETag, answer.LastModified, answer.MovedTo
		keep.Stories = stories(answer.Feed.Items)
	}
	p.Same, p.Read, p.Warnings = answer.NotModified, len(keep.Stories), answer.Feed.Warnings
	if p.Kept, err = d.DB.RecordFeedAnswer(ctx, f.ID, keep, now.Add(-backlogAge)); err != nil {
		return p, err
	}
	if p.Kept.New > 0 || p.Kept.Edited > 0 {
		d.Log.Info("stories were kept", "feed", f.ID, "new", p.Kept.New, "edited", p.Kept.Edited, "backlog", p.Kept.Backlog)
	}
	_, err = d.DB.ClearAlarm(ctx, "feed", fmt.Sprint(f.ID))
	return p, err
}

func stories(items []feed.Item) []data.Story {
	all := make([]data.Story, 0, len(items))
	keys := feed.Keys(items)
	for i, it := range items {
		if it.Title == "" && it.Summary == "" {
			continue // nothing that a reader could be shown
		}
		title := it.Title
		if title == "" {
			title = it.Summary
		}
		all = append(all, data.Story{
			Key: keys[i], Link: it.Link, Title: title, Author: it.Author, Summary: it.Summary, Body: it.Text,
			Image: it.Image, Categories: it.Categories, PublishedAt: it.Date,
		})
	}
	return all
}

// feedFailed keeps why, and plans the next try: the usual pause, doubled for each failure, or
// what the site asks for.
func (d *Desk) feedFailed(ctx context.Context, f data.Feed, why error) error {
	pause := time.Duration(d.Feeds.Every)
	for range min(f.Failures, 10) {
		pause = min(2*pause, longestPause)
	}
	var status *feed.StatusError
	if errors.As(why, &status) && status.RetryAfter > pause {
		pause = status.RetryAfter
	}
	now := d.DB.Now()
	if err := d.DB.RecordFeedFailure(ctx, f.ID, why.Error(), now.Add(jitter(pause))); err != nil {
		return err
	}
	d.Log.Warn("feed could not be read", "feed", f.ID, "failures", f.Failures+1)
	if f.FailingSince.IsZero() || now.Sub(f.FailingSince) < feedAlarm {
		return nil
	}
	_, err := d.DB.RaiseAlarm(ctx, data.Alarm{
		Kind: "feed", About: fmt.Sprint(f.ID),
		Text: fmt.Sprintf("Feed %d has brought nothing for %s: %v", f.ID, now.Sub(f.FailingSince).Round(time.Minute), why),
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
