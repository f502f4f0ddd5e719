package mailer

import (
	"fmt"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

func said(step smtp.Step, code int, enhanced, text string) smtp.Reply {
	return smtp.Reply{Step: step, Code: code, Enhanced: enhanced, Text: text}
}

var accepted = said(smtp.StepDot, 250, "2.0.0", "queued")

func isOpen(l *lanes, domain string, now time.Time) bool {
	_, ok := l.open(domain, now)
	return ok
}

func TestOnlyTheDomainThatAsksForItIsLeftAlone(t *testing.T) {
	now := datatest.NewClock().Now()
	for _, c := range []struct {
		reply smtp.Reply
		about blame
	}{
		{said(smtp.StepRcpt, 421, "4.7.0", "try later"), blameDomain},
		{said(smtp.StepRcpt, 450, "4.7.1", "too much mail"), blameDomain},
		{said(smtp.StepData, 451, "4.7.28", "unusual rate"), blameDomain},
		{said(smtp.StepContent, 421, "", "closing"), blameDomain},
		{said(smtp.StepDot, 421, "", "closing"), blameDomain},
		{said(smtp.StepDot, 451, "4.7.650", "slow down"), blameDomain},
		{said(smtp.StepMail, 421, "4.7.0", "too many connections"), blameRelay},
		{said(smtp.StepGreeting, 421, "", "busy"), blameRelay},
		{said(smtp.StepMail, 451, "4.7.1", "policy"), blameRelay},
		{said(smtp.StepRcpt, 450, "4.2.1", "this mailbox gets too much"), blameNone},
		{said(smtp.StepRcpt, 450, "4.7.1", "Greylisted, see our page"), blameNone},
		{said(smtp.StepDot, 452, "4.3.1", "disk full"), blameNone},
		{said(smtp.StepRcpt, 550, "5.7.1", "no"), blameNone},
		{said(smtp.StepDot, 250, "2.0.0", "thank you"), blameNone},
	} {
		l := &lanes{}
		if got := l.answered("slow.example", 1, c.reply, now); got != c.about {
			t.Errorf("%s at %s is about %d, want %d", c.reply, c.reply.Step, got, c.about)
		}
		if isOpen(l, "slow.example", now) == (c.about == blameDomain) {
			t.Errorf("%s at %s: the lane is wrong", c.reply, c.reply.Step)
		}
		if !isOpen(l, "other.example", now) {
			t.Errorf("%s at %s shut another domain", c.reply, c.reply.Step)
		}
	}
}

func TestALaneIsShutLongerEachTimeUpToAnHour(t *testing.T) {
	clock := datatest.NewClock()
	l := &lanes{}
	slow := said(smtp.StepRcpt, 421, "4.7.0", "later")
	for _, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		for range 20 { // what was on its way gets the same answer
			l.answered("slow.example", 1, slow, clock.Now())
		}
		until, ok := l.open("slow.example", clock.Now())
		if want := clock.Now().Add(time.Duration(minutes) * time.Minute); ok || !until.Equal(want) {
			t.Fatalf("shut until %s, want %s", until, want)
		}
		clock.Add(until.Sub(clock.Now()))
	}
	l.answered("slow.example", 1, accepted, clock.Now())
	l.answered("slow.example", 1, slow, clock.Now())
	if until, _ := l.open("slow.example", clock.Now()); until.Sub(clock.Now()) != time.Minute {
		t.Fatalf("after an accepted one it is shut for %s", until.Sub(clock.Now()))
	}
}

func TestOneMessageGoesFirstThroughAReopenedLane(t *testing.T) {
	clock := datatest.NewClock()
	l := &lanes{}
	l.answered("slow.example", 1, said(smtp.StepRcpt, 421, "", ""), clock.Now())
	clock.Add(time.Minute)
	for range 2 { // to look changes nothing
		if !isOpen(l, "slow.example", clock.Now()) {
			t.Fatal("the lane is not open after its minute")
		}
	}
	l.went("slow.example", clock.Now())
	if isOpen(l, "slow.example", clock.Now()) {
		t.Fatal("a second one may go before the first was answered")
	}
	l.answered("slow.example", 1, said(smtp.StepRcpt, 550, "5.1.1", "nobody"), clock.Now())
	if !isOpen(l, "slow.example", clock.Now()) {
		t.Fatal("the first one says nothing, and the next may not go")
	}
	l.went("slow.example", clock.Now())
	l.answered("slow.example", 1, accepted, clock.Now())
	for range 3 {
		l.went("slow.example", clock.Now())
		if !isOpen(l, "slow.example", clock.Now()) {
			t.Fatal("accepted, and the lane is not open to all")
		}
	}
}

func TestManyDomainsClosedInARowAreTheRelay(t *testing.T) {
	now := datatest.NewClock().Now()
	l := &lanes{}
	closing := said(smtp.StepRcpt, 421, "4.3.2", "shutting down")
	want := []blame{blameDomain, blameDomain, blameRelay, blameRelay}
	for i, w := range want {
		if got := l.answered(fmt.Sprintf("d%d.example", i), 1, closing, now); got != w {
			t.Fatalf("domain %d: about %d, want %d", i+1, got, w)
		}
	}
	for i := range want {
		if !isOpen(l, fmt.Sprintf("d%d.example", i), now) {
			t.Errorf("domain %d is left alone for what was about the relay", i+1)
		}
	}
	l = &lanes{}
	for i := range 10 { // with others accepted between them they are the domains
		if got := l.answered(fmt.Sprintf("d%d.example", i), 1, closing, now); got != blameDomain {
			t.Fatalf("about %d, want the domain", got)
		}
		l.answered("well.example", 1, accepted, now)
	}
}

// A greylisting receiver that does not say so defers each recipient's first attempt.
func TestAGreylistingDomainGetsItsMail(t *testing.T) {
	const readers, patience = 500, 5 * time.Minute
	clock := datatest.NewClock()
	l := &lanes{}
	type reader struct {
		attempt int
		first   time.Time
		next    time.Time
		got     bool
	}
	var all [readers]reader
	begun, left := clock.Now(), readers
	for left > 0 && clock.Now().Sub(begun) < 6*time.Hour {
		now := clock.Now()
		for i := range all {
			r := &all[i]
			if r.got || r.next.After(now) {
				continue
			}
			if until, ok := l.open("grey.example", now); !ok {
				r.next = until
				continue
			}
			l.went("grey.example", now)
			r.attempt++
			if r.first.IsZero() {
				r.first = now
			}
			if now.Sub(r.first) < patience {
				l.answered("grey.example", r.attempt, said(smtp.StepRcpt, 451, "4.7.1", "please try again"), now)
				r.next = now.Add(retryAfter(r.attempt))
				continue
			}
			l.answered("grey.example", r.attempt, accepted, now)
			r.got, left = true, left-1
		}
		clock.Add(10 * time.Second)
	}
	if took := clock.Now().Sub(begun); left > 0 || took > time.Hour {
		t.Fatalf("%d of %d readers without their mail after %s", left, readers, took)
	}
}

func TestLanesForgetBeyondTheirNumber(t *testing.T) {
	now := datatest.NewClock().Now()
	l := &lanes{}
	for i := range mostLanes + 500 {
		d := fmt.Sprintf("d%d.example", i)
		l.answered(d, 1, said(smtp.StepRcpt, 450, "4.7.1", "later"), now.Add(time.Duration(i)*time.Millisecond))
		if isOpen(l, d, now) {
			t.Fatalf("domain %d is not left alone", i)
		}
	}
	if n := len(l.all); n != mostLanes {
		t.Fatalf("%d lanes are remembered, want %d", n, mostLanes)
	}
}
