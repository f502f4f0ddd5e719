package mailer

import (
	"context"
	"errors"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// burst takes a window of deliveries through one attempt: their intents in one commit, then
// the messages one behind the other. An intent says here that the dot may have gone; those
// that were not used are withdrawn while this process lives.
func (w *worker) burst(ctx context.Context, q *queue) (more bool, err error) {
	if err := q.renew(ctx); err != nil {
		return false, err
	}
	if err := q.fill(ctx, w.window(), true); err != nil || len(q.ready) == 0 {
		return len(q.rest) > 0, err
	}
	// Nothing is promised to the ledger before there is a connection.
	if err := w.connect(ctx); err != nil {
		return false, w.noRelay(ctx, q.ready[0].Delivery, err)
	}
	w.refuseUnfit(q)
	if len(q.ready) == 0 {
		return true, nil
	}
	intents := w.intents[:0]
	for _, p := range q.ready {
		intents = append(intents, w.intent(p.Delivery))
	}
	w.intents = intents
	w.m.look(AtIntent)
	verdicts, err := w.m.ledger.CommitIntents(ctx, intents)
	if err != nil {
		// Whether they stand, the failed commit does not tell. That no dot was sent, we know: those
		// that stand are withdrawn, and all are given back.
		for _, p := range q.ready {
			w.m.ledger.NoteWithdrawn(p.Delivery, w.m.DB.Now())
		}
		return false, err
	}
	return true, w.sendWindow(ctx, q, verdicts)
}

// refuseUnfit takes out what this relay cannot take: too large, or an address that it does not
// understand.
func (w *worker) refuseUnfit(q *queue) {
	for i := 0; i < len(q.ready); {
		p := q.ready[i]
		err := w.conn.Fits(&p.mail)
		if err == nil {
			i++
			continue
		}
		w.outcome(p.Delivery, data.WordRefused, smtp.Reply{Step: "prepare", Text: err.Error()})
		q.take(i)
	}
}

// sendWindow hands over the messages that may go.
func (w *worker) sendWindow(ctx context.Context, q *queue, verdicts []data.Verdict) error {
	mails, going := w.mails[:0], w.going[:0]
	var stay []data.Delivery // stopped, or of a lost claim: nothing is written, and they stay open
	var stop error
	for i, p := range q.ready {
		switch v := verdicts[i]; {
		case v.Go:
			mails, going = append(mails, &p.mail), append(going, p.Delivery)
		case v.Skipped == "":
			stay, stop = append(stay, p.Delivery), errStop
		case v.Skipped == "cancelled":
			stop = errStop
		}
	}
	w.mails, w.going = mails, going
	answered, closing, over := 0, false, error(nil)
	var hungUp error // by a 421 that is about none of the messages
	w.m.look(AtDot)
	// A stop waits for the answers, so that nothing is left uncertain.
	mayBeSent, err := w.conn.Burst(context.WithoutCancel(ctx), mails, func(i int, r smtp.Reply) {
		answered, closing = i+1, r.Closing()
		w.m.look(AtReply)
		switch {
		case closing && beforeRcpt(r):
			hungUp = &smtp.LostError{Step: r.Step, Err: &smtp.RefusedError{Reply: r}}
			w.m.ledger.NoteWithdrawn(going[i], w.m.DB.Now())
		case closing && w.losses.add(going[i], w.relay.answers()) == 1:
			w.outcomeAt(going[i], data.WordDeferred, r, w.m.DB.Now())
		default:
			over = errors.Join(over, w.answered(ctx, going[i], r))
		}
	})
	q.done(len(q.ready))
	q.rest = append(stay, q.rest...)
	if err == nil && hungUp == nil {
		return errors.Join(over, stop)
	}
	w.drop()
	for i, d := range going[answered:] {
		switch {
		case i < mayBeSent:
			w.uncertain(d)
		case i == 0 && mayBeSent == 0 && !closing && w.breaksLinks(d):
			w.outcome(d, data.WordDeferred, linkLost(err))
		default:
			w.m.ledger.NoteWithdrawn(d, w.m.DB.Now())
		}
	}
	if hungUp != nil {
		err, closing = hungUp, false
	}
	if !closing && w.relay.lost(ctx, err) {
		stop = errStop
	}
	return errors.Join(over, stop)
}
