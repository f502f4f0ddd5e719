package desk

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// opened reads the conversation of the path, or answers 404: the same for one that is not
// there and one that is not the editor's to see.
func (s *Server) opened(w http.ResponseWriter, r *http.Request, e data.Editor) (data.Conversation, bool) {
	c, err := s.DB.Conversation(r.Context(), id(r))
	if err != nil {
		s.fail(w, r, e, err)
		return c, false
	}
	if !mayOpen(e, c) {
		s.notFound(w, r, e)
		return c, false
	}
	return c, true
}

func (s *Server) showConversation(w http.ResponseWriter, r *http.Request, e data.Editor) {
	if c, ok := s.opened(w, r, e); ok {
		s.conversation(w, r, e, http.StatusOK, c, unsent{})
	}
}

// unsent is a reply that was not taken, to be filled back in.
type unsent struct{ text, why string }

// conversation shows one: beside the list it was opened from, or alone.
func (s *Server) conversation(w http.ResponseWriter, r *http.Request, e data.Editor, status int, c data.Conversation, u unsent) {
	t, err := s.thread(r, e, c)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	t.Draft, t.Error = u.text, u.why
	lane := r.FormValue("in")
	if !isLane(lane) {
		d, err := s.frame(r, e, c.Category)
		if err != nil {
			s.fail(w, r, e, err)
			return
		}
		s.page(w, r, status, templates.ConversationPage{Desk: d, Conversation: t})
		return
	}
	p, ok, err := s.list(r, e, lane)
	switch {
	case err != nil:
		s.fail(w, r, e, err)
		return
	case !ok:
		s.notFound(w, r, e)
		return
	}
	t.In = lane
	p.Open = &t
	s.page(w, r, status, p)
}

// thread is a conversation with all its letters.
func (s *Server) thread(r *http.Request, e data.Editor, c data.Conversation) (templates.Conversation, error) {
	ctx := r.Context()
	t := templates.Conversation{
		ID: c.ID, Subject: plain(c.Subject), Alias: protected(c), Sorting: sorting(c), Why: c.Why, Also: c.Also,
		Status: c.Status, Sensitive: c.Sensitive, Moves: movesOf(c),
	}
	messages, err := s.DB.MessagesOf(ctx, c.ID)
	if err != nil {
		return t, err
	}
	letters, err := s.DB.LettersOf(ctx, c.ID)
	if err != nil {
		return t, err
	}
	names, err := s.editorNames(ctx)
	if err != nil {
		return t, err
	}
	t.Owner = names[c.OwnerID]
	last := latestOfTheirs(messages)
	t.Who = who(c, last.FromName, last.FromAddress)
	t.Messages = s.letters(c, messages, letters, names)
	to := s.answerTo(messages)
	t.CanReply, t.NoReply = to.address != "", to.whyNot
	if t.CanReply {
		t.ReplyTo = to.address
		if protected(c) {
			t.ReplyTo = c.Alias
		}
	}
	t.Cautions = cautions(e, c, to, len(messages))
	return t, nil
}

// cautions are what to know before acting.
func cautions(e data.Editor, c data.Conversation, to answer, messages int) []string {
	var all []string
	if protected(c) {
		all = append(all, "This source is shown by an alias. The original file names it: open that only where you must, and keep it to yourself.")
	}
	if to.elsewhere {
		all = append(all, "The answer goes to another address than the mail came from, as its sender asked. Make sure that you know whose it is.")
	}
	if messages > maxShown {
		all = append(all, fmt.Sprintf("Only the latest %d of %d messages are shown.", maxShown, messages))
	}
	if e.Role == data.RoleSales {
		all = append(all, "Whatever else is in this mail that is not an advert belongs to the editors: sort it as a tip and it is theirs.")
	}
	return all
}

// movesOf are the buttons of a conversation, the likeliest first.
func movesOf(c data.Conversation) []string {
	claim := c.Category == "tip" || c.Category == "gossip"
	switch c.Status {
	case "new":
		if claim {
			return []string{"take", "checking", "stood_up", "spiked", "done"}
		}
		return []string{"done", "take", "spiked"}
	case "checking":
		if claim {
			return []string{"stood_up", "spiked", "done", "take", "new"}
		}
		return []string{"done", "spiked", "take", "new"}
	case "stood_up":
		return []string{"done", "spiked", "checking", "take"}
	case "spiked", "done":
		return []string{"new"}
	}
	return nil
}

// resort is an editor's word on what a conversation is. The sorter learns it from the row.
func (s *Server) resort(w http.ResponseWriter, r *http.Request, e data.Editor) {
	c, ok := s.opened(w, r, e)
	if !ok {
		return
	}
	category := r.PostFormValue("category")
	if !slices.Contains(data.Categories[:], category) {
		s.tooLate(w, r, e, conversationPath(c.ID))
		return
	}
	was, err := s.correct(r.Context(), e, c.ID, category)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	c.Category, c.Unsure = category, false
	if !mayOpen(e, c) {
		http.Redirect(w, r, "/desk/inbox?in=advert", http.StatusSeeOther)
		return
	}
	what := "sorted"
	if was != category {
		what += "." + was
	}
	http.Redirect(w, r, conversationPath(c.ID)+did(r.PostFormValue("in"), what, c.ID), http.StatusSeeOther)
}

// correct notes an editor's word, once: a second press says nothing new and must not teach the
// sorter twice. It returns what the conversation was.
func (s *Server) correct(ctx context.Context, e data.Editor, conversation int64, category string) (was string, err error) {
	s.pressing.Lock()
	defer s.pressing.Unlock()
	c, err := s.again(ctx, e, conversation)
	if err != nil || c.Category == category && c.By == "editor" {
		return c.Category, err
	}
	if err := s.DB.CorrectConversation(ctx, c.ID, category, e.ID); err != nil {
		return "", err
	}
	s.Log.Info("conversation sorted by an editor", "conversation", c.ID, "editor", e.ID, "category", category)
	return c.Category, nil
}

// again reads a conversation as it is now, while no other button is pressed. What has become a
// tip since sales opened it is not there any more.
func (s *Server) again(ctx context.Context, e data.Editor, conversation int64) (data.Conversation, error) {
	c, err := s.DB.Conversation(ctx, conversation)
	if err == nil && !mayOpen(e, c) {
		err = data.ErrNotFound
	}
	return c, err
}

// move is an editor's word on how far a conversation has come.
func (s *Server) move(w http.ResponseWriter, r *http.Request, e data.Editor) {
	c, ok := s.opened(w, r, e)
	if !ok {
		return
	}
	to := r.PostFormValue("status")
	lane := r.PostFormValue("in")
	switch done, err := s.advance(r.Context(), e, c.ID, to); {
	case err != nil:
		s.fail(w, r, e, err)
		return
	case !done:
		s.tooLate(w, r, e, conversationPath(c.ID)+inLane(lane))
		return
	}
	back := conversationPath(c.ID)
	if (to == "done" || to == "spiked") && isLane(lane) {
		back = "/desk/inbox"
	}
	http.Redirect(w, r, back+did(lane, "moved."+to, c.ID), http.StatusSeeOther)
}

// advance moves a conversation; false where somebody else was quicker.
func (s *Server) advance(ctx context.Context, e data.Editor, conversation int64, to string) (done bool, err error) {
	s.pressing.Lock()
	defer s.pressing.Unlock()
	c, err := s.again(ctx, e, conversation)
	if err != nil || !slices.Contains(movesOf(c), to) {
		return false, err
	}
	if to == "take" {
		err = s.DB.TakeConversation(ctx, c.ID, e.ID)
	} else {
		err = s.DB.SetStatus(ctx, c.ID, to)
	}
	if err != nil {
		return false, err
	}
	s.Log.Info("conversation moved", "conversation", c.ID, "editor", e.ID, "to", to)
	return true, nil
}

func conversationPath(id int64) string { return fmt.Sprintf("/desk/conversation/%d", id) }

func inLane(lane string) string {
	if !isLane(lane) {
		return ""
	}
	return "?in=" + lane
}
