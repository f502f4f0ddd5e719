package site

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/token"
)

// RFC 8058, section 3.1: either form encoding, no cookies, from no page of ours.
func TestOneClickUnsubscribesWithoutLoginCookieOrOrigin(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 4)
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	if err := w.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	foreign := func(kind string) http.Header {
		return http.Header{"Content-Type": {kind}, "Origin": {"https://mail.provider.test"}, "Sec-Fetch-Site": {"cross-site"}}
	}
	tests := []struct {
		name   string
		header http.Header
		body   string
	}{
		{"urlencoded", foreign("application/x-www-form-urlencoded"), "List-Unsubscribe=One-Click"},
		{"multipart", foreign(w.FormDataContentType()), parts.String()},
		{"no body", nil, ""},
		{"a button", urlencoded, ""},
	}
	for i, tt := range tests {
		address := fmt.Sprintf("reader%d@example.com", i+1)
		link := f.pathOf(token.Unsubscribe, "/u/", f.subscription(address, n.ID).ID, 99)
		for range 3 {
			a := f.do(http.MethodPost, link, tt.header, tt.body)
			f.want(a, http.StatusOK, "You are out.", n.Name)
			if len(a.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s: a cookie was set", tt.name)
			}
			if u := f.subscription(address, n.ID); u.State != data.SubscriptionUnsubscribed {
				t.Errorf("%s: the subscription is %s", tt.name, u.State)
			}
		}
	}
}

func TestOpeningALinkChangesNothing(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	f.want(f.post("/subscribe", form("new@example.com", n.ID)), http.StatusOK)
	i := sentIssue(t, f, n)
	u := f.subscription("reader1@example.com", n.ID).ID
	links := []string{
		"/", "/archive", "/archive/", issuePath(i.ID), issuePath(i.ID) + "/mail",
		f.pathOf(token.Confirm, "/confirm/", f.subscription("new@example.com", n.ID).ID, 0),
		f.pathOf(token.Unsubscribe, "/u/", u, i.MailingID),
		f.pathOf(token.Unsubscribe, "/u/", u, i.MailingID) + "/back",
		f.pathOf(token.Preferences, "/p/", u, i.MailingID),
		f.pathOf(token.View, "/i/", i.MailingID, 1),
	}
	f.unchanged("opening every link", func() {
		for _, link := range links {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
				if a := f.do(method, link, nil, ""); a.status >= 500 {
					t.Errorf("%s %s: %d", method, link, a.status)
				}
			}
		}
	})
}

func TestAForgedTokenOpensNothing(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	u := f.subscription("reader1@example.com", n.ID).ID
	good := f.Keys.Sign(token.Unsubscribe, u, 1)
	bad := []string{"", "x", good[:31], good + "a", strings.Repeat("a", 32), f.Keys.Sign(token.View, u, 1), f.Keys.Sign(token.Preferences, u, 1), token.MarkUnsubscribe}
	for i := range good { // each character changed
		c := "a"
		if good[i] == 'a' {
			c = "b"
		}
		bad = append(bad, good[:i]+c+good[i+1:])
	}
	f.unchanged("forged tokens", func() {
		for _, tok := range bad {
			for _, path := range []string{"/u/", "/confirm/"} {
				if a := f.do(http.MethodPost, path+url.PathEscape(tok), urlencoded, ""); a.status != http.StatusNotFound {
					t.Errorf("POST %s%s: %d", path, tok, a.status)
				}
			}
		}
	})
	f.want(f.post("/u/"+strings.ToUpper(good), nil), http.StatusOK, "You are out.") // some systems change the case
}

func TestOnlyTheLinkThatEndedItTakesItBack(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 2)
	u := f.subscription("reader1@example.com", n.ID).ID
	monday := f.pathOf(token.Unsubscribe, "/u/", u, 1)
	tuesday := f.pathOf(token.Unsubscribe, "/u/", u, 2)
	f.want(f.post(monday, nil), http.StatusOK, `action="`+monday+`/back"`)
	a := f.get(tuesday)
	f.want(a, http.StatusOK, "You are out.")
	if strings.Contains(a.body, "/back") {
		t.Error("another link offers the way back")
	}
	f.unchanged("the other link's way back", func() {
		f.want(f.post(tuesday+"/back", nil), http.StatusConflict, "not ended by this link")
	})
	for range 2 {
		f.want(f.post(monday+"/back", nil), http.StatusOK, "You are in.")
	}
	if s := f.subscription("reader1@example.com", n.ID); s.State != data.SubscriptionActive {
		t.Errorf("put back, it is %s", s.State)
	}
	if err := f.DB.Unsubscribe(t.Context(), u, "by mail"); err != nil {
		t.Fatal(err)
	}
	f.unchanged("an old way back after leaving otherwise", func() {
		f.want(f.post(monday+"/back", nil), http.StatusConflict)
	})
}

func TestAnErasedReadersLinkStillAnswers(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	link := f.pathOf(token.Unsubscribe, "/u/", f.subscription("reader1@example.com", n.ID).ID, 1)
	if err := f.DB.EraseSubscriber(t.Context(), "reader1@example.com"); err != nil {
		t.Fatal(err)
	}
	f.want(f.post(link, nil), http.StatusOK, "You are out.")
	f.want(f.post(f.pathOf(token.Unsubscribe, "/u/", 12345, 1), nil), http.StatusOK, "You are out.")
}

func TestPreferencesChooseAmongNewsletters(t *testing.T) {
	f := newSite(t)
	daily := datatest.Newsletter(t, f.DB, "daily", 1)
	weekly := datatest.Newsletter(t, f.DB, "weekly", 0)
	link := f.pathOf(token.Preferences, "/p/", f.subscription("reader1@example.com", daily.ID).ID, 1)
	f.want(f.get(link), http.StatusOK, daily.Name, weekly.Name)
	f.clock.Add(time.Minute)
	f.want(f.post(link, form("", weekly.ID)), http.StatusOK, "Saved.")
	if s := f.subscription("reader1@example.com", daily.ID); s.State != data.SubscriptionUnsubscribed {
		t.Errorf("daily is %s", s.State)
	}
	if s := f.subscription("reader1@example.com", weekly.ID); s.State != data.SubscriptionActive {
		t.Errorf("weekly is %s", s.State)
	}
	if got := len(f.letters()); got != 0 {
		t.Errorf("%d letters went out", got)
	}
	f.unchanged("saving the same again", func() {
		f.want(f.post(link, form("", weekly.ID)), http.StatusOK, "Saved.")
	})
	f.want(f.post(link, nil), http.StatusOK, "Saved.")
	if s := f.subscription("reader1@example.com", weekly.ID); s.State != data.SubscriptionUnsubscribed {
		t.Errorf("with nothing chosen, weekly is %s", s.State)
	}
}
