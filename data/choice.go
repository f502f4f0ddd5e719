package data

import (
	"context"
	"slices"
	"strings"
)

// A Choice is what a reader chose for one newsletter. The zero value is who chose nothing: all
// topics, in full, in the newsletter's language, with the issue. It can be compared.
type Choice struct {
	ID       int64  // 0: nothing was chosen, or it is not kept yet
	Topics   string // categories as FoldTopics writes them; empty: all
	Edition  string // full, headlines or text; empty: full
	Language string // empty: the newsletter's
	OwnHour  bool   // it comes at Minute of the reader's own day, not with the issue
	Minute   int    // after midnight, 0 to 1439
	TimeZone string // IANA, of that minute
}

// FoldTopics writes categories so that the same ones are the same text: in lower case, sorted,
// one a line.
func FoldTopics(names []string) string {
	var all []string
	for _, name := range names {
		if name = FoldTopic(name); name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}

// FoldTopic writes a category as topics are compared.
func FoldTopic(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// TopicList are the topics one by one; none: all.
func (c Choice) TopicList() []string {
	if c.Topics == "" {
		return nil
	}
	return strings.Split(c.Topics, "\n")
}

// plain is a choice without its id, as it is compared.
func (c Choice) plain() Choice {
	c.ID = 0
	if c.Edition == "" {
		c.Edition = "full"
	}
	if !c.OwnHour {
		c.Minute, c.TimeZone = 0, ""
	}
	return c
}

const choiceColumns = `c.id, c.topics, c.edition, c.language, c.minute, c.time_zone`

func scanChoice(s scanner) (Choice, error) {
	var c Choice
	err := s.Scan(&c.ID, &c.Topics, &c.Edition, &c.Language, &c.Minute, &c.TimeZone)
	c.OwnHour = c.Minute >= 0
	c.Minute = max(c.Minute, 0)
	return c, err
}

// keepChoice returns the id of a choice, new or not; 0 for the one that is none.
func (t *tx) keepChoice(c Choice) (int64, error) {
	if c = c.plain(); c == (Choice{Edition: "full"}) {
		return 0, nil
	}
	minute := -1
	if c.OwnHour {
		minute = c.Minute
	}
	if _, err := t.exec(`
		INSERT INTO choice (topics, edition, language, minute, time_zone)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, c.Topics, c.Edition, c.Language, minute, c.TimeZone); err != nil {
		return 0, err
	}
	var id int64
	err := t.row(`
		SELECT id
		FROM choice
		WHERE topics = $1 AND edition = $2 AND language = $3 AND minute = $4 AND time_zone = $5`,
		c.Topics, c.Edition, c.Language, minute, c.TimeZone).Scan(&id)
	return id, err
}

func (t *tx) choose(subscription int64, c Choice) error {
	id, err := t.keepChoice(c)
	if err != nil {
		return err
	}
	return t.move(`UPDATE subscription SET choice_id = $1 WHERE id = $2`, maybeID(id), subscription)
}

// Choose keeps what a reader chose. It counts from the next issue on that begins to close.
func (db *DB) Choose(ctx context.Context, subscription int64, c Choice) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM subscription WHERE id = $1`, subscription); err != nil {
			return err
		}
		return t.choose(subscription, c)
	})
	return found(err, "keep choice of subscription %d", subscription)
}

// ChoicesOf are the choices of a newsletter's active readers, but for those who chose nothing.
func (db *DB) ChoicesOf(ctx context.Context, newsletter int64) ([]Choice, error) {
	all, err := query(ctx, db, scanChoice, `
		SELECT `+choiceColumns+`
		FROM choice c
		WHERE EXISTS (SELECT 1 FROM subscription s WHERE s.choice_id = c.id AND s.newsletter_id = $1 AND s.state = 'active')
		ORDER BY c.id`, newsletter)
	return all, found(err, "list choices of newsletter %d", newsletter)
}

// ChoicesByID are the choices with those ids; id 0, nothing was chosen, is none of them.
func (db *DB) ChoicesByID(ctx context.Context, ids []int64) ([]Choice, error) {
	var all []Choice
	for _, id := range ids {
		if id == 0 {
			continue
		}
		c, err := scanChoice(db.row(ctx, `SELECT `+choiceColumns+` FROM choice c WHERE c.id = $1`, id))
		if err != nil {
			return nil, found(err, "read choice %d", id)
		}
		all = append(all, c)
	}
	return all, nil
}
