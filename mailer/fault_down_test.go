package mailer_test

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestRow12RelayDownAtStartMakesOneAlarmAndNoBusyLoop(t *testing.T) {
	t.Parallel()
	t.Run("it hangs up", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, nil, 40, 10)
		relay := server(t, smtptest.Options{})
		door := newFrontDoor(t, relay.Addr())
		s := settings(t, door.Addr().String(), 4)
		r.run(s)
		r.alarm("main")
		failures := r.log.count("relay could not be used")
		// All four may dial before the first has failed; after that one does, and the next may be on
		// its way.
		if dials := int(door.taken.Load()); dials > 4+failures {
			t.Errorf("it was dialled %d times in %d backoffs", dials, failures)
		}
		if failures > 3 {
			t.Errorf("%d failures were counted within the first seconds", failures)
		}
		door.open.Store(true)
		r.complete(0)
		r.wantOnce(counted(relay.Messages()))
		if alarms, err := r.db.Alarms(t.Context()); err != nil || len(alarms) != 0 {
			t.Errorf("alarms after it is back: %+v, %v", alarms, err)
		}
		for address, d := range r.deliveries() {
			if d.Attempts != 1 {
				t.Errorf("%s took %d attempts", address, d.Attempts)
			}
		}
	})
	t.Run("its port is closed", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, nil, 10, 5)
		r.run(at(t, closedPort(t), 2))
		a := r.alarm("main")
		if !strings.Contains(a.Text, "refused") {
			t.Errorf("alarm: %q", a.Text)
		}
		if w := r.words(); w[data.WordOpen] != 10 {
			t.Errorf("words: %v, want all open", w)
		}
	})
}

// A relay that loses all its connections at once is one failure, however many there were: it
// must not rest for minutes because it had ten connections.
func TestRow12RelayThatRestartsIsBackWithinSeconds(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 8} {
		r := newRig(t, nil, 400, 20)
		r.s.Window, r.s.Uncertain = window, data.PolicyHold
		relay := sink(t, "-M", "100")
		r.run(at(t, relay.Port(), 10))
		<-relay.Exited()
		began := time.Now()
		heal(t, relay)
		r.complete(0)
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("window %d: it took %s until all were sent", window, d)
		}
		r.wantAtMost(took(t, relay), 0)
		if w := r.words(); w[data.WordAccepted]+w[data.WordHeld] != 400 || w[data.WordHeld] > 10*window {
			t.Errorf("window %d: words %v", window, w)
		}
	}
}

// blackHole is a port of a loopback address that answers no connection at all: its queue is
// full, and nobody takes anything from it.
func blackHole(t *testing.T, address syscall.Sockaddr, family int) int {
	t.Helper()
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, address); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := net.TCPAddr{}
	switch b := bound.(type) {
	case *syscall.SockaddrInet4:
		addr.IP, addr.Port = b.Addr[:], b.Port
	case *syscall.SockaddrInet6:
		addr.IP, addr.Port = b.Addr[:], b.Port
	}
	for range 10 { // the kernel holds one more than it was told
		c, err := net.DialTimeout("tcp", addr.String(), 100*time.Millisecond)
		if err != nil {
			return addr.Port
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the port takes every connection")
	return 0
}

func TestRow19RelayThatCannotBeFoundOrReachedIsAnAlarmAndNoCrash(t *testing.T) {
	t.Parallel()
	hole := blackHole(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, syscall.AF_INET)
	silent := scripted(t, smtptest.Script{Action: func(smtptest.Call) smtptest.Action { return smtptest.Action{Silent: true} }})
	for name, c := range map[string]struct {
		host, says string
		port       int
	}{
		"no such name":  {strings.Repeat("x", 64) + ".test", "no such host", 25}, // no resolver is asked for such a label
		"wrong address": {"127.0.0.2", "refused", closedPort(t)},
		"black hole":    {"127.0.0.1", "timeout", hole},
		"no greeting":   {"127.0.0.1", "greeting", silent.Port()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, 5, 5)
			s := plain("main", c.port)
			s.Host, s.Connections = c.host, 2
			if !dial.IsLoopback(c.host) {
				s.TLS = dial.StartTLS
			}
			s.Timeouts.Connect, s.Timeouts.Greeting = smtp.Duration(300*time.Millisecond), smtp.Duration(300*time.Millisecond)
			r.run(s)
			if a := r.alarm("main"); !strings.Contains(a.Text, c.says) {
				t.Errorf("alarm: %q, want %q in it", a.Text, c.says)
			}
			if w := r.words(); w[data.WordOpen] != 5 {
				t.Errorf("words: %v, want all open", w)
			}
		})
	}
}

// A name has two addresses, and the first leads nowhere.
func TestRow19BlackHoleAtTheFirstAddressLeavesTheSecond(t *testing.T) {
	t.Parallel()
	relay := server(t, smtptest.Options{})
	r := newRig(t, nil, 20, 20)
	s := plain("main", relay.Port())
	s.Host, s.Connections = "localhost", 1
	if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Log("there is no IPv6 on this machine, so localhost has one address:", err)
	} else {
		probe.Close()
		address := &syscall.SockaddrInet6{Port: relay.Port()}
		address.Addr[15] = 1
		blackHole(t, address, syscall.AF_INET6)
	}
	r.run(s)
	r.complete(0)
	r.wantOnce(counted(relay.Messages()))
}
