package web_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/web"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// tries begins n attempts and returns how many were let in.
func tries(a *web.Attempts, n int, from func(i int) netip.Addr, login string) int {
	in := 0
	for i := range n {
		if _, ok := a.Begin(from(i), login); ok {
			in++
		}
	}
	return in
}

func TestGuessesAreBoundedByWhereTheyComeFrom(t *testing.T) {
	one := func(s string) func(int) netip.Addr { return func(int) netip.Addr { return addr(s) } }
	spread := func(format string, n int) func(int) netip.Addr {
		return func(i int) netip.Addr { return addr(fmt.Sprintf(format, i%n)) }
	}
	for name, c := range map[string]struct {
		from func(int) netip.Addr
		want int
	}{
		"one address":                  {one("192.0.2.1"), 10},
		"one mapped address":           {one("::ffff:192.0.2.1"), 10},
		"a /26":                        {spread("192.0.2.%d", 64), 30},
		"a /21":                        {func(i int) netip.Addr { return addr(fmt.Sprintf("198.51.%d.%d", 96+i%8, i%250)) }, 90},
		"one IPv6 line, many hosts":    {spread("2001:db8:1:1::%x", 5000), 10},
		"a /48":                        {spread("2001:db8:1:%x::1", 5000), 30},
		"a /32":                        {spread("2001:db8:%x::1", 5000), 90},
		"the whole of IPv4, scattered": {func(i int) netip.Addr { return netip.AddrFrom4([4]byte{byte(11 + i/16), byte(i % 16 * 16), 1, 1}) }, 1000},
		"an address nobody could read": {func(int) netip.Addr { return netip.Addr{} }, 10},
	} {
		t.Run(name, func(t *testing.T) {
			a := web.NewAttempts(web.SignInLimits(), newClock().now)
			if got := tries(a, 1000, c.from, ""); got != c.want {
				t.Errorf("%d of 1,000 were let in, want %d", got, c.want)
			}
		})
	}
}

func TestWindowsEndOneAfterTheOther(t *testing.T) {
	k := newClock()
	a := web.NewAttempts(web.SignInLimits(), k.now)
	from := func(int) netip.Addr { return addr("192.0.2.1") }
	total := 0
	for range 10 {
		total += tries(a, 100, from, "")
		k.advance(time.Minute)
	}
	if total != 50 {
		t.Errorf("%d were let in within one day, want 50", total)
	}
	wait, ok := a.Begin(addr("192.0.2.1"), "")
	if ok || wait != 24*time.Hour-10*time.Minute {
		t.Errorf("told to wait %v, want the rest of the day", wait)
	}
	k.advance(24 * time.Hour)
	if got := tries(a, 100, from, ""); got != 10 {
		t.Errorf("%d were let in on the next day, want 10", got)
	}
}

func TestAccountUnderAttackIsSlowedDownForStrangersOnly(t *testing.T) {
	k := newClock()
	a := web.NewAttempts(web.SignInLimits(), k.now)
	home := addr("203.0.113.9")
	if _, ok := a.Begin(home, "amaka"); !ok {
		t.Fatal("the first attempt was refused")
	}
	a.Succeeded(home, "amaka")
	in := 0
	for i := range 24 * 3600 {
		from := netip.AddrFrom4([4]byte{byte(11 + i%100), byte(i / 100 % 250), byte(i / 25000), 1})
		if _, ok := a.Begin(from, "amaka"); ok {
			in++
		}
		k.advance(time.Second)
	}
	if in > 110 || in < 5 {
		t.Errorf("%d guesses a day were let in on one account, want about 100", in)
	}
	if wait, ok := a.Begin(home, "amaka"); !ok {
		t.Errorf("the owner was told to wait %v", wait)
	}
	if wait, ok := a.Begin(addr("10.9.9.9"), "amaka"); ok || wait <= 0 || wait > 15*time.Minute {
		t.Errorf("a stranger got %v, %v", wait, ok)
	}
	if _, ok := a.Begin(addr("10.9.9.9"), "musa"); !ok {
		t.Error("another account was slowed down too")
	}
}

func TestSuccessTakesTheAttemptBack(t *testing.T) {
	a := web.NewAttempts(web.SignInLimits(), newClock().now)
	for i := range 200 {
		if _, ok := a.Begin(addr("192.0.2.1"), "amaka"); !ok {
			t.Fatalf("sign-in %d was refused", i)
		}
		a.Succeeded(addr("192.0.2.1"), "amaka")
	}
}

func TestCountersStayBounded(t *testing.T) {
	k := newClock()
	a := web.NewAttempts(web.SignInLimits(), k.now)
	for i := range 150_000 {
		a.Begin(netip.AddrFrom4([4]byte{byte(1 + i>>16), byte(i >> 8), byte(i), 1}), fmt.Sprintf("login%d", i%12_000))
	}
	if p, n := a.Held(); p > 2*100_003 || n > 20_000 {
		t.Errorf("%d counters and %d accounts are held", p, n)
	}
}
