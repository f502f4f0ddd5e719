package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

// words are an issue's mail as the desk may see it: frozen, or what a draft would say now.
// No reader's own address is in it. The zero value: there is nothing to show.
func (s *Server) words(ctx context.Context, i data.Issue) (data.Variant, error) {
	var v data.Variant
	switch {
	case !i.ClosedAt.IsZero():
		var err error
		if v, err = s.DB.MainVariant(ctx, i.MailingID); errors.Is(err, data.ErrNotFound) {
			return v, nil
		} else if err != nil {
			return v, err
		}
	case s.Preview != nil && (i.State == data.IssueDraft || i.State == data.IssueAwaiting || i.State == data.IssueHeld):
		var err error
		v.Subject, v.HTML, v.Text, err = s.Preview.Preview(ctx, i.ID)
		var nothing *data.UserError
		if errors.As(err, &nothing) { // no story to tell: nothing would go out
			return data.Variant{}, nil
		}
		if err != nil {
			return data.Variant{}, err
		}
	}
	p := token.Places{Unsubscribe: "/", Preferences: "/", View: "/archive/"}
	v.HTML, v.Text = token.Unmark(v.HTML, p), token.Unmark(v.Text, p)
	return v, nil
}

// fillWords adds the mail to an issue's page. A draft that cannot be rendered yet still has a
// page; why is in the log.
func (s *Server) fillWords(ctx context.Context, i data.Issue, p *templates.Issue) error {
	v, err := s.words(ctx, i)
	if err != nil && i.ClosedAt.IsZero() {
		s.Log.Warn("a draft has no preview", "issue", i.ID, "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	if p.Row.Subject == "" {
		p.Row.Subject = v.Subject
	}
	if v.HTML != "" {
		p.PreviewURL = fmt.Sprintf("/desk/issues/%d/mail", i.ID)
	}
	if v.Text != "" {
		p.TextURL = fmt.Sprintf("/desk/issues/%d/text", i.ID)
	}
	return nil
}

// issueMail is the HTML part, for the frame.
func (s *Server) issueMail(w http.ResponseWriter, r *http.Request, e data.Editor) {
	s.part(w, r, e, "text/html; charset=utf-8", func(v data.Variant) string {
		return strings.Replace(v.HTML, "<head>", `<head><base target="_blank">`, 1)
	})
}

// issueText is the text part.
func (s *Server) issueText(w http.ResponseWriter, r *http.Request, e data.Editor) {
	s.part(w, r, e, "text/plain; charset=utf-8", func(v data.Variant) string { return v.Text })
}

func (s *Server) part(w http.ResponseWriter, r *http.Request, e data.Editor, kind string, of func(data.Variant) string) {
	i, err := s.DB.Issue(r.Context(), id(r))
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	v, err := s.words(r.Context(), i)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	body := of(v)
	if body == "" {
		s.notFound(w, r, e)
		return
	}
	web.DocumentPolicy(w.Header())
	w.Header().Set("Content-Type", kind)
	if _, err := io.WriteString(w, body); err != nil {
		s.Log.Info("an editor went away", "route", r.Pattern, "editor", e.ID)
	}
}
