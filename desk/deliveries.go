package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

const (
	troubleAge  = 14 * 24 * time.Hour // how far back the list goes
	maxTroubles = 300
)

// troubleWords are the words a delivery can be listed under, in order.
var troubleWords = []data.Word{data.WordHeld, data.WordRefused, data.WordGaveUp, data.WordDeferred, data.WordSkipped, data.WordUncertain}

func (s *Server) deliveries(w http.ResponseWriter, r *http.Request, e data.Editor) {
	p := templates.Deliveries{Word: r.URL.Query().Get("word")}
	var err error
	if p.Desk, err = s.frame(r, e, "deliveries"); err != nil {
		s.fail(w, r, e, err)
		return
	}
	all, err := s.DB.Troubles(r.Context(), s.DB.Now().Add(-troubleAge), maxTroubles)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	counts := map[data.Word]int{}
	total := 0
	for _, t := range all {
		row, ok, err := s.deliveryRow(r.Context(), e, t)
		if err != nil {
			s.fail(w, r, e, err)
			return
		}
		if !ok {
			continue
		}
		counts[t.Word]++
		total++
		if p.Word == "" || p.Word == string(t.Word) {
			p.Rows = append(p.Rows, row)
		}
	}
	if total > 0 {
		p.Words = []templates.WordCount{{Word: "", N: total}}
	}
	for _, word := range troubleWords {
		if counts[word] > 0 {
			p.Words = append(p.Words, templates.WordCount{Word: string(word), N: counts[word]})
		}
	}
	s.page(w, r, http.StatusOK, p)
}

// deliveryRow is one delivery, false where it is not the editor's to see. A letter to a source
// is shown by the source's alias, and without the relay's words, which name the address.
func (s *Server) deliveryRow(ctx context.Context, e data.Editor, t data.Trouble) (templates.DeliveryRow, bool, error) {
	row := templates.DeliveryRow{
		Address: plain(t.Address), Word: string(t.Word), Attempt: t.Attempts, At: t.At, Relay: t.Relay,
		Code: code(t.Code, t.Enhanced), Text: plain(t.Text),
	}
	switch {
	case t.IssueID != 0:
		row.Mailing, row.Link = fmt.Sprintf("Issue %d", t.IssueID), fmt.Sprintf("/desk/issues/%d", t.IssueID)
	case t.ConversationID != 0:
		c, err := s.DB.Conversation(ctx, t.ConversationID)
		if errors.Is(err, data.ErrNotFound) {
			return row, false, nil
		}
		if err != nil || !mayOpen(e, c) {
			return row, false, err
		}
		row.Mailing, row.Link = "A "+string(t.Letter), conversationPath(c.ID)
		if protected(c) {
			row.Address = c.Alias
			if t.Code != 0 {
				row.Text = ""
			}
		}
		return row, true, nil
	default:
		row.Mailing = "A " + string(t.Letter)
	}
	if e.Role == data.RoleSales {
		row.Address = "a reader"
		if t.Code != 0 {
			row.Text = ""
		}
	}
	return row, true, nil
}
