package web

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Window is how many attempts may be made in a length of time from one address, from its
// neighbourhood (IPv4 /26, IPv6 /48) and from its wider one (IPv4 /21, IPv6 /32).
type Window struct {
	Length time.Duration
	Limits [3]int
}

// Limits bounds attempts by where they come from and by which account they are for.
type Limits struct {
	Windows []Window
	// FreeTries is how many attempts on one account may fail before each next one has to wait,
	// twice as long every time, up to LongestWait. 0 turns the slow-down off.
	FreeTries   int
	LongestWait time.Duration
}

// SignInLimits are those of the desk's door: ten guesses a minute from one address, and about a
// hundred a day on one account from anywhere.
func SignInLimits() Limits {
	return Limits{
		Windows: []Window{
			{time.Minute, [3]int{10, 30, 90}},
			{24 * time.Hour, [3]int{50, 150, 450}},
		},
		FreeTries: 5, LongestWait: 15 * time.Minute,
	}
}

// FormLimits are those of the public forms. The day's are wide, since a mobile carrier puts very
// many readers behind few addresses; what protects a victim is the limit of letters to each
// address.
func FormLimits() Limits {
	return Limits{Windows: []Window{
		{time.Minute, [3]int{10, 30, 90}},
		{24 * time.Hour, [3]int{500, 5_000, 30_000}},
	}}
}

// Where addresses are grouped, narrowest first.
var (
	v4Widths = [3]int{32, 26, 21}
	v6Widths = [3]int{64, 48, 32}
)

const (
	maxPrefixes = 100_000 // counters kept a window before it starts anew
	maxAccounts = 10_000  // accounts in one generation
	maxKnown    = 16      // addresses remembered for one account
	forgetAfter = 24 * time.Hour
)

// Attempts counts attempts in memory. It is safe for concurrent use; all it knows is forgotten
// with the process.
type Attempts struct {
	limits Limits
	now    func() time.Time

	mu       sync.Mutex
	windows  []counter
	accounts map[loginKey]*account
	older    map[loginKey]*account // the generation before: those not seen since are forgotten next
}

type counter struct {
	from   time.Time
	counts map[place]int
}

// place is an address or a neighbourhood; width tells them apart where the prefix could not be read.
type place struct {
	prefix netip.Prefix
	width  int
}

// loginKey stands for a login, of which a stranger may type any length.
type loginKey [sha256.Size]byte

// account is what is known of one login.
type account struct {
	failures int
	last     time.Time // the last attempt
	known    []place
}

// NewAttempts starts counting by the given clock.
func NewAttempts(limits Limits, now func() time.Time) *Attempts {
	return &Attempts{limits: limits, now: now, windows: make([]counter, len(limits.Windows)), accounts: map[loginKey]*account{}}
}

// Begin asks to make an attempt from an address on an account, "" for none. It counts the attempt
// at once, so that a thousand at the same time are not all let in; [Attempts.Succeeded] takes it
// back. When ok is false nothing was counted and wait says how long to stay away.
//
// An account under attack is slowed down, not locked: an address from which its owner has signed
// in before does not have to wait.
func (a *Attempts) Begin(from netip.Addr, login string) (wait time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if wait := a.windowWait(from, now); wait > 0 {
		return wait, false
	}
	if wait := a.accountWait(from, login, now); wait > 0 {
		return wait, false
	}
	for i := range a.windows {
		for _, p := range prefixes(from) {
			a.windows[i].counts[p]++
		}
	}
	if login != "" && a.limits.FreeTries > 0 {
		acc := a.account(login, now)
		acc.failures++
		acc.last = now
	}
	return 0, true
}

// Succeeded takes the attempt back and remembers the address as one of the account's owner.
func (a *Attempts) Succeeded(from netip.Addr, login string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.windows {
		for _, p := range prefixes(from) {
			if a.windows[i].counts[p] > 0 {
				a.windows[i].counts[p]--
			}
		}
	}
	if login == "" || a.limits.FreeTries == 0 {
		return
	}
	acc := a.account(login, a.now())
	acc.failures = max(acc.failures-1, 0)
	p := prefixes(from)[0]
	for _, k := range acc.known {
		if k == p {
			return
		}
	}
	acc.known = append(acc.known, p)
	if len(acc.known) > maxKnown {
		acc.known = acc.known[1:]
	}
}

// windowWait starts windows that are over anew and says how long until the fullest one is.
func (a *Attempts) windowWait(from netip.Addr, now time.Time) time.Duration {
	var wait time.Duration
	for i, w := range a.limits.Windows {
		c := &a.windows[i]
		if c.counts == nil || now.Sub(c.from) >= w.Length || now.Before(c.from) || len(c.counts) > maxPrefixes {
			*c = counter{now, map[place]int{}}
		}
		for k, p := range prefixes(from) {
			if c.counts[p] >= w.Limits[k] {
				wait = max(wait, c.from.Add(w.Length).Sub(now))
			}
		}
	}
	return wait
}

func (a *Attempts) accountWait(from netip.Addr, login string, now time.Time) time.Duration {
	acc, ok := a.seen(login)
	if !ok || a.limits.FreeTries == 0 {
		return 0
	}
	if now.Sub(acc.last) >= forgetAfter {
		acc.failures = 0
	}
	over := acc.failures - a.limits.FreeTries
	if over < 0 {
		return 0
	}
	for _, k := range acc.known {
		if k == prefixes(from)[0] {
			return 0
		}
	}
	pause := a.limits.LongestWait
	if over < 20 {
		pause = min(time.Second<<over, pause)
	}
	return max(acc.last.Add(pause).Sub(now), 0)
}

// seen returns what is known of the login, in either generation.
func (a *Attempts) seen(login string) (*account, bool) {
	key := loginKey(sha256.Sum256([]byte(login)))
	if acc, ok := a.accounts[key]; ok {
		return acc, true
	}
	acc, ok := a.older[key]
	return acc, ok
}

// account returns the login's record, in the young generation. When that is full the old one is
// forgotten and the young one takes its place.
func (a *Attempts) account(login string, now time.Time) *account {
	acc, ok := a.seen(login)
	if !ok {
		acc = &account{last: now}
	}
	if len(a.accounts) >= maxAccounts {
		a.older, a.accounts = a.accounts, map[loginKey]*account{}
	}
	a.accounts[sha256.Sum256([]byte(login))] = acc
	return acc
}

// prefixes are the address and its two neighbourhoods. Addresses that could not be read share one
// place of each width.
func prefixes(from netip.Addr) [3]place {
	var out [3]place
	from = from.Unmap().WithZone("")
	widths := v6Widths
	if from.Is4() {
		widths = v4Widths
	}
	for i, w := range widths {
		out[i].width = i
		if from.IsValid() {
			// The widths fit the address's family, so that this cannot fail.
			out[i].prefix, _ = from.Prefix(w)
		}
	}
	return out
}
