package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

const (
	megabyte      = 1 << 20
	gapFirst      = 5 * time.Minute // before a gap is tried again; it doubles
	gapMost       = 6 * time.Hour
	gapTooLarge   = 24 * time.Hour
	gapsAtOnce    = 20
	unknownSize   = -1
	tooLargeText  = "The message is %d MB large; up to %d MB are fetched. It lies in the mailbox, where a mail app can open it."
	withheldText  = "The mail server lists the message but does not hand it over."
	refusedText   = "The mail server refuses to hand the message over."
	breakingText  = "The connection broke each time the message was fetched."
	unreadAnswer  = "The mail server's answer with the message could not be read."
	overflowsText = "The mail server announced more bytes for the message than it said before."
)

// A batch is UIDs, ascending, that are fetched and committed together. Of a batch of one the size may be unknown.
type batch struct {
	uids []uint32
	size int64 // in bytes, as the server estimates
}

// A catch is what a batch brought: every UID up to through is stored, a gap, or not there any more.
type catch struct {
	arrivals []data.Arrival
	gaps     []data.Gap
	through  uint32
}

// plan asks for the sizes and makes batches. UIDs whose sizes do not come are looked for once more, and fetched one by one
// where they are still listed: a server that forgets them must not make us pass them over.
func (r *reader) plan(ctx context.Context, uids []uint32) ([]batch, error) {
	sizes, err := r.s.Sizes(ctx, uids)
	if err != nil {
		if lost(ctx, err) {
			return nil, err
		}
		sizes = nil
		if err := r.again(ctx); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(uids, func(uid uint32) bool { _, ok := sizes[uid]; return !ok }) && sizes != nil {
		listed, err := r.s.UIDsAfter(ctx, uids[0]-1)
		if err != nil {
			return nil, err
		}
		uids = slices.DeleteFunc(uids, func(uid uint32) bool {
			_, sized := sizes[uid]
			_, there := slices.BinarySearch(listed, uid)
			return !sized && !there
		})
	}
	return r.batches(uids, sizes), nil
}

func (r *reader) batches(uids []uint32, sizes map[uint32]int64) []batch {
	var all []batch
	settings := r.b.in.Settings
	limit := int64(settings.BatchMB) * megabyte
	for _, uid := range uids {
		size, known := sizes[uid]
		if !known {
			all = append(all, batch{uids: []uint32{uid}, size: unknownSize})
			continue
		}
		if n := len(all) - 1; n >= 0 && all[n].size != unknownSize && all[n].size+size <= limit && len(all[n].uids) < settings.BatchMessages {
			all[n].uids = append(all[n].uids, uid)
			all[n].size += size
			continue
		}
		all = append(all, batch{uids: []uint32{uid}, size: size})
	}
	return all
}

// bring fetches a batch, and one by one what did not come that way. On an error the catch holds what came before.
func (r *reader) bring(ctx context.Context, b batch) (catch, error) {
	c := catch{through: b.uids[len(b.uids)-1]}
	left := b.uids
	if mb := (b.size + megabyte - 1) / megabyte; mb > int64(r.b.in.Settings.WholeMB) {
		c.gaps = append(c.gaps, r.gap(b.uids[0], 0, gapTooLarge, fmt.Sprintf(tooLargeText, mb, r.b.in.Settings.WholeMB)))
		return c, nil
	}
	if len(b.uids) > 1 {
		came, missing, err := r.fetch(ctx, b.uids)
		if err == nil {
			c.arrivals, left = came, missing
		}
	}
	for _, uid := range left {
		came, gap, err := r.one(ctx, uid, oneTries, 0)
		if err != nil {
			c.through = uid - 1
			return c, err
		}
		c.arrivals = append(c.arrivals, came...)
		if gap != nil {
			c.gaps = append(c.gaps, *gap)
		}
	}
	return c, nil
}

// one fetches a message alone: first with its date, then by UID and body only. One that is gone gives nothing; one that
// breaks the connection each time, or is not handed over, gives a gap. An error says that there is no connection at all.
func (r *reader) one(ctx context.Context, uid uint32, tries, before int) ([]data.Arrival, *data.Gap, error) {
	var last error
	for try := range tries {
		if err := r.again(ctx); err != nil {
			return nil, nil, err
		}
		came, err := r.fetchAlone(ctx, uid, try == 0)
		switch {
		case err == nil:
			return came, nil, nil
		case errors.Is(err, imap.ErrGone):
			return nil, nil, nil
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		}
		last = err
		if try > 0 && r.s.Usable() {
			break // it said no twice, in so many words
		}
	}
	// Whether it was the message or the line shows in whether the server can be reached now.
	if err := r.again(ctx); err != nil {
		return nil, nil, err
	}
	g := r.gap(uid, before, later(before, gapFirst, gapMost), sentence(last))
	return nil, &g, nil
}

func (r *reader) fetchAlone(ctx context.Context, uid uint32, dated bool) ([]data.Arrival, error) {
	if dated {
		came, missing, err := r.fetch(ctx, []uint32{uid})
		if err != nil || len(missing) == 0 {
			return came, err
		}
	}
	f, err := r.s.FetchOne(ctx, uid)
	return []data.Arrival{r.arrival(f)}, err
}

func (r *reader) fetch(ctx context.Context, uids []uint32) (came []data.Arrival, missing []uint32, err error) {
	missing, err = r.s.Fetch(ctx, uids, func(f imap.Fetched) error {
		came = append(came, r.arrival(f))
		return nil
	})
	return came, missing, err
}

func (r *reader) arrival(f imap.Fetched) data.Arrival {
	return data.Arrival{UID: f.UID, Raw: f.Raw, ReceivedAt: f.InternalDate, Ours: r.w.role == roleSent}
}

func (r *reader) gap(uid uint32, tries int, after time.Duration, why string) data.Gap {
	return data.Gap{FolderID: r.row.ID, UIDValidity: r.row.UIDValidity, UID: uid, Tries: tries + 1, NextAt: r.b.in.DB.Now().Add(after), Error: why}
}

// retryGaps tries the gaps that are due, each once.
func (r *reader) retryGaps(ctx context.Context) error {
	due, err := r.b.in.DB.DueGaps(ctx, r.row)
	if err != nil {
		return err
	}
	for _, g := range due[:min(len(due), gapsAtOnce)] {
		if err := r.retryGap(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) retryGap(ctx context.Context, g data.Gap) error {
	if err := r.again(ctx); err != nil {
		return err
	}
	var c catch
	sizes, err := r.s.Sizes(ctx, []uint32{g.UID})
	if lost(ctx, err) {
		return err
	}
	if mb := (sizes[g.UID] + megabyte - 1) / megabyte; mb > int64(r.b.in.Settings.WholeMB) {
		c.gaps = append(c.gaps, r.gap(g.UID, g.Tries, gapTooLarge, fmt.Sprintf(tooLargeText, mb, r.b.in.Settings.WholeMB)))
		return r.store(ctx, c)
	}
	// Two tries: with the date, and without.
	came, still, err := r.one(ctx, g.UID, 2, g.Tries)
	switch {
	case err != nil:
		return err
	case len(came) > 0:
		c.arrivals = came
	case still != nil:
		c.gaps = []data.Gap{*still}
	default:
		return r.b.in.DB.DropGap(ctx, g)
	}
	return r.store(ctx, c)
}

// lost reports whether an error is about the line or our own end, and not about what was asked.
func lost(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, imap.ErrNetwork) || errors.Is(err, imap.ErrSilent) || errors.Is(err, imap.ErrClosed))
}

// sentence says why a message is a gap, without the server's own words.
func sentence(err error) string {
	var said *imap.ServerError
	switch {
	case errors.Is(err, imap.ErrWithheld):
		return withheldText
	case errors.Is(err, imap.ErrTooLarge):
		return overflowsText
	case errors.Is(err, imap.ErrProtocol):
		return unreadAnswer
	case errors.As(err, &said):
		return refusedText
	}
	return breakingText
}
