package site

import (
	"context"
	"errors"
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
	id     int64
	open   []data.Newsletter
	active map[int64]int64 // subscription by newsletter, of the active ones
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
	who := reader{id: subscriber, active: map[int64]int64{}}
	var err error
	if who.open, err = s.DB.Newsletters(ctx); err != nil {
		return who, err
	}
	all, err := s.DB.SubscriptionsOf(ctx, subscriber)
	for _, u := range all {
		if u.State == data.SubscriptionActive {
			who.active[u.NewsletterID] = u.ID
		}
	}
	return who, err
}

func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.reader(w, r); ok {
		s.preferences(w, r, who, false)
	}
}

func (s *Server) preferences(w http.ResponseWriter, r *http.Request, who reader, saved bool) {
	var chosen []int64
	for newsletter := range who.active {
		chosen = append(chosen, newsletter)
	}
	s.page(w, r, http.StatusOK, templates.Preferences{
		Site: s.Site, Newsletters: choices(who.open, chosen), Action: r.URL.EscapedPath(), Saved: saved,
	})
}

// savePreferences makes the reader's subscriptions what the form says. The link came to the
// reader's own mailbox, so nothing needs to be confirmed again.
func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) {
	who, ok := s.reader(w, r)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		s.page(w, r, http.StatusBadRequest, templates.Message{
			Site: s.Site, Title: "The form did not arrive whole.", What: "Nothing was changed.", Do: "Go back and save it again.",
		})
		return
	}
	var wanted []int64
	for _, v := range r.PostForm["newsletter"] {
		wanted = append(wanted, number(v))
	}
	for _, n := range who.open {
		id, active := who.active[n.ID]
		var err error
		switch want := slices.Contains(wanted, n.ID); {
		case want && !active:
			err = s.join(r.Context(), who.id, n.ID)
		case !want && active:
			err = s.DB.Unsubscribe(r.Context(), id, byPreferences)
			s.Log.Info("unsubscribed by preferences", "subscription", id)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
	}
	now, err := s.readerOf(r.Context(), who.id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.preferences(w, r, now, true)
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
