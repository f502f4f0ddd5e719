package mailer

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	firstShut  = time.Minute // a lane is shut after the first answer of its kind
	lastShut   = time.Hour   // at most, doubling each time
	mostLanes  = 10_000      // domains that are remembered
	relaysOwn  = 3           // domains in a row with 421: it is the relay
	probeFor   = time.Minute // that the first message through a reopened lane may take
	evictAmong = 16          // lanes that are looked at to find one to forget
)

// What an answer is about, besides its message.
type blame int

const (
	blameNone   blame = iota
	blameDomain       // its domain's lane is shut now
	blameRelay        // the relay wants to be left alone
)

// lanes are the recipients' domains of one relay that are backed off from. What a 421 or a 4.7.x
// (RFC 3463, section 3.8) is about, SMTP does not say; this is how we read it:
//
// Until RCPT (connecting, greeting, EHLO, AUTH, MAIL) nothing was said of any recipient: it is
// the relay. At RCPT, DATA, in the content or at the dot it is the recipient's domain: relays
// answer so for the server behind them, and receivers for a sender who comes too fast. But a
// 421 for three different domains in a row, with no message accepted and no other answer
// between, is the relay itself, and shuts no lane.
//
// A lane is shut for 1 minute, twice as long each time up to an hour, and forgotten after an
// accepted message. When it opens again, one message goes first, and the others when that one
// was accepted. Answers to what was on its way when the lane shut do not make it longer.
//
// Greylisting looks the same, but wants each recipient tried once. A domain that says so, or
// that has accepted a later attempt after such an answer, keeps its lane open for a first
// attempt's 450 or 451 at RCPT; each is retried by itself.
//
// At most 10,000 domains are remembered; beyond that the one that would open soonest of a few
// is forgotten. Nothing is kept over a restart: the first answer shuts the lane again. The zero
// value is ready. It is safe for concurrent use.
type lanes struct {
	mu      sync.Mutex
	all     map[string]*lane
	closing []string // domains that were answered with 421, one after another
}

type lane struct {
	times  int       // it was shut in a row
	until  time.Time // shut until then
	probed bool      // until is that of the message that went first
	greys  bool      // it greylists
}

// open says whether a message to domain may be offered now, and if not, until when it is set
// aside. It changes nothing: who then offers the message says so by went.
func (l *lanes) open(domain string, now time.Time) (until time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.all[domain]
	if a == nil || a.times == 0 || !now.Before(a.until) {
		return time.Time{}, true
	}
	return a.until, false
}

// went says that a message to domain is about to be offered. Where the lane has just opened
// again, the others wait for what becomes of it.
func (l *lanes) went(domain string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.all[domain]; a != nil && a.times > 0 && !now.Before(a.until) {
		a.until, a.probed = now.Add(probeFor), true
	}
}

// answered notes what the relay said to the given attempt at a message for domain, and says
// what that was about.
func (l *lanes) answered(domain string, attempt int, r smtp.Reply, now time.Time) blame {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Accepted() && r.Step == smtp.StepDot {
		l.closing = l.closing[:0]
		l.accepted(domain, attempt)
		return blameNone
	}
	if !r.Closing() {
		l.closing = l.closing[:0]
	}
	if !r.Closing() && !(r.Deferred() && strings.HasPrefix(r.Enhanced, "4.7.")) {
		if a := l.all[domain]; a != nil && a.probed {
			a.until = now // the one that went first says nothing of the others: the next goes
		}
		return blameNone
	}
	switch r.Step {
	case smtp.StepRcpt, smtp.StepData, smtp.StepContent, smtp.StepDot:
	default:
		return blameRelay
	}
	if r.Closing() && l.manyClosed(domain) {
		return blameRelay
	}
	if l.grey(domain, attempt, r) {
		return blameNone
	}
	l.close(domain, now)
	return blameDomain
}

func (l *lanes) accepted(domain string, attempt int) {
	a := l.all[domain]
	if a == nil {
		return
	}
	if attempt > 1 && a.times > 0 {
		a.greys = true
	}
	a.times, a.until, a.probed = 0, time.Time{}, false
	if !a.greys {
		delete(l.all, domain)
	}
}

// grey says whether an answer is an ordinary one of a domain that greylists.
func (l *lanes) grey(domain string, attempt int, r smtp.Reply) bool {
	if r.Closing() || r.Step != smtp.StepRcpt {
		return false
	}
	words := strings.ToLower(r.Text)
	if strings.Contains(words, "greylist") || strings.Contains(words, "graylist") {
		return true
	}
	a := l.all[domain]
	return a != nil && a.greys && attempt == 1
}

// manyClosed notes a 421, and says whether there were too many in a row to be about the domains.
// Then their lanes are opened again.
func (l *lanes) manyClosed(domain string) bool {
	if !slices.Contains(l.closing, domain) {
		l.closing = append(l.closing, domain)
	}
	if len(l.closing) < relaysOwn {
		return false
	}
	for _, d := range l.closing {
		delete(l.all, d)
	}
	l.closing = l.closing[1:]
	return true
}

func (l *lanes) close(domain string, now time.Time) {
	a := l.all[domain]
	if a == nil {
		a = l.add(domain)
	}
	if now.Before(a.until) && !a.probed {
		return // it was on its way when the lane was shut
	}
	a.times++
	a.until, a.probed = now.Add(shutFor(a.times)), false
}

// shutFor is how long a lane is shut for the n-th time in a row.
func shutFor(n int) time.Duration {
	d := firstShut
	for i := 1; i < n && d < lastShut; i++ {
		d *= 2
	}
	return min(d, lastShut)
}

func (l *lanes) add(domain string) *lane {
	if l.all == nil {
		l.all = map[string]*lane{}
	}
	if len(l.all) >= mostLanes {
		l.forgetOne()
	}
	a := &lane{}
	l.all[domain] = a
	return a
}

// forgetOne forgets the lane that opens soonest of some, in the map's own, random order.
func (l *lanes) forgetOne() {
	var soonest string
	var at time.Time
	looked := 0
	for domain, a := range l.all {
		if looked == 0 || a.until.Before(at) {
			soonest, at = domain, a.until
		}
		if looked++; looked == evictAmong {
			break
		}
	}
	delete(l.all, soonest)
}
