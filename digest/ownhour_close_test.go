package digest_test

import (
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// ownHours are readers' own hours. The clock starts at 06:00 UTC.
var ownHours = map[string]data.Choice{
	"lagos@example.com":  {OwnHour: true, Minute: 7 * 60, TimeZone: "Africa/Lagos"},           // 06:00 UTC: the due time itself
	"london@example.com": {OwnHour: true, Minute: 7*60 + 30, TimeZone: "Europe/London"},       // 07:30 UTC
	"ny@example.com":     {OwnHour: true, Minute: 7 * 60, TimeZone: "America/New_York"},       // 12:00 UTC
	"ny2@example.com":    {OwnHour: true, Minute: 7 * 60, TimeZone: "America/Toronto"},        // 12:00 UTC too
	"dawn@example.com":   {OwnHour: true, Minute: 5*60 + 59, TimeZone: "UTC", Topics: "news"}, // 05:59 UTC the next day
}

func TestReadersOwnHourMovesOnlyWhenTheirPartMayGo(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 2)
	for address, c := range ownHours {
		readerWho(t, db, nl.ID, address, c)
	}
	storyIn(t, db, "Bridge reopens", time.Hour, "News")
	begun := clock.Now()
	i := closeIssue(t, newDesk(t, db), db, issueNow(t, db, nl.ID).ID)
	parts, err := db.Parts(t.Context(), i.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	want := []data.Part{{At: begun, Readers: 3}, {At: begun.Add(90 * time.Minute), Readers: 1}, {At: begun.Add(6 * time.Hour), Readers: 2}, {At: begun.Add(24*time.Hour - time.Minute), Readers: 1}}
	if len(parts) != len(want) {
		t.Fatalf("parts: %+v", parts)
	}
	for n := range want {
		if !parts[n].At.Equal(want[n].At) || parts[n].Readers != want[n].Readers {
			t.Errorf("part %d: %+v, want %+v", n, parts[n], want[n])
		}
	}
	// One issue, closed once, with the same words.
	if v, err := db.Variants(t.Context(), i.MailingID); err != nil || len(v) != 1 || i.Audience != 7 {
		t.Fatalf("%d variants, %d readers, %v", len(v), i.Audience, err)
	}
	// What can be claimed is what may go.
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 3}, {89 * time.Minute, 0}, {time.Minute, 1}, {270 * time.Minute, 2}, {18 * time.Hour, 1}, {time.Hour, 0}} {
		clock.Add(step.after)
		if got := claimable(t, db); got != step.want {
			t.Errorf("at %s: %d deliveries may go, want %d", clock.Now(), got, step.want)
		}
	}
}

// claimable claims all chunks that are due and counts their deliveries.
func claimable(t *testing.T, db *data.DB) (n int) {
	t.Helper()
	for {
		c, err := db.ClaimChunk(t.Context(), "worker", 100*time.Hour, false)
		if err != nil {
			return n
		}
		all, err := db.ChunkDeliveries(t.Context(), c, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if v, err := db.Variant(t.Context(), d.MailingID, d.Variant); err != nil || d.Variant == 0 || v.Subject != "Bridge reopens" {
				t.Errorf("delivery %d/%d: %+v, %v", d.MailingID, d.Seq, v, err)
			}
		}
		n += len(all)
	}
}

func TestIssueWhoseReadersAllHaveTheirOwnHourIsNotLate(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 0)
	readerWho(t, db, nl.ID, "ny@example.com", ownHours["ny@example.com"])
	storyIn(t, db, "Bridge reopens", time.Hour, "News")
	d := newDesk(t, db)
	i := closeIssue(t, d, db, issueNow(t, db, nl.ID).ID)
	clock.Add(5 * time.Hour) // past the grace of two hours
	look(t, d)
	if now := issueOf(t, db, i.ID); now.State != data.IssueClosed {
		t.Fatalf("%+v", now)
	}
	clock.Add(time.Hour)
	if got := claimable(t, db); got != 1 {
		t.Fatalf("%d deliveries may go", got)
	}
	m, err := db.Mailing(t.Context(), i.MailingID)
	if err != nil || m.GiveUpAt.Sub(clock.Now()) < 6*time.Hour {
		t.Fatalf("it is given up at %s: %v", m.GiveUpAt, err)
	}
}

func TestChoiceMadeWhileAnIssueClosesIsServedOrLeftOut(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	nl := datatest.Newsletter(t, db, "daily", 3)
	storyIn(t, db, "Bridge reopens", time.Hour, "News")
	d := newDesk(t, db)
	steps := 0
	d.Step = func(name string) error {
		if steps++; name != "freeze" || steps > 4 {
			return nil
		}
		for n, c := range []data.Choice{{Edition: "headlines"}, {Topics: "sport"}} {
			if err := db.Choose(t.Context(), int64(n+1), c); err != nil {
				return err
			}
		}
		return nil
	}
	i := closeIssue(t, d, db, issueNow(t, db, nl.ID).ID)
	a, err := db.Account(t.Context(), i.MailingID)
	if err != nil || a.Audience != 2 || a.LeftOut != 1 || a.Active != 3 {
		t.Fatalf("%+v, %v", a, err)
	}
	if v, err := db.Variants(t.Context(), i.MailingID); err != nil || len(v) != 2 {
		t.Fatalf("%d variants, %v", len(v), err)
	}
}

func TestIssueThatIsSentEarlyTakesReadersOwnHoursAlong(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	readerWho(t, db, nl.ID, "ny@example.com", ownHours["ny@example.com"])         // 12:00 UTC
	readerWho(t, db, nl.ID, "london@example.com", ownHours["london@example.com"]) // 07:30 UTC
	storyIn(t, db, "Bridge reopens", time.Hour, "News")
	begun := clock.Now() // 06:00 UTC
	id, err := db.AddIssue(t.Context(), nl.ID, begun.Add(4*time.Hour), begun)
	if err != nil {
		t.Fatal(err)
	}
	i := closeIssue(t, newDesk(t, db), db, id) // due at 10:00: London has it at 07:30 the next day
	if err := db.DueNow(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	parts, err := db.Parts(t.Context(), i.MailingID)
	if err != nil || len(parts) != 3 || !parts[0].At.Equal(begun) || !parts[1].At.Equal(begun.Add(90*time.Minute)) || !parts[2].At.Equal(begun.Add(6*time.Hour)) {
		t.Fatalf("%+v, %v", parts, err)
	}
	if got := claimable(t, db); got != 1 {
		t.Fatalf("%d deliveries may go", got)
	}
}
