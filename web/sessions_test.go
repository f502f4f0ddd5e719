package web_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/web"
)

// memory is a SessionStore that does what its comments promise.
type memory struct {
	rows map[string]*session
	err  error
}

type session struct {
	editor        int64
	used, expires time.Time
}

func (m *memory) CreateSession(_ context.Context, hash []byte, editor int64, now, expires time.Time) error {
	m.rows[string(hash)] = &session{editor, now, expires}
	return m.err
}

func (m *memory) FindSession(_ context.Context, hash []byte, now time.Time) (int64, bool, error) {
	s, ok := m.rows[string(hash)]
	if m.err != nil || !ok || now.After(s.expires) || now.Sub(s.used) > web.SessionIdle {
		return 0, false, m.err
	}
	s.used = now
	return s.editor, true, nil
}

func (m *memory) DeleteSession(_ context.Context, hash []byte) error {
	delete(m.rows, string(hash))
	return m.err
}

func (m *memory) DeleteSessionsOf(_ context.Context, editor int64) error {
	for k, s := range m.rows {
		if s.editor == editor {
			delete(m.rows, k)
		}
	}
	return m.err
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 5, 15, 6, 0, 0, 0, time.UTC)} }

func signIn(t *testing.T, s *web.Sessions, editor int64, with ...*http.Cookie) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.SignIn(w, request(with...), editor); err != nil {
		t.Fatal(err)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("sign-in set %d cookies, want 1", len(cookies))
	}
	return cookies[0]
}

func request(with ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", "/desk/inbox", nil)
	for _, c := range with {
		r.AddCookie(c)
	}
	return r
}

func wantEditor(t *testing.T, s *web.Sessions, r *http.Request, want int64) {
	t.Helper()
	got, ok, err := s.Editor(r)
	if err != nil || ok != (want != 0) || got != want {
		t.Errorf("editor is %d, %v, %v; want %d", got, ok, err, want)
	}
}

func TestSessionCookieIsClosedToScriptsAndNeighbours(t *testing.T) {
	c := signIn(t, web.NewSessions(&memory{rows: map[string]*session{}}, true, newClock().now), 7)
	if c.Name != "__Host-desk" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie is %+v", c)
	}
	plain := signIn(t, web.NewSessions(&memory{rows: map[string]*session{}}, false, newClock().now), 7)
	if plain.Name != "desk" || plain.Secure || !plain.HttpOnly {
		t.Errorf("cookie without TLS is %+v", plain)
	}
}

func TestSessionStoreNeverSeesTheToken(t *testing.T) {
	m := &memory{rows: map[string]*session{}}
	c := signIn(t, web.NewSessions(m, true, newClock().now), 7)
	if len(c.Value) < 22 {
		t.Errorf("token %q has fewer than 128 bits", c.Value)
	}
	for hash := range m.rows {
		if len(hash) != 32 || bytes.Contains([]byte(hash), []byte(c.Value)) {
			t.Errorf("stored %q for token %q", hash, c.Value)
		}
	}
	if len(m.rows) != 1 {
		t.Fatalf("%d sessions stored, want 1", len(m.rows))
	}
}

func TestSignInRotatesTheToken(t *testing.T) {
	s := web.NewSessions(&memory{rows: map[string]*session{}}, true, newClock().now)
	first := signIn(t, s, 7)
	second := signIn(t, s, 8, first)
	if first.Value == second.Value {
		t.Error("the token stayed the same")
	}
	wantEditor(t, s, request(first), 0)
	wantEditor(t, s, request(second), 8)
}

func TestSessionEnds(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(s *web.Sessions, k *clock, c *http.Cookie) error
		want int64
	}{
		"used at once":                 {func(*web.Sessions, *clock, *http.Cookie) error { return nil }, 7},
		"after 11 idle hours: not yet": {func(_ *web.Sessions, k *clock, _ *http.Cookie) error { k.advance(11 * time.Hour); return nil }, 7},
		"after 13 idle hours":          {func(_ *web.Sessions, k *clock, _ *http.Cookie) error { k.advance(13 * time.Hour); return nil }, 0},
		"after 15 busy days":           {busyDays(15), 0},
		"after 13 busy days: not yet":  {busyDays(13), 7},
		"by signing out": {func(s *web.Sessions, _ *clock, c *http.Cookie) error {
			return s.SignOut(httptest.NewRecorder(), request(c))
		}, 0},
		"by a new password": {func(s *web.Sessions, _ *clock, _ *http.Cookie) error {
			return s.SignOutEverywhere(context.Background(), 7)
		}, 0},
		"not by another's new password": {func(s *web.Sessions, _ *clock, _ *http.Cookie) error {
			return s.SignOutEverywhere(context.Background(), 8)
		}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			k := newClock()
			s := web.NewSessions(&memory{rows: map[string]*session{}}, true, k.now)
			cookie := signIn(t, s, 7)
			if err := c.do(s, k, cookie); err != nil {
				t.Fatal(err)
			}
			wantEditor(t, s, request(cookie), c.want)
		})
	}
}

func busyDays(n int) func(*web.Sessions, *clock, *http.Cookie) error {
	return func(s *web.Sessions, k *clock, c *http.Cookie) error {
		for range n * 4 {
			k.advance(6 * time.Hour)
			if _, _, err := s.Editor(request(c)); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestForeignCookiesAreNobody(t *testing.T) {
	s := web.NewSessions(&memory{rows: map[string]*session{}}, true, newClock().now)
	good := signIn(t, s, 7)
	for name, c := range map[string]*http.Cookie{
		"empty":         {Name: "__Host-desk", Value: ""},
		"other name":    {Name: "desk", Value: good.Value},
		"too short":     {Name: "__Host-desk", Value: good.Value[:20]},
		"too long":      {Name: "__Host-desk", Value: good.Value + "AAAA"},
		"not base64":    {Name: "__Host-desk", Value: "!" + good.Value[1:]},
		"never handed":  {Name: "__Host-desk", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"upper or else": {Name: "__Host-desk", Value: "A" + good.Value[1:]},
	} {
		if c.Value == good.Value && c.Name == good.Name {
			continue // one token in 64 begins with A
		}
		t.Run(name, func(t *testing.T) { wantEditor(t, s, request(c), 0) })
	}
	wantEditor(t, s, request(), 0)
	wantEditor(t, s, request(good), 7)
}

func TestBrokenStoreSignsNobodyIn(t *testing.T) {
	m := &memory{rows: map[string]*session{}}
	s := web.NewSessions(m, true, newClock().now)
	c := signIn(t, s, 7)
	m.err = errors.New("disk gone")
	if id, ok, err := s.Editor(request(c)); ok || id != 0 || !errors.Is(err, m.err) {
		t.Errorf("got %d, %v, %v", id, ok, err)
	}
	w := httptest.NewRecorder()
	if err := s.SignIn(w, request(), 7); !errors.Is(err, m.err) || len(w.Result().Cookies()) != 0 {
		t.Errorf("sign-in gave %v and %d cookies", err, len(w.Result().Cookies()))
	}
}

func TestNextPathStaysAtTheDesk(t *testing.T) {
	const inbox = "/desk/inbox"
	for raw, want := range map[string]string{
		"":                            inbox,
		"/desk/issues":                "/desk/issues",
		"/desk/conversation/4?in=tip": "/desk/conversation/4?in=tip",
		"/desk/sign-in":               inbox,
		"/desk/sign-out":              inbox,
		"//evil.example/desk/":        inbox,
		"https://evil.example/desk/":  inbox,
		"/desk/../../etc":             inbox,
		"/desk//evil.example":         inbox,
		"/\\evil.example":             inbox,
		"/desk/\\evil":                inbox,
		"/desk/a\r\nSet-Cookie: x=y":  inbox,
		"/archive/":                   inbox,
	} {
		if got := web.NextPath(raw); got != want {
			t.Errorf("NextPath(%q) is %q, want %q", raw, got, want)
		}
	}
}
