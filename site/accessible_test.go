package site

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/proof/chromium"
	"github.com/olomotimes/tipsheet/token"
)

// gallery serves the site, and below /shown/ what a browser cannot just visit.
type gallery struct {
	f      *fixture
	url    string
	mux    *http.ServeMux
	visits []chromium.Visit
}

func (f *fixture) gallery() *gallery {
	mux := http.NewServeMux()
	mux.Handle("/", f.Handler())
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	return &gallery{f: f, url: server.URL, mux: mux}
}

func (g *gallery) page(path string, status int) {
	g.visits = append(g.visits, chromium.Visit{Name: path, URL: g.url + path, Status: status})
}

func (g *gallery) shown(name string, a answer) {
	path := "/shown/" + name
	g.mux.Handle("GET "+path, chromium.Shown(a.status, a.header.Get("Content-Type"), a.body))
	g.page(path, a.status)
}

// emptySite is what readers see before there is anything.
func emptySite(t *testing.T) *gallery {
	g := newSite(t).gallery()
	g.page("/", 200)
	g.page("/archive/", 200)
	return g
}

// fullSite has newsletters, issues, and readers on every way in and out.
func fullSite(t *testing.T) *gallery {
	f := newSite(t)
	g := f.gallery()
	n := datatest.Newsletter(t, f.DB, "morning digest", 2)
	if _, err := f.DB.AddNewsletter(t.Context(), data.Newsletter{
		Slug: "weekend", Name: "The weekend long read", Description: "One story, told to its end.", Cron: "0 9 * * 6", TimeZone: "Africa/Lagos", Language: "en", Late: data.LateMerge,
	}); err != nil {
		t.Fatal(err)
	}
	i, u := sentIssue(t, f, n), f.subscription("reader1@example.com", n.ID).ID
	unsubscribe, preferences := f.pathOf(token.Unsubscribe, "/u/", u, i.MailingID), f.pathOf(token.Preferences, "/p/", u, i.MailingID)
	g.shown("asked", f.post("/subscribe", form("new@example.com", n.ID)))
	g.shown("mistyped", f.post("/subscribe", form("new@example", n.ID)))
	confirm := f.pathOf(token.Confirm, "/confirm/", f.subscription("new@example.com", n.ID).ID, 0)
	for _, path := range []string{"/", "/archive/", issuePath(i.ID), confirm, unsubscribe, preferences} {
		g.page(path, 200)
	}
	g.page("/no-such-page", 404)
	g.page("/u/broken", 404)
	g.shown("mail", f.get(f.pathOf(token.View, "/i/", i.MailingID, 1)))
	g.shown("confirmed", f.post(confirm, nil))
	g.shown("saved", f.post(preferences, form("", n.ID)))
	left := f.pathOf(token.Unsubscribe, "/u/", f.subscription("reader2@example.com", n.ID).ID, i.MailingID)
	g.shown("left", f.post(left, nil))
	g.shown("back", f.post(left+"/back", nil))
	return g
}

func TestPublicPagesHaveNoAccessibilityFaultInAnyLook(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not for -short")
	}
	visits := append(emptySite(t).visits, fullSite(t).visits...)
	b, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.Audit(visits)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}
