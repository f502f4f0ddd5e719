package data

import (
	"context"
	"fmt"
	"time"
)

// storiesSlice is how many entries of a feed are kept in one transaction.
const storiesSlice = 200

// RecordFeedFailure keeps why a poll brought nothing usable, since when that is so, and when the feed is tried next. A feed
// that is broken already stays so from when it was. Its last good state stays.
func (db *DB) RecordFeedFailure(ctx context.Context, id int64, why string, since, next time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		return t.move(`
			UPDATE feed
			SET failures = failures + 1, failing_since = COALESCE(failing_since, $1), last_error = $2, next_at = $3, asked_at = $4
			WHERE id = $5`, millis(since), why, millis(next), t.now, id)
	})
	return found(err, "record failure of feed %d", id)
}

// A FeedAnswer is what one good poll brought.
type FeedAnswer struct {
	NotModified  bool // of the rest only NextAt counts then
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
	Backlog int  // of the new ones: already old at the first sight of the feed
	Left    int  // no longer in the feed
	Joined  bool // the feed has moved to where another one is read already; it is read no longer
}

// RecordFeedAnswer keeps a good poll and its stories, a slice of them in each transaction; the last one marks the
// feed as read, so that a crash in between repeats what it repeats to the same end. A story is known by
// its Key within the feed, else by its Address, else by its title and date: seen again, its words follow the site, its
// state and time stay. On the first sight of a feed, entries published before old are backlog: kept and shown,
// not mailed.
func (db *DB) RecordFeedAnswer(ctx context.Context, id int64, a FeedAnswer, old time.Time) (KeptStories, error) {
	var kept KeptStories
	r := reading{feed: id, kept: &kept, keys: make(map[string]bool, len(a.Stories))}
	for _, s := range a.Stories {
		r.keys[s.Key] = true
	}
	for at := 0; at < len(a.Stories); at += storiesSlice {
		slice := a.Stories[at:min(at+storiesSlice, len(a.Stories))]
		if err := db.update(ctx, func(t *tx) error { return t.keepSlice(r, slice, old) }); err != nil {
			return kept, found(err, "record answer of feed %d", id)
		}
	}
	err := db.update(ctx, func(t *tx) error {
		if !a.NotModified {
			var err error
			if kept.Left, err = t.markMissing(id, r.keys); err != nil {
				return err
			}
		}
		var err error
		if kept.Joined, err = t.feedWell(id, a); err != nil {
			return err
		}
		_, err = t.exec(`
			UPDATE alarm
			SET cleared_at = $1
			WHERE kind = 'feed' AND about = $2 AND cleared_at IS NULL`, t.now, fmt.Sprint(id))
		return err
	})
	return kept, found(err, "record answer of feed %d", id)
}

func (t *tx) keepSlice(r reading, stories []Story, old time.Time) error {
	var first time.Time
	if err := t.row(`SELECT first_read_at FROM feed WHERE id = $1`, r.feed).Scan(at(&first)); err != nil {
		return err
	}
	for _, s := range stories {
		backlog := first.IsZero() && s.PublishedAt.Before(old)
		if err := t.keepStory(r, s, backlog); err != nil {
			return err
		}
	}
	return nil
}

// markMissing notes which stories stand no longer in the feed, and says how many have just left it.
func (t *tx) markMissing(feed int64, present map[string]bool) (int, error) {
	rows, err := t.rows(`SELECT key FROM story_source WHERE feed_id = $1 AND missing_since IS NULL`, feed)
	if err != nil {
		return 0, err
	}
	known, err := collect(rows, scanString)
	if err != nil {
		return 0, err
	}
	left := 0
	for _, key := range known {
		if present[key] {
			continue
		}
		left++
		if err := t.move(`UPDATE story_source SET missing_since = $1 WHERE feed_id = $2 AND key = $3`, t.now, feed, key); err != nil {
			return left, err
		}
	}
	return left, nil
}

// feedWell marks a feed as well and remembers where it has moved. Where another feed that is read has that address, this one
// has joined it and is read no longer; where one has it that was removed, the old address stays.
func (t *tx) feedWell(id int64, a FeedAnswer) (joined bool, err error) {
	if a.NotModified {
		return false, t.move(`
			UPDATE feed
			SET failures = 0, failing_since = NULL, last_error = '', read_at = $1, asked_at = $1, next_at = $2
			WHERE id = $3`, t.now, millis(a.NextAt), id)
	}
	var taken int
	if a.MovedTo != "" {
		if err := t.row(`SELECT COUNT(*), COUNT(*) > COUNT(removed_at) FROM feed WHERE url = $1 AND id <> $2`, a.MovedTo, id).Scan(&taken, &joined); err != nil {
			return false, err
		}
	}
	if taken > 0 {
		a.MovedTo = ""
	}
	if joined {
		if _, err := t.exec(`UPDATE feed SET removed_at = $1 WHERE id = $2`, t.now, id); err != nil {
			return false, err
		}
	}
	return joined, t.move(`
		UPDATE feed
		SET title = $1, link = $2, etag = $3, last_modified = $4, url = CASE WHEN $5 <> '' THEN $5 ELSE url END,
			failures = 0, failing_since = NULL, last_error = '',
			first_read_at = COALESCE(first_read_at, $6), read_at = $6, full_at = $6, asked_at = $6, next_at = $7
		WHERE id = $8`, a.Title, a.Link, a.ETag, a.LastModified, a.MovedTo, t.now, millis(a.NextAt), id)
}
