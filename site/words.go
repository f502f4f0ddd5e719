package site

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

// words are the frozen words of a mailing as everybody may see them: the main variant, or the one
// that a delivery was sent, with the places of the personal addresses taken by public ones.
func (s *Server) words(ctx context.Context, mailing, delivery int64) (data.Variant, error) {
	v, err := s.DB.VariantFor(ctx, mailing, delivery)
	if errors.Is(err, data.ErrNotFound) { // folded long ago, or nobody's in particular
		v, err = s.DB.MainVariant(ctx, mailing)
	}
	if err != nil {
		return data.Variant{}, err
	}
	home := s.Header.SiteURL + "/"
	p := token.Places{Unsubscribe: home, Preferences: home, View: home + "archive/"}
	v.HTML, v.Text = token.Unmark(v.HTML, p), token.Unmark(v.Text, p)
	return v, nil
}

// pastMail is the mail itself, for the frame of its archive page.
func (s *Server) pastMail(w http.ResponseWriter, r *http.Request) {
	if i, ok := s.published(w, r); ok {
		s.mail(w, r, i.MailingID, 0)
	}
}

// view shows an issue in the browser to whom it was mailed. It carries no personal address
// either: the link is what readers pass on.
func (s *Server) view(w http.ResponseWriter, r *http.Request) {
	mailing, delivery, ok := s.opened(w, r, token.View)
	if !ok {
		return
	}
	m, err := s.DB.Mailing(r.Context(), mailing)
	switch {
	case errors.Is(err, data.ErrNotFound), err == nil && m.Kind != "issue":
		s.notFound(w, r)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	s.mail(w, r, mailing, delivery)
}

func (s *Server) mail(w http.ResponseWriter, r *http.Request, mailing, delivery int64) {
	v, err := s.words(r.Context(), mailing, delivery)
	switch {
	case errors.Is(err, data.ErrNotFound):
		s.notFound(w, r)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	web.DocumentPolicy(w.Header())
	kind, body := "text/html; charset=utf-8", opening(v.HTML)
	if v.HTML == "" {
		kind, body = "text/plain; charset=utf-8", v.Text
	}
	w.Header().Set("Content-Type", kind)
	if _, err := io.WriteString(w, body); err != nil {
		s.Log.Info("a reader went away", "route", r.Pattern)
	}
}

// opening lets the links of a framed mail open a page of their own instead of the frame.
func opening(html string) string {
	return strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)
}
