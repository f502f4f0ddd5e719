package data

import (
	"context"
	"fmt"
	"time"
)

// missingFor is how long after it has left its feeds a story is still asked about.
const missingFor = 60 * 24 * time.Hour

// MissingStories are the stories that have left a feed, stand in no other, and that a newsletter may still tell: those
// whose page was not asked for since before, the longest unasked first, at most limit.
func (db *DB) MissingStories(ctx context.Context, feed int64, before time.Time, limit int) ([]Story, error) {
	all, err := query(ctx, db, scanStory, `
		SELECT `+storyColumns+`
		FROM story
		WHERE id IN (SELECT story_id FROM story_source WHERE feed_id = $1 AND missing_since > $2)
		  AND state IN ('new', 'waiting', 'held')
		  AND feed_id IS NOT NULL
		  AND link <> ''
		  AND (checked_at IS NULL OR checked_at <= $3)
		  AND NOT EXISTS (
			SELECT 1
			FROM story_source o
			JOIN feed f ON f.id = o.feed_id
			WHERE o.story_id = story.id AND o.missing_since IS NULL AND f.removed_at IS NULL)
		  AND EXISTS (
			SELECT 1
			FROM newsletter n
			WHERE n.state = 'active'
			  AND story.published_at >= n.since
			  AND (NOT story.backlog OR n.backlog)
			  AND NOT EXISTS (
				SELECT 1
				FROM issue_story p
				JOIN issue i ON i.id = p.issue_id
				WHERE p.newsletter_id = n.id AND p.story_id = story.id AND i.state NOT IN ('draft', 'awaiting_approval')))
		ORDER BY COALESCE(checked_at, 0), id
		LIMIT $4`, feed, millis(db.Now().Add(-missingFor)), millis(before), limit)
	if err != nil {
		return nil, fmt.Errorf("list stories missing from feed %d: %w", feed, err)
	}
	return all, nil
}

// RecordStoryCheck notes that a story's page was asked for, and whether it is gone from the site: it goes into no
// issue then, unless its feed shows it again.
func (db *DB) RecordStoryCheck(ctx context.Context, id int64, gone bool) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			UPDATE story
			SET checked_at = $1, state = CASE WHEN $2 THEN 'gone' ELSE state END
			WHERE id = $3 AND state IN ('new', 'waiting', 'held')`, t.now, gone, id)
		return err
	})
	return found(err, "record check of story %d", id)
}
