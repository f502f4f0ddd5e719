package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// leaving is what an unsubscribe link is about. Its subscription may have been erased.
type leaving struct {
	subscription data.Subscription
	gone         bool
	mailing      int64
	newsletter   string
	out          bool // it has ended already
	byThis       bool // and by this very link
}

// path of the link's pages.
func (s *Server) path(purpose token.Purpose, prefix string, subscription, mailing int64) string {
	return prefix + s.Keys.Sign(purpose, subscription, mailing)
}

// byLink is the reason kept with a move, so that only the link that ended a subscription
// takes it back.
func byLink(mailing int64) string { return fmt.Sprintf("the link in mailing %d", mailing) }

func (s *Server) leaving(ctx context.Context, subscription, mailing int64) (leaving, error) {
	l := leaving{mailing: mailing}
	u, err := s.DB.Subscription(ctx, subscription)
	if errors.Is(err, data.ErrNotFound) {
		l.gone, l.out = true, true
		return l, nil
	}
	if err != nil {
		return l, err
	}
	l.subscription, l.out = u, u.State != data.SubscriptionActive
	n, err := s.DB.Newsletter(ctx, u.NewsletterID)
	if err != nil {
		return l, err
	}
	l.newsletter = n.Name
	if u.State != data.SubscriptionUnsubscribed {
		return l, nil
	}
	last, err := s.DB.LastMove(ctx, u.ID)
	l.byThis = last.Why == byLink(mailing)
	return l, err
}

// showUnsubscribe shows the button. RFC 8058, section 3.2: opening the link changes nothing.
func (s *Server) showUnsubscribe(w http.ResponseWriter, r *http.Request) {
	subscription, mailing, ok := s.opened(w, r, token.Unsubscribe)
	if !ok {
		return
	}
	l, err := s.leaving(r.Context(), subscription, mailing)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if l.out {
		s.left(w, r, l)
		return
	}
	s.page(w, r, http.StatusOK, templates.Unsubscribe{
		Site:           s.Site,
		Newsletter:     l.newsletter,
		Action:         s.path(token.Unsubscribe, "/u/", subscription, mailing),
		PreferencesURL: s.path(token.Preferences, "/p/", subscription, mailing),
	})
}

// unsubscribe ends the subscription at once: for a button, and for the one-click POST of RFC
// 8058, whose body (List-Unsubscribe=One-Click, in either form encoding) says nothing that
// the address does not. It answers 200 however often it comes.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) {
	subscription, mailing, ok := s.opened(w, r, token.Unsubscribe)
	if !ok {
		return
	}
	err := s.DB.Unsubscribe(r.Context(), subscription, byLink(mailing))
	if err != nil && !errors.Is(err, data.ErrNotFound) {
		s.fail(w, r, err)
		return
	}
	s.Log.Info("unsubscribed by link", "subscription", subscription, "mailing", mailing)
	l, err := s.leaving(r.Context(), subscription, mailing)
	if err != nil {
		// It is done, and must not be answered with an error that makes a provider ask again.
		s.Log.Error("an unsubscription was made and not shown in full", "subscription", subscription, "err", err)
		l = leaving{gone: true, mailing: mailing}
	}
	s.left(w, r, l)
}

// left says that it is over, with a way back where this link ended it.
func (s *Server) left(w http.ResponseWriter, r *http.Request, l leaving) {
	p := templates.Unsubscribed{Site: s.Site, Newsletter: l.newsletter}
	if l.byThis {
		p.BackAction = s.path(token.Unsubscribe, "/u/", l.subscription.ID, l.mailing) + "/back"
	}
	s.page(w, r, http.StatusOK, p)
}

// back undoes the link's own unsubscription, and no other: an old mail in a forwarded thread
// must not revive what its owner ended elsewhere.
func (s *Server) back(w http.ResponseWriter, r *http.Request) {
	subscription, mailing, ok := s.opened(w, r, token.Unsubscribe)
	if !ok {
		return
	}
	l, err := s.leaving(r.Context(), subscription, mailing)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if l.out && !l.byThis {
		s.page(w, r, http.StatusConflict, templates.Message{
			Site: s.Site, Title: "You have not been put back.",
			What: "This subscription was not ended by this link.",
			Do:   "Subscribe again on the front page and confirm by mail.",
			Link: "/", LinkText: "Go to the front page",
		})
		return
	}
	if l.out {
		if err := s.DB.ConfirmSubscription(r.Context(), subscription); err != nil {
			s.fail(w, r, err)
			return
		}
		s.Log.Info("unsubscription taken back", "subscription", subscription, "mailing", mailing)
	}
	s.page(w, r, http.StatusOK, templates.Confirmed{Site: s.Site, Newsletters: []string{l.newsletter}})
}
