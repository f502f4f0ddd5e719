package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// with names the further subscriptions that a confirmation page listed, so that its button
// does what the page said and nothing that was asked for since.
const with = "with"

// confirmable is what a confirmation link may still do.
type confirmable struct {
	main     data.Subscription
	together []data.Subscription // main first, then what was asked for with it
	names    map[int64]string    // by newsletter
}

func (s *Server) showConfirm(w http.ResponseWriter, r *http.Request) {
	c, ok := s.confirmable(w, r)
	if !ok {
		return
	}
	action := r.URL.EscapedPath()
	var more []string
	for _, u := range c.together[1:] {
		more = append(more, strconv.FormatInt(u.ID, 10))
	}
	if len(more) > 0 {
		action += "?" + with + "=" + url.QueryEscape(strings.Join(more, "."))
	}
	s.page(w, r, http.StatusOK, templates.Confirm{Site: s.Site, Newsletters: c.titles(c.together), Action: action})
}

// confirm makes subscriptions active. Posted again it changes nothing and says the same.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) {
	c, ok := s.confirmable(w, r)
	if !ok {
		return
	}
	listed := strings.Split(r.URL.Query().Get(with), ".")
	var done []data.Subscription
	for _, u := range c.together {
		if u.ID != c.main.ID && !slices.Contains(listed, strconv.FormatInt(u.ID, 10)) {
			continue
		}
		if err := s.DB.ConfirmSubscription(r.Context(), u.ID); err != nil {
			s.fail(w, r, err)
			return
		}
		s.Log.Info("subscription confirmed", "subscription", u.ID)
		done = append(done, u)
	}
	p := templates.Confirmed{Site: s.Site, Newsletters: c.titles(done)}
	var err error
	if p.HasArchive, err = s.hasArchive(r.Context()); err == nil {
		p.First, err = s.firstIssue(r.Context(), c.main.NewsletterID)
	}
	if err != nil { // it is done, and must not be answered as if nothing were
		s.Log.Error("a confirmation was made and not shown in full", "subscription", c.main.ID, "err", err)
	}
	s.page(w, r, http.StatusOK, p)
}

// confirmable reads what the link is about, or answers why it does nothing any more.
func (s *Server) confirmable(w http.ResponseWriter, r *http.Request) (confirmable, bool) {
	var c confirmable
	id, _, ok := s.opened(w, r, token.Confirm)
	if !ok {
		return c, false
	}
	var err error
	c.main, err = s.DB.Subscription(r.Context(), id)
	if errors.Is(err, data.ErrNotFound) {
		s.deadLink(w, r)
		return c, false
	}
	if err != nil {
		s.fail(w, r, err)
		return c, false
	}
	if c.names, err = s.openNames(r.Context()); err != nil {
		s.fail(w, r, err)
		return c, false
	}
	if why := s.outdated(c); why != "" {
		s.page(w, r, http.StatusGone, templates.Message{
			Site: s.Site, Title: "This link has had its time.", What: why,
			Do: "Subscribe again and a new letter comes.", Link: "/", LinkText: "Go to the front page",
		})
		return c, false
	}
	if c.together, err = s.together(r.Context(), c); err != nil {
		s.fail(w, r, err)
		return c, false
	}
	return c, true
}

// openNames are the names of the active newsletters by id.
func (s *Server) openNames(ctx context.Context) (map[int64]string, error) {
	open, err := s.DB.Newsletters(ctx)
	names := map[int64]string{}
	for _, n := range open {
		names[n.ID] = n.Name
	}
	return names, err
}

// outdated says why a confirmation link may not act any more, or nothing.
func (s *Server) outdated(c confirmable) string {
	switch _, open := c.names[c.main.NewsletterID]; {
	case !open:
		return "The newsletter has ended."
	case c.main.State == data.SubscriptionActive:
		return ""
	case !asked(c.main):
		return "You confirmed with it, and you have left since then."
	case s.DB.Now().Sub(c.main.AskedAt) > confirmLifetime:
		return "It was made more than seven days ago."
	}
	return ""
}

// asked says that a subscription waits for its owner's word.
func asked(u data.Subscription) bool {
	return u.State == data.SubscriptionPending || (u.State != data.SubscriptionActive && u.AskedAt.After(u.MovedAt))
}

// together are the link's own subscription and those of the same reader that were asked for
// while its letter kept further ones away.
func (s *Server) together(ctx context.Context, c confirmable) ([]data.Subscription, error) {
	all := []data.Subscription{c.main}
	siblings, err := s.DB.SubscriptionsOf(ctx, c.main.SubscriberID)
	if err != nil {
		return nil, err
	}
	for _, u := range siblings {
		_, open := c.names[u.NewsletterID]
		near := u.AskedAt.Sub(c.main.AskedAt).Abs() <= confirmEvery
		if u.ID != c.main.ID && open && near && asked(u) {
			all = append(all, u)
		}
	}
	return all, nil
}

func (c confirmable) titles(of []data.Subscription) []string {
	var all []string
	for _, u := range of {
		all = append(all, c.names[u.NewsletterID])
	}
	return all
}

// firstIssue says when the next issue comes that somebody who is active now will get:
// "tomorrow at 07:00", or nothing where none is planned.
func (s *Server) firstIssue(ctx context.Context, newsletter int64) (string, error) {
	n, err := s.DB.Newsletter(ctx, newsletter)
	if err != nil {
		return "", err
	}
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return "", err
	}
	open, err := s.DB.OpenIssues(ctx)
	if err != nil {
		return "", err
	}
	now := s.DB.Now()
	var due time.Time
	for _, i := range open {
		if i.NewsletterID == newsletter && i.State != data.IssueClosing && i.DueAt.After(now) && (due.IsZero() || i.DueAt.Before(due)) {
			due = i.DueAt
		}
	}
	return inWords(now.In(zone), due.In(zone)), nil
}

// inWords names a coming time as one says it.
func inWords(now, due time.Time) string {
	if due.Before(now) {
		return ""
	}
	clock := due.Format("15:04")
	for days, word := range []string{"today", "tomorrow"} {
		if now.AddDate(0, 0, days).Format(time.DateOnly) == due.Format(time.DateOnly) {
			return word + " at " + clock
		}
	}
	if due.Sub(now) < 6*24*time.Hour {
		return due.Format("on Monday at ") + clock
	}
	return due.Format("on 2 January at ") + clock
}
