package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// noRelay: nothing could be offered. Where the relay will not have us at all, a person must
// act, and the issue waits for that instead of its time running out.
func (w *worker) noRelay(ctx context.Context, d data.Delivery, err error) error {
	if errors.Is(err, smtp.ErrLogin) && len(w.m.relays) == 1 {
		w.pauseIssue(ctx, d.MailingID, "the relay refused our login")
	}
	return fmt.Errorf("%w: %w", errStop, err)
}

// answered hands in what the relay said, and looks at what that says about us.
func (w *worker) answered(ctx context.Context, d data.Delivery, r smtp.Reply) error {
	word := judge(r)
	w.outcome(d, word, r)
	if r.Step != smtp.StepDot {
		w.noes++
	}
	if word != data.WordAccepted {
		w.m.teller.tell(slog.LevelInfo, "delivery "+string(word), d, "attempt", d.Attempt, "relay", w.relay.name(), "step", string(r.Step), "code", r.Code, "enhanced", r.Enhanced)
	}
	if w.relay.lanes.answered(domainOf(d.Address), d.Tries+1, r, w.m.DB.Now()) == blameRelay {
		w.relay.failed(ctx, &smtp.RefusedError{Reply: r})
		return errStop
	}
	if w.relay.answered(ctx, r) {
		w.pauseIssue(ctx, d.MailingID, fmt.Sprintf("the relay %s refused over %d mails in a row for reasons that are not the readers'", w.relay.name(), manyRefusals))
		return errStop
	}
	return nil
}

// outcome hands in what became of an attempt; a deferred one is due again by the usual steps.
func (w *worker) outcome(d data.Delivery, word data.Word, r smtp.Reply) {
	w.outcomeAt(d, word, r, w.m.DB.Now().Add(retryAfter(d.Tries+1)))
}

func (w *worker) outcomeAt(d data.Delivery, word data.Word, r smtp.Reply, again time.Time) {
	w.relay.counts.word(word)
	w.m.ledger.NoteOutcome(data.Outcome{
		Delivery: d, Word: word, Relay: w.relay.name(), Step: string(r.Step), Code: r.Code, Enhanced: r.Enhanced, Text: r.Text, RetryAt: again,
	})
}

// uncertain: the dot may have been on the wire, and nobody knows the answer.
func (w *worker) uncertain(d data.Delivery) {
	w.relay.counts.word(data.WordUncertain)
	w.m.teller.tell(slog.LevelWarn, "delivery is uncertain", d, "attempt", d.Attempt, "relay", w.relay.name(), "policy", string(w.m.Settings.Uncertain))
	w.m.ledger.NoteUncertain(d, w.m.Settings.Uncertain, w.m.DB.Now().Add(retryAfter(d.Tries+1)))
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
	if err == nil {
		w.m.Log.Error("sending is paused", "mailing", mailing, "relay", w.relay.name(), "reason", why)
	} else if !errors.Is(err, data.ErrConflict) {
		w.m.Log.Error("mailing could not be paused", "mailing", mailing, "error", err)
	}
}
