package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/olomotimes/tipsheet/data"
)

// access says who may use a route.
type access int

const (
	anybody  access = iota
	signedIn        // whoever has a login; what is shown depends on the role
	newsroom        // admins and editors
)

// guarded puts the sign-in before a route, and the role.
func (s *Server) guarded(rt route) http.HandlerFunc {
	if rt.who == anybody {
		return func(w http.ResponseWriter, r *http.Request) { rt.serve(w, r, data.Editor{}) }
	}
	return func(w http.ResponseWriter, r *http.Request) {
		e, ok, err := s.editor(r)
		switch {
		case err != nil:
			s.fail(w, r, data.Editor{}, err)
		case !ok:
			s.toDoor(w, r)
		case rt.who == newsroom && e.Role == data.RoleSales:
			s.notFound(w, r, e)
		default:
			rt.serve(w, r, e)
		}
	}
}

// editor is who is signed in.
func (s *Server) editor(r *http.Request) (data.Editor, bool, error) {
	id, ok, err := s.sessions.Editor(r)
	if err != nil || !ok {
		return data.Editor{}, false, err
	}
	e, err := s.DB.Editor(r.Context(), id)
	if errors.Is(err, data.ErrNotFound) {
		return e, false, nil
	}
	return e, err == nil, err
}

// toDoor sends somebody who is not signed in to the door, and from there back. A stream gets
// a plain no: its page would not know what to do with a form. What was typed into a form or a
// search is not carried along.
func (s *Server) toDoor(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/desk/live" {
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
		return
	}
	door := "/desk/sign-in"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		next := r.URL.EscapedPath()
		if lane := r.URL.Query().Get("in"); isLane(lane) {
			next += "?in=" + lane
		}
		door += "?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r, door, http.StatusSeeOther)
}

// protected says that a conversation's source is shown by its alias: a tip, and whatever may
// be one.
func protected(c data.Conversation) bool {
	return c.Category == "tip" || c.Also == "tip" || c.Unsure || c.Sensitive
}

// mayOpen is the rule for one conversation that pileOf puts into SQL for lists and figures.
func mayOpen(e data.Editor, c data.Conversation) bool {
	if e.Role != data.RoleSales {
		return true
	}
	return c.Category == "advert" && !protected(c)
}

// lanes are the piles of the desk in the order they are shown, and those that belong to the
// editor.
var (
	lanes = []string{"unsorted", "tip", "gossip", "advert", "other", "spam"}
	mine  = []string{"checking", "done"}
)

func isLane(key string) bool {
	for _, l := range append(append([]string{}, lanes...), mine...) {
		if l == key {
			return true
		}
	}
	return false
}

// lanesOf are the lanes that an editor may open.
func lanesOf(e data.Editor) []string {
	if e.Role == data.RoleSales {
		return []string{"advert"}
	}
	return lanes
}

// pileOf is what a lane holds for an editor; false where it is not the editor's to open.
func pileOf(e data.Editor, lane string) (data.CardPile, bool) {
	p := data.CardPile{Pile: data.Pile{NoTips: e.Role == data.RoleSales, Limit: listPage}}
	switch lane {
	case "checking":
		p.Status, p.Owner = "checking", e.ID
		return p, true
	case "done":
		p.Closed = true
		return p, true
	case "unsorted":
		p.Unsure = true
	default:
		p.Category = lane
	}
	for _, l := range lanesOf(e) {
		if l == lane {
			return p, true
		}
	}
	return p, false
}

// plain takes out of a stranger's one-line text what would move or hide the text around it:
// control characters and the marks that turn the direction of writing.
func plain(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case c < ' ', c == 0x7f, c >= 0x80 && c < 0xa0, c == 0x2028, c == 0x2029:
			return ' '
		case c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069, c == 0x200e, c == 0x200f, c == 0x061c:
			return -1
		}
		return c
	}, text))
}
