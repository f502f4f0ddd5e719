package data

import (
	"context"
	"fmt"
	"slices"
)

// An IssueCorrection is one entry of an issue's corrections box.
type IssueCorrection struct {
	Text string
	Link string // of the corrected story; empty: none
}

// An IssueEdit is what an editor changes in an issue before it closes. What is nil or empty stays.
type IssueEdit struct {
	Subject     *string // empty: by rule again
	Preheader   *string
	Note        *string
	NoteBy      *string
	Corrections *[]IssueCorrection // all of them

	Pin    []int64          // stories to the top, the first of them as the lead
	Order  []int64          // stories to the top after Pin, in this order
	Unpin  []int64          // stories that stand where their date puts them again
	Hide   []int64          // stories out of this issue and of the newsletter's later ones
	Unhide []int64          // stories that are offered to the newsletter again
	Titles map[int64]string // titles in this issue; empty: the story's own
}

// Check returns a UserError for a story that is named twice, so that it has no one place.
func (e IssueEdit) Check() error {
	seen := map[int64]bool{}
	for _, story := range slices.Concat(e.Pin, e.Order, e.Unpin, e.Hide) {
		if seen[story] {
			return &UserError{Message: fmt.Sprintf("story %d is named twice", story), Hint: "give it one place: pinned, in the order, or hidden"}
		}
		seen[story] = true
	}
	return nil
}

// EditIssue changes a draft, an issue that waits for its approval, or one that is held and was
// never closed: all of it or, with an error, nothing. Another state is ErrConflict. A story that
// another issue of the newsletter has, or that is hidden and is placed, is a StoryError.
func (db *DB) EditIssue(ctx context.Context, id int64, e IssueEdit) error {
	if err := e.Check(); err != nil {
		return err
	}
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM issue WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.move(`
			UPDATE issue
			SET subject = COALESCE($1, subject), preheader = COALESCE($2, preheader), note = COALESCE($3, note), note_by = COALESCE($4, note_by)
			WHERE id = $5 AND mailing_id IS NULL AND state IN ('draft', 'awaiting_approval', 'held')`,
			e.Subject, e.Preheader, e.Note, e.NoteBy, id); err != nil {
			return err
		}
		if err := t.correct(id, e.Corrections); err != nil {
			return err
		}
		if err := t.editStories(id, e); err != nil {
			return err
		}
		return t.place(id, e)
	})
	return found(err, "edit issue %d", id)
}

// editStories gives rows to the stories that an edit names, titles them, and hides some.
func (t *tx) editStories(id int64, e IssueEdit) error {
	for _, story := range e.Unhide {
		if err := t.unhide(id, story); err != nil {
			return &StoryError{story, "is not hidden from this newsletter"}
		}
	}
	for _, story := range slices.Concat(e.Hide, e.Pin, e.Order, e.Unpin) {
		if err := t.addToIssue(id, story); err != nil {
			return err
		}
	}
	for story, title := range e.Titles {
		if err := t.addToIssue(id, story); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE issue_story SET title = $1 WHERE issue_id = $2 AND story_id = $3`, title, id, story); err != nil {
			return err
		}
	}
	for _, story := range e.Hide {
		if _, err := t.exec(`UPDATE issue_story SET hidden = 1, placed = 0, position = 0 WHERE issue_id = $1 AND story_id = $2`, id, story); err != nil {
			return err
		}
	}
	return nil
}

// A StoryError says why a story cannot be changed in an issue.
type StoryError struct {
	Story int64
	Why   string
}

func (e *StoryError) Error() string { return e.Why }

// addToIssue gives a story a row in an issue, where no other issue of the newsletter has it.
func (t *tx) addToIssue(issue, story int64) error {
	n, err := t.exec(`
		INSERT INTO issue_story (issue_id, story_id, newsletter_id, position)
		SELECT i.id, s.id, i.newsletter_id, 0
		FROM issue i, story s
		WHERE i.id = $1 AND s.id = $2
		ON CONFLICT DO NOTHING`, issue, story)
	if err != nil || n == 1 {
		return err
	}
	var here, there int
	if err := t.row(`
		SELECT COALESCE(SUM(p.issue_id = i.id AND NOT p.hidden), 0), COUNT(*)
		FROM issue i
		JOIN issue_story p ON p.newsletter_id = i.newsletter_id AND p.story_id = $2
		WHERE i.id = $1`, issue, story).Scan(&here, &there); err != nil {
		return err
	}
	switch {
	case here > 0:
		return nil
	case there > 0:
		return &StoryError{story, "is hidden, or in another issue of this newsletter"}
	}
	return &StoryError{story, "is not known"}
}

// place puts an issue's placed stories in their new order.
func (t *tx) place(issue int64, e IssueEdit) error {
	rows, err := t.rows(`
		SELECT story_id
		FROM issue_story
		WHERE issue_id = $1 AND placed AND NOT hidden
		ORDER BY position`, issue)
	if err != nil {
		return err
	}
	before, err := collect(rows, scanInt)
	if err != nil {
		return err
	}
	moved := slices.Concat(e.Pin, e.Order, e.Unpin)
	all := append(slices.Clone(e.Pin), e.Order...)
	for _, story := range before {
		if !slices.Contains(moved, story) {
			all = append(all, story)
		}
	}
	if _, err := t.exec(`UPDATE issue_story SET placed = 0, position = 0 WHERE issue_id = $1`, issue); err != nil {
		return err
	}
	for i, story := range all {
		if err := t.move(`
			UPDATE issue_story
			SET placed = 1, position = $1
			WHERE issue_id = $2 AND story_id = $3 AND NOT hidden`, i+1, issue, story); err != nil {
			return err
		}
	}
	_, err = t.exec(`DELETE FROM issue_story WHERE issue_id = $1 AND NOT placed AND NOT hidden AND title = ''`, issue)
	return err
}

func (t *tx) correct(issue int64, all *[]IssueCorrection) error {
	if all == nil {
		return nil
	}
	if _, err := t.exec(`DELETE FROM issue_correction WHERE issue_id = $1`, issue); err != nil {
		return err
	}
	for i, c := range *all {
		if _, err := t.exec(`INSERT INTO issue_correction (issue_id, n, text, link) VALUES ($1, $2, $3, $4)`, issue, i+1, c.Text, c.Link); err != nil {
			return err
		}
	}
	return nil
}

// Corrections are the entries of an issue's corrections box.
func (db *DB) Corrections(ctx context.Context, issue int64) ([]IssueCorrection, error) {
	all, err := query(ctx, db, func(s scanner) (IssueCorrection, error) {
		var c IssueCorrection
		err := s.Scan(&c.Text, &c.Link)
		return c, err
	}, `
		SELECT text, link
		FROM issue_correction
		WHERE issue_id = $1
		ORDER BY n`, issue)
	return all, found(err, "list corrections of issue %d", issue)
}
