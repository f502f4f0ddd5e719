package mailer

import (
	"errors"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	fewLosses  = 3 // of the link over one message, while others get through: it is the message
	manyLosses = 6 // whatever becomes of the others
	maxLosses  = 1000
)

// losses remembers over which deliveries the link was lost before the dot.
type losses map[lossKey]loss

type lossKey struct{ mailing, seq int64 }

type loss struct {
	times   int
	answers int64 // that the relay had given by the first of them
}

// add counts one more loss and returns how many there were.
func (l losses) add(d data.Delivery, answers int64) int {
	if len(l) >= maxLosses {
		clear(l)
	}
	k := lossKey{d.MailingID, d.Seq}
	one, ok := l[k]
	if !ok {
		one.answers = answers
	}
	one.times++
	l[k] = one
	return one.times
}

func (l losses) of(d data.Delivery) int { return l[lossKey{d.MailingID, d.Seq}].times }

// breaksLinks counts a loss over a delivery, and says whether it is the message that breaks
// the link, and not the relay that is down: it was lost a few times while the relay went on
// answering others. Such a one is deferred, so that the others are not stuck behind it.
func (w *worker) breaksLinks(d data.Delivery) bool {
	n := w.losses.add(d, w.relay.answers())
	first := w.losses[lossKey{d.MailingID, d.Seq}].answers
	broken := n >= fewLosses && w.relay.answers() > first || n >= manyLosses
	if broken {
		delete(w.losses, lossKey{d.MailingID, d.Seq})
	}
	return broken
}

// linkLost is what the ledger says of a message that breaks links.
func linkLost(err error) smtp.Reply {
	r := smtp.Reply{Step: smtp.StepContent, Text: "the link was lost each time"}
	var lost *smtp.LostError
	if errors.As(err, &lost) {
		r.Step = lost.Step
	}
	return r
}
