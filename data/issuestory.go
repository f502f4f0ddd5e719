package data

import (
	"context"
	"fmt"
)

// An IssueStory is a story's place in an issue.
type IssueStory struct {
	Story
	Position  int    // in a draft 0 but for those that an editor placed
	Placed    bool   // an editor gave it its position
	ShownAs   string // the title in this issue; empty: the story's own
	HiddenNow bool   // kept out of this issue and of the newsletter's later ones
}

// Headline is the title that this issue shows.
func (s IssueStory) Headline() string {
	if s.ShownAs != "" {
		return s.ShownAs
	}
	return s.Title
}

func scanIssueStory(s scanner) (IssueStory, error) {
	var i IssueStory
	err := s.Scan(&i.ID, &i.FeedID, &i.Key, &i.Link, &i.Title, &i.Author, &i.Summary, &i.Body, &i.Image,
		&i.State, &i.Backlog, at(&i.PublishedAt), at(&i.EditedAt), at(&i.SeenAt), &i.Position, &i.Placed, &i.ShownAs, &i.HiddenNow)
	return i, err
}

// IssueStories are the stories that an issue has taken, in order, the hidden ones last.
func (db *DB) IssueStories(ctx context.Context, issue int64) ([]IssueStory, error) {
	all, err := query(ctx, db, scanIssueStory, `
		SELECT s.id, COALESCE(s.feed_id, 0), s.key, s.link, s.title, s.author, s.summary, s.body, s.image, s.state, s.backlog,
			s.published_at, s.edited_at, s.seen_at, p.position, p.placed, p.title, p.hidden
		FROM issue_story p
		JOIN story s ON s.id = p.story_id
		WHERE p.issue_id = $1
		ORDER BY p.hidden, p.position, s.id`, issue)
	if err != nil {
		return nil, fmt.Errorf("list stories of issue %d: %w", issue, err)
	}
	bare := make([]Story, len(all))
	for i := range all {
		bare[i] = all[i].Story
	}
	if err := db.fillCategories(ctx, bare); err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Story = bare[i]
	}
	return all, nil
}

// Candidates are the stories that a newsletter could take now: new, recent enough for it,
// and in none of its issues. Newest first, at most limit.
func (db *DB) Candidates(ctx context.Context, newsletter int64, limit int) ([]Story, error) {
	all, err := query(ctx, db, scanStory, `
		SELECT `+storyColumns+`
		FROM story
		WHERE state = 'new'
		  AND published_at <= $1
		  AND published_at >= (SELECT since FROM newsletter WHERE id = $2)
		  AND (NOT backlog OR (SELECT backlog FROM newsletter WHERE id = $2))
		  AND NOT EXISTS (SELECT 1 FROM issue_story p WHERE p.newsletter_id = $2 AND p.story_id = story.id)
		ORDER BY published_at DESC, id DESC
		LIMIT $3`, millis(db.Now()), newsletter, limit)
	if err != nil {
		return nil, fmt.Errorf("list candidates of newsletter %d: %w", newsletter, err)
	}
	return all, db.fillCategories(ctx, all)
}

func (t *tx) unhide(issue, story int64) error {
	return t.move(`
		DELETE FROM issue_story
		WHERE story_id = $1 AND hidden AND newsletter_id = (SELECT newsletter_id FROM issue WHERE id = $2)`, story, issue)
}

// HiddenStories are the stories that are hidden from a newsletter.
func (db *DB) HiddenStories(ctx context.Context, newsletter int64) ([]int64, error) {
	all, err := query(ctx, db, scanInt, `
		SELECT story_id
		FROM issue_story
		WHERE newsletter_id = $1 AND hidden
		ORDER BY story_id`, newsletter)
	return all, found(err, "list hidden stories of newsletter %d", newsletter)
}
