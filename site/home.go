package site

import (
	"context"
	"net/http"
	"slices"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	s.form(w, r, http.StatusOK, filled{})
}

// filled is what a form had in it when it could not be taken.
type filled struct {
	address string
	chosen  []int64
	err     string
}

// form shows the front page, filled in again after an error.
func (s *Server) form(w http.ResponseWriter, r *http.Request, status int, f filled) {
	open, err := s.DB.Newsletters(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	past, err := s.hasArchive(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if f.chosen == nil && len(open) > 0 {
		f.chosen = []int64{open[0].ID}
	}
	s.page(w, r, status, templates.Home{
		Site:        s.Site,
		Newsletters: choices(open, f.chosen),
		Address:     f.address,
		Error:       f.err,
		HasArchive:  past,
	})
}

// choices are newsletters as a form offers them.
func choices(open []data.Newsletter, chosen []int64) []templates.Newsletter {
	var all []templates.Newsletter
	for _, n := range open {
		all = append(all, templates.Newsletter{
			ID: n.ID, Name: n.Name, Description: n.Description,
			Schedule: templates.TimesInWords(n.Cron, n.Gap), Chosen: slices.Contains(chosen, n.ID),
		})
	}
	return all
}

func (s *Server) hasArchive(ctx context.Context) (bool, error) {
	past, err := s.DB.PublishedIssues(ctx, 1)
	return len(past) > 0, err
}
