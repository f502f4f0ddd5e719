package mailer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// deliver takes one delivery through one attempt. Nil: the ledger has its word, or nothing is
// to be said yet and the next one may follow. errStop and other errors end the work in hand;
// the delivery then stays as it was.
func (w *worker) deliver(ctx context.Context, d data.Delivery) error {
	envelope, mail, err := w.write(ctx, d)
	if err != nil {
		return err
	}
	if mail == nil {
		return nil
	}
	var lost *smtp.LostError
	for range maxLosts {
		err = w.offer(ctx, d, envelope, mail)
		if !errors.As(err, &lost) || ctx.Err() != nil {
			break
		}
	}
	if errors.As(err, &lost) && ctx.Err() == nil {
		// It breaks the link each time: set it aside so that the others are not stuck behind it.
		return w.record(ctx, d, data.WordDeferred, smtp.Reply{Step: lost.Step, Text: "the link was lost each time"})
	}
	return err
}

// write composes the mail. One that cannot be composed is refused by us, with the reason, and
// the others go on.
func (w *worker) write(ctx context.Context, d data.Delivery) (smtp.Envelope, []byte, error) {
	f, err := w.m.forms.get(ctx, d.MailingID)
	if err != nil {
		return smtp.Envelope{}, nil, err
	}
	envelope, mail, err := f.fill(d, w.m.Keys)
	if err == nil && w.m.Signer != nil {
		mail, err = w.m.Signer.Sign(mail)
	}
	if err != nil {
		w.m.Log.Error("mail could not be composed", "mailing", d.MailingID, "seq", d.Seq)
		return envelope, nil, w.record(ctx, d, data.WordRefused, smtp.Reply{Step: "compose", Text: err.Error()})
	}
	return envelope, mail, nil
}

// offer hands the message over up to the dot, then passes it on to commit.
func (w *worker) offer(ctx context.Context, d data.Delivery, envelope smtp.Envelope, mail []byte) error {
	if w.conn != nil && !w.conn.Usable() {
		w.hangUp()
	}
	if w.conn == nil {
		conn, err := w.relay.connect(ctx)
		if err != nil {
			return w.noRelay(ctx, d, err)
		}
		w.conn = conn
	}
	err := w.conn.Offer(ctx, envelope, mail)
	var refused *smtp.RefusedError
	switch {
	case errors.As(err, &refused):
		return w.answered(ctx, d, refused.Reply)
	case errors.Is(err, smtp.ErrUnfit):
		return w.record(ctx, d, data.WordRefused, smtp.Reply{Step: "prepare", Text: err.Error()})
	case err != nil:
		w.conn = nil // it has closed itself
		return err
	}
	return w.commit(ctx, d)
}

// noRelay: nothing could be offered. Where the relay will not have us at all, a person must
// act, and the issue waits for that instead of its time running out.
func (w *worker) noRelay(ctx context.Context, d data.Delivery, err error) error {
	if errors.Is(err, smtp.ErrLogin) && len(w.m.relays) == 1 {
		w.pauseIssue(ctx, d.MailingID, "the relay refused our login")
	}
	return fmt.Errorf("%w: %w", errStop, err)
}

// commit writes the intent down, sends the dot, and writes the answer down.
func (w *worker) commit(ctx context.Context, d data.Delivery) error {
	intent := data.Intent{Delivery: d, Relay: w.relay.name(), Dot: time.Duration(w.relay.Settings.Timeouts.Dot)}
	v, err := w.m.ledger.CommitIntent(ctx, intent)
	if err != nil || !v.Go {
		// RFC 5321, section 4.1.1.4: after a 354 the only way not to hand over is to hang up.
		w.conn.Abort()
		w.conn = nil
		switch {
		case errors.Is(err, data.ErrLeaseLost):
			return fmt.Errorf("%w: %w", errStop, err)
		case err != nil:
			// Whether the intent stands, the failed commit does not tell. That no dot was sent, we know.
			return errors.Join(err, w.settle(ctx, func(ctx context.Context) error { return w.m.DB.Withdraw(ctx, d, w.m.DB.Now()) }))
		case v.Skipped != "":
			w.m.Log.Info("delivery skipped", "mailing", d.MailingID, "seq", d.Seq, "reason", v.Skipped)
			return nil
		}
		w.m.Log.Info("delivery stopped before its intent", "mailing", d.MailingID, "seq", d.Seq)
		return errStop
	}
	// The dot is not cancelled: a stop waits for the answer, so that nothing is left uncertain.
	reply, err := w.conn.Dot(context.WithoutCancel(ctx))
	if err == nil {
		return w.answered(ctx, d, reply)
	}
	w.conn = nil
	next := w.m.DB.Now().Add(retryAfter(d.Attempt))
	var lost *smtp.LostError
	if errors.As(err, &lost) && !lost.DotWritten {
		return w.settle(ctx, func(ctx context.Context) error { return w.m.DB.Withdraw(ctx, d, w.m.DB.Now()) })
	}
	w.m.Log.Warn("delivery is uncertain", "mailing", d.MailingID, "seq", d.Seq, "policy", string(w.m.Settings.Uncertain))
	return w.settle(ctx, func(ctx context.Context) error { return w.m.DB.SettleUncertain(ctx, d, w.m.Settings.Uncertain, next) })
}

// answered writes down what the relay said.
func (w *worker) answered(ctx context.Context, d data.Delivery, reply smtp.Reply) error {
	word := judge(reply)
	if err := w.record(ctx, d, word, reply); err != nil {
		return err
	}
	if word != data.WordAccepted {
		w.m.Log.Info("delivery "+string(word), "mailing", d.MailingID, "seq", d.Seq, "attempt", d.Attempt, "step", string(reply.Step), "code", reply.Code)
	}
	if w.relay.answered(reply) {
		w.pauseIssue(ctx, d.MailingID, fmt.Sprintf("the relay %s refused over %d mails in a row for reasons that are not the readers'", w.relay.name(), manyRefusals))
		return errStop
	}
	return nil
}

// pauseIssue pauses an issue and raises an alarm; letters go on, one by one.
func (w *worker) pauseIssue(ctx context.Context, mailing int64, why string) {
	m, err := w.m.DB.Mailing(ctx, mailing)
	if err == nil && m.Kind == "issue" {
		err = w.m.DB.PauseMailing(ctx, mailing, why)
	}
	if err == nil {
		_, err = w.m.DB.RaiseAlarm(ctx, data.Alarm{Kind: "relay", About: w.relay.name(), Text: "Sending is paused: " + why + ".",
			Hint: "read the relay's words in `tipsheet delivery list`, mend it, then `tipsheet issue resume`"})
	}
	if err != nil && !errors.Is(err, data.ErrConflict) {
		w.m.Log.Error("mailing could not be paused", "mailing", mailing, "error", err)
	}
}

// record writes an outcome down, however long that takes: what the relay said is true and must
// not be forgotten while this process lives.
func (w *worker) record(ctx context.Context, d data.Delivery, word data.Word, reply smtp.Reply) error {
	o := data.Outcome{
		Delivery: d, Word: word, Relay: w.relay.name(), Step: string(reply.Step), Code: reply.Code, Enhanced: reply.Enhanced, Text: reply.Text,
		RetryAt: w.m.DB.Now().Add(retryAfter(d.Attempt)),
	}
	return w.settle(ctx, func(ctx context.Context) error { return w.m.ledger.RecordOutcome(ctx, o) })
}

const settleFor = time.Minute // how long a word that must be written is tried once the process stops

// settle repeats a write that must not be dropped: while the disk is full no further dot is
// sent over this connection, and it goes on by itself when there is room. Once ctx has ended it
// gives up after a minute; the delivery is then uncertain, and the next process says so.
func (w *worker) settle(ctx context.Context, write func(context.Context) error) error {
	var stopped time.Time
	for {
		err := write(context.WithoutCancel(ctx))
		if err == nil || errors.Is(err, data.ErrNotFound) {
			return nil
		}
		w.m.Log.Error("the ledger could not be written", "worker", w.name, "error", err)
		if ctx.Err() != nil && stopped.IsZero() {
			stopped = time.Now()
		}
		if !stopped.IsZero() && time.Since(stopped) > settleFor {
			return err
		}
		sleep(context.WithoutCancel(ctx), time.Second)
	}
}
