package data

import (
	"database/sql"
	"errors"
	"slices"
)

// A reading is one good poll while it is being kept.
type reading struct {
	feed int64
	keys map[string]bool // of all its entries
	kept *KeptStories
}

// keepStory inserts or follows one entry of a feed.
func (t *tx) keepStory(r reading, s Story, backlog bool) error {
	if s.PublishedAt.IsZero() {
		s.PublishedAt = fromMillis(t.now) // undated: the time first seen
	} else {
		s.PublishedAt = fromMillis(millis(s.PublishedAt))
	}
	id, err := t.knownStory(r, s)
	if err != nil {
		return err
	}
	if id != 0 {
		return t.followStory(r, id, s)
	}
	state := StoryNew
	if millis(s.PublishedAt) > t.now {
		state = StoryWaiting
	}
	id, err = t.insert(`
		INSERT INTO story (feed_id, key, link, title, author, summary, body, image, state, backlog, published_at, seen_at, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		RETURNING id`, r.feed, s.Key, s.Link, s.Title, s.Author, s.Summary, s.Body, s.Image, state, backlog, millis(s.PublishedAt), t.now, s.Address)
	if err != nil {
		return err
	}
	r.kept.New++
	if backlog {
		r.kept.Backlog++
	}
	if _, err := t.exec(`INSERT INTO story_source (feed_id, key, story_id) VALUES ($1, $2, $3)`, r.feed, s.Key, id); err != nil {
		return err
	}
	return t.keepCategories(id, s.Categories)
}

// knownStory finds the story that an entry is, and notes that it stands in the feed; 0: it is new. Its key in
// the feed counts most. A feed that gives its stories other ids than before, and another feed of the same
// site, are seen through by the address; where that fails too, by a title and date that agree. None of this joins two entries
// that stand in the feed side by side.
func (t *tx) knownStory(r reading, s Story) (int64, error) {
	var id int64
	err := t.row(`SELECT story_id FROM story_source WHERE feed_id = $1 AND key = $2`, r.feed, s.Key).Scan(&id)
	if err == nil {
		_, err = t.exec(`UPDATE story_source SET missing_since = NULL WHERE feed_id = $1 AND key = $2 AND missing_since IS NOT NULL`, r.feed, s.Key)
		return id, err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	var alike []int64
	if s.Address != "" {
		if alike, err = t.ids(`SELECT id FROM story WHERE address = $1 ORDER BY id LIMIT 5`, s.Address); err != nil {
			return 0, err
		}
	}
	same, err := t.ids(`
		SELECT s.id
		FROM story s
		JOIN story_source o ON o.story_id = s.id AND o.feed_id = $1
		WHERE s.title = $2 AND s.published_at = $3
		ORDER BY s.id
		LIMIT 5`, r.feed, s.Title, millis(s.PublishedAt))
	if err != nil {
		return 0, err
	}
	for _, one := range append(alike, same...) {
		if joined, err := t.joinSource(r, s.Key, one); err != nil || joined {
			return one, err
		}
	}
	return 0, nil
}

// joinSource notes that an entry with a key of its own is a story that is known, unless that one stands in the reading beside it.
func (t *tx) joinSource(r reading, key string, story int64) (bool, error) {
	rows, err := t.rows(`SELECT key FROM story_source WHERE story_id = $1 AND feed_id = $2`, story, r.feed)
	if err != nil {
		return false, err
	}
	before, err := collect(rows, scanString)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(before, func(k string) bool { return r.keys[k] }) {
		return false, nil
	}
	// A feed that changes its ids with each reading leaves no trail of them.
	if _, err := t.exec(`DELETE FROM story_source WHERE story_id = $1 AND feed_id = $2`, story, r.feed); err != nil {
		return false, err
	}
	_, err = t.exec(`INSERT INTO story_source (feed_id, key, story_id) VALUES ($1, $2, $3)`, r.feed, key, story)
	return true, err
}

func (t *tx) ids(query string, args ...any) ([]int64, error) {
	rows, err := t.rows(query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanInt)
}

// followStory lets the words of a story follow the feed that leads it. A date counts until the story may be told, and one
// that had gone from the site and is back may be told again.
func (t *tx) followStory(r reading, id int64, s Story) error {
	var was Story
	if err := t.row(`SELECT `+storyColumns+` FROM story WHERE id = $1`, id).Scan(was.fields()...); err != nil {
		return err
	}
	if leads, err := t.leads(r.feed, was); err != nil || !leads {
		return err
	}
	rows, err := t.rows(`SELECT name FROM story_category WHERE story_id = $1 ORDER BY position`, id)
	if err != nil {
		return err
	}
	categories, err := collect(rows, scanString)
	if err != nil {
		return err
	}
	state, published := was.State, was.PublishedAt
	if state == StoryGone {
		state = StoryNew
	}
	if was.State == StoryWaiting {
		published = s.PublishedAt
	}
	if state == StoryNew || state == StoryWaiting {
		state = StoryNew
		if millis(published) > t.now {
			state = StoryWaiting
		}
	}
	if state != was.State || !published.Equal(was.PublishedAt) || s.Address != was.Address {
		if err := t.move(`
			UPDATE story
			SET state = $1, published_at = $2, address = $3, checked_at = NULL
			WHERE id = $4`, state, millis(published), s.Address, id); err != nil {
			return err
		}
	}
	if s.Title == was.Title && s.Link == was.Link && s.Summary == was.Summary && s.Body == was.Body && s.Image == was.Image && s.Author == was.Author && slices.Equal(s.Categories, categories) {
		return nil
	}
	r.kept.Edited++
	if err := t.move(`
		UPDATE story
		SET title = $1, link = $2, summary = $3, body = $4, image = $5, author = $6, edited_at = $7
		WHERE id = $8`, s.Title, s.Link, s.Summary, s.Body, s.Image, s.Author, t.now, id); err != nil {
		return err
	}
	return t.keepCategories(id, s.Categories)
}

// leads says whether a feed may change the words of a story: the one that brought it while it stands there, else the oldest in
// which it stands. Two feeds that tell it differently would take turns otherwise. What an editor wrote by hand
// no feed changes.
func (t *tx) leads(feed int64, s Story) (bool, error) {
	if s.FeedID == feed || s.FeedID == 0 {
		return s.FeedID == feed, nil
	}
	var leader int64
	err := t.row(`
		SELECT o.feed_id
		FROM story_source o
		JOIN feed f ON f.id = o.feed_id
		WHERE o.story_id = $1 AND o.missing_since IS NULL AND f.removed_at IS NULL
		ORDER BY o.feed_id <> $2, o.feed_id
		LIMIT 1`, s.ID, s.FeedID).Scan(&leader)
	return leader == feed, err
}
