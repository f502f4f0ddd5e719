package site

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/token"
)

func TestEveryRouteAnswersAsTheTableSays(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	i := sentIssue(t, f, n)
	f.post("/subscribe", form("new@example.com", n.ID))
	pending, active := f.subscription("new@example.com", n.ID).ID, f.subscription("reader1@example.com", n.ID).ID
	u := f.pathOf(token.Unsubscribe, "/u/", active, i.MailingID)
	table := map[string]struct {
		path   string
		status int
		cross  int // posted from another site's page
	}{
		"GET /{$}":               {"/", 200, 0},
		"POST /subscribe":        {"/subscribe", 422, 403},
		"GET /confirm/{token}":   {f.pathOf(token.Confirm, "/confirm/", pending, 0), 200, 0},
		"POST /confirm/{token}":  {f.pathOf(token.Confirm, "/confirm/", pending, 0), 200, 403},
		"GET /u/{token}":         {u, 200, 0},
		"POST /u/{token}":        {u, 200, 200},
		"POST /u/{token}/back":   {u + "/back", 200, 403},
		"GET /p/{token}":         {f.pathOf(token.Preferences, "/p/", active, 1), 200, 0},
		"POST /p/{token}":        {f.pathOf(token.Preferences, "/p/", active, 1), 400, 403}, // no form came
		"GET /archive":           {"/archive", 301, 0},
		"GET /archive/{$}":       {"/archive/", 200, 0},
		"GET /archive/{id}":      {issuePath(i.ID), 200, 0},
		"GET /archive/{id}/mail": {issuePath(i.ID) + "/mail", 200, 0},
		"GET /i/{token}":         {f.pathOf(token.View, "/i/", i.MailingID, 1), 200, 0},
		"GET /static/":           {"/static/nothing.css", 404, 0},
		"/":                      {"/no-such-page", 404, 0},
	}
	routes := f.routes()
	if len(routes) != len(table) {
		t.Errorf("%d routes, %d rows", len(routes), len(table))
	}
	for _, rt := range routes {
		row, ok := table[rt.pattern]
		if !ok {
			t.Errorf("the route %s has no row", rt.pattern)
			continue
		}
		method := methodOf(rt.pattern)
		if row.cross != 0 {
			header := http.Header{"Content-Type": {"text/plain"}, "Origin": {"https://evil.test"}, "Sec-Fetch-Site": {"cross-site"}}
			if a := f.do(method, row.path, header, ""); a.status != row.cross {
				t.Errorf("%s from another site: %d, want %d", rt.pattern, a.status, row.cross)
			}
		} else if method == http.MethodPost {
			t.Errorf("%s has no word on other sites", rt.pattern)
		}
		a := f.do(method, row.path, nil, "")
		if a.status != row.status {
			t.Errorf("%s: %d, want %d", rt.pattern, a.status, row.status)
		}
		if a.header.Get("Content-Security-Policy") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", rt.pattern, a.header)
		}
		if a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept by a cache", rt.pattern)
		}
	}
}

func methodOf(pattern string) string {
	if method, _, ok := strings.Cut(pattern, " "); ok {
		return method
	}
	return http.MethodGet
}

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`

func TestHostileWordsNeverBreakOut(t *testing.T) {
	f := newSite(t)
	n, err := f.DB.AddNewsletter(t.Context(), data.Newsletter{
		Slug: "evil", Name: "N " + hostile, Description: "D " + hostile, TimeZone: "UTC", Cron: hostile, Language: "en", Late: data.LateMerge,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.ImportSubscribers(t.Context(), n.ID, []data.Import{{Address: "reader1@example.com", Name: hostile}}, hostile); err != nil {
		t.Fatal(err)
	}
	i := sentIssue(t, f, n)
	u := f.subscription("reader1@example.com", n.ID).ID
	bodies := []string{
		f.get("/").body, f.get("/archive/").body, f.get(issuePath(i.ID)).body, f.get("/?x=" + url.QueryEscape(hostile)).body,
		f.post("/subscribe", form(hostile, n.ID)).body, f.get("/" + url.PathEscape(hostile)).body,
		f.get(f.pathOf(token.Unsubscribe, "/u/", u, 1)).body, f.get(f.pathOf(token.Preferences, "/p/", u, 1)).body,
		f.post(f.pathOf(token.Unsubscribe, "/u/", u, 1), nil).body, f.get(issuePath(i.ID) + "/mail").body,
	}
	seen := 0
	for _, body := range bodies {
		if strings.Contains(html.UnescapeString(body), "alert(1)") {
			seen++
		}
		checkMarkup(t, body)
	}
	if seen < 5 {
		t.Errorf("the hostile words were on %d pages only: nothing was checked", seen)
	}
}

// checkMarkup fails on an element or attribute that only a stranger's words can have made.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			for _, a := range tag.Attr {
				if strings.HasPrefix(a.Key, "on") || (a.Key == "src" && a.Val == "x") {
					t.Errorf("broken out: %s", tag)
				}
			}
			if tag.Data == "script" && !strings.HasPrefix(attr(tag, "src"), "/") {
				t.Errorf("broken out: %s", tag)
			}
		}
	}
}

func attr(tag html.Token, key string) string {
	for _, a := range tag.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestTheLogHoldsIdsOnly(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	for range 2 { // the second is withheld
		f.want(f.post("/subscribe", form("Secret.Person@example.com", n.ID)), http.StatusOK)
	}
	f.post("/subscribe", form("secret.person@example.com\nX", n.ID))
	link := f.pathOf(token.Confirm, "/confirm/", f.subscription("secret.person@example.com", n.ID).ID, 0)
	f.post(link, nil)
	f.post(f.pathOf(token.Unsubscribe, "/u/", 1, 1), nil)
	f.DB.Close()
	f.want(f.post("/subscribe", form("secret.person@example.com", n.ID)), http.StatusServiceUnavailable, "nothing has been changed")
	f.want(f.post(f.pathOf(token.Unsubscribe, "/u/", 1, 1), nil), http.StatusServiceUnavailable)
	text := strings.ToLower(f.log.String())
	for _, want := range []string{"confirmation queued", "subscription confirmed", "unsubscribed by link", "a public page failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, not := range []string{"secret.person", "example.com", link[len("/confirm/"):], "127.0.0.1"} {
		if strings.Contains(text, not) {
			t.Errorf("the log holds %q:\n%s", not, text)
		}
	}
}
