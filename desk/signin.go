package desk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/web"
)

func (s *Server) start(w http.ResponseWriter, r *http.Request, _ data.Editor) {
	http.Redirect(w, r, "/desk/inbox", http.StatusSeeOther)
}

func (s *Server) showDoor(w http.ResponseWriter, r *http.Request, _ data.Editor) {
	next := web.NextPath(r.URL.Query().Get("next"))
	if _, ok, err := s.editor(r); err == nil && ok {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.page(w, r, http.StatusOK, templates.SignIn{Site: s.Site, Next: next})
}

// signIn lets an editor in. A wrong password and a login that nobody has are answered alike,
// after the same time.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, _ data.Editor) {
	if err := r.ParseForm(); err != nil {
		s.page(w, r, http.StatusBadRequest, templates.SignIn{Site: s.Site, Error: "The form did not arrive whole. Please try again."})
		return
	}
	login := strings.ToLower(strings.TrimSpace(r.PostForm.Get("login")))
	door := templates.SignIn{Site: s.Site, Login: login, Next: web.NextPath(r.PostForm.Get("next"))}
	from := web.ClientAddress(r, s.Trusted)
	if wait, ok := s.attempts.Begin(from, login); !ok {
		s.Log.Warn("sign-in put off", "wait", wait)
		door.Error = s.putOff(w, wait)
		s.page(w, r, http.StatusTooManyRequests, door)
		return
	}
	e, err := s.DB.EditorByLogin(r.Context(), login)
	if err != nil && !errors.Is(err, data.ErrNotFound) {
		s.fail(w, r, e, err)
		return
	}
	right, err := s.passwords.Check(r.Context(), r.PostForm.Get("password"), e.Password)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	if !right {
		s.Log.Warn("sign-in refused", "editor", e.ID)
		door.Error = "That name and that password do not belong together."
		s.page(w, r, http.StatusForbidden, door)
		return
	}
	s.attempts.Succeeded(from, login)
	if err := s.sessions.SignIn(w, r, e.ID); err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.Log.Info("signed in", "editor", e.ID)
	http.Redirect(w, r, door.Next, http.StatusSeeOther)
}

// putOff says how long to stay away.
func (s *Server) putOff(w http.ResponseWriter, wait time.Duration) string {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	if seconds < 90 {
		return "There were too many tries. Please wait " + strconv.Itoa(seconds) + " seconds."
	}
	return "There were too many tries. Please wait " + strconv.Itoa(seconds/60+1) + " minutes."
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ data.Editor) {
	if err := s.sessions.SignOut(w, r); err != nil {
		s.fail(w, r, data.Editor{}, err)
		return
	}
	http.Redirect(w, r, "/desk/sign-in", http.StatusSeeOther)
}

// changePassword needs the old one, and ends every other session of the editor.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, e data.Editor) {
	again := func(status int, why string) {
		s.settingsPage(w, r, e, status, why)
	}
	if err := r.ParseForm(); err != nil {
		again(http.StatusBadRequest, "The form did not arrive whole. Please try again.")
		return
	}
	from := web.ClientAddress(r, s.Trusted)
	if wait, ok := s.attempts.Begin(from, e.Login); !ok {
		again(http.StatusTooManyRequests, s.putOff(w, wait))
		return
	}
	right, err := s.passwords.Check(r.Context(), r.PostForm.Get("old"), e.Password)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	if !right {
		s.Log.Warn("password change refused", "editor", e.ID)
		again(http.StatusForbidden, "The old password is not right.")
		return
	}
	s.attempts.Succeeded(from, e.Login)
	fresh := r.PostForm.Get("new")
	if err := web.AcceptPassword(fresh, e.Login, e.Name, s.Site.Name); err != nil {
		again(http.StatusUnprocessableEntity, sentence(err.Error()))
		return
	}
	hash, err := s.passwords.Hash(r.Context(), fresh)
	if err == nil {
		err = s.DB.SetPassword(r.Context(), e.ID, hash) // ends each session
	}
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.Log.Info("password changed", "editor", e.ID)
	if err := s.sessions.SignIn(w, r, e.ID); err != nil { // the new password counts: it is asked for at the door
		s.Log.Error("a password was changed without a new session", "editor", e.ID, "err", err)
		http.Redirect(w, r, "/desk/sign-in", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/desk/settings"+did("", "password", e.ID), http.StatusSeeOther)
}

// sentence makes one of an error's words.
func sentence(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}
