package data

import (
	"context"
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
	Address     string // the link in its canonical form, where that tells it apart; else empty
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

const storyColumns = `id, COALESCE(feed_id, 0), key, address, link, title, author, summary, body, image, state, backlog, published_at, edited_at, seen_at`

func scanStory(s scanner) (Story, error) {
	var st Story
	err := s.Scan(st.fields()...)
	return st, err
}

// fields are where the storyColumns are scanned to.
func (s *Story) fields() []any {
	return []any{&s.ID, &s.FeedID, &s.Key, &s.Address, &s.Link, &s.Title, &s.Author, &s.Summary, &s.Body, &s.Image,
		&s.State, &s.Backlog, at(&s.PublishedAt), at(&s.EditedAt), at(&s.SeenAt)}
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

// AddStory keeps a story written by hand. Its link is its identity: a second one with the same link or Address is
// ErrConflict, also where a feed has brought it. A feed that brings it later adds nothing to it and changes nothing in it.
func (db *DB) AddStory(ctx context.Context, s Story) (int64, error) {
	var id int64
	err := db.update(ctx, func(t *tx) error {
		var there int
		if err := t.row(`
			SELECT COUNT(*)
			FROM story
			WHERE (feed_id IS NULL AND key = $1) OR ($2 <> '' AND address = $2)`, s.Link, s.Address).Scan(&there); err != nil {
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
			INSERT INTO story (key, link, title, author, summary, body, image, state, published_at, seen_at, address)
			VALUES ($1, $1, $2, $3, $4, $5, $6, 'new', $7, $8, $9)
			RETURNING id`, s.Link, s.Title, s.Author, s.Summary, s.Body, s.Image, when, t.now, s.Address)
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
