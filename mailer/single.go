package mailer

import (
	"context"
	"errors"
	"log/slog"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// single takes the first delivery of the queue through one attempt: content without its dot,
// the intent, the dot with the next message's commands behind it, and the answer.
func (w *worker) single(ctx context.Context, q *queue) (more bool, err error) {
	if err := q.renew(ctx); err != nil {
		return false, err
	}
	if err := q.fill(ctx, 1, true); err != nil || len(q.ready) == 0 {
		return len(q.rest) > 0, err
	}
	p := q.ready[0]
	if err := w.connect(ctx); err != nil {
		return false, w.noRelay(ctx, p.Delivery, err)
	}
	w.m.look(AtOffer)
	err = w.conn.Offer(ctx, &p.mail)
	var refused *smtp.RefusedError
	var lost *smtp.LostError
	switch {
	case errors.As(err, &refused):
		return true, w.refused(ctx, q, refused.Reply)
	case errors.Is(err, smtp.ErrUnfit):
		w.outcome(p.Delivery, data.WordRefused, smtp.Reply{Step: "prepare", Text: err.Error()})
		q.done(1)
		return true, nil
	case errors.As(err, &lost) && ctx.Err() == nil:
		return true, w.lostLink(ctx, q, lost)
	case err != nil:
		w.drop()
		return false, err
	}
	return true, w.commit(ctx, q)
}

// refused: the relay said no, or not now, before the dot. A 421 closes the connection, and the
// first one costs nothing but that; at MAIL it is not about this message at all.
func (w *worker) refused(ctx context.Context, q *queue, r smtp.Reply) error {
	d := q.ready[0].Delivery
	switch {
	case r.Closing() && beforeRcpt(r):
		return w.lostLink(ctx, q, &smtp.LostError{Step: r.Step, Err: &smtp.RefusedError{Reply: r}})
	case r.Closing() && w.losses.add(d, w.relay.answers()) == 1:
		w.drop()
		return nil
	}
	q.done(1)
	return w.answered(ctx, d, r)
}

// beforeRcpt says whether a reply came before the relay had heard of a recipient.
func beforeRcpt(r smtp.Reply) bool { return r.Step == smtp.StepMail || r.Step == smtp.StepReset }

// lostLink: the link died before the dot. The message is offered again at once, over a new
// connection; next time the others go first.
func (w *worker) lostLink(ctx context.Context, q *queue, lost *smtp.LostError) error {
	w.drop()
	d := q.ready[0].Delivery
	if w.breaksLinks(d) {
		q.done(1)
		w.outcome(d, data.WordDeferred, linkLost(lost))
		return nil
	}
	if w.losses.of(d) > 1 {
		q.back()
	}
	if w.relay.lost(ctx, lost) {
		return errStop
	}
	return nil
}

// commit writes the intent down, sends the dot, and hands the answer in.
func (w *worker) commit(ctx context.Context, q *queue) error {
	p := q.ready[0]
	w.m.look(AtIntent)
	v, err := w.m.ledger.CommitIntents(ctx, []data.Intent{w.intent(p.Delivery)})
	if err != nil || !v[0].Go {
		// RFC 5321, section 4.1.1.4: after a 354 the only way not to hand over is to hang up.
		w.drop()
		if err != nil {
			// Whether the intent stands, the failed commit does not tell. That no dot was sent, we know: if
			// it stands it is withdrawn, and the delivery is given back.
			w.m.ledger.NoteWithdrawn(p.Delivery, w.m.DB.Now())
			return err
		}
		return w.stopped(q, v[0])
	}
	if err := q.fill(ctx, 2, false); err == nil && len(q.ready) > 1 {
		// One that does not fit will say so when it is offered.
		_ = w.conn.Follow(&q.ready[1].mail)
	}
	w.m.look(AtDot)
	// The dot is not cancelled: a stop waits for the answer, so that nothing is left uncertain.
	reply, err := w.conn.Dot(context.WithoutCancel(ctx))
	w.m.look(AtReply)
	q.done(1)
	if err == nil {
		return w.answered(ctx, p.Delivery, reply)
	}
	w.drop()
	var lost *smtp.LostError
	if errors.As(err, &lost) && !lost.DotWritten {
		w.m.ledger.NoteWithdrawn(p.Delivery, w.m.DB.Now())
		return nil
	}
	w.uncertain(p.Delivery)
	if w.relay.lost(ctx, err) { // one that hangs up after each dot makes the whole audience uncertain
		return errStop
	}
	return nil
}

// stopped: the ledger allows no dot.
func (w *worker) stopped(q *queue, v data.Verdict) error {
	d := q.ready[0].Delivery
	switch {
	case v.Skipped == "cancelled":
		q.done(1)
		return errStop // the rest is skipped in one go
	case v.Skipped != "":
		w.m.teller.tell(slog.LevelInfo, "delivery skipped", d, "reason", v.Skipped)
		q.done(1)
		return nil
	}
	w.m.teller.tell(slog.LevelInfo, "delivery stopped before its intent", d, "lease_lost", v.Lost)
	return errStop
}

func (w *worker) intent(d data.Delivery) data.Intent {
	return data.Intent{Delivery: d, Relay: w.relay.name(), Dot: w.relay.dotWait()}
}
