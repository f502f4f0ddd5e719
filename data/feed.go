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
	FullAt       time.Time // the last one that was more than "nothing new"; zero: none
	FailingSince time.Time // zero: it is well
	Failures     int       // in a row
	LastError    string
}

const feedColumns = `id, url, title, link, etag, last_modified, added_at, first_read_at, next_at, read_at, full_at, failing_since, failures, last_error`

func scanFeed(s scanner) (Feed, error) {
	var f Feed
	err := s.Scan(&f.ID, &f.URL, &f.Title, &f.Link, &f.ETag, &f.LastModified, at(&f.AddedAt), at(&f.FirstReadAt),
		at(&f.NextAt), at(&f.ReadAt), at(&f.FullAt), at(&f.FailingSince), &f.Failures, &f.LastError)
	return f, err
}

// AddFeed keeps an address to be polled from now on. Adding it again returns the feed that
// is there; one that was removed is read again.
func (db *DB) AddFeed(ctx context.Context, url string) (Feed, error) {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO feed (url, added_at, next_at)
			VALUES ($1, $2, $2)
			ON CONFLICT (url) DO UPDATE SET
				removed_at = NULL, first_read_at = NULL, etag = '', last_modified = '', failures = 0, failing_since = NULL, last_error = '', next_at = $2
			WHERE feed.removed_at IS NOT NULL`, url, t.now)
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

// DueFeeds are the feeds whose next poll is due, and those that are well and were not asked since
// before; a zero before means none of these.
func (db *DB) DueFeeds(ctx context.Context, before time.Time) ([]Feed, error) {
	early := int64(0)
	if !before.IsZero() {
		early = millis(before)
	}
	all, err := query(ctx, db, scanFeed, `
		SELECT `+feedColumns+`
		FROM feed
		WHERE (next_at <= $1 OR (failures = 0 AND asked_at < $2)) AND removed_at IS NULL
		ORDER BY next_at, id`, millis(db.Now()), early)
	if err != nil {
		return nil, fmt.Errorf("list due feeds: %w", err)
	}
	return all, nil
}

// BrokenFeeds are the feeds that are broken since before the given time, and that no alarm stands for.
func (db *DB) BrokenFeeds(ctx context.Context, since time.Time) ([]Feed, error) {
	all, err := query(ctx, db, scanFeed, `
		SELECT `+feedColumns+`
		FROM feed
		WHERE removed_at IS NULL
		  AND failing_since <= $1
		  AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.kind = 'feed' AND a.about = CAST(feed.id AS TEXT) AND a.cleared_at IS NULL)
		ORDER BY id`, millis(since))
	if err != nil {
		return nil, fmt.Errorf("list broken feeds: %w", err)
	}
	return all, nil
}

// NextClose is when the next draft closes, or the zero time.
func (db *DB) NextClose(ctx context.Context) (time.Time, error) {
	var next time.Time
	err := db.row(ctx, `
		SELECT MIN(close_at)
		FROM issue
		WHERE state IN ('draft', 'awaiting_approval') AND close_at > $1`, millis(db.Now())).Scan(at(&next))
	return next, found(err, "read the next closing time")
}

// Feed returns one feed, or ErrNotFound.
func (db *DB) Feed(ctx context.Context, id int64) (Feed, error) {
	f, err := scanFeed(db.row(ctx, `SELECT `+feedColumns+` FROM feed WHERE id = $1`, id))
	return f, found(err, "read feed %d", id)
}
