package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) subscriberCommand() *cobra.Command {
	return group("subscriber", "Readers", a.subscriberAdd(), a.subscriberImport(), a.subscriberExport(), a.subscriberList(), a.subscriberShow(),
		a.subscriberEnd("unsubscribe ADDRESS", "End all of an address's subscriptions", "unsubscribed", func(c *cobra.Command, p *paper, address string) error {
			return p.db.UnsubscribeAddress(c.Context(), address, "by command")
		}),
		a.subscriberEnd("erase ADDRESS", "Forget an address, and never write to it again", "erased", func(c *cobra.Command, p *paper, address string) error {
			return p.db.EraseSubscriber(c.Context(), address)
		}))
}

const importSlice = 200 // rows a transaction

func (a *app) subscriberAdd() *cobra.Command {
	var newsletter, name string
	var f choiceFlags
	c := &cobra.Command{
		Use: "add ADDRESS…", Short: "Add readers who have agreed elsewhere", Args: takes(1, true),
		Long: "add adds readers as active. With --topics, --edition, --language or --hour it also changes what a reader\n" +
			"chose who is known already: all of these at once; those that are not given are as for a new reader.",
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				n, err := p.theNewsletter(c, newsletter)
				if err != nil {
					return err
				}
				chosen, err := f.choice(n.TimeZone)
				if err != nil {
					return err
				}
				rows := make([]data.Import, len(args))
				for i, address := range args {
					rows[i] = data.Import{Address: address, Name: name, Choice: chosen, Choose: f.given(c)}
				}
				return a.importRows(c, p, n, rows, "command")
			})
		},
	}
	f.bind(c, true)
	c.Flags().StringVar(&newsletter, "newsletter", "", "to which newsletter (default: the only one)")
	c.Flags().StringVar(&name, "name", "", "the reader's name")
	return c
}

// theNewsletter is the one with that slug, or the only one there is.
func (p *paper) theNewsletter(c *cobra.Command, slug string) (data.Newsletter, error) {
	if slug != "" {
		return p.newsletter(c.Context(), slug)
	}
	all, err := p.db.Newsletters(c.Context())
	if err != nil {
		return data.Newsletter{}, err
	}
	if len(all) != 1 {
		return data.Newsletter{}, usage("there are %d newsletters; name one with --newsletter", len(all))
	}
	return all[0], nil
}

func (a *app) importRows(c *cobra.Command, p *paper, n data.Newsletter, rows []data.Import, source string) error {
	var sum data.ImportResult
	for part := range slices.Chunk(rows, importSlice) {
		r, err := p.db.ImportSubscribers(c.Context(), n.ID, part, source)
		if err != nil {
			return err
		}
		sum.Added, sum.Known, sum.Suppressed, sum.Bad = sum.Added+r.Added, sum.Known+r.Known, sum.Suppressed+r.Suppressed, append(sum.Bad, r.Bad...)
	}
	fmt.Fprintf(a.out, "%d added to %s, %d known already, %d never to be written to, %d not addresses\n", sum.Added, n.Slug, sum.Known, sum.Suppressed, len(sum.Bad))
	for i, bad := range sum.Bad {
		if i == 20 {
			fmt.Fprintf(a.err, "tipsheet: and %d more\n", len(sum.Bad)-i)
			break
		}
		fmt.Fprintln(a.err, "tipsheet: "+sentence(bad))
	}
	if len(sum.Bad) > 0 {
		return &exitError{exitFailed, errSaid}
	}
	return nil
}

// eachSubscriber walks all subscribers with their subscriptions, page by page.
func (p *paper) eachSubscriber(c *cobra.Command, take func(data.Subscriber, data.Subscription, string) error) error {
	slugs := map[int64]string{}
	for after := int64(0); ; {
		all, err := p.db.Subscribers(c.Context(), after, importSlice)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, s := range all {
			subs, err := p.db.SubscriptionsOf(c.Context(), s.ID)
			if err != nil {
				return err
			}
			for _, u := range subs {
				if slugs[u.NewsletterID] == "" {
					n, err := p.db.Newsletter(c.Context(), u.NewsletterID)
					if err != nil {
						return err
					}
					slugs[u.NewsletterID] = n.Slug
				}
				if err := take(s, u, slugs[u.NewsletterID]); err != nil {
					return err
				}
			}
			after = s.ID
		}
	}
}

func (a *app) subscriberExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print all readers as a table for a spreadsheet", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				headings := []string{"email", "name", "newsletter", "state", "source", "since", "topics", "edition", "language", "hour", "time_zone"}
				if a.json {
					var rows [][]any
					err := p.eachSubscriber(c, func(s data.Subscriber, u data.Subscription, slug string) error {
						ch := u.Choice
						rows = append(rows, []any{s.Typed, s.Name, slug, string(u.State), u.Source, u.MovedAt, severalOf(ch.TopicList()), ch.Edition, ch.Language, clockOf(ch), ch.TimeZone})
						return nil
					})
					return errors.Join(err, a.table(headings, rows))
				}
				w := csv.NewWriter(a.out)
				if err := w.Write(headings); err != nil {
					return err
				}
				err := p.eachSubscriber(c, func(s data.Subscriber, u data.Subscription, slug string) error {
					ch := u.Choice
					return w.Write([]string{cell(s.Typed), cell(s.Name), slug, string(u.State), u.Source, u.MovedAt.Format("2006-01-02T15:04:05Z"),
						cell(strings.Join(ch.TopicList(), "; ")), ch.Edition, ch.Language, clockOf(ch), ch.TimeZone})
				})
				w.Flush()
				return errors.Join(err, w.Error())
			})
		},
	}
}

// cell keeps a spreadsheet from taking a stranger's text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (a *app) subscriberList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "All readers", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				var rows [][]any
				err := p.eachSubscriber(c, func(s data.Subscriber, u data.Subscription, slug string) error {
					rows = append(rows, []any{s.Typed, s.Name, slug, string(u.State), u.MovedAt, severalOf(u.Choice.TopicList()), u.Choice.Edition, hourOf(u.Choice)})
					return nil
				})
				if err != nil {
					return err
				}
				return a.table([]string{"Address", "Name", "Newsletter", "State", "Since", "Topics", "Edition", "Hour"}, rows)
			})
		},
	}
}

func (a *app) subscriberShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ADDRESS", Short: "What we know of one reader", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				s, err := p.db.SubscriberByAddress(c.Context(), args[0])
				if err != nil {
					return err
				}
				subs, err := p.db.SubscriptionsOf(c.Context(), s.ID)
				if err != nil {
					return err
				}
				var rows [][]any
				for _, u := range subs {
					n, err := p.db.Newsletter(c.Context(), u.NewsletterID)
					if err != nil {
						return err
					}
					rows = append(rows, []any{s.Typed, s.Name, n.Slug, string(u.State), u.Source, u.AskedAt, u.MovedAt,
						severalOf(u.Choice.TopicList()), u.Choice.Edition, firstOf(u.Choice.Language, n.Language), hourOf(u.Choice)})
				}
				return a.table([]string{"Address", "Name", "Newsletter", "State", "Source", "Asked", "Since", "Topics", "Edition", "Language", "Hour"}, rows)
			})
		},
	}
}

func (a *app) subscriberEnd(use, short, said string, do func(*cobra.Command, *paper, string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				if err := do(c, p, args[0]); err != nil {
					return err
				}
				fmt.Fprintln(a.out, said)
				return nil
			})
		},
	}
}
