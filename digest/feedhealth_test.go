package digest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/digest"
)

// hours lets a clock run and polls what is due every minute. It says after how long the feed alarm stood; 0: not at all.
func hours(t *testing.T, clock *datatest.Clock, db *data.DB, d *digest.Desk, most time.Duration) time.Duration {
	t.Helper()
	for after := time.Minute; after <= most; after += time.Minute {
		clock.Add(time.Minute)
		if _, err := d.PollDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		alarms, err := db.Alarms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(alarms) > 0 {
			return after
		}
	}
	return 0
}

func TestEveryWayInWhichAFeedBreaksIsToldAfterSixHours(t *testing.T) {
	for name, broken := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"a web page":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><html><body>Log in") }, "web page"},
		"a bot filter": {status(403), "bot filter"},
		"garbage":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x00\x01\x02 nothing") }, "too broken"},
		"304 for ever": {status(304), "nothing is new without having been asked"},
		"gone":         {status(410), "no feed at that address"},
		"left alone": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(503)
		}, "left alone for 24h"},
		"an empty page": {status(200), "empty page"},
	} {
		t.Run(name, func(t *testing.T) {
			clock := datatest.NewClock()
			db := datatest.Open(t, clock)
			site, d := newSite(t), newDesk(t, db)
			site.set("/feed", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("ETag", `"1"`)
				fmt.Fprintf(w, `<rss version="2.0"><channel><title>Paper</title>%s</channel></rss>`, item("1", "A", site.URL+"/a", clock.Now()))
			})
			add(t, d, site.URL+"/feed")
			site.set("/feed", broken.answer)
			after := hours(t, clock, db, d, 8*time.Hour)
			if after < 6*time.Hour || after > 6*time.Hour+30*time.Minute {
				t.Errorf("the alarm came after %s", after)
			}
			alarms, err := db.Alarms(t.Context())
			if err != nil || len(alarms) != 1 || alarms[0].Kind != "feed" || !strings.Contains(alarms[0].Text, broken.says) {
				t.Errorf("%+v, %v", alarms, err)
			}
			feeds, err := db.Feeds(t.Context())
			if err != nil || len(feeds) != 1 || feeds[0].FailingSince.IsZero() || !strings.Contains(feeds[0].LastError, broken.says) || feeds[0].ReadAt.IsZero() {
				t.Errorf("%+v, %v", feeds, err)
			}
			if all := states(t, db); len(all) != 1 || all["A"] != data.StoryNew {
				t.Errorf("%v", all)
			}
			site.feed("/feed", item("1", "A", site.URL+"/a", clock.Now()), item("2", "B", site.URL+"/b", clock.Now()))
			if p := pollAll(t, d); p.Err != nil || p.Kept.New != 1 {
				t.Errorf("healed: %+v", p)
			}
			if alarms, err := db.Alarms(t.Context()); err != nil || len(alarms) != 0 {
				t.Errorf("healed: %+v, %v", alarms, err)
			}
		})
	}
}

func TestQuietFeedIsNotABrokenOne(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	whole := 0
	site.set("/feed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole++
		fmt.Fprintf(w, `<rss version="2.0"><channel><title>Paper</title>%s</channel></rss>`, item("1", "A", site.URL+"/a", clock.Now()))
	})
	add(t, d, site.URL+"/feed")
	if after := hours(t, clock, db, d, 24*time.Hour); after != 0 {
		t.Errorf("an alarm after %s", after)
	}
	if asked := site.times("/feed"); asked < 130 || asked > 165 || whole < 7 || whole > 10 {
		t.Errorf("a day: asked %d times, %d of them for the whole feed", asked, whole)
	}
}

func TestBrokenFeedIsAskedLessAndLessButOnceAnHour(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	site, d := newSite(t), newDesk(t, db)
	site.feed("/feed")
	add(t, d, site.URL+"/feed")
	site.set("/feed", status(500))
	asked := []int{}
	for range 4 {
		before := site.times("/feed")
		for range 60 {
			clock.Add(time.Minute)
			if _, err := d.PollDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		asked = append(asked, site.times("/feed")-before)
	}
	if asked[0] < 2 || asked[0] > 4 || asked[2] > 2 || asked[3] > 2 || asked[2]+asked[3] < 1 {
		t.Errorf("asked in each hour: %v", asked)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	site, d := newSite(t), newDesk(t, db)
	look(t, d)
	site.feed("/feed")
	add(t, d, site.URL+"/feed")
	site.set("/feed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	clock.Add(12 * time.Minute)
	if _, err := d.PollDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := site.times("/feed")
	hours(t, clock, db, d, 100*time.Minute) // an issue closes in the meantime
	if n := site.times("/feed") - asked; n != 0 {
		t.Errorf("asked %d times although it wants to be left alone", n)
	}
	hours(t, clock, db, d, 40*time.Minute)
	if n := site.times("/feed") - asked; n != 1 {
		t.Errorf("asked %d times after that", n)
	}
}
