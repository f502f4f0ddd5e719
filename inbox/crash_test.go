package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

// crashAt runs one poll that ends at its n-th step, as a process does that is killed there. It returns the step's
// name, empty where the poll had fewer steps and came to its end.
func crashAt(t *testing.T, ctx context.Context, o inbox.Options, n int) string {
	t.Helper()
	dying, kill := context.WithCancel(ctx)
	defer kill()
	in := newInbox(t, o)
	steps, last := 0, ""
	in.OnStep(func(name string) {
		if steps++; steps == n {
			last = name
			kill()
		}
	})
	_, err := in.Poll(dying)
	if last == "" && err != nil {
		t.Fatalf("a poll that nobody killed: %v", err)
	}
	if last != "" && err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("killed after %q: %v", last, err)
	}
	return last
}

func TestACrashAfterAnyStepLosesNothingAndDoublesNothing(t *testing.T) {
	seen := map[string]int{}
	crashes := 0
	for n := 1; ; n++ {
		last := crashOnce(t, n)
		if last == "" {
			break
		}
		crashes++
		seen[last]++
	}
	t.Logf("%d crashes: %v", crashes, seen)
	for _, step := range []string{"connected", "fetched", "stored", "read", "recorded", "filed", "moved", "move recorded"} {
		if seen[step] == 0 {
			t.Errorf("no crash after the step %q", step)
		}
	}
}

// crashOnce gives a new mailbox to a process that is killed at its n-th step, then to two that are not, and counts at both ends.
func crashOnce(t *testing.T, n int) string {
	t.Helper()
	ctx, db := within(t, time.Minute), open(t)
	s, err := imaptest.Start(imaptest.Options{})
	must(t, err)
	defer s.Close()
	for i, category := range []string{"tip", "gossip", "other", "advert", "tip"} {
		must(t, s.Deliver(letter(i, category)))
	}
	must(t, s.Deliver(bounce))
	must(t, s.Append("Sent", mail("Thanks!", "From: tips@example.org", "Subject: Re: tip: mail 0", "In-Reply-To: <mail0@example.com>"), time.Now()))
	o := options(t, db, loopback(s.Port(), imap.FilingMove))
	o.Settings.BatchMessages = 2
	last := crashAt(t, ctx, o, n)
	poll(t, ctx, o)
	if r := poll(t, ctx, o); r.New+r.Opened+r.Joined+r.Moved != 0 {
		t.Errorf("step %d (%s): there was still something to do: %+v", n, last, r)
	}
	counts, err := db.CountMessages(ctx)
	must(t, err)
	if counts[data.MessageFiled] != 6 || counts[data.MessageReported] != 1 || len(counts) != 2 {
		t.Errorf("step %d (%s): messages %v", n, last, counts)
	}
	all := cards(t, db)
	if len(all) != 5 || all["tip: mail 0"].Messages != 2 {
		t.Errorf("step %d (%s): %d cards, %d messages in the answered one", n, last, len(all), all["tip: mail 0"].Messages)
	}
	for folder, want := range map[string]int{"INBOX": 2, "Tips": 2, "Gossip": 1, "Adverts": 1, "Sent": 1} {
		if got := s.Count(folder); got != want {
			t.Errorf("step %d (%s): %s holds %d, want %d", n, last, folder, got, want)
		}
	}
	if learned, err := db.CountCorrections(ctx); err != nil || learned != 0 {
		t.Errorf("step %d (%s): %d corrections learned, %v", n, last, learned, err)
	}
	if gaps, err := db.Gaps(ctx); err != nil || len(gaps) != 0 {
		t.Errorf("step %d (%s): gaps %v, %v", n, last, gaps, err)
	}
	if t.Failed() {
		t.FailNow()
	}
	return last
}

func TestALineCutAnywhereInAFetchLosesNothing(t *testing.T) {
	var mails []imaptest.Mail
	for n := range 3 {
		mails = append(mails, imaptest.Mail{UID: uint32(n + 1), Raw: fmt.Appendf(nil, "From: a@example.com\r\nSubject: tip: %d\r\n\r\nx\r\n", n)})
	}
	var cuts atomic.Int32
	for at := 0; at < 420; at += 9 {
		ctx, db := within(t, time.Minute), open(t)
		var met atomic.Bool // the first fetch of bodies meets the cut
		s, err := imaptest.StartScripted(imaptest.Script{Mails: mails, Answers: map[string]func(*imaptest.Exchange){
			"UID FETCH": func(e *imaptest.Exchange) {
				if strings.Contains(e.Args, "BODY") && met.CompareAndSwap(false, true) {
					cuts.Add(1)
					imaptest.CutAfter(at)(e)
					return
				}
				e.Polite()
			},
		}})
		must(t, err)
		r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave)))
		if r.New != 3 || r.Opened != 3 || r.Gaps != 0 {
			t.Errorf("cut at %d: %+v", at, r)
		}
		must(t, s.Close())
	}
	if n := cuts.Load(); n < 40 {
		t.Errorf("%d cuts", n)
	}
}
