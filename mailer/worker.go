package mailer

import (
	"context"
	"errors"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	page     = 100                    // deliveries read from a chunk at once
	poll     = 500 * time.Millisecond // between looks when nothing is due
	maxLosts = 3                      // times a link may be lost over one message before it is put aside
)

// errStop ends the work on a chunk: it is paused, cancelled, or another worker's.
var errStop = errors.New("stop this chunk")

// A worker has one connection and works one chunk or one retry at a time.
type worker struct {
	m       *Mailer
	relay   *relay
	name    string
	letters bool // letters only
	conn    *smtp.Conn
}

// run works until ctx ends. What is on the wire then is finished.
func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	for ctx.Err() == nil {
		if rest := w.relay.resting(time.Now()); rest > 0 {
			sleep(ctx, min(rest, poll))
			continue
		}
		worked, err := w.next(ctx)
		if err != nil && ctx.Err() == nil {
			w.m.Log.Warn("work was stopped", "worker", w.name, "error", err)
			sleep(ctx, poll)
		}
		if !worked && err == nil {
			w.hangUp()
			sleep(ctx, poll)
		}
	}
}

func (w *worker) hangUp() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// next works what is due now. It reports false when nothing is.
func (w *worker) next(ctx context.Context) (worked bool, err error) {
	due, err := w.m.DB.NextDue(ctx)
	if errors.Is(err, data.ErrNotFound) || (err == nil && due.After(w.m.DB.Now())) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lease := time.Duration(w.m.Settings.Lease)
	retry, err := w.m.DB.ClaimRetry(ctx, lease, w.letters)
	if err == nil {
		return true, w.workRetry(ctx, retry)
	}
	if !errors.Is(err, data.ErrNotFound) {
		return false, err
	}
	chunk, err := w.m.DB.ClaimChunk(ctx, w.name, lease, w.letters)
	if errors.Is(err, data.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, w.workChunk(ctx, chunk)
}

func (w *worker) workRetry(ctx context.Context, d data.Delivery) error {
	err := w.deliver(ctx, d)
	if err == nil {
		w.m.nudge()
		return nil
	}
	return errors.Join(quiet(err), w.m.DB.ReleaseRetry(context.WithoutCancel(ctx), d, w.m.DB.Now().Add(w.pause())))
}

// workChunk delivers what nobody has tried of a chunk, and gives the chunk back.
func (w *worker) workChunk(ctx context.Context, c data.Chunk) error {
	err := w.deliverAll(ctx, &c)
	next := w.m.DB.Now()
	if err != nil && !errors.Is(err, errStop) {
		next = next.Add(w.pause())
	}
	err = errors.Join(quiet(err), w.m.DB.ReleaseChunk(context.WithoutCancel(ctx), c, next))
	w.m.nudge()
	return err
}

// pause is how long work that failed waits before anybody claims it again.
func (w *worker) pause() time.Duration { return max(w.relay.resting(time.Now()), time.Second) }

// quiet drops what is no error: the work was stopped on purpose.
func quiet(err error) error {
	if errors.Is(err, errStop) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (w *worker) deliverAll(ctx context.Context, c *data.Chunk) error {
	lease := time.Duration(w.m.Settings.Lease)
	after := c.Lo - 1
	for {
		all, err := w.m.DB.ChunkDeliveries(ctx, *c, after, page)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, d := range all {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.LeaseUntil.Sub(w.m.DB.Now()) < lease-lease/15 {
				if err := w.m.DB.RenewChunk(ctx, c, lease); err != nil {
					return err
				}
			}
			if err := w.deliver(ctx, d); err != nil {
				return err
			}
			after = d.Seq
		}
	}
}
