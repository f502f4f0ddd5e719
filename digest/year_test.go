package digest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/digest"
)

const (
	yearLasts = 365 * 24 * time.Hour
	yearBound = 10 * time.Second // of real time, unless YEAR=1 asks for the whole
	drainDays = 10               // at the end nothing is posted, and everything that waits goes out
)

var errCrash = errors.New("the process died here")

// A year is a newsroom with four newsletters, through posts, edits, removals, polls, broken
// feeds, editors' whims, crashes and downtimes. SEED=n repeats one.
type year struct {
	t     *testing.T
	rng   *rand.Rand
	clock *datatest.Clock
	site  *yearSite
	db    *data.DB
	desk  *digest.Desk
	calm  bool // the end of it: no crash, no whim

	told    map[int64]map[string]int64 // newsletter: story: the issue that went out with it
	crashes int
	steps   int
}

func TestEachStoryOfAYearIsToldOnceInEachNewsletter(t *testing.T) {
	seed := rand.Uint64N(1_000_000)
	if n, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = n
	}
	y := &year{t: t, rng: rand.New(rand.NewPCG(seed, 4)), clock: datatest.NewClock(), told: map[int64]map[string]int64{}}
	y.site = newYearSite(t, y.rng, y.clock)
	y.db = datatest.Open(t, y.clock)
	y.desk = y.newDesk()
	y.newsletters()
	if p, err := y.desk.AddFeed(t.Context(), y.site.URL+"/feed"); err != nil || p.Err != nil {
		t.Fatal(err, p.Err)
	}
	begun, first := time.Now(), y.clock.Now()
	for y.clock.Now().Sub(first) < yearLasts {
		if os.Getenv("YEAR") == "" && time.Since(begun) > yearBound {
			break
		}
		y.step()
	}
	days := int(y.clock.Now().Sub(first).Hours() / 24)
	y.drain()
	stories, issues := y.check()
	t.Logf("SEED=%d: %d days, %d steps, %d crashes and restarts, %d stories, %d issues went out", seed, days, y.steps, y.crashes, stories, issues)
	if days < 3 || issues < 5 || stories < 10 {
		t.Fatalf("SEED=%d: too little happened to prove anything", seed)
	}
}

// newsletters adds one of each kind. The daily one has readers, the others nobody: theirs are
// complete as soon as they are closed.
func (y *year) newsletters() {
	y.t.Helper()
	for _, n := range []data.Newsletter{
		{Slug: "daily", Cron: "0 7 * * *"}, {Slug: "weekly", Cron: "0 17 * * 5", Late: data.LateSend},
		{Slug: "asitcomes", Gap: 5 * time.Hour}, {Slug: "approved", Cron: "30 6 * * 1-5", Approval: true, Late: data.LateHold},
	} {
		n.Name, n.TimeZone, n.Language, n.Grace = "The "+n.Slug, "Africa/Lagos", "en", 2*time.Hour
		if n.Late == "" {
			n.Late = data.LateMerge
		}
		n, err := y.db.AddNewsletter(y.t.Context(), n)
		if err != nil {
			y.t.Fatal(err)
		}
		y.told[n.ID] = map[string]int64{}
		if n.Slug == "daily" {
			for i, topics := range []string{"", "news", "sport", "weather"} {
				readerWho(y.t, y.db, n.ID, fmt.Sprintf("reader%d@example.com", i), data.Choice{Topics: topics, OwnHour: i == 3, Minute: 600, TimeZone: "America/New_York"})
			}
		}
	}
}

func (y *year) newDesk() *digest.Desk {
	d := newDesk(y.t, y.db)
	d.Step = func(string) error {
		switch {
		case y.calm || y.rng.IntN(25) > 0:
			return nil
		case y.rng.IntN(2) == 0:
			panic(errCrash)
		}
		return errCrash
	}
	return d
}

// survive runs do, and starts the process again where it died.
func (y *year) survive(what string, do func() error) {
	defer func() {
		if r := recover(); r == errCrash {
			y.restart()
		} else if r != nil {
			panic(r)
		}
	}()
	switch err := do(); {
	case errors.Is(err, errCrash):
		y.restart()
	case err != nil:
		y.t.Fatalf("%s: %v", what, err)
	}
}

func (y *year) restart() {
	y.crashes++
	if err := y.db.Close(); err != nil {
		y.t.Fatal(err)
	}
	db, err := data.Open(y.t.Context(), y.db.Path(), data.Options{Clock: y.clock.Now})
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { db.Close() })
	y.db = db
	y.desk = y.newDesk()
}

// step lets some time pass, and then something happen.
func (y *year) step() {
	y.steps++
	y.clock.Add(y.pause())
	y.site.live()
	switch n := y.rng.IntN(100); {
	case n < 2:
		y.restart()
	case n < 8:
		y.whim()
	case n < 45:
		y.poll()
	}
	y.look()
	if y.rng.IntN(12) > 0 { // else the mailer is down
		y.send()
	}
}

// pause is up to some hours, but mostly not past the next closing time; now and then the
// machine is down for days.
func (y *year) pause() time.Duration {
	if y.rng.IntN(400) == 0 {
		return time.Duration(y.rng.IntN(90)) * time.Hour
	}
	some := time.Duration(1+y.rng.IntN(240)) * time.Minute
	next, err := y.db.NextClose(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	if until := next.Sub(y.clock.Now()); !next.IsZero() && until > 0 && until < some && y.rng.IntN(15) > 0 {
		return until
	}
	return some
}

func (y *year) look() { y.survive("look", func() error { return y.desk.Look(y.t.Context()) }) }

func (y *year) poll() {
	y.survive("poll", func() error {
		_, err := y.desk.PollAll(y.t.Context())
		return err
	})
}

// send begins whatever is due, as the mailer would.
func (y *year) send() {
	for {
		_, err := y.db.ClaimChunk(y.t.Context(), "mailer", yearLasts, false)
		if errors.Is(err, data.ErrNotFound) {
			break
		}
		if err != nil {
			y.t.Fatal(err)
		}
	}
	y.note(12)
}

// note writes down which stories went out with the latest issues, and fails where one did before.
func (y *year) note(latest int) {
	all, err := y.db.PublishedIssues(y.t.Context(), latest)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, i := range all {
		v, err := y.db.MainVariant(y.t.Context(), i.MailingID)
		if err != nil {
			y.t.Fatal(err)
		}
		for story := range strings.FieldsSeq(v.Stories) {
			if other := y.told[i.NewsletterID][story]; other != 0 && other != i.ID {
				y.t.Fatalf("story %s is in the issues %d and %d of newsletter %d", story, other, i.ID, i.NewsletterID)
			}
			y.told[i.NewsletterID][story] = i.ID
		}
	}
}

// whim is what an editor does: approve, pin, hide, unhide, retitle, resume, cancel.
func (y *year) whim() {
	ctx := y.t.Context()
	all, err := y.db.Issues(ctx, 30)
	if err != nil {
		y.t.Fatal(err)
	}
	if len(all) == 0 {
		return
	}
	i := all[y.rng.IntN(len(all))]
	stories, err := y.desk.Picked(ctx, i.ID)
	if err != nil {
		y.t.Fatal(err)
	}
	switch n := y.rng.IntN(10); {
	case n < 4:
		err = y.approve(i)
	case n == 4 && i.State == data.IssueHeld:
		err = y.db.CancelIssue(ctx, i.ID, "by hand")
	case len(stories) == 0 || i.MailingID != 0:
	default:
		s := stories[y.rng.IntN(len(stories))].ID
		e := []data.IssueEdit{{Pin: []int64{s}}, {Hide: []int64{s}}, {Unhide: []int64{s}}, titled(s, "Retitled"), {Order: []int64{s}}}[y.rng.IntN(5)]
		err = y.db.EditIssue(ctx, i.ID, e)
	}
	var story *data.StoryError
	if err != nil && !errors.Is(err, data.ErrConflict) && !errors.As(err, &story) {
		y.t.Fatal(err)
	}
}

func (y *year) approve(i data.Issue) error {
	if i.MailingID != 0 {
		return y.db.ResumeMailing(y.t.Context(), i.MailingID)
	}
	return y.db.ApproveIssue(y.t.Context(), i.ID)
}

// drain lets everything out that waits.
func (y *year) drain() {
	y.calm, y.site.quiet = true, true
	for end := y.clock.Now().Add(drainDays * 24 * time.Hour); y.clock.Now().Before(end); {
		y.clock.Add(time.Hour)
		if y.clock.Now().Hour()%6 == 0 {
			y.poll()
		}
		all, err := y.db.Issues(y.t.Context(), 10_000)
		if err != nil {
			y.t.Fatal(err)
		}
		for _, i := range all {
			if slices.Contains([]data.IssueState{data.IssueHeld, data.IssueAwaiting, data.IssueDraft}, i.State) {
				if err := y.approve(i); err != nil {
					y.t.Fatal(err)
				}
			}
		}
		y.look()
		y.send()
	}
}

// check counts what must add up: each story that is still to be told was told once.
func (y *year) check() (stories, issues int) {
	ctx := y.t.Context()
	y.note(1_000_000) // one that was approved very late is not among the latest by its due time
	kept, err := y.db.Stories(ctx, 1_000_000)
	if err != nil {
		y.t.Fatal(err)
	}
	if len(kept) < y.site.seen() {
		y.t.Errorf("%d stories were in the feed when it was read, and %d are kept", y.site.seen(), len(kept))
	}
	out := map[int64]bool{}
	for newsletter, told := range y.told {
		hidden := y.hidden(newsletter)
		for _, s := range kept {
			id := fmt.Sprint(s.ID)
			if issue := told[id]; issue != 0 {
				out[issue] = true
			} else if s.State == data.StoryNew && !s.Backlog && !hidden[s.ID] {
				in, err := y.db.IssuesOfStory(ctx, s.ID)
				y.t.Errorf("newsletter %d never told story %d of %s; it is in %+v, %v", newsletter, s.ID, s.PublishedAt, in, err)
			}
		}
	}
	for issue := range out {
		i := issueOf(y.t, y.db, issue)
		if a, err := y.db.Account(ctx, i.MailingID); err != nil || a.Audience+a.LeftOut != a.Active {
			y.t.Errorf("issue %d does not add up: %+v, %v", issue, a, err)
		}
	}
	return len(kept), len(out)
}

func (y *year) hidden(newsletter int64) map[int64]bool {
	all, err := y.db.HiddenStories(y.t.Context(), newsletter)
	if err != nil {
		y.t.Fatal(err)
	}
	set := map[int64]bool{}
	for _, id := range all {
		set[id] = true
	}
	return set
}
