package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// A queue is the deliveries that a worker has in hand, through one chunk or as retries.
type queue struct {
	w          *worker
	rest       []data.Delivery // not taken yet
	ready      []*parcel       // made ready, with a permit each, and not yet tried
	chunk      *data.Chunk     // nil: retries
	leaseUntil time.Time

	permits int // that no parcel has yet
}

// A parcel is a delivery with its mail ready for the wire.
type parcel struct {
	data.Delivery
	mail smtp.Prepared
}

// A waitError says that the limits of the relay allow nothing before a time: the work is given
// back until then.
type waitError struct{ until time.Time }

func (e *waitError) Error() string { return "the relay's limits allow nothing just now" }

// fill makes up to n parcels ready. Fewer, and no error, means that the queue has come to its
// end or that the limits allow no more just now; none at all is the end. Where wait is false
// it takes only what the limits allow at once.
func (q *queue) fill(ctx context.Context, n int, wait bool) error {
	for len(q.ready) < n && len(q.rest) > 0 {
		d := q.rest[0]
		if d.Left {
			q.w.m.ledger.NoteLeft(d)
			q.rest = q.rest[1:]
			continue
		}
		domain := domainOf(d.Address)
		if until, open := q.w.relay.lanes.open(domain, q.w.m.DB.Now()); !open {
			q.w.m.ledger.NoteAside(d, until)
			q.rest = q.rest[1:]
			continue
		}
		if q.permits == 0 {
			got, err := q.w.relay.gate.take(ctx, n-len(q.ready), q.w.letters, wait && len(q.ready) == 0)
			if err != nil || got == 0 {
				return err
			}
			q.permits = got
		}
		q.rest = q.rest[1:]
		if err := q.prepare(ctx, d); err != nil {
			return err
		}
		q.w.relay.lanes.went(domain, q.w.m.DB.Now())
	}
	return nil
}

// prepare composes the mail of a delivery that has a permit. One that cannot be composed is
// refused by us, with the reason, and the others go on.
func (q *queue) prepare(ctx context.Context, d data.Delivery) error {
	f, err := q.w.m.forms.get(ctx, d.MailingID, d.Variant)
	var unfit *unfitError
	if errors.As(err, &unfit) {
		err = errors.Join(errStop, q.w.m.hold(ctx, d.MailingID, "its mail cannot be composed: "+unfit.Error()))
	}
	if err != nil {
		q.rest = append([]data.Delivery{d}, q.rest...)
		return err
	}
	p := q.w.parcels[len(q.ready)]
	p.Delivery = d
	if err := f.prepare(&p.mail, d); err != nil {
		q.w.m.teller.tell(slog.LevelError, "mail could not be composed", d)
		q.w.outcome(d, data.WordRefused, smtp.Reply{Step: "compose", Text: err.Error()})
		return nil
	}
	q.permits--
	q.ready = append(q.ready, p)
	return nil
}

// done takes the first n parcels off: they have their word, or wait elsewhere. Their memory
// goes to the end of the worker's, for the next ones.
func (q *queue) done(n int) {
	q.w.relay.gate.used(n)
	q.drop(n)
}

// take takes one parcel out of the middle.
func (q *queue) take(i int) {
	q.w.relay.gate.used(1)
	p := q.ready[i]
	q.ready = append(q.ready[:i], q.ready[i+1:]...)
	all := q.w.parcels
	copy(all[i:], all[i+1:])
	all[len(all)-1] = p
}

func (q *queue) drop(n int) {
	q.ready = q.ready[:copy(q.ready, q.ready[n:])]
	all := q.w.parcels
	used := append(q.w.spare[:0], all[:n]...)
	copy(all[copy(all, all[n:]):], used)
	q.w.spare = used
}

// back puts the first parcel off until the others were tried.
func (q *queue) back() {
	q.rest = append(q.rest, q.ready[0].Delivery)
	q.permits++
	q.drop(1)
}

// untried are the deliveries that were not tried.
func (q *queue) untried() []data.Delivery {
	var all []data.Delivery
	for _, p := range q.ready {
		all = append(all, p.Delivery)
	}
	return append(all, q.rest...)
}

// close gives back the permits that were not used.
func (q *queue) close() {
	if n := q.permits + len(q.ready); n > 0 {
		q.w.relay.gate.giveBack(n, q.w.letters)
		q.permits = 0
	}
}

// renew prolongs the lease of the chunk in time.
func (q *queue) renew(ctx context.Context) error {
	lease := time.Duration(q.w.m.Settings.Lease)
	left := q.leaseUntil.Sub(q.w.m.DB.Now())
	if q.chunk == nil {
		if left-q.w.relay.dotWait() < leaseMargin {
			return errStop // what is left of the retries is given back and claimed anew
		}
		return nil
	}
	if left >= lease-lease/15 {
		return nil
	}
	if err := q.w.m.DB.RenewChunk(ctx, q.chunk, lease); err != nil {
		return fmt.Errorf("%w: %w", errStop, err)
	}
	q.leaseUntil = q.chunk.LeaseUntil
	return nil
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}
