package desk

import (
	"context"
	"fmt"
	"net/http"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

const maxStoryPages = 100

func (s *Server) stories(w http.ResponseWriter, r *http.Request, e data.Editor) {
	p, err := s.storiesPage(r, e)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.page(w, r, http.StatusOK, p)
}

func (s *Server) storiesPage(r *http.Request, e data.Editor) (templates.Stories, error) {
	p := templates.Stories{}
	var err error
	if p.Desk, err = s.frame(r, e, "stories"); err != nil {
		return p, err
	}
	feeds, err := s.DB.Feeds(r.Context())
	if err != nil {
		return p, err
	}
	for _, f := range feeds {
		p.Feeds = append(p.Feeds, templates.FeedRow{Title: f.Title, URL: f.URL, ReadAt: f.ReadAt, FailingSince: f.FailingSince, Error: f.LastError})
	}
	n := min(max(number(r.URL.Query().Get("page")), 1), maxStoryPages)
	from, to := int(n-1)*listPage, int(n)*listPage
	all, err := s.DB.Stories(r.Context(), to+1)
	if err != nil {
		return p, err
	}
	if len(all) > to && n < maxStoryPages {
		p.Older = fmt.Sprintf("/desk/stories?page=%d", n+1)
	}
	for _, st := range all[min(from, len(all)):min(to, len(all))] {
		row, err := s.storyRow(r.Context(), st)
		if err != nil {
			return p, err
		}
		p.Stories = append(p.Stories, row)
	}
	return p, nil
}

func (s *Server) storyRow(ctx context.Context, st data.Story) (templates.StoryRow, error) {
	row := templates.StoryRow{
		ID: st.ID, Title: st.Title, Link: st.Link, Author: st.Author, Published: st.PublishedAt,
		State: string(st.State), Backlog: st.Backlog,
	}
	if len(st.Categories) > 0 {
		row.Section = st.Categories[0]
	}
	in, err := s.DB.IssuesOfStory(ctx, st.ID)
	if err != nil {
		return row, err
	}
	names, err := s.newsletterNames(ctx, in)
	for _, i := range in {
		row.Issues = append(row.Issues, names[i.NewsletterID]+" of "+i.DueAt.In(s.Location).Format("2 January"))
	}
	return row, err
}
