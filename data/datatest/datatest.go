// Package datatest opens databases for tests and fills them: each test has its own, in its
// own folder, on a clock that it sets.
package datatest

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// A Clock is a time that only the test moves. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed instant.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)}
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Open opens a new, migrated database. A nil clock is time.Now.
func Open(t testing.TB, clock *Clock) *data.DB {
	t.Helper()
	return OpenAt(t, filepath.Join(t.TempDir(), "tipsheet.db"), clock)
}

// OpenAt opens and migrates the database at path.
func OpenAt(t testing.TB, path string, clock *Clock) *data.DB {
	t.Helper()
	o := data.Options{}
	if clock != nil {
		o.Clock = clock.Now
	}
	db, err := data.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// Newsletter adds a daily newsletter with n active readers, reader1@example.com and so on.
func Newsletter(t testing.TB, db *data.DB, slug string, n int) data.Newsletter {
	t.Helper()
	ctx := context.Background()
	nl, err := db.AddNewsletter(ctx, data.Newsletter{
		Slug: slug, Name: "The " + slug, Cron: "0 7 * * *", TimeZone: "UTC", Language: "en",
		Late: data.LateMerge, Grace: 2 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	const slice = 500
	for lo := 1; lo <= n; lo += slice {
		var rows []data.Import
		for i := lo; i < lo+slice && i <= n; i++ {
			rows = append(rows, data.Import{Address: fmt.Sprintf("reader%d@example.com", i), Name: fmt.Sprintf("Reader %d", i)})
		}
		r, err := db.ImportSubscribers(ctx, nl.ID, rows, "test")
		if err != nil {
			t.Fatal(err)
		}
		if r.Added != len(rows) {
			t.Fatalf("imported %d of %d readers", r.Added, len(rows))
		}
	}
	return nl
}

// Story keeps one story in a feed of its own name and returns its id.
func Story(t testing.TB, db *data.DB, title string, published time.Time) int64 {
	t.Helper()
	id, err := db.AddStory(context.Background(), data.Story{
		Link: "https://news.example.com/" + fmt.Sprint(published.UnixNano()) + "-" + title, Title: title,
		Summary: "What happened with " + title + ".", Categories: []string{"News"}, PublishedAt: published,
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ClosedIssue makes an issue of nl that is due now, with one story, closed and ready to be
// sent in chunks of chunk deliveries.
func ClosedIssue(t testing.TB, db *data.DB, nl data.Newsletter, chunk int) data.Issue {
	t.Helper()
	ctx := context.Background()
	now := db.Now()
	story := Story(t, db, "Bridge reopens", now.Add(-time.Hour))
	id, err := db.AddIssue(ctx, nl.ID, now, now)
	if err != nil {
		t.Fatal(err)
	}
	h := data.Header{From: "desk@example.com", FromName: "The Desk", Domain: "example.com", SiteURL: "https://news.example.com", List: nl.Name, ListID: nl.Slug + ".example.com"}
	if err := db.BeginClosing(ctx, id, []int64{story}, h, now.Add(6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = db.FreezeSlice(ctx, id, 1000); err != nil {
			t.Fatal(err)
		}
	}
	v := data.Variant{Edition: "full", Language: "en", Subject: "Bridge reopens", HTML: "<p>Bridge reopens</p>", Text: "Bridge reopens\n"}
	if err := db.FinishClosing(ctx, id, v, chunk); err != nil {
		t.Fatal(err)
	}
	i, err := db.Issue(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
