package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest"
)

func (a *app) newsletterCommand() *cobra.Command {
	return group("newsletter", "What readers subscribe to", a.newsletterList(), a.newsletterAdd(), a.newsletterEdit(), a.newsletterRemove())
}

func (a *app) newsletterList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The newsletters and their readers", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Newsletters(c.Context())
				if err != nil {
					return err
				}
				var rows [][]any
				for _, n := range all {
					counts, err := p.db.CountSubscriptions(c.Context(), n.ID)
					if err != nil {
						return err
					}
					rows = append(rows, []any{n.Slug, n.Name, scheduleWords(n), n.TimeZone, n.Late, counts[data.SubscriptionActive], counts[data.SubscriptionPending]})
				}
				return a.table([]string{"Slug", "Name", "Schedule", "Time zone", "Late", "Active", "Pending"}, rows)
			})
		},
	}
}

// newsletterFlags are what add and edit share.
type newsletterFlags struct {
	name, description, cron, zone, language, late, since string
	grace, gap                                           time.Duration
	approval                                             bool
	inFull, perSection                                   int
}

func (f *newsletterFlags) bind(c *cobra.Command) {
	c.Flags().StringVar(&f.name, "name", "", "what readers see")
	c.Flags().StringVar(&f.description, "description", "", "one sentence for the subscribe page")
	c.Flags().StringVar(&f.cron, "cron", "0 7 * * *", "when issues are due: minute, hour, day, month, weekday; empty: by hand only")
	c.Flags().StringVar(&f.zone, "time-zone", "", "on whose clock (default site.time_zone)")
	c.Flags().StringVar(&f.language, "language", "", "language (default site.language)")
	c.Flags().StringVar(&f.late, "late", data.LateMerge, "an issue found too late: merge (its stories go into the next), hold, send")
	c.Flags().DurationVar(&f.grace, "grace", 0, "how late is too late (default ledger.grace)")
	c.Flags().DurationVar(&f.gap, "gap", 0, "each story as it comes, in issues at least this far apart, such as 30m; it ends --cron")
	c.Flags().IntVar(&f.inFull, "in-full", 0, "how many stories have a summary (default 14); the others stand under \"Also today\"")
	c.Flags().IntVar(&f.perSection, "per-section", 0, "how many of them at most under one heading (default no cap)")
	c.Flags().BoolVar(&f.approval, "approval", false, "an editor must approve each issue")
}

// into lays the flags that were given over a newsletter.
func (f *newsletterFlags) into(c *cobra.Command, n *data.Newsletter) error {
	for flag, set := range map[string]func(){
		"name": func() { n.Name = f.name }, "description": func() { n.Description = f.description }, "cron": func() { n.Cron = f.cron },
		"time-zone": func() { n.TimeZone = f.zone }, "language": func() { n.Language = f.language }, "late": func() { n.Late = f.late },
		"grace": func() { n.Grace = f.grace }, "approval": func() { n.Approval = f.approval },
		"gap": func() { n.Gap = f.gap }, "in-full": func() { n.InFull = f.inFull }, "per-section": func() { n.PerSection = f.perSection },
	} {
		if c.Flags().Changed(flag) {
			set()
		}
	}
	switch { // each of the two ends the other
	case c.Flags().Changed("gap") && !c.Flags().Changed("cron") && n.Gap > 0:
		n.Cron = ""
	case c.Flags().Changed("cron") && !c.Flags().Changed("gap") && n.Cron != "":
		n.Gap = 0
	}
	if n.Late != data.LateMerge && n.Late != data.LateHold && n.Late != data.LateSend {
		return usage("--late %q is not one of merge, hold, send", n.Late)
	}
	if _, err := digest.ParseSchedule(firstOf(n.Cron, "0 7 * * *"), n.TimeZone); err != nil {
		return usage("%v", err)
	}
	if n.Gap < 0 || (n.Gap > 0 && n.Cron != "") {
		return usage("an issue comes by --cron or follows its stories by --gap, not both")
	}
	if n.InFull < 0 || n.PerSection < 0 {
		return usage("--in-full and --per-section count stories")
	}
	if n.Grace <= 0 {
		return usage("--grace must be longer than nothing, such as 2h")
	}
	return nil
}

var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

func (a *app) newsletterAdd() *cobra.Command {
	var f newsletterFlags
	c := &cobra.Command{
		Use: "add SLUG", Short: "Add a newsletter", Args: takes(1, false),
		Long: "add makes a newsletter that is due every day at 07:00 unless --cron says otherwise. It takes the stories\n" +
			"of the last 24 hours and what comes; with --since it takes older ones too.",
		RunE: func(c *cobra.Command, args []string) error {
			if !slug.MatchString(args[0]) {
				return usage("%q cannot be a newsletter's short name; use a-z, 0-9 and hyphens, at most 32", args[0])
			}
			return a.with(c, func(p *paper) error {
				if err := checkSender(p.Site.From, p.Relay); err != nil {
					return err
				}
				n := data.Newsletter{Slug: args[0], Name: args[0], Cron: f.cron, TimeZone: p.Site.TimeZone, Language: p.Site.Language, Late: data.LateMerge, Grace: time.Duration(p.Ledger.Grace)}
				if err := f.into(c, &n); err != nil {
					return err
				}
				var err error
				if n.Since, err = sinceTime(f.since, n.TimeZone); err != nil {
					return err
				}
				n, err = p.db.AddNewsletter(c.Context(), n)
				if err != nil {
					return conflict(err, fmt.Sprintf("there is a newsletter %s already; where it has ended, `tipsheet newsletter edit %s --restart` takes it up again", args[0], args[0]))
				}
				return a.sayAdded(n)
			})
		},
	}
	f.bind(c)
	c.Flags().StringVar(&f.since, "since", "", "take older stories too, from this day or time on (2025-05-01)")
	return c
}

// scheduleWords is when issues are due: a cron expression, or in words.
func scheduleWords(n data.Newsletter) string {
	if n.Gap > 0 {
		return "as stories come, " + spanWords(n.Gap) + " apart"
	}
	return n.Cron
}

// spanWords is a span without the parts that are nothing: 30m, not 30m0s.
func spanWords(d time.Duration) string {
	words := d.String()
	if strings.HasSuffix(words, "m0s") {
		words = strings.TrimSuffix(words, "0s")
	}
	if strings.HasSuffix(words, "h0m") {
		words = strings.TrimSuffix(words, "0m")
	}
	return words
}

func (a *app) sayAdded(n data.Newsletter) error {
	first := "issues are made by hand"
	if n.Gap > 0 {
		first = fmt.Sprintf("an issue follows each story, at least %s after the one before", spanWords(n.Gap))
	}
	if n.Cron != "" {
		s, err := digest.ParseSchedule(n.Cron, n.TimeZone)
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(n.TimeZone)
		if err != nil {
			return err
		}
		first = "the first issue is due " + s.Next(n.AddedAt).In(zone).Format("Monday 2 January, 15:04 MST")
	}
	fmt.Fprintf(a.out, "newsletter %s added; %s\n", n.Slug, first)
	return nil
}

// sinceTime reads a day or a time on the newsletter's clock; empty is the zero time.
func sinceTime(text, zone string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	where, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, err
	}
	for _, form := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(form, text, where); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage("%q is not a day or time; write it such as 2025-05-01", text)
}

func (a *app) newsletterEdit() *cobra.Command {
	var f newsletterFlags
	var restart bool
	c := &cobra.Command{
		Use: "edit SLUG", Short: "Change what the flags name", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				n, err := p.db.NewsletterBySlug(c.Context(), args[0])
				if err != nil {
					return err
				}
				if err := f.into(c, &n); err != nil {
					return err
				}
				if err := p.db.EditNewsletter(c.Context(), n); err != nil {
					return err
				}
				if restart {
					if err := p.db.RestartNewsletter(c.Context(), n.ID); err != nil {
						return conflict(err, "that newsletter has not ended")
					}
				}
				fmt.Fprintf(a.out, "%s changed\n", n.Slug)
				return nil
			})
		},
	}
	f.bind(c)
	c.Flags().BoolVar(&restart, "restart", false, "take up one that has ended")
	return c
}

func (a *app) newsletterRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove SLUG", Short: "End a newsletter; its archive and its readers' choices stay", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				n, err := p.db.NewsletterBySlug(c.Context(), args[0])
				if err != nil {
					return err
				}
				if err := p.db.StopNewsletter(c.Context(), n.ID); err != nil {
					return conflict(err, "that newsletter has ended already")
				}
				fmt.Fprintf(a.out, "%s has ended; `tipsheet newsletter edit %s --restart` takes it up again\n", n.Slug, n.Slug)
				return nil
			})
		},
	}
}

// newsletter finds a newsletter by its short name.
func (p *paper) newsletter(ctx context.Context, slug string) (data.Newsletter, error) {
	n, err := p.db.NewsletterBySlug(ctx, slug)
	if errors.Is(err, data.ErrNotFound) {
		return n, &data.UserError{Message: fmt.Sprintf("there is no newsletter %.40q", slug), Hint: "`tipsheet newsletter list` shows what there is"}
	}
	return n, err
}
