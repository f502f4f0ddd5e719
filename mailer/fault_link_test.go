package mailer_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestRow17LinkThatDiesAfterTheDotIsUncertainAndCounted(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 4} {
		t.Run(fmt.Sprint("hold, window ", window), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, 4, 2)
			r.s.Window, r.s.Uncertain = window, data.PolicyHold
			relay := sink(t, "-q", ".") // it takes the message, and hangs up without a word
			r.run(at(t, relay.Port(), 2))
			r.complete(0)
			if w := r.words(); w[data.WordHeld] != 4 {
				t.Errorf("words: %v, want 4 held", w)
			}
			r.wantAtMost(took(t, relay), 0)
		})
		t.Run(fmt.Sprint("resend, window ", window), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, datatest.NewClock(), 4, 2)
			r.s.Window = window
			relay := sink(t, "-q", ".")
			r.run(at(t, relay.Port(), 2))
			until(t, "all to be uncertain once", func() bool { return r.log.count("delivery is uncertain") >= 4 })
			heal(t, relay)
			r.complete(10 * time.Second)
			if w := r.words(); w[data.WordAccepted] != 4 {
				t.Errorf("words: %v, want 4 accepted", w)
			}
			r.wantAtMost(took(t, relay), r.log.count("delivery is uncertain"))
		})
	}
}

// A wire is a proxy whose connections die as its plan says, each after so many bytes of what
// the client says, or of what the relay answers. Both ends are reset.
type wire struct {
	net.Listener
	plan func(conn int) (said, answered int) // bytes that pass; below 0: no end
	all  sync.WaitGroup
}

func newWire(t *testing.T, relay string, plan func(conn int) (said, answered int)) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, plan: plan}
	w.all.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.all.Go(func() { w.carry(c.(*net.TCPConn), relay, n) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.all.Wait()
	})
	return w
}

func (w *wire) port() int { return w.Addr().(*net.TCPAddr).Port }

// carry passes bytes until the plan or one of the ends says that it is over.
func (w *wire) carry(client *net.TCPConn, relay string, n int) {
	far, err := net.Dial("tcp", relay)
	if err != nil {
		client.Close()
		return
	}
	server := far.(*net.TCPConn)
	said, answered := w.plan(n)
	var cut sync.Once
	over := func(reset bool) {
		cut.Do(func() {
			if reset {
				_ = client.SetLinger(0) // RST instead of FIN; where it fails, FIN is as good
				_ = server.SetLinger(0)
			}
			client.Close()
			server.Close()
		})
	}
	var both sync.WaitGroup
	both.Go(func() { over(passBytes(server, client, said)) })
	both.Go(func() { over(passBytes(client, server, answered)) })
	both.Wait()
}

// passBytes copies at most so many bytes and says whether it stopped for that.
func passBytes(to, from *net.TCPConn, most int) bool {
	if most < 0 {
		_, _ = io.Copy(to, from) // however it ends, it is over
		return false
	}
	n, _ := io.CopyN(to, from, int64(most))
	return n == int64(most)
}

// The link is cut at a sample of all the places in a session, in both directions. Whatever
// arrived twice or not at all must be among the uncertain.
func TestRow17LinkCutAtAnyByteOfASessionLosesNobody(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		for _, policy := range []data.Policy{data.PolicyHold, data.PolicyResend} {
			t.Run(fmt.Sprint(policy, ", window ", window), func(t *testing.T) {
				t.Parallel()
				const readers, message, answers = 300, 1500, 120 // bytes of a transaction, about
				chance := rand.New(rand.NewPCG(17, uint64(window)))
				var mu sync.Mutex
				cuts := 0
				plan := func(conn int) (int, int) {
					mu.Lock()
					defer mu.Unlock()
					if conn%2 == 0 { // some messages get through, and the relay is not down
						return -1, 12 * answers
					}
					if cuts++; cuts > 25 {
						return -1, -1
					}
					if chance.IntN(3) == 0 {
						return -1, chance.IntN(3 * answers)
					}
					return chance.IntN(3 * message), -1
				}
				r := newRig(t, datatest.NewClock(), readers, 20)
				r.s.Window, r.s.Uncertain = window, policy
				// go-smtp takes a chunk that was cut off for a whole message, so it is not used here.
				relay := scripted(t, smtptest.Script{Extensions: []string{"PIPELINING", "8BITMIME", "SIZE 0", "CHUNKING"}})
				w := newWire(t, fmt.Sprintf("127.0.0.1:%d", relay.Port()), plan)
				r.run(at(t, w.port(), 1)) // so that every second connection gets through
				r.complete(20 * time.Second)
				r.afterCuts(relay.Messages(), policy)
				mu.Lock()
				defer mu.Unlock()
				if cuts < 10 {
					t.Errorf("only %d links were cut", cuts)
				}
			})
		}
	}
}

// afterCuts checks what the relay has against what the ledger says.
func (r *rig) afterCuts(all []smtptest.Message, policy data.Policy) {
	r.t.Helper()
	got := counted(all)
	again := 0 // rulings to send again
	for _, d := range r.deliveries() {
		lines, err := r.db.LedgerOf(r.t.Context(), d.MailingID, d.Seq)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, l := range lines {
			if l.Kind == "ruling" && l.Word == "resend" {
				again++
			}
		}
	}
	if policy == data.PolicyHold && again != 0 {
		r.t.Errorf("under hold, %d were sent again", again)
	}
	r.wantAtMost(got, again)
	for address, d := range r.deliveries() {
		switch {
		case got[address] > 0 && (d.Word == data.WordAccepted || d.Word == data.WordHeld):
		case got[address] == 0 && d.Word == data.WordHeld && policy == data.PolicyHold:
		default:
			r.t.Errorf("%s is %s and got %d", address, d.Word, got[address])
		}
	}
	first := map[string][]byte{}
	for _, m := range all {
		if before, ok := first[m.To[0]]; ok && !bytes.Equal(before, m.Data) {
			r.t.Errorf("%s got two mails that differ", m.To[0])
		}
		first[m.To[0]] = m.Data
	}
}

// slice passes each byte in a packet of its own, in both directions.
func slice(t *testing.T, relay string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	one := func(to, from net.Conn) { // Go sets TCP_NODELAY: a write is a packet
		defer to.Close()
		defer from.Close()
		b := make([]byte, 1)
		for {
			if _, err := from.Read(b); err != nil {
				return
			}
			if _, err := to.Write(b); err != nil {
				return
			}
		}
	}
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", relay)
			if err != nil {
				c.Close()
				continue
			}
			all.Go(func() { one(s, c) })
			all.Go(func() { one(c, s) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

func TestRow18OneByteAPacketMakesNoDifference(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		var results [2]map[string][]byte
		for i, sliced := range []bool{false, true} {
			r := newRig(t, datatest.NewClock(), 30, 10) // the same ids and the same clock: the same bytes
			r.s.Window = window
			relay := server(t, smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal {
				if e.Stage == smtptest.StageRcpt && e.To == "reader3@example.com" {
					return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user"}
				}
				return nil
			}})
			port := relay.Port()
			if sliced {
				port = slice(t, relay.Addr())
			}
			r.run(at(t, port, 2))
			r.complete(0)
			if w := r.words(); w[data.WordAccepted] != 29 || w[data.WordRefused] != 1 {
				t.Errorf("window %d: words %v", window, w)
			}
			results[i] = map[string][]byte{}
			for _, m := range relay.Messages() {
				results[i][m.To[0]] = m.Data
			}
		}
		for address, mail := range results[0] {
			if !bytes.Equal(mail, results[1][address]) {
				t.Errorf("window %d: %s got other bytes", window, address)
			}
		}
		if len(results[0]) != 29 || len(results[1]) != 29 {
			t.Errorf("window %d: %d and %d mails, want 29", window, len(results[0]), len(results[1]))
		}
	}
}
