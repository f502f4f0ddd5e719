package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

const wordsAMinute = 200

// write composes the words of an issue with the stories that it has now.
func (d *Desk) write(ctx context.Context, n data.Newsletter, i data.Issue) (data.Variant, error) {
	v := data.Variant{Edition: "full", Language: n.Language}
	stories, err := d.pick(ctx, i)
	if err != nil {
		return v, err
	}
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return v, fmt.Errorf("write issue %d: %w", i.ID, err)
	}
	base := strings.TrimRight(d.SiteURL, "/")
	rendered, err := d.Mail.Digest(templates.DigestMail{
		Site: d.Site, NewsletterName: n.Name, Date: i.DueAt.In(zone), Language: n.Language,
		Subject: i.Subject, Preheader: i.Preheader, Note: i.Note,
		Stories:        arrange(stories),
		UnsubscribeURL: base + "/u/" + token.MarkUnsubscribe,
		PreferencesURL: base + "/p/" + token.MarkPreferences,
		ViewURL:        base + "/i/" + token.MarkView,
		ArchiveURL:     base + "/archive/",
		ReadingMinutes: readingMinutes(stories),
	})
	if err != nil {
		return v, fmt.Errorf("write issue %d: %w", i.ID, err)
	}
	v.Subject, v.Preheader, v.HTML, v.Text = rendered.Subject, rendered.Preheader, rendered.HTML, rendered.Text
	return v, nil
}

// arrange puts the lead first and the others under their first category, each category where
// its newest story stands. A story's words carry no marks: each reader's token would be put into a link of the feed's.
func arrange(stories []data.IssueStory) []templates.DigestStory {
	lead := slices.IndexFunc(stories, func(s data.IssueStory) bool { return s.Image != "" })
	lead = max(lead, 0)
	order := map[string]int{}
	var all []templates.DigestStory
	for at, s := range stories {
		section := ""
		if len(s.Categories) > 0 {
			section = s.Categories[0]
		}
		if _, ok := order[section]; !ok && at != lead {
			order[section] = len(order)
		}
		all = append(all, templates.DigestStory{
			Title: token.Strip(s.Headline()), Link: token.Strip(s.Link), Summary: token.Strip(s.Summary), Image: token.Strip(s.Image),
			Section: token.Strip(section), Author: token.Strip(s.Author), Lead: at == lead,
		})
	}
	slices.SortStableFunc(all, func(a, b templates.DigestStory) int {
		switch {
		case a.Lead:
			return -1
		case b.Lead:
			return 1
		}
		return order[a.Section] - order[b.Section]
	})
	return all
}

func readingMinutes(stories []data.IssueStory) int {
	words := 0
	for _, s := range stories {
		words += len(strings.Fields(s.Title)) + len(strings.Fields(s.Summary))
	}
	return max(words/wordsAMinute, 1)
}

// Preview renders what an issue would say now, or, once it is closed, what it does say. Its
// personal links hold marks.
func (d *Desk) Preview(ctx context.Context, issue int64) (subject, html, text string, err error) {
	i, err := d.DB.Issue(ctx, issue)
	if err != nil {
		return "", "", "", err
	}
	if i.MailingID != 0 {
		frozen, err := d.DB.Variants(ctx, i.MailingID)
		if err != nil {
			return "", "", "", err
		}
		if len(frozen) > 0 {
			return frozen[0].Subject, frozen[0].HTML, frozen[0].Text, nil
		}
	}
	n, err := d.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return "", "", "", err
	}
	v, err := d.write(ctx, n, i)
	return v.Subject, v.HTML, v.Text, err
}

// PreviewNewsletter renders what a newsletter would say if an issue closed now.
func (d *Desk) PreviewNewsletter(ctx context.Context, n data.Newsletter) (data.Variant, error) {
	i := data.Issue{NewsletterID: n.ID, DueAt: d.DB.Now()}
	open, err := d.DB.OpenIssues(ctx)
	if err != nil {
		return data.Variant{}, err
	}
	for _, o := range open {
		if o.NewsletterID == n.ID {
			i = o
			break
		}
	}
	stories, err := d.pick(ctx, i)
	if err == nil && len(stories) == 0 {
		err = &data.UserError{
			Message: fmt.Sprintf("%s has no new stories, so nothing would go out", n.Name),
			Hint:    "read its feed with `tipsheet story fetch`, or look at `tipsheet story list`",
		}
	}
	if err != nil {
		return data.Variant{}, err
	}
	return d.write(ctx, n, i)
}
