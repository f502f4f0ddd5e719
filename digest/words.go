package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

const wordsAMinute = 200

// write composes one variant of an issue.
func (d *Desk) write(g *galley, stories []data.IssueStory, r reading) (data.Variant, error) {
	v := data.Variant{Stories: r.stories, Edition: r.edition, Language: r.language}
	base := strings.TrimRight(d.SiteURL, "/")
	i, n := g.issue, g.newsletter
	rendered, err := d.Mail.Digest(templates.DigestMail{
		Site: d.Site, NewsletterName: n.Name, Date: i.DueAt.In(g.zone), Language: r.language, Edition: r.edition,
		Subject: i.Subject, Preheader: i.Preheader, Note: i.Note, NoteBy: i.NoteBy,
		Stories: arrange(stories), Corrections: corrections(g.corrections),
		MaxStories: n.InFull, MaxPerSection: n.PerSection,
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

// arrange gives each story its heading, its first category, and says which is the lead: the first
// that an editor placed, else the first with a picture, else the first. A story's words carry no
// marks: each reader's token would be put into a link of the feed's.
func arrange(stories []data.IssueStory) []templates.DigestStory {
	lead := 0
	if len(stories) > 0 && !stories[0].Placed {
		lead = max(slices.IndexFunc(stories, func(s data.IssueStory) bool { return s.Image != "" }), 0)
	}
	all := make([]templates.DigestStory, len(stories))
	for at, s := range stories {
		section := ""
		if len(s.Categories) > 0 {
			section = s.Categories[0]
		}
		all[at] = templates.DigestStory{
			Title: token.Strip(s.Headline()), Link: token.Strip(s.Link), Summary: token.Strip(s.Summary), Image: token.Strip(s.Image),
			Section: token.Strip(section), Author: token.Strip(s.Author), Lead: at == lead,
		}
	}
	return all
}

func corrections(all []data.IssueCorrection) []templates.Correction {
	var box []templates.Correction
	for _, c := range all {
		box = append(box, templates.Correction{Text: c.Text, Link: c.Link})
	}
	return box
}

func readingMinutes(stories []data.IssueStory) int {
	words := 0
	for _, s := range stories {
		words += len(strings.Fields(s.Title)) + len(strings.Fields(s.Summary))
	}
	return max(words/wordsAMinute, 1)
}

// Preview renders what an issue would say now to a reader who chose nothing, or, once it is
// closed, what it does say. Its personal links hold marks.
func (d *Desk) Preview(ctx context.Context, issue int64) (subject, html, text string, err error) {
	v, err := d.PreviewIssue(ctx, issue, data.Choice{})
	return v.Subject, v.HTML, v.Text, err
}

// PreviewIssue renders what an issue would say now to a reader who made that choice, or, once it
// is closed, what it does say: nothing else than what goes out.
func (d *Desk) PreviewIssue(ctx context.Context, issue int64, c data.Choice) (data.Variant, error) {
	i, err := d.DB.Issue(ctx, issue)
	if err != nil {
		return data.Variant{}, err
	}
	return d.preview(ctx, i, c)
}

func (d *Desk) preview(ctx context.Context, i data.Issue, c data.Choice) (data.Variant, error) {
	g, err := d.galley(ctx, i)
	if err != nil {
		return data.Variant{}, err
	}
	r := g.reading(c)
	if !i.ClosedAt.IsZero() {
		return d.frozen(ctx, i, c, r)
	}
	stories := about(g.stories, c.Topics)
	switch {
	case len(g.stories) == 0 && i.MailingID == 0:
		return data.Variant{}, &data.UserError{
			Message: fmt.Sprintf("%s has no new stories, so nothing would go out", g.newsletter.Name),
			Hint:    "read its feed with `tipsheet story fetch`, or look at `tipsheet story list`",
		}
	case len(stories) == 0:
		return data.Variant{}, &data.UserError{
			Message: "none of its stories has one of these topics, so who chose them would be left out",
			Hint:    "`tipsheet story list` shows the categories of the stories",
		}
	}
	return d.write(g, stories, r)
}

// frozen is a variant of a closed issue.
func (d *Desk) frozen(ctx context.Context, i data.Issue, c data.Choice, r reading) (data.Variant, error) {
	if c == (data.Choice{}) {
		return d.DB.MainVariant(ctx, i.MailingID)
	}
	v, err := d.DB.VariantLike(ctx, i.MailingID, r.stories, r.edition, r.language)
	if errors.Is(err, data.ErrNotFound) {
		return v, &data.UserError{Message: fmt.Sprintf("issue %d is closed, and no reader of it chose that", i.ID), Hint: fmt.Sprintf("`tipsheet issue status %d` says what readers get", i.ID)}
	}
	return v, err
}

// PreviewNewsletter renders what a newsletter's next issue would say to a reader who made that
// choice, if it closed now.
func (d *Desk) PreviewNewsletter(ctx context.Context, n data.Newsletter, c data.Choice) (data.Variant, error) {
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
	return d.preview(ctx, i, c)
}
