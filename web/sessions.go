package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	// SessionLife is how long a session lasts at most, however busy it is.
	SessionLife = 14 * 24 * time.Hour
	// SessionIdle is how long a session may lie unused. The store, which knows the last use, ends
	// it in FindSession.
	SessionIdle = 12 * time.Hour

	tokenBytes = 32 // random bytes in a session's token
)

// SessionStore keeps sessions. It sees only the SHA-256 of a token, so that whoever reads the
// database or a backup cannot sign in.
type SessionStore interface {
	// CreateSession keeps a session of the editor until expires.
	CreateSession(ctx context.Context, tokenHash []byte, editor int64, now, expires time.Time) error
	// FindSession says whose session it is and counts as its latest use. ok is false, with no
	// error, when there is none, when it is past its end, when its latest use is more than
	// [SessionIdle] before now, and when its editor was removed.
	FindSession(ctx context.Context, tokenHash []byte, now time.Time) (editor int64, ok bool, err error)
	// DeleteSession ends one session; one that does not exist is no error.
	DeleteSession(ctx context.Context, tokenHash []byte) error
	// DeleteSessionsOf ends all sessions of the editor.
	DeleteSessionsOf(ctx context.Context, editor int64) error
}

// Sessions knows who is signed in, by a cookie that holds nothing but a random token.
type Sessions struct {
	store  SessionStore
	secure bool
	now    func() time.Time
}

// NewSessions uses the store. secure says that browsers reach us over TLS: the cookie is then
// marked Secure and named __Host-desk, so that no neighbouring host can set it (RFC 6265bis,
// section 4.1.3.2); over plain HTTP, for trials on loopback, it is named desk.
func NewSessions(store SessionStore, secure bool, now func() time.Time) *Sessions {
	return &Sessions{store: store, secure: secure, now: now}
}

func (s *Sessions) cookieName() string {
	if s.secure {
		return "__Host-desk"
	}
	return "desk"
}

// SignIn starts a session under a new token and ends the one that the request presented, so that a
// token planted before the sign-in is worth nothing.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, editor int64) error {
	if err := s.dropPresented(r); err != nil {
		return err
	}
	var raw [tokenBytes]byte
	rand.Read(raw[:])
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	now := s.now()
	if err := s.store.CreateSession(r.Context(), hashToken(token), editor, now, now.Add(SessionLife)); err != nil {
		return fmt.Errorf("create session of editor %d: %w", editor, err)
	}
	s.setCookie(w, token, int(SessionLife/time.Second))
	return nil
}

// Editor says who is signed in. Without a valid session ok is false; err is only the store's.
func (s *Sessions) Editor(r *http.Request) (editor int64, ok bool, err error) {
	token, ok := s.presented(r)
	if !ok {
		return 0, false, nil
	}
	editor, ok, err = s.store.FindSession(r.Context(), hashToken(token), s.now())
	if err != nil {
		return 0, false, fmt.Errorf("find session: %w", err)
	}
	if !ok {
		return 0, false, nil
	}
	return editor, true, nil
}

// SignOut ends the session and takes the cookie back. It may be called without a session.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.dropPresented(r); err != nil {
		return err
	}
	s.setCookie(w, "", -1)
	return nil
}

// SignOutEverywhere ends every session of the editor, as a change of password must.
func (s *Sessions) SignOutEverywhere(ctx context.Context, editor int64) error {
	if err := s.store.DeleteSessionsOf(ctx, editor); err != nil {
		return fmt.Errorf("delete sessions of editor %d: %w", editor, err)
	}
	return nil
}

func (s *Sessions) dropPresented(r *http.Request) error {
	token, ok := s.presented(r)
	if !ok {
		return nil
	}
	if err := s.store.DeleteSession(r.Context(), hashToken(token)); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// presented is the token of the request's cookie when it has a token's shape; anything else does
// not reach the store.
func (s *Sessions) presented(r *http.Request) (string, bool) {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(raw) != tokenBytes {
		return "", false
	}
	return c.Value, true
}

func (s *Sessions) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// NextPath is where to go after signing in: raw when it is a plain path under /desk/, else the
// inbox. It never leads to another host, nor back to the door.
func NextPath(raw string) string {
	const inbox = "/desk/inbox"
	p, query, _ := strings.Cut(raw, "?")
	if !strings.HasPrefix(p, "/desk/") || path.Clean(p) != p || strings.HasPrefix(p, "/desk/sign-") {
		return inbox
	}
	for _, c := range raw {
		if c <= ' ' || c == '\\' || c == '#' || c > '~' {
			return inbox
		}
	}
	if query != "" {
		return p + "?" + query
	}
	return p
}
