package feed

import "time"

// Document is a feed as tipsheet story parse prints it. What the feed does not say is null or an empty list, never missing;
// dates are RFC 3339 in UTC.
type Document struct {
	File     string   `json:"file"`
	Title    *string  `json:"title"`
	Link     *string  `json:"link"`
	Date     *string  `json:"date"`
	Items    []Story  `json:"items"`
	Warnings []string `json:"warnings"`
}

// Story is an item of a Document.
type Story struct {
	ID         *string  `json:"id"`
	Title      *string  `json:"title"`
	Link       *string  `json:"link"`
	Date       *string  `json:"date"`
	Author     *string  `json:"author"`
	Image      *string  `json:"image"`
	Summary    *string  `json:"summary"`
	Categories []string `json:"categories"`
}

// JSON gives the feed in the form that is printed; file is the name of the file it was read from.
func (f Feed) JSON(file string) Document {
	d := Document{File: file, Title: orNull(f.Title), Link: orNull(f.Link), Date: when(f.Date), Items: make([]Story, 0, len(f.Items)), Warnings: orEmpty(f.Warnings)}
	for _, it := range f.Items {
		d.Items = append(d.Items, Story{
			ID: orNull(it.ID), Title: orNull(it.Title), Link: orNull(it.Link), Date: when(it.Date), Author: orNull(it.Author),
			Image: orNull(it.Image), Summary: orNull(it.Summary), Categories: orEmpty(it.Categories),
		})
	}
	return d
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

func when(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}
