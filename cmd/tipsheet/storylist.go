package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/digest"
	"github.com/olomotimes/tipsheet/digest/feed"
)

func (a *app) storyImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE.opml", Short: "Take over the feeds of another reader: reads each, and keeps those that are feeds", Args: takes(1, false),
		Long: "import takes the list of feeds that another reader exports (OPML; - is standard input). Each is read once, and kept when that works; " +
			"those that are kept already are only read. The same list may be imported again.",
		RunE: func(c *cobra.Command, args []string) error {
			body, err := a.readFeedFile(args[0])
			if err != nil {
				return err
			}
			list, warnings, err := feed.ReadOPML(body)
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				addresses := make([]string, len(list))
				for i, o := range list {
					addresses[i] = o.Feed
				}
				polled, err := p.desk().AddFeeds(c.Context(), addresses)
				if err != nil {
					return err
				}
				for _, w := range warnings {
					fmt.Fprintln(a.err, w)
				}
				return a.sayPolled(polled)
			})
		},
	}
}

func (a *app) storyExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print the feeds as a list for another reader (OPML)", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Feeds(c.Context())
				if err != nil {
					return err
				}
				var list []feed.Outline
				for _, f := range all {
					list = append(list, feed.Outline{Title: f.Title, Feed: f.URL, Site: f.Link})
				}
				body, err := feed.WriteOPML(p.Site.Name, list)
				if err != nil {
					return err
				}
				_, err = a.out.Write(body)
				return err
			})
		},
	}
}

// readFeedFile reads a file as large as a feed may be; "-" is standard input.
func (a *app) readFeedFile(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, feed.MaxBytes+1))
	if err == nil && len(body) > feed.MaxBytes {
		err = fmt.Errorf("larger than %d MB, which no feed is", feed.MaxBytes>>20)
	}
	return body, err
}

// polledWord is what one poll brought, in words.
func (a *app) polledWord(p digest.Polled) string {
	word := fmt.Sprintf("%d new, %d edited, %d in the feed", p.Kept.New, p.Kept.Edited, p.Read)
	switch {
	case p.Err != nil:
		word = p.Err.Error()
		if !p.Feed.ReadAt.IsZero() {
			word += "; last read " + a.inZone(p.Feed.ReadAt).Format("2006-01-02 15:04 MST")
		}
		if !p.Feed.FailingSince.IsZero() {
			word += ", broken since " + a.inZone(p.Feed.FailingSince).Format("2006-01-02 15:04 MST")
		}
		return word
	case p.Same:
		word = "nothing has changed"
	case p.Kept.Backlog > 0:
		word += fmt.Sprintf(" (%d older than a day: kept, not mailed)", p.Kept.Backlog)
	}
	if p.Gone > 0 {
		word += fmt.Sprintf("; %d gone from the site, mailed no more", p.Gone)
	}
	switch {
	case p.Kept.Joined:
		word += "; it has moved to " + p.MovedTo + ", which is read already, and is read no longer"
	case p.MovedTo != "":
		word += "; it has moved, and is read at " + p.MovedTo + " from now on"
	}
	return word
}
