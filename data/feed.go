package data

import (
	"context"
	"fmt"
	"time"
)

// A Feed is an address that stories are polled from, with its last good state.
type Feed struct {
	ID           int64
	URL          string
	Title        string
	Link         string
	ETag         string
	LastModified string
	AddedAt      time.Time
	FirstReadAt  time.Time // zero: never read
	NextAt       time.Time
	ReadAt       time.Time // the last answer that could be used; zero: none
	FailingSince time.Time // zero: it is well
	Failures     int       // in a row
	LastError    string
}

const feedColumns = `id, url, title, link, etag, last_modified, added_at, first_read_at, next_at, read_at, failing_since, failures, last_error`

func scanFeed(s scanner) (Feed, error) {
	var f Feed
	err := s.Scan(&f.ID, &f.URL, &f.Title, &f.Link, &f.ETag, &f.LastModified, at(&f.AddedAt), at(&f.FirstReadAt),
		at(&f.NextAt), at(&f.ReadAt), at(&f.FailingSince), &f.Failures, &f.LastError)
	return f, err
}

// AddFeed keeps an address to be polled from now on. Adding it again returns the feed that
// is there; one that was removed is read again.
func (db *DB) AddFeed(ctx context.Context, url string) (Feed, error) {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO feed (url, added_at, next_at)
			VALUES ($1, $2, $2)
			ON CONFLICT (url) DO UPDATE SET removed_at = NULL`, url, t.now)
		return err
	})
	if err != nil {
		return Feed{}, fmt.Errorf("add feed: %w", err)
	}
	f, err := scanFeed(db.row(ctx, `SELECT `+feedColumns+` FROM feed WHERE url = $1`, url))
	return f, found(err, "add feed")
}

// RemoveFeed ends the reading of an address and its alarm. Its stories stay.
func (db *DB) RemoveFeed(ctx context.Context, url string) error {
	err := db.update(ctx, func(t *tx) error {
		var id int64
		if err := t.row(`
			UPDATE feed
			SET removed_at = $1
			WHERE url = $2 AND removed_at IS NULL
			RETURNING id`, t.now, url).Scan(&id); err != nil {
			return err
		}
		_, err := t.exec(`
			UPDATE alarm
			SET cleared_at = $1
			WHERE kind = 'feed' AND about = $2 AND cleared_at IS NULL`, t.now, fmt.Sprint(id))
		return err
	})
	return found(err, "remove feed")
}

// Feeds are all feeds that are read, in the order they were added.
func (db *DB) Feeds(ctx context.Context) ([]Feed, error) {
	all, err := query(ctx, db, scanFeed, `SELECT `+feedColumns+` FROM feed WHERE removed_at IS NULL ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list feeds: %w", err)
	}
	return all, nil
}

// DueFeeds are the feeds whose next poll is due.
func (db *DB) DueFeeds(ctx context.Context) ([]Feed, error) {
	all, err := query(ctx, db, scanFeed, `
		SELECT `+feedColumns+`
		FROM feed
		WHERE next_at <= $1 AND removed_at IS NULL
		ORDER BY next_at, id`, millis(db.Now()))
	if err != nil {
		return nil, fmt.Errorf("list due feeds: %w", err)
	}
	return all, nil
}

// Feed returns one feed, or ErrNotFound.
func (db *DB) Feed(ctx context.Context, id int64) (Feed, error) {
	f, err := scanFeed(db.row(ctx, `SELECT `+feedColumns+` FROM feed WHERE id = $1`, id))
	return f, found(err, "read feed %d", id)
}

// RecordFeedFailure keeps why a poll brought nothing usable, and when it is tried next. The
// feed's last good state stays.
func (db *DB) RecordFeedFailure(ctx context.Context, id int64, why string, next time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`
			UPDATE feed
			SET failures = failures + 1, failing_since = COALESCE(failing_since, $1), last_error = $2, next_at = $3
			WHERE id = $4`, t.now, why, millis(next), id)
	})
	return found(err, "record failure of feed %d", id)
}

// A FeedAnswer is what one good poll brought.
type FeedAnswer struct {
	NotModified  bool // nothing else is set then
	Title, Link  string
	ETag         string
	LastModified string
	MovedTo      string // the new address after a permanent redirect
	Stories      []Story
	NextAt       time.Time
}

// KeptStories says what RecordFeedAnswer did.
type KeptStories struct {
	New     int
	Edited  int
	Backlog int // of the new ones: already old at the first sight of the feed
}

// RecordFeedAnswer keeps a good poll and its stories in one transaction. A story is known by
// its Key within the feed: seen again, its words follow the site, its state and time stay. On
// the first sight of a feed, entries published before old are backlog: kept and shown, not
// mailed.
func (db *DB) RecordFeedAnswer(ctx context.Context, id int64, a FeedAnswer, old time.Time) (KeptStories, error) {
	var kept KeptStories
	err := db.update(ctx, func(t *tx) error {
		var first instant
		var firstAt time.Time
		first = at(&firstAt)
		if err := t.row(`SELECT first_read_at FROM feed WHERE id = $1`, id).Scan(first); err != nil {
			return err
		}
		for _, s := range a.Stories {
			backlog := firstAt.IsZero() && s.PublishedAt.Before(old)
			if err := t.keepStory(id, s, backlog, &kept); err != nil {
				return err
			}
		}
		return t.feedWell(id, a)
	})
	return kept, found(err, "record answer of feed %d", id)
}

func (t *tx) feedWell(id int64, a FeedAnswer) error {
	if a.NotModified {
		return t.move(`
			UPDATE feed
			SET failures = 0, failing_since = NULL, last_error = '', read_at = $1, next_at = $2
			WHERE id = $3`, t.now, millis(a.NextAt), id)
	}
	return t.move(`
		UPDATE feed
		SET title = $1, link = $2, etag = $3, last_modified = $4,
			url = CASE WHEN $5 <> '' AND NOT EXISTS (SELECT 1 FROM feed o WHERE o.url = $5) THEN $5 ELSE url END,
			failures = 0, failing_since = NULL, last_error = '',
			first_read_at = COALESCE(first_read_at, $6), read_at = $6, next_at = $7
		WHERE id = $8`, a.Title, a.Link, a.ETag, a.LastModified, a.MovedTo, t.now, millis(a.NextAt), id)
}
