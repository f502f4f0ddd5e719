package desk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/data/datatest"
)

// The table is the specification of who gets what answer. C is a tip, A an advert, I a closed
// issue; a POST sends no fields, which a guarded button answers as too late or unfinished.
func TestEveryRouteAnswersAsTheTableSays(t *testing.T) {
	f := newDesk(t)
	tipID, tipMail := f.arrive(tip())
	n := datatest.Newsletter(t, f.DB, "daily", 3)
	i := datatest.ClosedIssue(t, f.DB, n, 10)
	conversation, issue := fmt.Sprint("/desk/conversation/", tipID), fmt.Sprint("/desk/issues/", i.ID)
	type row struct {
		path                       string
		anon, sales, editor, admin int
	}
	table := map[string]row{
		"GET /desk/static/":                     {"/desk/static/nothing.css", 404, 404, 404, 404},
		"GET /desk/sign-in":                     {"/desk/sign-in", 200, 303, 303, 303},
		"POST /desk/sign-in":                    {"/desk/sign-in", 403, 403, 403, 403},
		"POST /desk/sign-out":                   {"/desk/sign-out", 303, 303, 303, 303},
		"GET /desk/{$}":                         {"/desk/", 303, 303, 303, 303},
		"GET /desk/inbox":                       {"/desk/inbox", 303, 200, 200, 200},
		"GET /desk/conversation/{id}":           {conversation, 303, 404, 200, 200},
		"POST /desk/conversation/{id}/category": {conversation + "/category", 303, 404, 409, 409},
		"POST /desk/conversation/{id}/status":   {conversation + "/status", 303, 404, 409, 409},
		"POST /desk/conversation/{id}/reply":    {conversation + "/reply", 303, 404, 422, 422},
		"GET /desk/message/{id}/raw":            {fmt.Sprintf("/desk/message/%d/raw", tipMail), 303, 404, 200, 200},
		"GET /desk/live":                        {"/desk/live", 401, 200, 200, 200},
		"GET /desk/issues":                      {"/desk/issues", 303, 200, 200, 200},
		"GET /desk/issues/{id}":                 {issue, 303, 200, 200, 200},
		"GET /desk/issues/{id}/mail":            {issue + "/mail", 303, 200, 200, 200},
		"GET /desk/issues/{id}/text":            {issue + "/text", 303, 200, 200, 200},
		"POST /desk/issues/{id}/{move}":         {issue + "/resume", 303, 404, 409, 409},
		"GET /desk/stories":                     {"/desk/stories", 303, 200, 200, 200},
		"GET /desk/subscribers":                 {"/desk/subscribers", 303, 200, 200, 200},
		"GET /desk/deliveries":                  {"/desk/deliveries", 303, 200, 200, 200},
		"GET /desk/settings":                    {"/desk/settings", 303, 200, 200, 200},
		"POST /desk/settings/password":          {"/desk/settings/password", 303, 403, 403, 403},
		"/desk/":                                {"/desk/no-such-page", 303, 404, 404, 404},
	}
	if routes := f.routes(); len(routes) != len(table) {
		t.Errorf("%d routes, %d rows", len(routes), len(table))
	}
	for _, rt := range f.routes() {
		r, ok := table[rt.pattern]
		if !ok {
			t.Errorf("the route %s has no row", rt.pattern)
			continue
		}
		method, _, found := strings.Cut(rt.pattern, " ")
		if !found {
			method = http.MethodGet
		}
		for who, want := range map[string]int{"": r.anon, "sam": r.sales, "ada": r.editor, "admin": r.admin} {
			b := f.browser()
			if who != "" {
				b = f.as(who)
			}
			f.checkRoute(b, who, method, rt.pattern, r.path, want)
		}
	}
}

func (f *fixture) checkRoute(b *browser, who, method, pattern, path string, want int) {
	f.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(b.request(method, path, "")) // the stream's body has no end: it is not read
	if err != nil {
		f.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != want {
		f.t.Errorf("%s as %q: %d, want %d", pattern, who, res.StatusCode, want)
	}
	h := res.Header
	if h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" {
		f.t.Errorf("%s: headers %v", pattern, h)
	}
	if !strings.Contains(pattern, "static") && h.Get("Cache-Control") != "no-store" {
		f.t.Errorf("%s may be kept by a cache", pattern)
	}
	if method == http.MethodPost {
		cross := f.browser()
		cross.cookies = b.cookies
		cross.header = http.Header{"Origin": {"https://evil.test"}, "Sec-Fetch-Site": {"cross-site"}}
		f.unchanged(pattern+" from another site", func() {
			if a := cross.do(method, path, ""); a.status != http.StatusForbidden {
				f.t.Errorf("%s from another site: %d", pattern, a.status)
			}
		})
	}
}

func TestOpeningPagesChangesNothing(t *testing.T) {
	f := newDesk(t)
	c, m := f.arrive(tip())
	i := datatest.ClosedIssue(t, f.DB, datatest.Newsletter(t, f.DB, "daily", 3), 10)
	b := f.as("admin")
	f.unchanged("opening every page", func() {
		for _, path := range []string{
			"/desk/", "/desk/inbox", "/desk/inbox?in=tip", "/desk/inbox?in=done", fmt.Sprint("/desk/conversation/", c),
			fmt.Sprintf("/desk/conversation/%d?in=tip", c), fmt.Sprintf("/desk/conversation/%d/category?category=spam", c),
			fmt.Sprintf("/desk/conversation/%d/status?status=done", c), fmt.Sprintf("/desk/conversation/%d/reply?text=hello", c),
			fmt.Sprintf("/desk/message/%d/raw", m), "/desk/issues", fmt.Sprint("/desk/issues/", i.ID), fmt.Sprintf("/desk/issues/%d/mail", i.ID),
			fmt.Sprintf("/desk/issues/%d/pause", i.ID), fmt.Sprintf("/desk/issues/%d/cancel", i.ID), "/desk/stories",
			"/desk/subscribers", "/desk/subscribers?q=reader1@example.com", "/desk/deliveries", "/desk/settings", "/desk/sign-out",
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
				if a := b.do(method, path, ""); a.status >= 500 {
					t.Errorf("%s %s: %d", method, path, a.status)
				}
			}
		}
	})
}
