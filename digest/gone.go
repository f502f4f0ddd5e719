package digest

import (
	"context"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// Asking for the pages of stories that have left their feed. Most have only been pushed out by newer ones; what matters is
// what the next issue would show, so they are asked for when they leave, seldom while they wait, and right before an issue closes.
const (
	checkAgain  = 12 * time.Hour
	checkBefore = time.Hour // an answer older than this does not do when an issue closes
	mostChecks  = 10        // a poll
	lastChecks  = 60        // a poll right before an issue closes
	checkTime   = time.Minute
)

// checkMissing asks for the pages of stories that have left the feed and wait to be told, and drops those of
// which the site says that they are gone (404, 410). Any other answer, and none at all, leaves the story in.
func (d *Desk) checkMissing(ctx context.Context, f data.Feed, closing bool) (gone int, err error) {
	again, most := checkAgain, mostChecks
	if closing {
		again, most = checkBefore, lastChecks
	}
	missing, err := d.DB.MissingStories(ctx, f.ID, d.DB.Now().Add(-again), most)
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for _, s := range missing {
		is, why := d.fetcher.Gone(limited, s.Link)
		if ctx.Err() != nil {
			return gone, ctx.Err()
		}
		if why != nil {
			d.Log.Info("page of a story could not be checked", "story", s.ID, "feed", f.ID)
		}
		if err := d.DB.RecordStoryCheck(ctx, s.ID, is); err != nil {
			return gone, err
		}
		if is {
			gone++
			d.Log.Info("story is gone from the site", "story", s.ID, "feed", f.ID)
		}
		if limited.Err() != nil {
			break // the others come with the next poll, before those that were asked for now
		}
	}
	return gone, nil
}
