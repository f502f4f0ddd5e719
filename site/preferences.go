package site

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// byPreferences is the reason kept with a move.
const byPreferences = "the preferences page"

// reader is whom a preferences link belongs to.
type reader struct {
	id   int64
	open []data.Newsletter
	has  map[int64]data.Subscription // by newsletter
}

func (r reader) active(newsletter int64) bool {
	return r.has[newsletter].State == data.SubscriptionActive
}

// reader reads it, or answers that the link is dead.
func (s *Server) reader(w http.ResponseWriter, r *http.Request) (reader, bool) {
	subscription, _, ok := s.opened(w, r, token.Preferences)
	if !ok {
		return reader{}, false
	}
	u, err := s.DB.Subscription(r.Context(), subscription)
	if errors.Is(err, data.ErrNotFound) {
		s.deadLink(w, r)
		return reader{}, false
	}
	if err != nil {
		s.fail(w, r, err)
		return reader{}, false
	}
	who, err := s.readerOf(r.Context(), u.SubscriberID)
	if err != nil {
		s.fail(w, r, err)
		return reader{}, false
	}
	return who, true
}

func (s *Server) readerOf(ctx context.Context, subscriber int64) (reader, error) {
	who := reader{id: subscriber, has: map[int64]data.Subscription{}}
	var err error
	if who.open, err = s.DB.Newsletters(ctx); err != nil {
		return who, err
	}
	all, err := s.DB.SubscriptionsOf(ctx, subscriber)
	for _, u := range all {
		who.has[u.NewsletterID] = u
	}
	return who, err
}

func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.reader(w, r); ok {
		s.preferences(w, r, who, templates.Preferences{})
	}
}

// preferences shows what a reader has, and in p what was just done.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request, who reader, p templates.Preferences) {
	var chosen []int64
	for newsletter := range who.has {
		if who.active(newsletter) {
			chosen = append(chosen, newsletter)
		}
	}
	p.Site, p.Newsletters, p.Action = s.Site, choices(who.open, chosen), r.URL.EscapedPath()
	s.page(w, r, http.StatusOK, p)
}

// savePreferences makes the reader's subscriptions what the form says. The link came to the
// reader's own mailbox, so nothing needs to be confirmed again but what the reader had ended
// elsewhere: an old mail that was passed on must not revive that.
func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) {
	who, ok := s.reader(w, r)
	if !ok {
		return
	}
	// Nothing chosen is an empty form; what is no form at all must not be taken for one.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		s.page(w, r, http.StatusBadRequest, templates.Message{
			Site: s.Site, Title: "The form did not arrive whole.", What: "Nothing was changed.", Do: "Go back and save it again.",
		})
		return
	}
	var wanted []int64
	for _, v := range r.PostForm["newsletter"] {
		wanted = append(wanted, number(v))
	}
	ended, err := s.choose(r.Context(), who, wanted)
	if err == nil && len(ended) > 0 {
		err = s.askAgain(r.Context(), who, ended)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	now, err := s.readerOf(r.Context(), who.id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.preferences(w, r, now, templates.Preferences{Saved: true, Asked: len(ended) > 0})
}

// choose ends and begins subscriptions. It returns the newsletters that were wanted and cannot
// be had by this link alone.
func (s *Server) choose(ctx context.Context, who reader, wanted []int64) (ended []int64, err error) {
	for _, n := range who.open {
		switch want, u := slices.Contains(wanted, n.ID), who.has[n.ID]; {
		case want && !who.active(n.ID):
			elsewhere, err := s.endedElsewhere(ctx, u)
			if err == nil && elsewhere {
				ended = append(ended, n.ID)
			} else if err == nil {
				err = s.join(ctx, who.id, n.ID)
			}
			if err != nil {
				return nil, err
			}
		case !want && who.active(n.ID):
			if err := s.DB.Unsubscribe(ctx, u.ID, byPreferences); err != nil {
				return nil, err
			}
			s.Log.Info("unsubscribed by preferences", "subscription", u.ID)
		}
	}
	return ended, nil
}

// endedElsewhere says that a subscription was ended, and not on this page.
func (s *Server) endedElsewhere(ctx context.Context, u data.Subscription) (bool, error) {
	if u.ID == 0 || u.State == data.SubscriptionPending {
		return false, nil
	}
	last, err := s.DB.LastMove(ctx, u.ID)
	return last.Why != byPreferences, err
}

// askAgain queues a confirmation to the reader's own address, as the front page would.
func (s *Server) askAgain(ctx context.Context, who reader, newsletters []int64) error {
	address, err := s.DB.AddressOf(ctx, who.id)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, n := range who.open {
		names[n.ID] = n.Name
	}
	return s.ask(ctx, address, newsletters, names)
}

// join subscribes a reader whose address has proved itself.
func (s *Server) join(ctx context.Context, subscriber, newsletter int64) error {
	address, err := s.DB.AddressOf(ctx, subscriber)
	if err != nil {
		return err
	}
	a, err := s.DB.AskSubscription(ctx, newsletter, address, "preferences")
	if err != nil {
		return err
	}
	s.Log.Info("subscribed by preferences", "subscription", a.Subscription.ID)
	return s.DB.ConfirmSubscription(ctx, a.Subscription.ID)
}
