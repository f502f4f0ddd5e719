package desk

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWrongPasswordsAreSlowedDownAndTheOwnerIsNotLockedOut(t *testing.T) {
	f := newDesk(t)
	thief := f.browser()
	for range 5 {
		f.want(thief.post("/desk/sign-in", "login", "ada", "password", "not this one"), http.StatusForbidden, "do not belong together")
	}
	a := thief.post("/desk/sign-in", "login", "ada", "password", password)
	f.want(a, http.StatusTooManyRequests, "Please wait")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	f.clock.Add(2 * time.Minute)
	f.want(thief.post("/desk/sign-in", "login", "ada", "password", password), http.StatusSeeOther)
}

func TestAnUnknownLoginIsAnsweredLikeAWrongPassword(t *testing.T) {
	f := newDesk(t)
	known := f.browser().post("/desk/sign-in", "login", "ada", "password", "not this one")
	unknown := f.browser().post("/desk/sign-in", "login", "eve", "password", "not this one")
	if known.status != unknown.status || strings.ReplaceAll(known.body, "ada", "X") != strings.ReplaceAll(unknown.body, "eve", "X") {
		t.Errorf("the answers differ: %d %d\n%s\n%s", known.status, unknown.status, known.body, unknown.body)
	}
}

func TestASessionPlantedBeforeTheSignInIsWorthNothing(t *testing.T) {
	f := newDesk(t)
	planted := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	b := f.browser()
	b.cookies["desk"] = planted
	f.want(b.post("/desk/sign-in", "login", "ada", "password", password), http.StatusSeeOther)
	if b.cookies["desk"] == planted {
		t.Fatal("the planted token became the session")
	}
	old := f.browser()
	old.cookies["desk"] = planted
	f.want(old.get("/desk/inbox"), http.StatusSeeOther)
	first := b.cookies["desk"]
	f.want(b.post("/desk/sign-in", "login", "ada", "password", password), http.StatusSeeOther)
	old.cookies["desk"] = first
	f.want(old.get("/desk/inbox"), http.StatusSeeOther) // signing in again ended the session presented
	f.want(b.get("/desk/inbox"), http.StatusOK)
}

func TestTheSessionsCookieIsOutOfReach(t *testing.T) {
	f := newDesk(t)
	a := f.browser().post("/desk/sign-in", "login", "ada", "password", password)
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q has no %s", cookie, want)
		}
	}
	if a.header.Get("Location") != "/desk/inbox" {
		t.Errorf("went to %s", a.header.Get("Location"))
	}
}

func TestTheDoorLeadsBackToTheDeskOnly(t *testing.T) {
	f := newDesk(t)
	a := f.browser().get("/desk/conversation/7?in=tip&secret=x")
	if got := a.header.Get("Location"); got != "/desk/sign-in?next=%2Fdesk%2Fconversation%2F7%3Fin%3Dtip" {
		t.Errorf("sent to %s", got)
	}
	for next, want := range map[string]string{
		"/desk/conversation/7?in=tip": "/desk/conversation/7?in=tip", "https://evil.test/desk/": "/desk/inbox",
		"//evil.test": "/desk/inbox", "/desk/../u/x": "/desk/inbox", "/desk/sign-out": "/desk/inbox",
	} {
		a := f.browser().post("/desk/sign-in", "login", "admin", "password", password, "next", next)
		if got := a.header.Get("Location"); got != want {
			t.Errorf("next %q led to %q, want %q", next, got, want)
		}
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	stolen := f.browser()
	stolen.cookies["desk"] = b.cookies["desk"]
	f.want(stolen.get("/desk/inbox"), http.StatusOK)
	f.want(b.post("/desk/sign-out"), http.StatusSeeOther)
	f.want(stolen.get("/desk/inbox"), http.StatusSeeOther)
}

func TestAnIdleSessionEnds(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	f.clock.Add(11 * time.Hour)
	f.want(b.get("/desk/inbox"), http.StatusOK)
	f.clock.Add(13 * time.Hour)
	f.want(b.get("/desk/inbox"), http.StatusSeeOther)
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	f := newDesk(t)
	b, other := f.as("ada"), f.as("ada")
	const fresh = "seven herons over the lagoon"
	f.want(b.post("/desk/settings/password", "old", "wrong", "new", fresh), http.StatusForbidden, "old password is not right")
	f.want(b.post("/desk/settings/password", "old", password, "new", "short"), http.StatusUnprocessableEntity, "too short")
	a := b.post("/desk/settings/password", "old", password, "new", fresh)
	f.want(a, http.StatusSeeOther)
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "Your password is changed.")
	f.want(other.get("/desk/inbox"), http.StatusSeeOther)
	f.want(f.browser().post("/desk/sign-in", "login", "ada", "password", password), http.StatusForbidden)
	f.want(f.browser().post("/desk/sign-in", "login", "ada", "password", fresh), http.StatusSeeOther)
}

func TestARemovedEditorIsOut(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	if err := f.DB.RemoveEditor(t.Context(), f.ids["ada"]); err != nil {
		t.Fatal(err)
	}
	f.want(b.get("/desk/inbox"), http.StatusSeeOther)
}
