package digest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest/feed"
)

const (
	pollers     = 8               // sites that are asked at the same time; each is asked for one thing at a time
	readAgain   = 2 * time.Minute // before an issue closes the feeds are read once more
	afterAsking = 2 * time.Second // a feed that was just asked is not asked once more for that
)

// A Polled is what one poll of one feed brought.
type Polled struct {
	Feed data.Feed // as it was before
	Kept data.KeptStories
	Read int // entries in the feed; 0 also when nothing was new
	Gone int // stories that had left the feed and are gone from the site
	// Same says that the site answered that nothing has changed.
	Same bool
	// MovedTo is where the feed is read from now on; empty: where it was.
	MovedTo  string
	Warnings []string
	Err      error // why it brought nothing
}

// PollDue polls the feeds that are due, one of each site: the others of a site come with the next call, so that
// a slow site keeps nobody waiting but itself. Right before an issue closes every feed that is well is due. It also raises
// the alarm for feeds that have been broken for 6 h.
func (d *Desk) PollDue(ctx context.Context) ([]Polled, error) {
	if err := d.alarmBroken(ctx); err != nil {
		return nil, err
	}
	before, err := d.closing(ctx)
	if err != nil {
		return nil, err
	}
	due, err := d.DB.DueFeeds(ctx, before)
	if err != nil {
		return nil, err
	}
	sites := bySite(due)
	for i := range sites {
		sites[i] = sites[i][:1]
	}
	return d.poll(ctx, due, sites, !before.IsZero())
}

// closing is since when feeds must have been read for the issue that closes next; zero: that is not soon.
func (d *Desk) closing(ctx context.Context) (time.Time, error) {
	next, err := d.DB.NextClose(ctx)
	if err != nil || next.IsZero() || next.Sub(d.DB.Now()) > readAgain {
		return time.Time{}, err
	}
	return next.Add(-readAgain - afterAsking), nil
}

// PollAll polls every feed now.
func (d *Desk) PollAll(ctx context.Context) ([]Polled, error) {
	all, err := d.DB.Feeds(ctx)
	if err != nil {
		return nil, err
	}
	return d.poll(ctx, all, bySite(all), false)
}

// AddFeed reads an address and, where that is a feed, keeps it, to be read from now on; one that has moved for good is kept
// by its new address. One that cannot be read is not kept: the Polled says why. An address that is kept already is
// polled like any other.
func (d *Desk) AddFeed(ctx context.Context, address string) (Polled, error) {
	all, err := d.DB.Feeds(ctx)
	if err != nil {
		return Polled{}, err
	}
	if f, ok := known(all, address); ok {
		return d.pollOne(ctx, f, false)
	}
	answer, err := d.fetcher.Fetch(ctx, address, feed.Conditions{})
	if err != nil {
		return Polled{Feed: data.Feed{URL: address}, Err: err}, ctx.Err()
	}
	f, ok := known(all, answer.MovedTo)
	if !ok {
		at := address
		if answer.MovedTo != "" {
			at = answer.MovedTo
		}
		if f, err = d.DB.AddFeed(ctx, at); err != nil {
			return Polled{}, err
		}
	}
	moved := answer.MovedTo
	answer.MovedTo = ""
	p, err := d.keep(ctx, f, answer)
	p.MovedTo = moved
	return p, err
}

// known finds a feed by its address, however that is spelt.
func known(all []data.Feed, address string) (data.Feed, bool) {
	i := slices.IndexFunc(all, func(f data.Feed) bool { return address != "" && feed.CanonicalURL(f.URL) == feed.CanonicalURL(address) })
	if i < 0 {
		return data.Feed{}, false
	}
	return all[i], true
}

// AddFeeds is AddFeed for many addresses, several sites at a time, the results in their order. It is for lists that come from
// another reader.
func (d *Desk) AddFeeds(ctx context.Context, addresses []string) ([]Polled, error) {
	feeds := make([]data.Feed, len(addresses))
	for i, a := range addresses {
		feeds[i].URL = a
	}
	return eachSite(ctx, feeds, bySite(feeds), func(f data.Feed) (Polled, error) { return d.AddFeed(ctx, f.URL) })
}

// bySite groups feeds by their host; the groups hold places in all.
func bySite(all []data.Feed) (sites [][]int) {
	at := map[string]int{}
	for i, f := range all {
		host := f.URL
		if u, err := url.Parse(f.URL); err == nil {
			host = strings.ToLower(u.Host)
		}
		n, ok := at[host]
		if !ok {
			n = len(sites)
			at[host] = n
			sites = append(sites, nil)
		}
		sites[n] = append(sites[n], i)
	}
	return sites
}

func (d *Desk) poll(ctx context.Context, feeds []data.Feed, sites [][]int, closing bool) ([]Polled, error) {
	return eachSite(ctx, feeds, sites, func(f data.Feed) (Polled, error) { return d.pollOne(ctx, f, closing) })
}

// eachSite does the same for the feeds that sites names, site by site, and gives the results in the feeds' order. The first
// error, which is about our own database or the end of ctx, ends it.
func eachSite(ctx context.Context, feeds []data.Feed, sites [][]int, do func(data.Feed) (Polled, error)) ([]Polled, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	results := make([]*Polled, len(feeds))
	next := make(chan []int)
	var wait sync.WaitGroup
	for range min(pollers, len(sites)) {
		wait.Go(func() {
			for site := range next {
				for _, i := range site {
					if ctx.Err() != nil {
						break
					}
					p, err := do(feeds[i])
					if err != nil {
						stop(err)
						break
					}
					results[i] = &p
				}
			}
		})
	}
	for _, site := range sites {
		next <- site
	}
	close(next)
	wait.Wait()
	var all []Polled
	for _, p := range results {
		if p != nil {
			all = append(all, *p)
		}
	}
	return all, context.Cause(ctx)
}
