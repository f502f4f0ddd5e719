package desk

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// subscribers shows figures and, to the newsroom, a list. A search by address is answered with
// a redirect to the subscriber's number, so that no address stays in the browser's history.
func (s *Server) subscribers(w http.ResponseWriter, r *http.Request, e data.Editor) {
	q := r.URL.Query()
	if address := strings.TrimSpace(q.Get("q")); address != "" && e.Role != data.RoleSales {
		s.findSubscriber(w, r, e, address)
		return
	}
	p, err := s.subscribersPage(r, e, number(q.Get("id")), number(q.Get("before")))
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.page(w, r, http.StatusOK, p)
}

func (s *Server) findSubscriber(w http.ResponseWriter, r *http.Request, e data.Editor, address string) {
	who, err := s.DB.SubscriberByAddress(r.Context(), address)
	var wrong *data.UserError
	switch {
	case errors.Is(err, data.ErrNotFound), errors.As(err, &wrong):
		http.Redirect(w, r, "/desk/subscribers"+did("", "nobody", 1), http.StatusSeeOther)
	case err != nil:
		s.fail(w, r, e, err)
	default:
		http.Redirect(w, r, fmt.Sprintf("/desk/subscribers?id=%d", who.ID), http.StatusSeeOther)
	}
}

func (s *Server) subscribersPage(r *http.Request, e data.Editor, only, before int64) (templates.Subscribers, error) {
	ctx := r.Context()
	p := templates.Subscribers{}
	var err error
	if p.Desk, err = s.frame(r, e, "subscribers"); err != nil {
		return p, err
	}
	newsletters, err := s.DB.Newsletters(ctx)
	if err != nil {
		return p, err
	}
	for _, n := range newsletters {
		c, err := s.DB.CountSubscriptions(ctx, n.ID)
		if err != nil {
			return p, err
		}
		p.Audiences = append(p.Audiences, templates.Audience{
			Newsletter: n.Name, Schedule: templates.TimesInWords(n.Cron, n.Gap),
			Active: c[data.SubscriptionActive], Pending: c[data.SubscriptionPending], Unsubscribed: c[data.SubscriptionUnsubscribed],
			Bounced: c[data.SubscriptionBounced], Complained: c[data.SubscriptionComplained],
		})
	}
	if e.Role == data.RoleSales {
		return p, nil
	}
	rows, err := s.DB.ListSubscriptions(ctx, only, before, listPage)
	for _, u := range rows {
		p.Rows = append(p.Rows, templates.SubscriberRow{
			ID: u.ID, Address: plain(u.Address), Newsletter: u.Newsletter, State: string(u.State), Since: u.MovedAt, Why: u.Why,
		})
	}
	if len(rows) == listPage {
		p.Older = fmt.Sprintf("/desk/subscribers?before=%d", rows[len(rows)-1].ID)
		if only != 0 {
			p.Older += fmt.Sprintf("&id=%d", only)
		}
	}
	return p, err
}
