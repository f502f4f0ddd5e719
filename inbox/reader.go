package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

const (
	chunkUIDs = 500 // UIDs whose sizes are asked for together
	maxBreaks = 30  // lost connections in one folder before the pass is given up
	oneTries  = 3   // tries of a message that breaks the connection before it is parked
)

// errBreaks ends a pass over a folder that breaks the connection again and again.
var errBreaks = errors.New("the connection breaks again and again")

// A reader reads one folder behind its cursor.
type reader struct {
	b      *box
	w      watched
	row    data.Folder
	s      *imap.Session
	breaks int
	res    Result
}

// readUnlessQuiet asks for the folder's standing first: most of the time nothing has come.
func (b *box) readUnlessQuiet(ctx context.Context, w watched) (Result, error) {
	s, err := b.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	if w.role == roleInbox {
		return b.readFolder(ctx, w)
	}
	id, err := b.row(ctx, w)
	if err != nil {
		return Result{}, err
	}
	standing, err := s.Status(ctx, w.name)
	if err != nil {
		return Result{}, err
	}
	row, err := b.in.DB.Folder(ctx, id)
	if err != nil {
		return Result{}, err
	}
	due, err := b.in.DB.DueGaps(ctx, row)
	if err != nil {
		return Result{}, err
	}
	known := standing.UIDValidity != 0 && standing.UIDValidity == row.UIDValidity
	if known && standing.UIDNext != 0 && standing.UIDNext-1 == row.LastUID && len(due) == 0 && !row.FirstAt.IsZero() {
		return Result{}, b.in.DB.FolderChecked(ctx, id)
	}
	return b.readFolder(ctx, w)
}

// readFolder reads a folder to its end: what is behind the cursor, then the gaps that are due.
func (b *box) readFolder(ctx context.Context, w watched) (Result, error) {
	r := &reader{b: b, w: w}
	err := r.begin(ctx)
	if err == nil {
		err = r.readNew(ctx)
	}
	if err == nil {
		err = r.retryGaps(ctx)
	}
	if err == nil {
		err = b.in.DB.FolderChecked(ctx, r.row.ID)
	}
	if err == nil {
		b.beat()
	}
	return r.res, err
}

func (r *reader) begin(ctx context.Context) error {
	id, err := r.b.row(ctx, r.w)
	if err != nil {
		return err
	}
	selected, err := r.open(ctx)
	if err != nil {
		return err
	}
	row, changed, err := r.b.in.DB.BeginFolder(ctx, id, selected.UIDValidity)
	if err != nil {
		return err
	}
	if row, err = r.rewind(ctx, row, selected); err != nil {
		return err
	}
	if changed {
		r.b.in.Log.Warn("a folder was renumbered by its server and is read again from its start", "mailbox", r.b.n, "folder", id)
	}
	if selected.UIDValidity == 0 {
		// RFC 3501, 2.3.1.1: without a UIDVALIDITY no UID lasts longer than the session.
		row.LastUID = 0
	}
	r.row = row
	return nil
}

// rewind starts the folder anew where the server numbers its next message at or below the cursor: it was set back to an
// older state, or once named a UID that it does not have, and new mail would come in under the cursor for ever. A server that
// says so again right after is wrong about its next number, and is not asked for everything each time.
func (r *reader) rewind(ctx context.Context, row data.Folder, selected imap.Selected) (data.Folder, error) {
	if selected.UIDValidity == 0 || selected.UIDNext == 0 || row.LastUID < selected.UIDNext {
		delete(r.b.rewound, row.ID)
		return row, nil
	}
	if r.b.rewound[row.ID] {
		return row, nil
	}
	r.b.rewound[row.ID] = true
	r.b.in.Log.Warn("a folder was set back by its server and is read again from its start", "mailbox", r.b.n, "folder", row.ID)
	if _, _, err := r.b.in.DB.BeginFolder(ctx, row.ID, 0); err != nil {
		return row, err
	}
	row, _, err := r.b.in.DB.BeginFolder(ctx, row.ID, selected.UIDValidity)
	return row, err
}

// open opens the folder, over a new connection where the old one broke.
func (r *reader) open(ctx context.Context) (imap.Selected, error) {
	s, err := r.b.connect(ctx)
	if err != nil {
		return imap.Selected{}, err
	}
	r.s = s
	return s.Select(ctx, r.w.name)
}

// again makes the session usable after a break. The folder must not have been renumbered meanwhile.
func (r *reader) again(ctx context.Context) error {
	if r.s.Usable() {
		return nil
	}
	if r.breaks++; r.breaks > maxBreaks {
		return errBreaks
	}
	selected, err := r.open(ctx)
	if err != nil {
		return err
	}
	if selected.UIDValidity != r.row.UIDValidity {
		return fmt.Errorf("%w: the folder was renumbered while it was read", imap.ErrProtocol)
	}
	return nil
}

func (r *reader) readNew(ctx context.Context) error {
	uids, err := r.s.UIDsAfter(ctx, r.row.LastUID)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(uids, chunkUIDs) {
		batches, err := r.plan(ctx, chunk)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := r.take(ctx, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// take fetches one batch and commits it with its gaps and the cursor. Where the line is lost on the way, what came
// before it is committed all the same.
func (r *reader) take(ctx context.Context, b batch) error {
	got, err := r.bring(ctx, b)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.b.in.step("fetched")
	return errors.Join(r.store(ctx, got), err)
}

func (r *reader) store(ctx context.Context, c catch) error {
	if len(c.arrivals)+len(c.gaps) == 0 && c.through <= r.row.LastUID {
		return nil
	}
	stored, err := r.b.in.DB.StoreArrivals(ctx, r.row, c.arrivals, c.gaps, c.through)
	if err != nil {
		return err
	}
	r.row.LastUID = max(r.row.LastUID, c.through)
	r.res.New += len(stored.New)
	r.res.Known += stored.Known
	r.res.Gaps += len(c.gaps)
	for _, g := range c.gaps {
		r.b.in.Log.Warn("a message could not be fetched and is tried again later", "mailbox", r.b.n, "folder", g.FolderID, "uid", g.UID)
	}
	if len(stored.New) > 0 {
		r.b.in.Log.Info("messages were stored", "mailbox", r.b.n, "folder", r.row.ID, "new", len(stored.New), "known", stored.Known)
		r.b.in.stored()
	}
	r.b.beat()
	r.b.in.step("stored")
	return nil
}
