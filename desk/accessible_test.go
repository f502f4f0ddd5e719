package desk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/proof/chromium"
)

// busyDesk fills every list of the desk as a working day does.
func busyDesk(t *testing.T) (f *fixture, tipID, unsure, ad int64) {
	t.Helper()
	f = newDesk(t)
	f.Preview = previewer{}
	tipID, _ = f.arrive(tip())
	m := tip()
	m.sorting = data.Sorting{Category: "tip", Confidence: 0.58, Unsure: true, Also: "gossip", Why: []string{"heard that", "my boss"}, Scores: map[string]float64{"tip": 0.58, "gossip": 0.33}}
	unsure, _ = f.arrive(m)
	a := advert()
	a.ReplyTo, a.Text, a.Warnings = "bookings@zinny.example.net", a.NewText+"\n\n> On Monday the desk wrote: hello", []string{"A part of this mail could not be read."}
	a.Attachments = []data.Attachment{{Name: "a very long name of a rate sheet that goes on.pdf", Type: "application/pdf", Size: 120_000, SHA256: "x"}}
	ad, _ = f.arrive(a)
	b := f.as("ada")
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/reply", ad), "text", "Dear Zinny,\n\nthe rates follow."), http.StatusSeeOther)
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/status", tipID), "status", "take"), http.StatusSeeOther)
	n := datatest.Newsletter(t, f.DB, "morning digest", 3)
	i := datatest.ClosedIssue(t, f.DB, n, 10)
	refuse(t, f, false, "no such reader here")
	accept(t, f, i, 2)
	datatest.Story(t, f.DB, "Harbour dredged", f.DB.Now().Add(-time.Hour))
	f.draft(n)
	feed, err := f.DB.AddFeed(t.Context(), "https://feed.example.com/posts/default")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DB.RecordFeedFailure(t.Context(), feed.ID, "that address is a web page, not a feed", f.DB.Now(), f.DB.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.RaiseAlarm(t.Context(), data.Alarm{Kind: "mailbox", About: "1", Text: "The mailbox was not read for 2 h.", Hint: "Look at its password."}); err != nil {
		t.Fatal(err)
	}
	return f, tipID, unsure, ad
}

// lists are the desk's pages that stand without anything in them.
var lists = []string{"/desk/inbox?in=tip", "/desk/inbox?in=done", "/desk/issues", "/desk/stories", "/desk/subscribers", "/desk/deliveries", "/desk/settings"}

func TestDeskPagesHaveNoAccessibilityFaultInAnyLook(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not for -short")
	}
	f, tipID, unsure, ad := busyDesk(t)
	_, p, url := f.open()
	var visits []chromium.Visit
	for _, path := range append([]string{
		"/desk/inbox?in=unsorted", fmt.Sprint("/desk/conversation/", tipID), fmt.Sprintf("/desk/conversation/%d?in=unsorted", unsure),
		fmt.Sprintf("/desk/conversation/%d?in=advert&did=sorted.other&about=%d", ad, ad), "/desk/issues/1", "/desk/issues/2",
	}, lists...) {
		visits = append(visits, chromium.Visit{Name: path, URL: url + path})
	}
	visits = append(visits, chromium.Visit{Name: "nothing there", URL: url + "/desk/nothing", Status: http.StatusNotFound})
	// A session's cookie is for one host's name: under the other one nobody is signed in.
	visits = append(visits, chromium.Visit{Name: "the door", URL: strings.Replace(url, "127.0.0.1", "localhost", 1) + "/desk/sign-in"})
	visits = append(visits, shown(t, f, ad)...)
	found, err := p.Audit(visits)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// shown are pages that only a form gets, and those of a desk where nothing has happened.
func shown(t *testing.T, f *fixture, ad int64) []chromium.Visit {
	t.Helper()
	b := f.as("ada")
	answers := map[string]got{
		"wrong password":   f.browser().post("/desk/sign-in", "login", "ada", "password", "not this one"),
		"too late":         b.post("/desk/issues/1/resume"),
		"unsent reply":     b.post(fmt.Sprintf("/desk/conversation/%d/reply", ad), "text", " ", "in", "advert"),
		"refused password": b.post("/desk/settings/password", "old", "not this one", "new", "x"),
		"a sales inbox":    f.as("sam").get("/desk/inbox"),
	}
	empty := newDesk(t).as("admin")
	for _, path := range lists {
		answers["empty "+path] = empty.get(path)
	}
	mux := http.NewServeMux()
	mux.Handle("/desk/static/", f.Handler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var visits []chromium.Visit
	for name, a := range answers {
		path := fmt.Sprint("/shown/", len(visits))
		mux.Handle(path, chromium.Shown(a.status, a.header.Get("Content-Type"), a.body))
		visits = append(visits, chromium.Visit{Name: name, URL: server.URL + path, Status: a.status})
	}
	return visits
}
