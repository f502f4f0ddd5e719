package digest_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/digest"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

func newDesk(t testing.TB, db *data.DB) *digest.Desk {
	t.Helper()
	mail, err := templates.NewMail()
	if err != nil {
		t.Fatal(err)
	}
	feeds := digest.DefaultFeedSettings()
	feeds.AllowPrivate = true
	return digest.New(digest.Options{
		DB: db, Mail: mail, Site: templates.Site{Name: "Harmattan Post", PostalAddress: "1 Example Street, Lagos"}, SiteURL: "https://news.example.com",
		Header: func(n data.Newsletter) data.Header {
			return data.Header{From: "digest@example.com", Domain: "example.com", SiteURL: "https://news.example.com", List: n.Name, ListID: n.Slug + ".example.com"}
		},
		Feeds: feeds, Issues: digest.DefaultIssueSettings(), Connections: 4, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

func look(t *testing.T, d *digest.Desk) {
	t.Helper()
	if err := d.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// latest is the newest issue in the given state.
func latest(t *testing.T, db *data.DB, state data.IssueState) data.Issue {
	t.Helper()
	all, err := db.Issues(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.State == state {
			return i
		}
	}
	t.Fatalf("no issue is %s: %+v", state, all)
	return data.Issue{}
}

// The clock starts at 06:00 UTC; the newsletter is due at 07:00 UTC each day.
func TestIssueClosesBeforeItsDueTimeWithTheNewStories(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 3)
	d := newDesk(t, db)
	look(t, d)
	draft := latest(t, db, data.IssueDraft)
	if draft.DueAt.Sub(clock.Now()) != time.Hour || draft.DueAt.Sub(draft.CloseAt) != 5*time.Minute {
		t.Fatalf("draft: %+v", draft)
	}
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	clock.Add(56 * time.Minute)
	look(t, d)
	closed := latest(t, db, data.IssueClosed)
	if closed.ID != draft.ID || closed.Audience != 3 || closed.Subject != "Bridge reopens" {
		t.Fatalf("closed: %+v", closed)
	}
	v, err := db.Variants(t.Context(), closed.MailingID)
	if err != nil || len(v) != 1 || !strings.Contains(v[0].HTML, "Bridge reopens") || !strings.Contains(v[0].Text, "Bridge reopens") {
		t.Fatalf("variant: %+v, %v", v, err)
	}
	look(t, d)
	if next := latest(t, db, data.IssueDraft); next.DueAt.Sub(closed.DueAt) != 24*time.Hour {
		t.Fatalf("next draft: %+v", next)
	}
}

func TestIssueWithoutStoriesIsSkippedAndSaysSo(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 3)
	d := newDesk(t, db)
	look(t, d)
	clock.Add(time.Hour)
	look(t, d)
	if i := latest(t, db, data.IssueSkipped); !strings.Contains(i.Reason, "no new stories") {
		t.Fatalf("skipped: %+v", i)
	}
}

func TestStoryIsToldOnce(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	look(t, d)
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	clock.Add(time.Hour)
	look(t, d)
	latest(t, db, data.IssueClosed)
	if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err != nil { // it is begun in time
		t.Fatal(err)
	}
	clock.Add(24 * time.Hour)
	look(t, d)
	if i := latest(t, db, data.IssueSkipped); i.DueAt.Sub(clock.Now()) > 0 {
		t.Fatalf("skipped: %+v", i)
	}
}

func TestDueTimesMissedWhileDownSendNothing(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	look(t, d)
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	clock.Add(3*24*time.Hour + 6*time.Hour) // three due times and five hours go by
	look(t, d)
	all, err := db.Issues(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	merged := 0
	for _, i := range all {
		switch i.State {
		case data.IssueMerged:
			merged++
		case data.IssueDraft:
		default:
			t.Errorf("issue due %s is %s", i.DueAt, i.State)
		}
	}
	if merged != 4 {
		t.Errorf("%d due times are merged, want 4", merged)
	}
	clock.Add(19 * time.Hour)
	look(t, d)
	if i := latest(t, db, data.IssueClosed); i.Subject != "Bridge reopens" {
		t.Errorf("the next issue: %+v", i)
	}
}

func TestClosedIssueFoundTooLateSendsNothing(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	look(t, d)
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	clock.Add(57 * time.Minute)
	look(t, d)
	i := latest(t, db, data.IssueClosed)
	clock.Add(3 * time.Hour)
	if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err == nil {
		t.Fatal("a chunk of an issue that is two hours late was claimed")
	}
	look(t, d)
	if got := latest(t, db, data.IssueMerged); got.ID != i.ID {
		t.Fatalf("merged: %+v", got)
	}
	free, err := db.Candidates(t.Context(), nl.ID, 10)
	if err != nil || len(free) != 1 {
		t.Fatalf("stories given back: %d, %v", len(free), err)
	}
}

func TestIssueWaitsForItsApproval(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	nl.Approval = true
	if err := db.EditNewsletter(t.Context(), nl); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, db)
	look(t, d)
	datatest.Story(t, db, "Bridge reopens", clock.Now())
	clock.Add(time.Hour)
	look(t, d)
	latest(t, db, data.IssueAwaiting)
	clock.Add(3 * time.Hour)
	look(t, d)
	i := latest(t, db, data.IssueHeld)
	if alarms, err := db.Alarms(t.Context()); err != nil || len(alarms) != 1 || alarms[0].Kind != "due" {
		t.Fatalf("alarms: %+v, %v", alarms, err)
	}
	if err := db.ApproveIssue(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	look(t, d)
	if got := latest(t, db, data.IssueClosed); got.ID != i.ID {
		t.Fatalf("closed: %+v", got)
	}
	if _, err := db.ClaimChunk(t.Context(), "worker", time.Minute, false); err != nil {
		t.Fatalf("an issue approved late is not sent: %v", err)
	}
}

const atom = `<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>tag:blog</id><title>Blog</title>
<link rel="alternate" href="https://blog.example.com/"/>%s</feed>`

func entry(n int, title string, at time.Time) string {
	return fmt.Sprintf(`<entry><id>tag:blog.post-%d</id><title>%s</title><published>%s</published><updated>%s</updated>
<link rel="alternate" href="https://blog.example.com/%d.html"/><content type="html">&lt;p&gt;Text of %s.&lt;/p&gt;</content></entry>`,
		n, title, at.Format(time.RFC3339), at.Format(time.RFC3339), n, title)
}

func TestFirstSightOfAFeedMailsOnlyTheLastDay(t *testing.T) {
	clock := datatest.NewClock()
	now := clock.Now()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	var body atomic.Value
	body.Store(fmt.Sprintf(atom, entry(1, "Fresh", now.Add(-time.Hour))+entry(2, "Old", now.Add(-30*24*time.Hour))))
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/atom+xml")
		io.WriteString(w, body.Load().(string))
	}))
	defer site.Close()
	if _, err := db.AddFeed(t.Context(), site.URL); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, db)
	p, err := d.PollDue(t.Context())
	if err != nil || len(p) != 1 || p[0].Err != nil || p[0].Kept.New != 2 || p[0].Kept.Backlog != 1 {
		t.Fatalf("first poll: %+v, %v", p, err)
	}
	free, err := db.Candidates(t.Context(), nl.ID, 10)
	if err != nil || len(free) != 1 || free[0].Title != "Fresh" {
		t.Fatalf("candidates: %+v, %v", free, err)
	}
	since, err := db.AddNewsletter(t.Context(), data.Newsletter{Slug: "all", Name: "All", TimeZone: "UTC", Late: data.LateMerge, Grace: time.Hour, Since: now.Add(-60 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if free, err = db.Candidates(t.Context(), since.ID, 10); err != nil || len(free) != 2 {
		t.Fatalf("candidates with --since: %+v, %v", free, err)
	}

	body.Store(fmt.Sprintf(atom, entry(1, "Fresh, corrected", now.Add(-time.Hour))+entry(3, "Newer", now)))
	clock.Add(20 * time.Minute)
	if p, err = d.PollDue(t.Context()); err != nil || p[0].Kept.New != 1 || p[0].Kept.Edited != 1 {
		t.Fatalf("second poll: %+v, %v", p, err)
	}
	if n, err := db.CountStories(t.Context()); err != nil || n != 3 {
		t.Errorf("stories kept: %d, %v: one that left the feed must stay", n, err)
	}
}

func TestBrokenFeedKeepsItsStoriesAndAlarmsAfterSixHours(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	var broken atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			io.WriteString(w, "<!doctype html><html><body>Please log in</body></html>")
			return
		}
		fmt.Fprintf(w, atom, entry(1, "Fresh", clock.Now()))
	}))
	defer site.Close()
	if _, err := db.AddFeed(t.Context(), site.URL); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, db)
	if _, err := d.PollDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	for range 20 {
		clock.Add(time.Hour)
		p, err := d.PollDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(p) > 0 && (p[0].Err == nil || !strings.Contains(p[0].Err.Error(), "web page")) {
			t.Fatalf("an HTML page as feed: %v", p[0].Err)
		}
	}
	alarms, err := db.Alarms(t.Context())
	if err != nil || len(alarms) != 1 || alarms[0].Kind != "feed" {
		t.Fatalf("alarms: %+v, %v", alarms, err)
	}
	if n, err := db.CountStories(t.Context()); err != nil || n != 1 {
		t.Errorf("stories kept: %d, %v", n, err)
	}
	broken.Store(false)
	clock.Add(7 * time.Hour)
	if _, err := d.PollDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alarms, err = db.Alarms(t.Context()); err != nil || len(alarms) != 0 {
		t.Errorf("alarms after it healed: %+v, %v", alarms, err)
	}
}

func TestAFeedLearnsNoReadersToken(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	n := datatest.Newsletter(t, db, "daily", 1)
	for _, mark := range token.Marks() {
		if _, err := db.AddStory(t.Context(), data.Story{
			Title: "Title " + mark, Link: "https://blog.example.com/?t=" + mark, Summary: "Words " + mark, Author: "By " + mark,
			Image: "https://blog.example.com/i.png?t=" + mark, Categories: []string{"In " + mark}, PublishedAt: clock.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := newDesk(t, db).PreviewNewsletter(t.Context(), n, data.Choice{})
	if err != nil || !strings.Contains(v.HTML, "https://blog.example.com/?t=") || !strings.Contains(v.Text, "https://blog.example.com/?t=") {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, mark := range token.Marks() {
		for _, words := range []string{v.Subject, v.Preheader} {
			if strings.Contains(words, mark) {
				t.Errorf("%s in %q", mark, words)
			}
		}
		for _, foreign := range []string{"?t=" + mark, "Title " + mark, "Words " + mark, "By " + mark, "In " + mark} {
			if strings.Contains(v.HTML+v.Text, foreign) {
				t.Errorf("%q", foreign)
			}
		}
	}
}

func TestStoriesWithOneIDAreAllKept(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<rss version="2.0"><channel><title>Blog</title><link>https://blog.example.com/</link>
<item><title>One</title><guid>x</guid><link>https://blog.example.com/1</link></item>
<item><title>Two</title><guid>x</guid><link>https://blog.example.com/2</link></item>
<item><description>Three, without a title.</description></item>
<item><description>Four, without a title.</description></item></channel></rss>`)
	}))
	t.Cleanup(site.Close)
	d := newDesk(t, db)
	for i, want := range []int{4, 0} {
		p, err := d.AddFeed(t.Context(), site.URL)
		if err != nil || p.Err != nil || p.Kept.New != want || p.Kept.Edited != 0 {
			t.Fatalf("reading %d: %+v, %v", i+1, p, err)
		}
	}
}
