package mailer

import (
	"context"
	"errors"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	page    = 500                    // deliveries of a chunk that are read at once
	retries = 100                    // retries that are claimed at once
	poll    = 500 * time.Millisecond // between looks when nothing is due
)

// errStop ends the work in hand: it is paused, cancelled, another worker's, or the relay
// rests. What was not tried stays open.
var errStop = errors.New("stop the work in hand")

// A worker has one connection and works one chunk, or a handful of retries, at a time.
type worker struct {
	m       *Mailer
	relay   *relay
	name    string
	letters bool // letters only, one at a time
	conn    *smtp.Conn
	noes    int // messages that were refused over conn before their dot

	losses losses

	// Memory that is used again for each window.
	parcels []*parcel
	spare   []*parcel
	mails   []*smtp.Prepared
	going   []data.Delivery
	intents []data.Intent
}

func newWorker(m *Mailer, r *relay, name string, letters bool) *worker {
	w := &worker{m: m, relay: r, name: name, letters: letters, losses: losses{}}
	for range w.window() + 1 {
		w.parcels = append(w.parcels, &parcel{})
	}
	return w
}

func (w *worker) window() int {
	if w.letters {
		return 1
	}
	return w.m.Settings.Window
}

// run works until ctx ends. What is on the wire then is finished.
func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	for ctx.Err() == nil {
		w.choose()
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

// choose has letters go through the first relay that works.
func (w *worker) choose() {
	if !w.letters {
		return
	}
	if r := w.m.relays[w.m.choice.first()]; r != w.relay {
		w.hangUp()
		w.relay = r
	}
}

func (w *worker) hangUp() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
		w.relay.counts.open.Add(-1)
	}
}

// next works what is due now. It reports false when nothing is.
func (w *worker) next(ctx context.Context) (worked bool, err error) {
	if !w.relay.gate.mayClaim(w.letters) {
		return false, nil
	}
	due, err := w.m.DB.NextDue(ctx)
	if errors.Is(err, data.ErrNotFound) || (err == nil && due.After(w.m.DB.Now())) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lease := time.Duration(w.m.Settings.Lease)
	again, err := w.m.DB.ClaimRetries(ctx, lease, w.letters, retries)
	if err != nil {
		return false, err
	}
	if len(again) > 0 {
		w.m.look(AtClaim)
		return true, w.workRetries(ctx, again)
	}
	chunk, err := w.m.DB.ClaimChunk(ctx, w.name, lease, w.letters)
	if errors.Is(err, data.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	w.m.look(AtClaim)
	return true, w.workChunk(ctx, chunk)
}

// workRetries tries each claimed retry and gives back those that were not tried.
func (w *worker) workRetries(ctx context.Context, all []data.Delivery) error {
	q := &queue{w: w, rest: all, leaseUntil: w.m.DB.Now().Add(time.Duration(w.m.Settings.Lease))}
	err := w.deliver(ctx, q)
	next := w.notBefore(err)
	for _, d := range q.untried() {
		w.m.ledger.NoteRetryReleased(d, next)
	}
	w.m.nudge()
	return quiet(err)
}

// workChunk delivers what nobody has tried of a chunk, and gives the chunk back.
func (w *worker) workChunk(ctx context.Context, c data.Chunk) error {
	all, err := w.m.DB.ChunkDeliveries(ctx, c, 0, page)
	if err == nil {
		q := &queue{w: w, rest: all, chunk: &c, leaseUntil: c.LeaseUntil}
		err = w.deliver(ctx, q)
	}
	w.m.look(AtChunkEnd)
	w.m.ledger.NoteChunkReleased(c, w.notBefore(err))
	// The next claim must find it given back.
	err = errors.Join(quiet(err), w.m.ledger.Flush(context.WithoutCancel(ctx)))
	w.m.look(AtChunkReleased)
	w.m.nudge()
	return err
}

// notBefore is when work that was given back may be claimed again.
func (w *worker) notBefore(err error) time.Time {
	now := w.m.DB.Now()
	var wait *waitError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return now
	case errors.As(err, &wait):
		return wait.until
	case w.relay.resting(time.Now()) > 0 && w.relay.gate.share.others():
		return now // another relay can have it
	}
	return now.Add(max(w.relay.resting(time.Now()), time.Second))
}

// quiet drops what is no error: the work was stopped on purpose.
func quiet(err error) error {
	var wait *waitError
	if errors.Is(err, errStop) || errors.Is(err, context.Canceled) || errors.As(err, &wait) {
		return nil
	}
	return err
}

// deliver works a queue to its end, one message or one window at a time.
func (w *worker) deliver(ctx context.Context, q *queue) error {
	defer q.close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := w.step(ctx, q)
		if err != nil || !more {
			return err
		}
	}
}

func (w *worker) step(ctx context.Context, q *queue) (more bool, err error) {
	if w.window() == 1 {
		return w.single(ctx, q)
	}
	return w.burst(ctx, q)
}

// connect sees to a connection that takes another message.
func (w *worker) connect(ctx context.Context) error {
	if w.conn != nil && (w.noes >= fewNoes || !w.conn.Usable()) {
		w.hangUp()
	}
	if w.conn != nil {
		return nil
	}
	conn, err := w.relay.connect(ctx)
	if err != nil {
		return err
	}
	w.conn, w.noes = conn, 0
	w.relay.counts.open.Add(1)
	return nil
}

// fewNoes is after how many refused messages a connection is opened anew: Postfix answers later
// and later from the tenth error of a session on, and each such message makes two.
const fewNoes = 4

// drop forgets a connection that has closed itself, or hangs up without a dot.
func (w *worker) drop() {
	if w.conn != nil {
		w.conn.Abort()
		w.conn = nil
		w.relay.counts.open.Add(-1)
	}
}
