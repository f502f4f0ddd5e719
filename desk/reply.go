package desk

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

const (
	maxReply    = 20_000          // characters
	maxSubject  = 200             // characters of "Re: …"
	maxRefs     = 20              // message ids that a reply names
	secondPress = 2 * time.Minute // the same words again within this are the same reply
)

// answer is where a reply would go.
type answer struct {
	address   string // empty: nowhere, and whyNot says why
	whyNot    string
	elsewhere bool // another address than the mail came from
	to        data.Message
}

// answerTo is the address that the latest message from outside wants its answer at (RFC 5322,
// section 3.6.2).
func (s *Server) answerTo(messages []data.Message) answer {
	m := latestOfTheirs(messages)
	a := answer{to: m}
	from, fromErr := data.NormalAddress(m.FromAddress)
	to, toErr := data.NormalAddress(m.ReplyTo)
	switch {
	case m.ID == 0:
		a.whyNot = "There is no message from outside in this conversation."
		return a
	case toErr == nil:
		a.address, a.elsewhere = m.ReplyTo, fromErr == nil && to != from
	case fromErr == nil:
		a.address, to = m.FromAddress, from
	default:
		a.whyNot = "This mail names no address that can be written to."
		return a
	}
	for _, own := range []string{s.Header.From, s.Header.ReplyTo, s.Site.Contact} {
		if normal, err := data.NormalAddress(own); err == nil && normal == to {
			return answer{to: m, whyNot: "This mail says that it comes from the desk itself. A reply would come back here."}
		}
	}
	return a
}

// reply queues an editor's answer as a letter.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, e data.Editor) {
	c, ok := s.opened(w, r, e)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		s.conversation(w, r, e, http.StatusRequestEntityTooLarge, c, unsent{why: "The reply did not arrive whole. Send a shorter one."})
		return
	}
	text := strings.TrimSpace(strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"))
	switch {
	case text == "":
		s.conversation(w, r, e, http.StatusUnprocessableEntity, c, unsent{why: "There is nothing in it yet."})
		return
	case utf8.RuneCountInString(text) > maxReply || !utf8.ValidString(text):
		s.conversation(w, r, e, http.StatusUnprocessableEntity, c, unsent{text, fmt.Sprintf("It is longer than %d characters, or not readable text.", maxReply)})
		return
	}
	messages, err := s.DB.MessagesOf(r.Context(), c.ID)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	to := s.answerTo(messages)
	if to.address == "" {
		s.conversation(w, r, e, http.StatusUnprocessableEntity, c, unsent{text, to.whyNot})
		return
	}
	if err := s.send(r.Context(), e, c, to, messages, text); err != nil {
		s.fail(w, r, e, err)
		return
	}
	http.Redirect(w, r, conversationPath(c.ID)+did(r.PostForm.Get("in"), "replied", c.ID), http.StatusSeeOther)
}

// send queues the letter, once: a button pressed twice is one reply.
func (s *Server) send(ctx context.Context, e data.Editor, c data.Conversation, to answer, messages []data.Message, text string) error {
	s.replying.Lock()
	defer s.replying.Unlock()
	sent, err := s.DB.LettersOf(ctx, c.ID)
	if err != nil {
		return err
	}
	words, err := s.Mail.Reply(templates.ReplyMail{Site: s.Site, Subject: answering(to.to.Subject), Text: text})
	if err != nil {
		return err
	}
	for _, l := range sent {
		if l.Kind == data.LetterReply && l.EditorID == e.ID && l.Text == words.Text && s.DB.Now().Sub(l.At) < secondPress {
			s.Log.Info("reply was queued already", "conversation", c.ID, "editor", e.ID, "mailing", l.MailingID)
			return nil
		}
	}
	h := s.Header
	if h.InReplyTo, h.Refs, err = s.threading(ctx, to.to, messages, sent); err != nil {
		return err
	}
	mailing, err := s.DB.AddLetter(ctx, data.Letter{
		Kind: data.LetterReply, To: to.address, Header: h, Subject: words.Subject, Text: words.Text,
		ConversationID: c.ID, EditorID: e.ID,
	})
	if err != nil {
		return err
	}
	s.Log.Info("reply queued", "conversation", c.ID, "editor", e.ID, "mailing", mailing)
	return nil
}

// re is how mail programs of several languages begin an answer's subject.
var re = regexp.MustCompile(`(?i)^\s*(re|aw|sv|antw|rép|res|ref)\s*(\[\d+\]|\(\d+\))?\s*[:：]\s*`)

// answering is the subject of an answer: one line, with one "Re:".
func answering(subject string) string {
	subject = plain(subject)
	for re.MatchString(subject) {
		subject = re.ReplaceAllString(subject, "")
	}
	if runes := []rune(subject); len(runes) > maxSubject {
		subject = string(runes[:maxSubject])
	}
	if subject = strings.TrimSpace(subject); subject == "" {
		return "Re: your mail"
	}
	return "Re: " + subject
}

// messageID is what may stand in In-Reply-To and References (RFC 5322, section 3.6.4): nothing
// that could end a header line.
var messageID = regexp.MustCompile(`^<[!-;=?-~]{1,250}>$`)

// threading is what In-Reply-To and References say: the message answered, and the
// conversation up to it, ours and theirs.
func (s *Server) threading(ctx context.Context, to data.Message, messages []data.Message, sent []data.SentLetter) (inReplyTo, refs string, err error) {
	type entry struct {
		at time.Time
		id string
	}
	var all []entry
	for _, m := range messages {
		if m.ID != to.ID && messageID.MatchString(m.MessageID) {
			all = append(all, entry{m.ReceivedAt, m.MessageID})
		}
	}
	for _, l := range sent {
		m, err := s.DB.Mailing(ctx, l.MailingID)
		if err != nil {
			return "", "", err
		}
		if ours := token.MessageID(s.Keys, l.MailingID, 1, m.Header.Domain); messageID.MatchString(ours) {
			all = append(all, entry{l.At, ours})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.at.Compare(b.at) })
	var ids []string
	for _, one := range all {
		if !slices.Contains(ids, one.id) {
			ids = append(ids, one.id)
		}
	}
	if messageID.MatchString(to.MessageID) {
		inReplyTo = to.MessageID
		ids = append(slices.DeleteFunc(ids, func(id string) bool { return id == inReplyTo }), inReplyTo)
	}
	return inReplyTo, strings.Join(ids[max(0, len(ids)-maxRefs):], " "), nil
}
