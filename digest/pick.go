package digest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/olomotimes/tipsheet/data"
)

// mostStories is how many stories an issue takes at most; the rest waits for the next. A mail
// names as many of them as fit into it, and says how many more there are.
const mostStories = 400

// pick is what an issue would have now, in its order: first what an editor placed, then the
// stories that the newsletter has not told yet, the newest first. Hidden ones, and those that are
// no longer to be told, are not among them.
func (d *Desk) pick(ctx context.Context, i data.Issue) ([]data.IssueStory, error) {
	taken, err := d.DB.IssueStories(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	taken = slices.DeleteFunc(taken, func(s data.IssueStory) bool { return s.HiddenNow })
	if i.MailingID != 0 { // closing or closed: the choice is made
		return taken, nil
	}
	now := d.DB.Now()
	taken = slices.DeleteFunc(taken, func(s data.IssueStory) bool { return s.State != data.StoryNew || s.PublishedAt.After(now) })
	free, err := d.DB.Candidates(ctx, i.NewsletterID, max(mostStories-len(taken), 0))
	if err != nil {
		return nil, err
	}
	var placed, others []data.IssueStory
	for _, s := range taken {
		if s.Placed {
			placed = append(placed, s)
		} else {
			others = append(others, s)
		}
	}
	for _, s := range free {
		others = append(others, data.IssueStory{Story: s})
	}
	slices.SortStableFunc(others, func(a, b data.IssueStory) int {
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), cmp.Compare(b.ID, a.ID))
	})
	all := append(placed, others...)
	for at := range all {
		all[at].Position = at + 1
	}
	return all, nil
}

// Picked is what an issue has, or what it would have if it closed now, in its order.
func (d *Desk) Picked(ctx context.Context, issue int64) ([]data.IssueStory, error) {
	i, err := d.DB.Issue(ctx, issue)
	if err != nil {
		return nil, err
	}
	return d.pick(ctx, i)
}

// about keeps the stories that have one of the topics (see data.FoldTopics); empty: all of them. A
// story without a category is for those who want everything.
func about(stories []data.IssueStory, topics string) []data.IssueStory {
	if topics == "" {
		return stories
	}
	wanted := map[string]bool{}
	for topic := range strings.SplitSeq(topics, "\n") {
		wanted[topic] = true
	}
	var some []data.IssueStory
	for _, s := range stories {
		if slices.ContainsFunc(s.Categories, func(c string) bool { return wanted[data.FoldTopic(c)] }) {
			some = append(some, s)
		}
	}
	return some
}

// idsOf are the ids of stories, in order, parted by spaces.
func idsOf(stories []data.IssueStory) string {
	var b strings.Builder
	for at, s := range stories {
		if at > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatInt(s.ID, 10))
	}
	return b.String()
}
