package digest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	wordsAtOnce   = 8   // variants that are composed and then written in one transaction
	choicesAtOnce = 500 // that are planned in one transaction
)

// A galley is what an issue says, read once, from which all of its variants are set.
type galley struct {
	newsletter  data.Newsletter
	issue       data.Issue
	stories     []data.IssueStory
	corrections []data.IssueCorrection
	zone        *time.Location

	main     data.Variant      // what a reader gets who chose nothing
	variants map[reading]int64 // those that are written
	subsets  map[string]string // topics: the ids of their stories
}

// A reading is what makes a variant: which stories, how, and in which language.
type reading struct{ stories, edition, language string }

// galley reads an issue with the stories that it has now.
func (d *Desk) galley(ctx context.Context, i data.Issue) (*galley, error) {
	g := &galley{issue: i, variants: map[reading]int64{}, subsets: map[string]string{}}
	var err error
	if g.newsletter, err = d.DB.Newsletter(ctx, i.NewsletterID); err != nil {
		return nil, err
	}
	if g.stories, err = d.pick(ctx, i); err != nil {
		return nil, err
	}
	if g.corrections, err = d.DB.Corrections(ctx, i.ID); err != nil {
		return nil, err
	}
	if g.zone, err = time.LoadLocation(g.newsletter.TimeZone); err != nil {
		return nil, fmt.Errorf("write issue %d: %w", i.ID, err)
	}
	return g, nil
}

// reading is what a reader gets who chose c.
func (g *galley) reading(c data.Choice) reading {
	ids, ok := g.subsets[c.Topics]
	if !ok {
		ids = idsOf(about(g.stories, c.Topics))
		g.subsets[c.Topics] = ids
	}
	r := reading{ids, c.Edition, c.Language}
	if r.edition == "" {
		r.edition = "full"
	}
	if r.language == "" {
		r.language = g.newsletter.Language
	}
	return r
}

// assign composes and writes the variants that some choices need and that are not written yet, a
// few at a time, so that thousands take no more memory than those few; then it plans who gets
// which, and when.
func (d *Desk) assign(ctx context.Context, g *galley, choices []data.Choice) error {
	want := map[reading]data.Choice{}
	var order []reading
	for _, c := range choices {
		r := g.reading(c)
		if _, there := want[r]; there || g.variants[r] != 0 || (r.stories == "" && c != data.Choice{}) {
			continue
		}
		want[r] = c
		order = append(order, r)
	}
	for some := range slices.Chunk(order, wordsAtOnce) {
		all, err := d.set(g, some, want)
		if err != nil {
			return err
		}
		if err := d.DB.KeepVariants(ctx, g.issue.ID, all); err != nil {
			return err
		}
		for n, r := range some {
			g.variants[r] = all[n].ID
		}
		if g.main.ID == 0 {
			g.main = all[0]
		}
		if err := d.step("words"); err != nil {
			return err
		}
	}
	return d.planChoices(ctx, g, choices)
}

// set composes some variants, on all processors.
func (d *Desk) set(g *galley, some []reading, of map[reading]data.Choice) ([]data.Variant, error) {
	all := make([]data.Variant, len(some))
	failed := make([]error, len(some))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(some)) {
		workers.Go(func() {
			for n := range next {
				all[n], failed[n] = d.write(g, about(g.stories, of[some[n]].Topics), some[n])
			}
		})
	}
	for n := range some {
		next <- n
	}
	close(next)
	workers.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (d *Desk) planChoices(ctx context.Context, g *galley, choices []data.Choice) error {
	zones := map[string]*time.Location{}
	for some := range slices.Chunk(choices, choicesAtOnce) {
		plan := make([]data.PlannedChoice, len(some))
		for n, c := range some {
			r := g.reading(c)
			plan[n] = data.PlannedChoice{Choice: c.ID, Variant: g.variants[r], At: d.ownHour(g, c, zones)}
		}
		if err := d.DB.PlanChoices(ctx, g.issue.ID, plan); err != nil {
			return err
		}
		if err := d.step("plan"); err != nil {
			return err
		}
	}
	return nil
}

// ownHour is when the mail of readers may go who chose c.
func (d *Desk) ownHour(g *galley, c data.Choice, zones map[string]*time.Location) time.Time {
	if !c.OwnHour {
		return g.issue.DueAt
	}
	loc, ok := zones[c.TimeZone]
	if !ok {
		var err error
		if loc, err = time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" {
			loc = g.zone // no zone of that name is known to this machine any more
		}
		zones[c.TimeZone] = loc
	}
	return OwnHour(g.issue.DueAt, c.Minute/60, c.Minute%60, loc)
}

// step is called between the steps of a close. Tests have it fail, as a crash would.
func (d *Desk) step(name string) error {
	if d.Step == nil {
		return nil
	}
	return d.Step(name)
}
