package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

func (s *Server) inbox(w http.ResponseWriter, r *http.Request, e data.Editor) {
	lane := r.URL.Query().Get("in")
	if lane == "" {
		var err error
		if lane, err = s.firstLane(r, e); err != nil {
			s.fail(w, r, e, err)
			return
		}
	}
	p, ok, err := s.list(r, e, lane)
	switch {
	case err != nil:
		s.fail(w, r, e, err)
	case !ok:
		s.notFound(w, r, e)
	default:
		s.page(w, r, http.StatusOK, p)
	}
}

// firstLane is where the day begins: with what the sorter could not decide, else with tips.
func (s *Server) firstLane(r *http.Request, e data.Editor) (string, error) {
	all := lanesOf(e)
	if len(all) == 1 {
		return all[0], nil
	}
	counts, err := s.counts(r.Context(), e)
	if counts["unsorted"] > 0 {
		return "unsorted", err
	}
	return "tip", err
}

// list is one page of a lane; false where the lane is not the editor's to open.
func (s *Server) list(r *http.Request, e data.Editor, lane string) (templates.Inbox, bool, error) {
	p := templates.Inbox{Lane: templates.Lane{Key: lane}}
	pile, ok := pileOf(e, lane)
	if !ok {
		return p, false, nil
	}
	pile.Before = place(r.URL.Query().Get("before"))
	var err error
	if p.Desk, err = s.frame(r, e, lane); err != nil {
		return p, true, err
	}
	cards, err := s.DB.Cards(r.Context(), pile)
	if err != nil {
		return p, true, err
	}
	names, err := s.editorNames(r.Context())
	if err != nil {
		return p, true, err
	}
	for _, c := range cards {
		p.Items = append(p.Items, item(c, names))
	}
	if len(cards) == listPage {
		last := cards[len(cards)-1]
		p.Older = fmt.Sprintf("/desk/inbox?in=%s&before=%d.%d", url.QueryEscape(lane), last.LatestAt.UnixMilli(), last.ID)
	}
	p.Total, err = s.DB.CountCards(r.Context(), pile)
	return p, true, err
}

// place reads where a page begins.
func place(text string) *data.CardPlace {
	at, after, ok := strings.Cut(text, ".")
	if !ok {
		return nil
	}
	return &data.CardPlace{LatestAt: time.UnixMilli(number(at)).UTC(), ID: number(after)}
}

// item is a conversation in the list.
func item(c data.Card, editors map[int64]string) templates.Item {
	i := templates.Item{
		ID:       c.ID,
		Who:      who(c.Conversation, c.FromName, c.FromAddress),
		Alias:    protected(c.Conversation),
		At:       c.LatestAt,
		Subject:  plain(c.Subject),
		Preview:  preview(c.Preview),
		Sorting:  sorting(c.Conversation),
		Status:   c.Status,
		Owner:    editors[c.OwnerID],
		Messages: c.Messages,
		Fresh:    c.Status == "new",
	}
	switch {
	case c.Files == 1:
		i.Chips = append(i.Chips, "1 file")
	case c.Files > 1:
		i.Chips = append(i.Chips, fmt.Sprintf("%d files", c.Files))
	}
	return i
}

// who names a sender: by the alias where the source is protected.
func who(c data.Conversation, name, address string) string {
	if protected(c) {
		return c.Alias
	}
	for _, known := range []string{plain(name), plain(address)} {
		if known != "" {
			return known
		}
	}
	return "unknown sender"
}

// preview makes one line of a message's beginning.
func preview(text string) string {
	return strings.Join(strings.Fields(plain(text)), " ")
}

// sorting is a category with its certainty, and the runner-up of an unsure one.
func sorting(c data.Conversation) templates.Sorting {
	st := templates.Sorting{Category: c.Category, Confidence: c.Confidence, Unsure: c.Unsure, By: c.By}
	for _, other := range data.Categories {
		if other != c.Category && c.Unsure && c.Scores[other] > st.SecondBest {
			st.Second, st.SecondBest = other, c.Scores[other]
		}
	}
	return st
}
