package feed

import (
	"strings"

	"github.com/mmcdole/gofeed/json"
)

// parseJSON reads JSON Feed 1.0 and 1.1.
func parseJSON(text, base string) (Feed, error) {
	j, err := (&json.Parser{}).Parse(strings.NewReader(text))
	if err != nil {
		return Feed{}, &NotFeedError{Kind: Garbage, Err: err}
	}
	if !strings.Contains(j.Version, "jsonfeed.org/version/") && j.Items == nil {
		return Feed{}, &NotFeedError{Kind: Other}
	}
	f := Feed{
		Title: plainLine(j.Title, maxTitle),
		Link:  newResolver(base, j.FeedURL).absolute(j.HomePageURL),
	}
	links := newResolver(f.Link, base, j.FeedURL)
	feedAuthors := jsonAuthors(j.Authors, j.Author)
	unread := 0
	for _, i := range j.Items {
		if i == nil {
			continue
		}
		if len(f.Items) == MaxItems {
			f.Warnings = append(f.Warnings, tooMany(len(j.Items)))
			break
		}
		story, ok := jsonItem(i, links)
		if !ok {
			unread++
		}
		if story.Author == "" {
			story.Author = feedAuthors
		}
		f.Items = append(f.Items, story)
	}
	f.Warnings = append(f.Warnings, unreadDates(unread)...)
	return f, nil
}

func jsonItem(j *json.Item, links resolver) (it Item, dated bool) {
	it = Item{
		ID:     strings.TrimSpace(j.ID),
		Title:  plainLine(j.Title, maxTitle),
		Author: jsonAuthors(j.Authors, j.Author),
		Link:   links.absolute(first(j.URL, j.ExternalURL)),
	}
	if it.Link == "" && isWebAddress(it.ID) {
		it.Link = it.ID
	}
	it.Date, dated = firstDate(j.DatePublished, j.DateModified)
	it.Updated, _ = firstDate(j.DateModified)
	body := readPlain(j.ContentText)
	if strings.TrimSpace(j.ContentHTML) != "" {
		body = readHTML(j.ContentHTML)
	}
	summary := readHTML(j.Summary)
	it.Text, it.Summary = first(body.text, summary.text), summarise(first(summary.lead, body.lead))
	enclosure := ""
	if j.Attachments != nil {
		for _, a := range *j.Attachments {
			if enclosure == "" && isPicture(a.MimeType, a.URL) {
				enclosure = a.URL
			}
		}
	}
	it.Image = choose(links, []candidate{{address: first(j.Image, j.BannerImage)}}, enclosure, body.image)
	it.Categories = categories(j.Tags)
	return it, dated
}

func jsonAuthors(many []*json.Author, one *json.Author) string {
	var names []string
	for _, a := range append(many, one) {
		if a != nil {
			names = append(names, a.Name)
		}
	}
	return authors(names)
}
