package digest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// The figures of docs/perf.md come from these, run by hand: make bench-digest.

// speedStories keeps n stories as a news site writes them, in ten categories.
func speedStories(b testing.TB, db *data.DB, n int) {
	b.Helper()
	for i := range n {
		_, err := db.AddStory(context.Background(), data.Story{
			Link: fmt.Sprintf("https://news.example.com/2026/03/story-%d", i), Title: fmt.Sprintf("Ferry fares rise again as the new bridge waits for its second lane, part %d", i),
			Summary: strings.Repeat("The council met late and nobody was pleased with what it heard. ", 4), Author: "Ada Writer",
			Image: fmt.Sprintf("https://news.example.com/img/%d.jpg", i), Categories: []string{fmt.Sprintf("Topic %d", i%10), fmt.Sprintf("Also %d", i)},
			PublishedAt: db.Now().Add(-time.Duration(i) * time.Minute),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// speedChoices are n choices that make n variants of an issue of 25 stories.
func speedChoices(n int) []data.Choice {
	var all []data.Choice
	for i := range n {
		var topics []string
		for bit := range 12 {
			if (i+1)>>bit&1 == 1 {
				topics = append(topics, fmt.Sprintf("Also %d", bit))
			}
		}
		for more := 12; more < 25; more++ { // as large as most are
			topics = append(topics, fmt.Sprintf("Also %d", more))
		}
		all = append(all, data.Choice{Topics: data.FoldTopics(topics)})
	}
	return all
}

// speedIssue is a draft with 25 stories, and a reader for each choice.
func speedIssue(b testing.TB, db *data.DB, choices []data.Choice) data.Issue {
	b.Helper()
	nl := datatest.Newsletter(b, db, "daily", 1)
	speedStories(b, db, 25)
	made := 0
	for part := range slices.Chunk(choices, 500) {
		var rows []data.Import
		for _, c := range part {
			made++
			rows = append(rows, data.Import{Address: fmt.Sprintf("choosy%d@example.net", made), Choice: c})
		}
		if _, err := db.ImportSubscribers(b.Context(), nl.ID, rows, "bench"); err != nil {
			b.Fatal(err)
		}
	}
	id, err := db.AddIssue(b.Context(), nl.ID, db.Now(), db.Now())
	if err != nil {
		b.Fatal(err)
	}
	i, err := db.Issue(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func BenchmarkComposeFiftyVariants(b *testing.B)       { benchmarkCompose(b, 50) }
func BenchmarkComposeTwoThousandVariants(b *testing.B) { benchmarkCompose(b, 2000) }

func benchmarkCompose(b *testing.B, n int) {
	for range b.N {
		b.StopTimer()
		db := datatest.Open(b, datatest.NewClock())
		i := speedIssue(b, db, speedChoices(n-1))
		d := newDesk(b, db)
		forgetPeak(b)
		b.StartTimer()
		if err := d.Close(b.Context(), i.ID); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(peakMB(b), "MB-resident")
		i, err := db.Issue(b.Context(), i.ID)
		if err != nil || i.State != data.IssueClosed {
			b.Fatalf("%+v, %v", i, err)
		}
		uses, err := db.VariantUses(b.Context(), i.MailingID, n+1)
		if err != nil || len(uses) != n {
			b.Fatalf("%d variants of %d: %v", len(uses), n, err)
		}
		b.StartTimer()
	}
}

const million = 1_000_000

// BenchmarkFreezeAMillion closes an issue for 1,000,000 readers with 200 choices, while 100 of
// them a second leave.
func BenchmarkFreezeAMillion(b *testing.B) {
	readers := million
	if n, err := strconv.Atoi(os.Getenv("READERS")); err == nil {
		readers = n
	}
	for range b.N {
		b.StopTimer()
		db := datatest.Open(b, datatest.NewClock())
		i := speedIssue(b, db, speedChoices(199))
		fillReaders(b, db, i.NewsletterID, readers)
		d := newDesk(b, db)
		forgetPeak(b)
		ctx, stop := context.WithCancel(b.Context())
		var leaving sync.WaitGroup
		var waits []time.Duration
		leaving.Go(func() { waits = leave(b, ctx, db) })
		begun := time.Now()
		b.StartTimer()
		if err := d.Close(b.Context(), i.ID); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		took := time.Since(begun)
		stop()
		leaving.Wait()
		slices.Sort(waits)
		i, err := db.Issue(b.Context(), i.ID)
		if err != nil || i.State != data.IssueClosed || i.Audience < readers || len(waits) < 10 {
			b.Fatalf("%+v, %d unsubscribes, %v", i, len(waits), err)
		}
		b.ReportMetric(took.Seconds(), "s-freeze")
		b.ReportMetric(peakMB(b), "MB-resident")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-unsubscribe-p99")
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-unsubscribe-p50")
		b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "ms-unsubscribe-max")
		b.ReportMetric(float64(len(waits))/took.Seconds(), "unsubscribes/s")
		a, err := db.Account(b.Context(), i.MailingID)
		if err != nil || a.Audience+a.LeftOut != a.Active {
			b.Fatalf("the figures do not add up: %+v, %v", a, err)
		}
		b.StartTimer()
	}
}

// fillReaders writes readers as rows, faster than an import: one in ten with one of the choices.
func fillReaders(b *testing.B, db *data.DB, newsletter int64, n int) {
	b.Helper()
	raw, err := sql.Open("sqlite3", "file:"+db.Path()+"?_txlock=immediate&_busy_timeout=10000")
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	const slice = 50_000
	for lo := 1; lo <= n; lo += slice {
		tx, err := raw.Begin()
		if err != nil {
			b.Fatal(err)
		}
		hi := min(lo+slice-1, n)
		numbers := fmt.Sprintf(`WITH RECURSIVE c(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM c WHERE n < %d) `, lo, hi)
		for _, q := range []string{
			// Addresses come in no order, as they do.
			`INSERT INTO subscriber (id, address, typed, name, added_at) ` + numbers + `SELECT 1000000 + n, printf('%08x.r%d@example.org', (n * 2654435761) % 4294967296, n), printf('%08x.r%d@example.org', (n * 2654435761) % 4294967296, n), 'Reader ' || n, 0 FROM c`,
			`INSERT INTO subscription (id, subscriber_id, newsletter_id, state, source, asked_at, moved_at, choice_id) ` + numbers + fmt.Sprintf(`SELECT 1000000 + n, 1000000 + n, %d, 'active', 'bench', 0, 0, CASE WHEN n %% 10 = 0 THEN 1 + n / 10 %% 199 END FROM c`, newsletter),
			`INSERT INTO subscription_move (subscription_id, at, state, why) ` + numbers + `SELECT 1000000 + n, 0, 'active', 'bench' FROM c`,
		} {
			if _, err := tx.Exec(q); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// leave unsubscribes a reader every 10 ms and says how long each had to wait.
func leave(b *testing.B, ctx context.Context, db *data.DB) []time.Duration {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	for n := int64(1); ; n++ {
		select {
		case <-ctx.Done():
			all.Wait()
			return waits
		case <-tick.C:
		}
		all.Go(func() {
			begun := time.Now()
			if err := db.Unsubscribe(context.WithoutCancel(ctx), 1_000_000+n*7, "bench"); err != nil {
				b.Error(err)
			}
			mu.Lock()
			waits = append(waits, time.Since(begun))
			mu.Unlock()
		})
	}
}

// forgetPeak has the kernel forget the most memory that this process has had resident.
func forgetPeak(b testing.TB) {
	b.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("the peak of memory is since the start: %v", err)
	}
}

func peakMB(b testing.TB) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb * 1024 / 1e6
}
