package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// listPage is how many rows a list shows at once.
const listPage = 50

// frame is what every page shares.
func (s *Server) frame(r *http.Request, e data.Editor, here string) (templates.Desk, error) {
	ctx := r.Context()
	d := s.bare(e)
	d.Here = here
	counts, err := s.counts(ctx, e)
	if err != nil {
		return d, err
	}
	for _, l := range lanesOf(e) {
		d.Lanes = append(d.Lanes, templates.Lane{Key: l, Count: counts[l]})
	}
	for _, l := range mine {
		d.Mine = append(d.Mine, templates.Lane{Key: l, Count: counts[l]})
	}
	alarms, err := s.DB.Alarms(ctx)
	if err != nil {
		return d, err
	}
	for _, a := range alarms {
		d.Alarms = append(d.Alarms, templates.Alarm{Text: a.Text, Hint: a.Hint, Since: a.RaisedAt})
	}
	d.Notice = notice(r)
	d.Live = fmt.Sprintf("/desk/live?since=%d", s.DB.Now().UnixMilli())
	if isLane(here) {
		d.Live += "&in=" + here
	}
	return d, nil
}

// bare is a frame without anything that must be read first.
func (s *Server) bare(e data.Editor) templates.Desk {
	return templates.Desk{Site: s.Site, Now: s.now(), Editor: templates.Editor{Name: e.Name, Role: e.Role}}
}

func (s *Server) now() time.Time { return s.Now().In(s.Location) }

// counts are the figures beside the lanes. The pile of what is done only grows and has none.
func (s *Server) counts(ctx context.Context, e data.Editor) (map[string]int, error) {
	open, err := s.DB.CountConversations(ctx, data.Pile{NoTips: e.Role == data.RoleSales})
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, l := range lanesOf(e) {
		counts[l] = open[l]
	}
	if _, ok := counts["unsorted"]; ok {
		counts["unsorted"] = open["unsure"]
	}
	checking, _ := pileOf(e, "checking")
	counts["checking"], err = s.DB.CountCards(ctx, checking)
	return counts, err
}

// page answers with a page.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, p templates.Page) {
	if err := s.Pages.Serve(w, status, p); err != nil {
		s.Log.Error("a desk page was not shown", "route", r.Pattern, "err", err)
	}
}

// message answers with a word instead of a page.
func (s *Server) message(w http.ResponseWriter, r *http.Request, e data.Editor, status int, m templates.DeskMessage) {
	d, err := s.frame(r, e, "")
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	m.Desk = d
	s.page(w, r, status, m)
}

// fail says that something of ours is broken.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, e data.Editor, err error) {
	switch {
	case errors.Is(err, context.Canceled):
		s.Log.Info("an editor went away", "route", r.Pattern, "editor", e.ID)
		return
	case errors.Is(err, data.ErrNotFound):
		s.notFound(w, r, e)
		return
	}
	s.Log.Error("a desk page failed", "route", r.Pattern, "editor", e.ID, "err", err)
	w.Header().Set("Retry-After", "30")
	s.page(w, r, http.StatusServiceUnavailable, templates.DeskMessage{
		Desk:  s.bare(e),
		Title: "That did not work.",
		What:  "Nothing was changed.",
		Why:   "The database is busy or cannot be written.",
		Do:    "Try again in a moment. Where it goes on, tipsheet check says what is wrong.",
	})
}

// notFound is the answer for what is not there, and for what is not this editor's to see.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request, e data.Editor) {
	d, err := s.frame(r, e, "")
	if err != nil {
		d = s.bare(e)
		s.Log.Warn("a desk page was shown without its frame", "route", r.Pattern, "editor", e.ID, "err", err)
	}
	s.page(w, r, http.StatusNotFound, templates.DeskMessage{
		Desk: d, Title: "There is nothing here.", What: "Nothing has this address, or it is not yours to open.",
	})
}

// tooLate says that a button's moment has passed.
func (s *Server) tooLate(w http.ResponseWriter, r *http.Request, e data.Editor, link string) {
	s.message(w, r, e, http.StatusConflict, templates.DeskMessage{
		Title: "That was not done.",
		What:  "It is no longer in the state for this.",
		Why:   "Somebody else was quicker, or the page was open for a while.",
		Do:    "Look again, and press what fits now.",
		Link:  link, LinkText: "Look again",
	})
}

// id reads a number of the path; 0 for what is none.
func id(r *http.Request) int64 { return number(r.PathValue("id")) }

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// editorNames are the names of the editors by id.
func (s *Server) editorNames(ctx context.Context) (map[int64]string, error) {
	all, err := s.DB.Editors(ctx)
	names := map[int64]string{}
	for _, e := range all {
		names[e.ID] = e.Name
	}
	return names, err
}
