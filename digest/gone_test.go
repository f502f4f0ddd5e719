package digest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestStoryThatIsGoneFromTheSiteIsDropped(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	pages := map[string]struct {
		answer http.HandlerFunc
		want   data.StoryState
	}{
		"Not found":  {status(404), data.StoryGone},
		"Gone":       {status(410), data.StoryGone},
		"Sent on":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/nowhere", http.StatusFound) }, data.StoryGone},
		"There":      {status(200), data.StoryNew},
		"Forbidden":  {status(403), data.StoryNew},
		"In trouble": {status(503), data.StoryNew},
		"Loops":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, data.StoryNew},
		"Hangs up":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, data.StoryNew},
	}
	var entries []string
	for title, p := range pages {
		path := "/" + strings.ReplaceAll(title, " ", "-")
		site.set(path, p.answer)
		entries = append(entries, item(title, title, site.URL+path, now))
	}
	stays := item("s", "Stays", site.URL+"/never-asked", now)
	site.feed("/feed", append(entries, stays)...)
	add(t, d, site.URL+"/feed")
	site.feed("/feed", stays)
	if p := pollAll(t, d); p.Gone != 3 || p.Kept.Left != len(pages) {
		t.Errorf("%+v", p)
	}
	found := states(t, db)
	for title, p := range pages {
		if found[title] != p.want {
			t.Errorf("%s is %s, want %s", title, found[title], p.want)
		}
	}
	if site.times("/never-asked") != 0 {
		t.Error("the page of a story that stands in the feed was asked for")
	}
	if free, err := db.Candidates(t.Context(), nl.ID, 100); err != nil || len(free) != len(pages)-3+1 {
		t.Errorf("%d candidates, %v", len(free), err)
	}
	asked := site.times("/There")
	pollAll(t, d)
	if site.times("/There") != asked || site.times("/Gone") != 1 {
		t.Error("pages were asked for again at once")
	}
	// Published again, it may be told again.
	site.feed("/feed", append(entries, stays)...)
	pollAll(t, d)
	if all := states(t, db); all["Gone"] != data.StoryNew || all["Not found"] != data.StoryNew {
		t.Errorf("back in the feed: %v", all)
	}
}

func TestToldAndUnwantedStoriesAreNotAskedFor(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	look(t, d)
	site.feed("/feed", item("1", "Told", site.URL+"/told", now), item("2", "Old", site.URL+"/old", now.Add(-72*time.Hour)))
	add(t, d, site.URL+"/feed")
	clock.Add(56 * time.Minute)
	look(t, d)
	latest(t, db, data.IssueClosed)
	site.feed("/feed")
	if p := pollAll(t, d); p.Kept.Left != 2 || p.Gone != 0 || site.times("/told")+site.times("/old") != 0 {
		t.Errorf("%+v: asked for %d and %d times", p, site.times("/told"), site.times("/old"))
	}
}

func TestChecksAreCapped(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	var entries []string
	for i := range 35 {
		entries = append(entries, item(fmt.Sprint(i), fmt.Sprintf("Story %d", i), fmt.Sprintf("%s/%d", site.URL, i), clock.Now()))
	}
	site.feed("/feed", entries...)
	add(t, d, site.URL+"/feed")
	site.feed("/feed")
	for poll, want := range []int{10, 10, 10, 5, 0} {
		if p := pollAll(t, d); p.Gone != want {
			t.Errorf("poll %d: %d, want %d", poll, p.Gone, want)
		}
	}
}

func TestFeedsAreReadAgainRightBeforeAnIssueCloses(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	look(t, d)
	site.feed("/feed", item("1", "Fine", site.URL+"/1", now), item("2", "Withdrawn", site.URL+"/2", now))
	add(t, d, site.URL+"/feed")
	clock.Add(52*time.Minute + 30*time.Second) // the issue closes in 2.5 minutes
	if _, err := d.PollDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := site.times("/feed")
	site.feed("/feed", item("1", "Fine, a typo less", site.URL+"/1", now))
	clock.Add(31 * time.Second)
	for range 3 {
		if _, err := d.PollDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := site.times("/feed") - asked; n != 1 {
		t.Fatalf("the feed was read %d times", n)
	}
	clock.Add(2 * time.Minute)
	look(t, d)
	if i := latest(t, db, data.IssueClosed); i.Subject != "Fine, a typo less" {
		t.Errorf("the issue says %q", i.Subject)
	}
}

func TestPrivateAddressesAreNeverAsked(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	site := newSite(t)
	port := site.URL[strings.LastIndex(site.URL, ":"):]
	inside := newSiteAt(t, "127.0.0.2:0")
	insidePort := inside.URL[strings.LastIndex(inside.URL, ":"):]
	inside.feed("/feed", item("1", "Secret", "https://blog.example.com/1", clock.Now()))
	d := guardedDesk(t, db, map[string]string{"paper.example.com": "127.0.0.1", "rebound.example.com": "127.0.0.2"})
	private := "http://rebound.example.com" + insidePort
	for path, to := range map[string]string{"/302": private + "/feed", "/301": private + "/feed", "/number": inside.URL + "/feed"} {
		code := map[bool]int{true: 301, false: 302}[path == "/301"]
		site.set(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, code) })
	}
	paper := "http://paper.example.com" + port
	for _, address := range []string{private + "/feed", inside.URL + "/feed", paper + "/302", paper + "/301", paper + "/number"} {
		p, err := d.AddFeed(t.Context(), address)
		if err != nil || p.Err == nil || !strings.Contains(p.Err.Error(), "private network") {
			t.Errorf("%s: %v, %v", address, p.Err, err)
		}
	}
	// The pages of stories go the same way.
	site.feed("/feed", item("1", "One", private+"/1", clock.Now()), item("2", "Two", paper+"/302", clock.Now()), item("3", "Three", paper+"/3", clock.Now()))
	add(t, d, paper+"/feed")
	site.feed("/feed")
	if p := pollAll(t, d); p.Gone != 1 {
		t.Errorf("%+v", p)
	}
	if all := states(t, db); all["One"] != data.StoryNew || all["Two"] != data.StoryNew || all["Three"] != data.StoryGone {
		t.Errorf("%v", all)
	}
	if n := inside.total(); n != 0 {
		t.Errorf("the inside was asked %d times", n)
	}
}
