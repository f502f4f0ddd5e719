package mailer_test

import (
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// What is foretold from the first quarter on is compared with when the issue was in fact sent.
func TestFlowEndIsForetoldWithin20Percent(t *testing.T) {
	t.Parallel()
	const readers = 48
	r := newRig(t, datatest.NewClock(), readers, 10)
	watch := &stopwatch{clock: r.clock}
	relay := scripted(t, smtptest.Script{Action: watch.action})
	s := at(t, relay.Port(), 2)
	s.Rate = 0.25 // slow enough that what the machine does besides makes no difference
	r.run(s)
	type guess struct{ at, end time.Time }
	var all []guess
	last := time.Time{}
	r.until("the issue to be complete", 240*time.Millisecond, func() bool {
		now := r.clock.Now()
		if watch.count() >= readers/4 && now.Sub(last) >= 10*time.Second {
			last = now
			if end, ok, err := mailer.ETA(t.Context(), r.db, []smtp.Settings{s}, r.issue.MailingID); err != nil {
				t.Fatal(err)
			} else if ok {
				all = append(all, guess{now, end})
			}
		}
		return state(t, r.db, r.issue.MailingID) == data.MailingComplete
	})
	if len(all) < 10 {
		t.Fatalf("only %d times was anything foretold", len(all))
	}
	end := watch.at[len(watch.at)-1]
	for _, g := range all {
		left := end.Sub(g.at)
		if off := g.end.Sub(end).Abs(); off > left/5 && off > 12*time.Second {
			t.Errorf("%s before the end, %s was foretold", left, g.end.Sub(g.at))
		}
	}
}
