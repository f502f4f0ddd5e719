package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

const (
	archivePage = 30  // issues a page
	archiveMost = 200 // pages that are offered
)

func (s *Server) archiveFolder(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/archive/", http.StatusMovedPermanently)
}

func (s *Server) archive(w http.ResponseWriter, r *http.Request) {
	n := min(max(number(r.URL.Query().Get("page")), 1), archiveMost)
	from, to := int(n-1)*archivePage, int(n)*archivePage
	all, err := s.DB.PublishedIssues(r.Context(), to+1)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p := templates.Archive{Site: s.Site}
	if len(all) > to && n < archiveMost {
		p.Older = fmt.Sprintf("/archive/?page=%d", n+1)
	}
	for _, i := range all[min(from, len(all)):min(to, len(all))] {
		row, err := s.pastRow(r.Context(), i)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		p.Issues = append(p.Issues, row)
	}
	s.page(w, r, http.StatusOK, p)
}

func (s *Server) pastRow(ctx context.Context, i data.Issue) (templates.PastIssue, error) {
	n, due, err := s.dated(ctx, i)
	if err != nil {
		return templates.PastIssue{}, err
	}
	stories, err := s.DB.IssueSize(ctx, i.ID)
	return templates.PastIssue{Newsletter: n.Name, Subject: i.Subject, Link: issuePath(i.ID), Date: due, Stories: stories}, err
}

// dated is an issue's newsletter, and its due time there.
func (s *Server) dated(ctx context.Context, i data.Issue) (data.Newsletter, time.Time, error) {
	n, err := s.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return n, time.Time{}, err
	}
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return n, time.Time{}, fmt.Errorf("time zone of newsletter %d: %w", n.ID, err)
	}
	return n, i.DueAt.In(zone), nil
}

func issuePath(id int64) string { return fmt.Sprintf("/archive/%d", id) }

// published reads the issue of the path, or answers that there is none: readers see an issue
// once it goes out.
func (s *Server) published(w http.ResponseWriter, r *http.Request) (data.Issue, bool) {
	i, err := s.DB.Issue(r.Context(), number(r.PathValue("id")))
	switch {
	case errors.Is(err, data.ErrNotFound), err == nil && i.State != data.IssueSending && i.State != data.IssueComplete:
		s.notFound(w, r)
		return i, false
	case err != nil:
		s.fail(w, r, err)
		return i, false
	}
	return i, true
}

func (s *Server) pastIssue(w http.ResponseWriter, r *http.Request) {
	i, ok := s.published(w, r)
	if !ok {
		return
	}
	p, err := s.issuePage(r.Context(), i)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, p)
}

// issuePage frames the frozen mail; an issue that went out as text only is set from its
// stories.
func (s *Server) issuePage(ctx context.Context, i data.Issue) (templates.ArchiveIssue, error) {
	n, due, err := s.dated(ctx, i)
	if err != nil {
		return templates.ArchiveIssue{}, err
	}
	p := templates.ArchiveIssue{Site: s.Site, Newsletter: n.Name, Subject: i.Subject, Date: due, Note: i.Note, Canonical: s.Header.SiteURL + issuePath(i.ID)}
	v, err := s.words(ctx, i.MailingID, 0)
	if err != nil && !errors.Is(err, data.ErrNotFound) {
		return p, err
	}
	if v.HTML != "" {
		p.FrameURL = issuePath(i.ID) + "/mail"
	} else if p.Stories, err = s.stories(ctx, i.ID); err != nil {
		return p, err
	}
	p.Older, p.Newer, err = s.neighbours(ctx, i)
	return p, err
}

func (s *Server) stories(ctx context.Context, issue int64) ([]templates.DigestStory, error) {
	taken, err := s.DB.IssueStories(ctx, issue)
	var all []templates.DigestStory
	for _, st := range taken {
		if st.HiddenNow {
			continue
		}
		one := templates.DigestStory{Title: st.Headline(), Link: st.Link, Summary: st.Summary, Image: st.Image, Author: st.Author}
		if len(st.Categories) > 0 {
			one.Section = st.Categories[0]
		}
		all = append(all, one)
	}
	return all, err
}

// neighbours are the issues of the same newsletter before and after one, as far as the latest
// pages of the archive go.
func (s *Server) neighbours(ctx context.Context, of data.Issue) (older, newer string, err error) {
	all, err := s.DB.PublishedIssues(ctx, 10*archivePage)
	passed := false
	for _, i := range all {
		switch {
		case i.NewsletterID != of.NewsletterID:
		case i.ID == of.ID:
			passed = true
		case !passed:
			newer = issuePath(i.ID)
		case older == "":
			older = issuePath(i.ID)
		}
	}
	if !passed { // further back than was looked
		newer = ""
	}
	return older, newer, err
}
