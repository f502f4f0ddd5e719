package digest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// item is an entry of an RSS feed; at may be zero.
func item(id, title, link string, at time.Time) string {
	date := ""
	if !at.IsZero() {
		date = "<pubDate>" + at.Format(time.RFC1123Z) + "</pubDate>"
	}
	return fmt.Sprintf(`<item><guid isPermaLink="false">%s</guid><title>%s</title><link>%s</link>%s</item>`, id, title, link, date)
}

func TestTheSameStoryIsKeptOnceHoweverTheFeedWritesIt(t *testing.T) {
	clock := datatest.NewClock()
	now := clock.Now()
	for name, again := range map[string]string{
		"changed ids":        item("x-%d", "A", "https://blog.example.com/a", now),
		"http and tracking":  item("", "A", "http://blog.example.com/a/?utm_source=%d&amp;fbclid=1#top", now),
		"a changed title":    item("1", "A%d", "https://blog.example.com/a", now),
		"a changed link":     item("1", "A", "https://blog.example.com/renamed-%d", now),
		"ids, link per look": item("y-%d", "A", "https://blog.example.com/a;sid=%[1]d", now),
		"no id any more":     item("", "A%d", "https://blog.example.com/a", now),
		"no link any more":   item("1", "A%d", "", now),
	} {
		db := datatest.Open(t, clock)
		site, d := newSite(t), newDesk(t, db)
		site.feed("/feed", item("1", "A", "https://blog.example.com/a", now), item("2", "B", "https://blog.example.com/b", now))
		add(t, d, site.URL+"/feed")
		for n := range 4 {
			site.feed("/feed", strings.ReplaceAll(fmt.Sprintf(again, n), "%!(EXTRA int="+fmt.Sprint(n)+")", ""), item("2", "B", "https://blog.example.com/b", now))
			if p := pollAll(t, d); p.Kept.New != 0 {
				t.Errorf("%s: look %d brought %d new stories: %v", name, n, p.Kept.New, states(t, db))
				break
			}
		}
	}
}

func TestStoriesThatStandSideBySideStayTwo(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	now, front := clock.Now(), site.URL+"/"
	site.feed("/feed", item("1", "Live", "https://blog.example.com/live", now), item("2", "Live, later", "https://blog.example.com/live", now),
		item("3", "One", front, now), item("4", "Two", front, now))
	if p := add(t, d, site.URL+"/feed"); p.Kept.New != 4 {
		t.Errorf("%+v", p.Kept)
	}
	site.feed("/feed", item("5", "Three", front, now), item("1", "Live", "https://blog.example.com/live", now))
	if p := pollAll(t, d); p.Kept.New != 1 || p.Kept.Edited != 0 {
		t.Errorf("%+v", p.Kept)
	}
}

func TestTwoFeedsOfOneSiteTellAStoryOnce(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	site.feed("/all", item("1", "A", site.URL+"/a", now), item("2", "B", site.URL+"/b", now))
	site.feed("/lagos", item("http://x/9", "A of Lagos", strings.Replace(site.URL, "http:", "https:", 1)+"/a/", now))
	add(t, d, site.URL+"/all")
	if p := add(t, d, site.URL+"/lagos"); p.Kept.New != 0 || p.Kept.Edited != 0 {
		t.Errorf("the second feed: %+v", p.Kept)
	}
	for range 3 { // they do not take turns in wording it
		p, err := d.PollAll(t.Context())
		if err != nil || len(p) != 2 || p[0].Kept.Edited+p[1].Kept.Edited != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	// Pushed out of the first, it follows the second, and is not asked for: it stands there.
	site.feed("/all", item("2", "B", site.URL+"/b", now))
	pollAll(t, d)
	if _, err := d.PollAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := states(t, db); len(all) != 2 || all["A of Lagos"] != data.StoryNew || site.times("/a") != 0 {
		t.Errorf("%v, its page was asked for %d times", all, site.times("/a"))
	}
	if free, err := db.Candidates(t.Context(), nl.ID, 10); err != nil || len(free) != 2 {
		t.Errorf("%d candidates, %v", len(free), err)
	}
}

func TestWhatAnEditorWroteNoFeedChanges(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	if _, err := db.AddStory(t.Context(), data.Story{Title: "By hand", Link: "https://blog.example.com/a", Address: "https://blog.example.com/a"}); err != nil {
		t.Fatal(err)
	}
	site.feed("/feed", item("1", "By the feed", "http://blog.example.com/a/", clock.Now()))
	if p := add(t, d, site.URL+"/feed"); p.Kept.New != 0 || p.Kept.Edited != 0 {
		t.Errorf("%+v", p.Kept)
	}
	site.feed("/feed")
	pollAll(t, d)
	if all := states(t, db); len(all) != 1 || all["By hand"] != data.StoryNew {
		t.Errorf("%v", all)
	}
}

func TestEditsAreFollowedDownToTheCategories(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	story := func(category string) string {
		return strings.Replace(item("1", "A", site.URL+"/a", clock.Now()), "</item>", "<category>"+category+"</category></item>", 1)
	}
	site.feed("/feed", story("News"))
	add(t, d, site.URL+"/feed")
	site.feed("/feed", story("Sport"))
	if p := pollAll(t, d); p.Kept.Edited != 1 || p.Kept.New != 0 {
		t.Errorf("%+v", p.Kept)
	}
	if p := pollAll(t, d); p.Kept.Edited != 0 {
		t.Errorf("nothing has changed: %+v", p.Kept)
	}
	all, err := db.Stories(t.Context(), 10)
	if err != nil || len(all) != 1 || len(all[0].Categories) != 1 || all[0].Categories[0] != "Sport" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestDatesAheadWaitAndUndatedTakeTheTimeFirstSeen(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	add := func(at time.Time) {
		site.feed("/feed", item("1", "Embargo", site.URL+"/a", at), item("2", "Undated", site.URL+"/b", time.Time{}), item("3", "Past", site.URL+"/c", now.Add(-time.Hour)))
	}
	site.feed("/feed")
	if p, err := d.AddFeed(t.Context(), site.URL+"/feed"); err != nil || p.Err != nil {
		t.Fatal(p.Err, err)
	}
	add(now.Add(48 * time.Hour))
	pollAll(t, d)
	if all := states(t, db); all["Embargo"] != data.StoryWaiting || all["Undated"] != data.StoryNew || all["Past"] != data.StoryNew {
		t.Errorf("first: %v", all)
	}
	clock.Add(time.Hour)
	add(now.Add(3 * time.Hour)) // the site has moved it
	pollAll(t, d)
	if all := states(t, db); all["Embargo"] != data.StoryWaiting {
		t.Errorf("moved: %v", all)
	}
	clock.Add(2*time.Hour + time.Minute)
	look(t, d)
	if all := states(t, db); all["Embargo"] != data.StoryNew {
		t.Errorf("its time has come: %v", all)
	}
	kept, err := db.Stories(t.Context(), 10)
	if err != nil || len(kept) != 3 {
		t.Fatal(kept, err)
	}
	for _, s := range kept {
		if s.Title == "Undated" && !s.PublishedAt.Equal(now) || s.Title == "Embargo" && !s.PublishedAt.Equal(now.Add(3*time.Hour)) {
			t.Errorf("%s is dated %s", s.Title, s.PublishedAt)
		}
	}
}

func TestSlowSiteKeepsNobodyElseWaiting(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	slow, quick, d := newSite(t), newSite(t), newDesk(t, db)
	release, begun := make(chan struct{}), make(chan struct{})
	var first, second sync.Once
	for i := range 3 {
		at := fmt.Sprintf("/%d", i)
		slow.feed(at)
		quick.feed(at)
		add(t, d, slow.URL+at)
		add(t, d, quick.URL+at)
		slow.set(at, func(w http.ResponseWriter, _ *http.Request) {
			first.Do(func() { close(begun); <-release })
			w.WriteHeader(http.StatusBadGateway)
		})
		quick.set(at, func(w http.ResponseWriter, _ *http.Request) {
			second.Do(func() { <-begun; close(release) }) // it is asked while the other has not answered
			w.WriteHeader(http.StatusBadGateway)
		})
	}
	clock.Add(15 * time.Minute)
	for round := range 3 {
		p, err := d.PollDue(t.Context())
		if err != nil || len(p) != 2 {
			t.Fatalf("round %d: %d polled, want one of each site: %v", round, len(p), err)
		}
	}
	if p, err := d.PollDue(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("%d more were due: %v", len(p), err)
	}
}

func TestLargeFeedIsKeptWhole(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	var entries []string
	for i := range 450 {
		entries = append(entries, item(fmt.Sprint(i), fmt.Sprintf("Story %d", i), fmt.Sprintf("%s/%d", site.URL, i), clock.Now().Add(-72*time.Hour)))
	}
	site.feed("/feed", entries...)
	if p := add(t, d, site.URL+"/feed"); p.Kept.New != 450 || p.Kept.Backlog != 450 {
		t.Errorf("%+v", p.Kept)
	}
	site.feed("/feed", entries[:25]...)
	if p := pollAll(t, d); p.Kept.New != 0 || p.Kept.Edited != 0 || p.Kept.Left != 425 {
		t.Errorf("%+v", p.Kept)
	}
}

func TestFeedThatIsTakenUpAgainMailsNoOldNews(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	now := clock.Now()
	site.feed("/feed", item("1", "A", site.URL+"/a", now))
	add(t, d, site.URL+"/feed")
	if err := db.RemoveFeed(t.Context(), site.URL+"/feed"); err != nil {
		t.Fatal(err)
	}
	clock.Add(30 * 24 * time.Hour)
	site.feed("/feed", item("1", "A", site.URL+"/a", now), item("2", "In between", site.URL+"/b", now.Add(48*time.Hour)), item("3", "Fresh", site.URL+"/c", clock.Now()))
	if p := add(t, d, site.URL+"/feed"); p.Kept.New != 2 || p.Kept.Backlog != 1 {
		t.Errorf("%+v", p.Kept)
	}
}
