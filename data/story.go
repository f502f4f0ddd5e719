package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A StoryState says what may happen to a story.
type StoryState string

// The states of a story.
const (
	StoryNew     StoryState = "new"     // may go into an issue
	StoryWaiting StoryState = "waiting" // dated ahead
	StoryHeld    StoryState = "held"
	StoryHidden  StoryState = "hidden"
	StoryGone    StoryState = "gone" // no longer on the site
)

// A Story is one article of the site.
type Story struct {
	ID          int64
	FeedID      int64  // 0: written by hand
	Key         string // identity within the feed
	Link        string
	Title       string
	Author      string
	Summary     string // plain text
	Body        string // plain text
	Image       string
	Categories  []string
	State       StoryState
	Backlog     bool
	PublishedAt time.Time
	EditedAt    time.Time // zero: not since it was first seen
	SeenAt      time.Time
}

const storyColumns = `id, COALESCE(feed_id, 0), key, link, title, author, summary, body, image, state, backlog, published_at, edited_at, seen_at`

func scanStory(s scanner) (Story, error) {
	var st Story
	err := s.Scan(&st.ID, &st.FeedID, &st.Key, &st.Link, &st.Title, &st.Author, &st.Summary, &st.Body, &st.Image,
		&st.State, &st.Backlog, at(&st.PublishedAt), at(&st.EditedAt), at(&st.SeenAt))
	return st, err
}

// keepStory inserts or follows one entry of a feed.
func (t *tx) keepStory(feed int64, s Story, backlog bool, kept *KeptStories) error {
	if s.PublishedAt.IsZero() {
		s.PublishedAt = fromMillis(t.now) // undated: the time first seen
	}
	state := StoryNew
	if millis(s.PublishedAt) > t.now {
		state = StoryWaiting
	}
	var id int64
	var same bool
	err := t.row(`
		SELECT id, title = $1 AND link = $2 AND summary = $3 AND body = $4 AND image = $5 AND author = $6
		FROM story
		WHERE feed_id = $7 AND key = $8`, s.Title, s.Link, s.Summary, s.Body, s.Image, s.Author, feed, s.Key).Scan(&id, &same)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		id, err = t.insert(`
			INSERT INTO story (feed_id, key, link, title, author, summary, body, image, state, backlog, published_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
			RETURNING id`, feed, s.Key, s.Link, s.Title, s.Author, s.Summary, s.Body, s.Image, state, backlog, millis(s.PublishedAt), t.now)
		if err != nil {
			return err
		}
		kept.New++
		if backlog {
			kept.Backlog++
		}
	case err != nil:
		return err
	case same:
		return nil
	default:
		if _, err := t.exec(`
			UPDATE story
			SET title = $1, link = $2, summary = $3, body = $4, image = $5, author = $6, edited_at = $7
			WHERE id = $8`, s.Title, s.Link, s.Summary, s.Body, s.Image, s.Author, t.now, id); err != nil {
			return err
		}
		kept.Edited++
	}
	return t.keepCategories(id, s.Categories)
}

func (t *tx) keepCategories(story int64, names []string) error {
	if _, err := t.exec(`DELETE FROM story_category WHERE story_id = $1`, story); err != nil {
		return err
	}
	for i, name := range names {
		if _, err := t.exec(`INSERT INTO story_category (story_id, position, name) VALUES ($1, $2, $3)`, story, i, name); err != nil {
			return err
		}
	}
	return nil
}

// AddStory keeps a story written by hand. Its link is its identity: a second one with the
// same link is ErrConflict.
func (db *DB) AddStory(ctx context.Context, s Story) (int64, error) {
	var id int64
	err := db.update(ctx, func(t *tx) error {
		var there int
		if err := t.row(`SELECT COUNT(*) FROM story WHERE feed_id IS NULL AND key = $1`, s.Link).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return ErrConflict
		}
		when := t.now
		if !s.PublishedAt.IsZero() {
			when = millis(s.PublishedAt)
		}
		var err error
		id, err = t.insert(`
			INSERT INTO story (key, link, title, author, summary, body, image, state, published_at, seen_at)
			VALUES ($1, $1, $2, $3, $4, $5, $6, 'new', $7, $8)
			RETURNING id`, s.Link, s.Title, s.Author, s.Summary, s.Body, s.Image, when, t.now)
		if err != nil {
			return err
		}
		return t.keepCategories(id, s.Categories)
	})
	return id, found(err, "add story")
}

// HideStory keeps a story out of every issue that is not closed yet; ShowStory lets it in again.
func (db *DB) HideStory(ctx context.Context, id int64) error {
	return db.moveStory(ctx, id, StoryHidden, StoryNew, StoryWaiting, StoryHeld)
}

// ShowStory undoes HideStory.
func (db *DB) ShowStory(ctx context.Context, id int64) error {
	return db.moveStory(ctx, id, StoryNew, StoryHidden)
}

func (db *DB) moveStory(ctx context.Context, id int64, to StoryState, from ...StoryState) error {
	err := db.update(ctx, func(t *tx) error {
		var state StoryState
		if err := t.row(`SELECT state FROM story WHERE id = $1`, id).Scan(&state); err != nil {
			return err
		}
		for _, f := range from {
			if state == f {
				return t.move(`UPDATE story SET state = $1 WHERE id = $2 AND state = $3`, to, id, f)
			}
		}
		return ErrConflict
	})
	return found(err, "move story %d to %s", id, to)
}

// WakeStories moves stories that were dated ahead to new once their time has come.
func (db *DB) WakeStories(ctx context.Context) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE story SET state = 'new' WHERE state = 'waiting' AND published_at <= $1`, t.now)
		return err
	})
	return found(err, "wake stories")
}

// Stories are the latest stories, newest first, at most limit.
func (db *DB) Stories(ctx context.Context, limit int) ([]Story, error) {
	all, err := query(ctx, db, scanStory, `
		SELECT `+storyColumns+`
		FROM story
		ORDER BY published_at DESC, id DESC
		LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list stories: %w", err)
	}
	return all, db.fillCategories(ctx, all)
}

// Story returns one story, or ErrNotFound.
func (db *DB) Story(ctx context.Context, id int64) (Story, error) {
	s, err := scanStory(db.row(ctx, `SELECT `+storyColumns+` FROM story WHERE id = $1`, id))
	if err != nil {
		return s, found(err, "read story %d", id)
	}
	one := []Story{s}
	err = db.fillCategories(ctx, one)
	return one[0], err
}

// CountStories says how many stories are kept.
func (db *DB) CountStories(ctx context.Context) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM story`).Scan(&n)
	return n, found(err, "count stories")
}

func (db *DB) fillCategories(ctx context.Context, stories []Story) error {
	for i := range stories {
		names, err := query(ctx, db, scanString, `
			SELECT name
			FROM story_category
			WHERE story_id = $1
			ORDER BY position`, stories[i].ID)
		if err != nil {
			return fmt.Errorf("read categories of story %d: %w", stories[i].ID, err)
		}
		stories[i].Categories = names
	}
	return nil
}

func scanString(s scanner) (string, error) {
	var v string
	err := s.Scan(&v)
	return v, err
}

func scanInt(s scanner) (int64, error) {
	var v int64
	err := s.Scan(&v)
	return v, err
}
