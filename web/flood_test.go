package web_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/web"
)

// A form takes 64 KB, and all of it may be the login: what is kept of one must not grow with it.
func TestLongLoginsDoNotFillTheMemory(t *testing.T) {
	k := newClock()
	a := web.NewAttempts(web.SignInLimits(), k.now)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	for i := range 1000 {
		a.Begin(netip.AddrFrom4([4]byte{byte(1 + i>>8), byte(i), 0, 1}), strings.Repeat("x", 32<<10)+fmt.Sprint(i))
	}
	if _, n := a.Held(); n != 1000 {
		t.Fatalf("%d accounts are held, want 1000: long logins must stay apart", n)
	}
	if grown := int64(held()) - int64(before); grown > 4<<20 {
		t.Errorf("a thousand long logins hold %d KB", grown>>10)
	}
	if _, ok := a.Begin(addr("192.0.2.1"), "amaka"); !ok {
		t.Error("an editor is refused")
	}
}

func TestALongLoginUnderAttackIsSlowedDownToo(t *testing.T) {
	a := web.NewAttempts(web.SignInLimits(), newClock().now)
	login := strings.Repeat("amaka", 100)
	for i := range 5 {
		if _, ok := a.Begin(addr(fmt.Sprintf("192.0.%d.1", 2+8*i)), login); !ok {
			t.Fatalf("guess %d was refused", i)
		}
	}
	if _, ok := a.Begin(addr("203.0.113.9"), login); ok {
		t.Error("the sixth guess was let through")
	}
}
