package data

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// came is when a story came to be had: when it was first seen, or when it was published where
// it was dated ahead.
const came = `CASE WHEN published_at > seen_at THEN published_at ELSE seen_at END`

// NextStory is when the first story came, after the given time, that the newsletter could take
// now; the zero time where none has.
func (db *DB) NextStory(ctx context.Context, newsletter int64, after time.Time) (time.Time, error) {
	var first time.Time
	err := db.row(ctx, `
		SELECT `+came+`
		FROM story
		WHERE (seen_at > $1 OR published_at > $1)
		  AND state = 'new'
		  AND published_at <= $2
		  AND published_at >= (SELECT since FROM newsletter WHERE id = $3)
		  AND (NOT backlog OR (SELECT backlog FROM newsletter WHERE id = $3))
		  AND NOT EXISTS (SELECT 1 FROM issue_story p WHERE p.newsletter_id = $3 AND p.story_id = story.id)
		ORDER BY `+came+`
		LIMIT 1`, millis(after), millis(db.Now()), newsletter).Scan(at(&first))
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return first, found(err, "read next story of newsletter %d", newsletter)
}
