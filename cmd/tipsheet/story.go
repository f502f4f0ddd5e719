package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest"
	"github.com/olomotimes/tipsheet/digest/feed"
)

func (a *app) storyCommand() *cobra.Command {
	return group("story", "Stories and the feeds they come from", a.storyFetch(), a.storyList(), a.storyAdd(), a.storyHide(), a.storyParse(), a.storyImport(), a.storyExport())
}

func (a *app) storyFetch() *cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use: "fetch [FEED-URL…]", Short: "Read feeds now: all, or those named; a new address that is a feed is kept and read from then on",
		RunE: func(c *cobra.Command, args []string) error {
			for _, address := range args {
				if !isWebAddress(address) {
					return usage("%q is not a web address; write it with https:// in front", address)
				}
			}
			if remove && len(args) == 0 {
				return usage("name the feed that is to be read no longer")
			}
			return a.with(c, func(p *paper) error {
				if remove {
					return a.removeFeeds(c, p, args)
				}
				polled, err := p.fetch(c.Context(), args)
				if err != nil {
					return err
				}
				return a.sayPolled(polled)
			})
		},
	}
	c.Flags().BoolVar(&remove, "remove", false, "read those named no longer; their stories stay")
	return c
}

func (a *app) removeFeeds(c *cobra.Command, p *paper, addresses []string) error {
	for _, address := range addresses {
		if err := p.db.RemoveFeed(c.Context(), address); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s is read no longer; its stories stay\n", address)
	}
	return nil
}

// fetch reads the feeds named, or all there are.
func (p *paper) fetch(ctx context.Context, addresses []string) ([]digest.Polled, error) {
	d := p.desk()
	if len(addresses) == 0 {
		return d.PollAll(ctx)
	}
	var all []digest.Polled
	for _, address := range addresses {
		one, err := d.AddFeed(ctx, address)
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (a *app) sayPolled(polled []digest.Polled) error {
	if len(polled) == 0 {
		return &data.UserError{Message: "there is no feed yet", Hint: "name its address: tipsheet story fetch https://…"}
	}
	var rows [][]any
	failed := 0
	for _, p := range polled {
		if p.Err != nil {
			failed++
		}
		rows = append(rows, []any{p.Feed.ID, p.Feed.URL, a.polledWord(p)})
	}
	if err := a.table([]string{"Feed", "Address", "Result"}, rows); err != nil {
		return err
	}
	for _, p := range polled {
		for _, w := range p.Warnings {
			fmt.Fprintf(a.err, "feed %d: %s\n", p.Feed.ID, w)
		}
	}
	if failed > 0 {
		return &exitError{exitFailed, fmt.Errorf("%d of %d feeds could not be read; the stories we have of them stay", failed, len(polled))}
	}
	return nil
}

func (a *app) storyList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "The latest stories", Args: takes(0, false),
		Long: "list shows the latest stories. Backlog: it was older than a day when its feed was first read, so it is kept and not mailed.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Stories(c.Context(), limit)
				if err != nil {
					return err
				}
				var rows [][]any
				for _, s := range all {
					in, err := p.db.IssuesOfStory(c.Context(), s.ID)
					if err != nil {
						return err
					}
					issues := several[int64]{}
					for i := range in {
						issues = append(issues, in[i].ID)
					}
					rows = append(rows, []any{s.ID, s.PublishedAt, string(s.State), s.Backlog, issues, severalOf(s.Categories), s.Title})
				}
				return a.table([]string{"ID", "Published", "State", "Backlog", "In issues", "Categories", "Title"}, rows)
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	return c
}

func (a *app) storyAdd() *cobra.Command {
	var s data.Story
	c := &cobra.Command{
		Use: "add --title … --link …", Short: "Add a story by hand", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			if s.Title == "" || !isWebAddress(s.Link) {
				return usage("a story needs --title and --link with a web address")
			}
			s.Address = feed.CanonicalURL(s.Link)
			return a.with(c, func(p *paper) error {
				id, err := p.db.AddStory(c.Context(), s)
				if err != nil {
					return conflict(err, "there is a story with that link already")
				}
				fmt.Fprintf(a.out, "story %d added\n", id)
				return nil
			})
		},
	}
	c.Flags().StringVar(&s.Title, "title", "", "headline")
	c.Flags().StringVar(&s.Link, "link", "", "web address")
	c.Flags().StringVar(&s.Summary, "summary", "", "a sentence or two")
	c.Flags().StringVar(&s.Author, "author", "", "who wrote it")
	c.Flags().StringVar(&s.Image, "image", "", "web address of a picture")
	c.Flags().StringSliceVar(&s.Categories, "category", nil, "its categories")
	return c
}

func (a *app) storyHide() *cobra.Command {
	var undo bool
	c := &cobra.Command{
		Use: "hide ID", Short: "Keep a story out of the issues to come", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := number(args[0], "story")
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				if undo {
					return conflict(p.db.ShowStory(c.Context(), id), "that story is not hidden")
				}
				return conflict(p.db.HideStory(c.Context(), id), "that story is hidden already, or gone from the site")
			})
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "let it in again")
	return c
}

func (a *app) storyParse() *cobra.Command {
	return &cobra.Command{
		Use: "parse FILE…", Short: "Print what a feed file says, as JSON; needs no database", Args: takes(1, true),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.eachFile(args, func(name string) error {
				f, err := a.parseFeed(name)
				if err != nil {
					return err
				}
				return a.printJSON(f.JSON(name))
			})
		},
	}
}

func (a *app) parseFeed(name string) (feed.Feed, error) {
	body, err := a.readFeedFile(name)
	if err != nil {
		return feed.Feed{}, err
	}
	return feed.Parse(body, "", "")
}

// number reads an id.
func number(s, noun string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return 0, usage("%q is not the number of a %s; `tipsheet %s list` shows them", s, noun, noun)
	}
	return id, nil
}
