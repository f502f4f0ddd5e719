package site

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// page answers with a page.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, p templates.Page) {
	if err := s.Pages.Serve(w, status, p); err != nil {
		s.Log.Error("a public page was not shown", "route", r.Pattern, "err", err)
	}
}

// fail says that something of ours is broken. Nothing that was asked for is claimed to be done.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		s.Log.Info("a reader went away", "route", r.Pattern)
		return
	}
	s.Log.Error("a public page failed", "route", r.Pattern, "err", err)
	w.Header().Set("Retry-After", "60")
	s.page(w, r, http.StatusServiceUnavailable, templates.Message{
		Site:  s.Site,
		Title: "That did not work.",
		What:  "We could not do it just now, and nothing has been changed.",
		Why:   "Something on our side is busy or broken; whoever looks after it can see that.",
		Do:    "Please try again in a few minutes.",
	})
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusNotFound, templates.NotFound{Site: s.Site})
}

// deadLink answers a link whose token we did not sign, or that was cut off on the way.
func (s *Server) deadLink(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusNotFound, templates.Message{
		Site:  s.Site,
		Title: "This link does not work.",
		What:  "It is not complete, or it was not made by us.",
		Why:   "Some mail programs break long links in two.",
		Do:    "Tap the link in the mail itself, or copy all of it.",
	})
}

// opened reads the token of the path, or answers that the link is dead.
func (s *Server) opened(w http.ResponseWriter, r *http.Request, p token.Purpose) (a, b int64, ok bool) {
	a, b, ok = s.Keys.Open(p, r.PathValue("token"))
	if !ok {
		s.deadLink(w, r)
	}
	return a, b, ok
}

// number reads an id or a page number: a positive one, else 0.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
