package mailer_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/proof/postfix"
	"github.com/olomotimes/tipsheet/proof/root"
)

func realPostfix(t *testing.T, o postfix.Options) *postfix.Postfix {
	t.Helper()
	root.Need(t)
	o.Domains = []string{"example.com"}
	p, err := postfix.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// childOf is the process of the given name that a process has started.
func childOf(t *testing.T, parent int, name string) int {
	t.Helper()
	found := 0
	until(t, name+" to run", func() bool {
		all, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range all {
			stat, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			var pid, ppid int
			var state string
			open, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
			if open < 0 || end < 0 || string(stat[open+1:end]) != name {
				continue
			}
			if _, err := fmt.Sscan(string(stat[:open]), &pid); err != nil {
				continue
			}
			if _, err := fmt.Sscan(string(stat[end+1:]), &state, &ppid); err == nil && ppid == parent {
				found = pid
			}
		}
		return found != 0
	})
	return found
}

// Postfix takes a thousand mails while its queue manager is stopped: for us they are accepted,
// whatever lies in its queue. What it cannot deliver comes back as a bounce one day.
func TestRow21RelayThatQueuesHasAcceptedAndItsQueueIsNotOurs(t *testing.T) {
	t.Parallel()
	manager := 0
	t.Cleanup(func() { // after the server's end: it goes on, and finds that it was told to end
		if manager == 0 {
			return
		}
		if err := syscall.Kill(manager, syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	})
	p := realPostfix(t, postfix.Options{})
	manager = childOf(t, p.PID(), "qmgr")
	if err := syscall.Kill(manager, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	const readers = 1000
	r := newRig(t, nil, readers, 100)
	r.s.Window = 8
	r.run(at(t, p.Port(), 8))
	r.complete(0)
	if w := r.words(); w[data.WordAccepted] != readers {
		t.Errorf("words: %v, want all accepted", w)
	}
	queue := filepath.Join(filepath.Dir(filepath.Dir(p.Maildir("reader1@example.com"))), "queue")
	queued, err := filepath.Glob(filepath.Join(queue, "incoming", "*"))
	if err != nil || len(queued) != readers {
		t.Errorf("%d are in its queue (%v), want %d", len(queued), err, readers)
	}
	if _, err := os.Stat(p.Maildir("reader1@example.com")); err == nil {
		t.Error("something was delivered, so its queue manager was not stopped")
	}
}

// A policy service is asked by Postfix about each recipient, and greylists.
func policyService(t *testing.T, list *greylist) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			all.Go(func() { answerPolicy(c, list) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range conns {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

func answerPolicy(c net.Conn, list *greylist) {
	defer c.Close()
	buffer, asked := make([]byte, 4096), ""
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		asked += string(buffer[:n])
		for {
			request, rest, whole := strings.Cut(asked, "\n\n")
			if !whole {
				break
			}
			asked = rest
			_, recipient, _ := strings.Cut(request, "\nrecipient=")
			recipient, _, _ = strings.Cut(recipient, "\n")
			action := "dunno"
			if !list.passes(recipient) {
				action = "defer_if_permit Greylisted, see you in 5 minutes"
			}
			if _, err := fmt.Fprintf(c, "action=%s\n\n", action); err != nil {
				return
			}
		}
	}
}

func TestRow14GreylistingByARealPostfixCostsNobody(t *testing.T) {
	t.Parallel()
	clock := datatest.NewClock()
	policy := policyService(t, newGreylist(clock.Now))
	// Postfix says 421 to a client that has had twenty errors; that it makes it wait a second for
	// each from the tenth on would only take time here.
	p := realPostfix(t, postfix.Options{Main: []string{"smtpd_error_sleep_time = 0",
		"smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:" + policy}})
	r := newRig(t, clock, 30, 10)
	r.s.Window = 8
	r.run(at(t, p.Port(), 2))
	r.waitWord(data.WordDeferred, 30, 0)
	r.complete(10 * time.Second)
	r.allActive()
	if d := clock.Now().Sub(r.issue.DueAt); d > 30*time.Minute {
		t.Errorf("it took %s", d)
	}
	for address, d := range r.deliveries() {
		if d.Word != data.WordAccepted || d.Attempts < 2 {
			t.Errorf("%s: %s after %d attempts", address, d.Word, d.Attempts)
		}
	}
}

// A database that was copied to another place sends nothing until a person has looked (P3).
func TestRow8CopiedDatabaseSendsNothingUntilItIsAdopted(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, 60, 10)
	here := func(db *data.DB) data.Difference {
		t.Helper()
		d, err := db.CheckInstance(t.Context(), db.Here("the machine"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := here(r.db); !d.None() {
		t.Fatalf("before it was copied: %s", d)
	}
	relay := scripted(t, smtptest.Script{})
	stop := r.run(at(t, relay.Port(), 1))
	r.until("some to be sent", 0, func() bool { return len(relay.Messages()) >= 5 })
	stop()
	sent := len(relay.Messages())
	if sent == 60 {
		t.Fatal("nothing was left to be sent")
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	whole, err := os.ReadFile(r.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(r.db.Path() + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{copied: whole, copied + "-wal": wal} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	clone := &rig{t: t, db: datatest.OpenAt(t, copied, nil), nl: r.nl, issue: r.issue, n: r.n, s: r.s, log: &words{}}
	if d := here(clone.db); d.None() {
		t.Fatal("the copy sees no difference")
	}
	if s := state(t, clone.db, r.issue.MailingID); s != data.MailingHeld {
		t.Errorf("the copy's issue is %s, want held", s)
	}
	if _, err := clone.db.NextDue(t.Context()); err == nil {
		t.Error("something is due in the copy")
	}
	if len(relay.Messages()) != sent {
		t.Error("the copy has sent")
	}
	if _, err := clone.db.Adopt(t.Context(), clone.db.Here("the machine")); err != nil {
		t.Fatal(err)
	}
	clone.run(at(t, relay.Port(), 1))
	clone.complete(0)
	clone.wantOnce(counted(relay.Messages()))
}
