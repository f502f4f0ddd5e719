package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

const (
	maxShown     = 50       // messages of one conversation that a page shows
	maxShownText = 40 << 10 // bytes of one message's words
)

// letters are the messages and our letters of a conversation in the order of their times.
func (s *Server) letters(c data.Conversation, messages []data.Message, sent []data.SentLetter, editors map[int64]string) []templates.Letter {
	ours := map[int64]bool{}
	for _, l := range sent {
		ours[l.MailingID] = true
	}
	var all []templates.Letter
	for _, m := range messages[max(0, len(messages)-maxShown):] {
		// A letter of ours that came back from Sent stands there already.
		if mailing, _, ok := token.OpenMessageID(s.Keys, m.MessageID); ok && ours[mailing] {
			continue
		}
		all = append(all, s.theirs(c, m))
	}
	for _, l := range sent {
		all = append(all, s.ours(l, editors))
	}
	slices.SortStableFunc(all, func(a, b templates.Letter) int { return a.At.Compare(b.At) })
	return all
}

// theirs is one message as text.
func (s *Server) theirs(c data.Conversation, m data.Message) templates.Letter {
	words, quoted := parted(m)
	l := templates.Letter{
		ID: m.ID, Who: who(c, m.FromName, m.FromAddress), Ours: m.Ours, At: m.ReceivedAt,
		Text: words, Quoted: quoted, Warnings: m.Warnings, RawURL: fmt.Sprintf("/desk/message/%d/raw", m.ID),
	}
	if m.Ours {
		l.Who = s.deskName()
	}
	if m.State == data.MessageUnreadable {
		l.Warnings = append([]string{"This mail could not be read. The original, as a file, holds all of it."}, l.Warnings...)
	}
	if len(m.NewText) > maxShownText || len(m.Text) > 2*maxShownText {
		l.Warnings = append(l.Warnings, "It is longer than what is shown here. The original, as a file, holds all of it.")
	}
	for _, a := range m.Attachments {
		l.Attachments = append(l.Attachments, templates.Attachment{Name: plain(a.Name), Type: a.Type, Size: a.Size})
	}
	return l
}

// parted parts what a sender wrote from what the mail program quoted.
func parted(m data.Message) (words, quoted string) {
	words, whole := strings.TrimSpace(m.NewText), strings.TrimSpace(m.Text)
	if words == "" {
		return cut(whole), ""
	}
	switch rest, ok := strings.CutPrefix(whole, words); {
	case ok:
		quoted = strings.TrimSpace(rest)
	case whole != words:
		quoted = whole
	}
	return cut(words), cut(quoted)
}

// cut keeps a text to what a page can hold, at a whole character.
func cut(text string) string {
	if len(text) <= maxShownText {
		return text
	}
	end := maxShownText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + " …"
}

// ours is a letter that the desk sent, with what became of it.
func (s *Server) ours(l data.SentLetter, editors map[int64]string) templates.Letter {
	by := editors[l.EditorID]
	if by == "" {
		by = s.deskName()
	}
	if l.Kind == data.LetterAcknowledgement {
		by = s.deskName() + ", by itself"
	}
	return templates.Letter{ID: l.MailingID, Who: by, Ours: true, At: l.At, Text: cut(l.Text), State: fate(data.Word(l.Word))}
}

func (s *Server) deskName() string { return s.Site.Masthead() }

// fate says what became of a letter.
func fate(w data.Word) string {
	switch w {
	case data.WordOpen:
		return "on its way"
	case data.WordUncertain:
		return "being handed over"
	case data.WordDeferred:
		return "waits for another try"
	case data.WordAccepted, data.WordAssumed:
		return "sent"
	case data.WordRefused:
		return "refused: it did not arrive"
	case data.WordGaveUp:
		return "given up: it did not arrive"
	case data.WordSkipped:
		return "not sent"
	case data.WordHeld:
		return "held: a person must decide"
	}
	return string(w)
}

// latestOfTheirs is the last message from outside; the zero value where there is none.
func latestOfTheirs(messages []data.Message) data.Message {
	for i := len(messages) - 1; i >= 0; i-- {
		if !messages[i].Ours {
			return messages[i]
		}
	}
	return data.Message{}
}

// raw is the original of a message as a file. Who may open its conversation may have it; one
// that is in none (machine mail) is the newsroom's.
func (s *Server) raw(w http.ResponseWriter, r *http.Request, e data.Editor) {
	m, err := s.DB.Message(r.Context(), id(r))
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	var c data.Conversation
	if m.ConversationID != 0 {
		if c, err = s.DB.Conversation(r.Context(), m.ConversationID); err != nil {
			s.fail(w, r, e, err)
			return
		}
	}
	if !mayOpen(e, c) {
		s.notFound(w, r, e)
		return
	}
	raw, err := s.DB.Raw(r.Context(), m.ID)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.Log.Info("original opened", "message", m.ID, "conversation", m.ConversationID, "editor", e.ID, "protected", protected(c))
	web.FilePolicy(w.Header(), fmt.Sprintf("message-%d.eml", m.ID))
	if _, err := w.Write(raw); err != nil {
		s.Log.Info("an editor went away", "route", r.Pattern, "editor", e.ID)
	}
}
