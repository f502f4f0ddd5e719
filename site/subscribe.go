package site

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

const (
	// answerAfter is how long an answer to the form takes at least: longer than all that is
	// done for any address, so that the time tells nothing about whom we know.
	answerAfter = 250 * time.Millisecond

	// No address gets more than one confirmation a day and three a month, however many
	// newsletters are asked for in its name. Who has left in between may come back at once.
	confirmEvery    = 24 * time.Hour
	confirmMonth    = 30 * 24 * time.Hour
	confirmsAMonth  = 3
	confirmLifetime = 7 * 24 * time.Hour

	// trap is a field that people do not see. Machines fill it in.
	trap = "leave_empty"
)

// subscribe takes the form. The answer is the same page for every address.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	if err := r.ParseForm(); err != nil {
		s.form(w, r, http.StatusBadRequest, filled{err: "The form did not arrive whole. Please send it again."})
		return
	}
	typed := strings.TrimSpace(r.PostForm.Get("address"))
	done := templates.SubscribeDone{Site: s.Site, Address: typed}
	if r.PostForm.Get(trap) != "" {
		s.Log.Info("a machine filled in the subscription form")
		s.page(w, r, http.StatusOK, done)
		return
	}
	open, err := s.DB.Newsletters(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	chosen, names := picked(open, r.PostForm["newsletter"])
	normal, err := data.NormalAddress(typed)
	switch {
	case err != nil:
		s.form(w, r, http.StatusUnprocessableEntity, filled{typed, chosen, "That is not an email address. Write it as name@example.com."})
		return
	case len(chosen) == 0:
		s.form(w, r, http.StatusUnprocessableEntity, filled{typed, []int64{}, "Choose at least one newsletter."})
		return
	}
	if wait, ok := s.attempts.Begin(web.ClientAddress(r, s.Trusted), normal); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		s.form(w, r, http.StatusTooManyRequests, filled{typed, chosen, "That was tried too often. Please wait " + inMinutes(wait) + " and try again."})
		return
	}
	if err := s.ask(r.Context(), typed, chosen, names); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.pause(r, begun.Add(answerAfter)); err != nil {
		s.fail(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, done)
}

// pauseUntil waits for an instant, or for the reader to go away.
func pauseUntil(r *http.Request, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// picked are the open newsletters among the values of a form. Where only one is open, it
// needs no choosing.
func picked(open []data.Newsletter, values []string) (ids []int64, names map[int64]string) {
	names = map[int64]string{}
	for _, n := range open {
		wanted := len(open) == 1 && len(values) == 0
		for _, v := range values {
			wanted = wanted || number(v) == n.ID
		}
		if wanted {
			ids = append(ids, n.ID)
			names[n.ID] = n.Name
		}
	}
	return ids, names
}

// ask notes what was asked for and queues one letter about all that is not active yet.
func (s *Server) ask(ctx context.Context, typed string, newsletters []int64, names map[int64]string) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	var due []data.Asked
	var titles []string
	back := false
	for _, id := range newsletters {
		a, err := s.DB.AskSubscription(ctx, id, typed, "form")
		if err != nil {
			return err
		}
		if a.Subscription.State == data.SubscriptionActive {
			continue
		}
		due = append(due, a)
		titles = append(titles, names[id])
		back = back || a.Subscription.State != data.SubscriptionPending && a.Subscription.MovedAt.After(a.Subscription.AskedAt)
	}
	if len(due) == 0 {
		return nil
	}
	may, err := s.mayConfirm(ctx, due[0].Subscriber.ID, back)
	if err != nil || !may {
		return err
	}
	return s.sendConfirmation(ctx, due[0], titles)
}

// mayConfirm says whether a letter may go to a subscriber. It counts the letters themselves,
// so that one that could not be queued is not held against its reader.
func (s *Server) mayConfirm(ctx context.Context, subscriber int64, back bool) (bool, error) {
	now := s.DB.Now()
	day, err := s.DB.CountConfirmations(ctx, subscriber, now.Add(-confirmEvery))
	if err != nil {
		return false, err
	}
	month, err := s.DB.CountConfirmations(ctx, subscriber, now.Add(-confirmMonth))
	if err != nil {
		return false, err
	}
	may := month < confirmsAMonth && (day == 0 || back)
	if !may {
		s.Log.Info("confirmation withheld: there were enough", "subscriber", subscriber, "day", day, "month", month)
	}
	return may, nil
}

func (s *Server) sendConfirmation(ctx context.Context, a data.Asked, titles []string) error {
	words, err := s.Mail.Confirm(templates.ConfirmMail{
		Site:        s.Site,
		Newsletters: titles,
		ConfirmURL:  s.Header.SiteURL + "/confirm/" + s.Keys.Sign(token.Confirm, a.Subscription.ID, 0),
		ValidFor:    confirmLifetime,
	})
	if err != nil {
		return err
	}
	h := s.Header
	h.Automatic = true
	id, err := s.DB.AddLetter(ctx, data.Letter{
		Kind: data.LetterConfirmation, To: a.Subscriber.Typed, Header: h,
		Subject: words.Subject, HTML: words.HTML, Text: words.Text, SubscriptionID: a.Subscription.ID,
	})
	if err != nil {
		return err
	}
	s.Log.Info("confirmation queued", "subscription", a.Subscription.ID, "mailing", id)
	return nil
}

func inMinutes(d time.Duration) string {
	n := int(d/time.Minute) + 1
	if n == 1 {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", n)
}
