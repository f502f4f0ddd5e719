package smtp

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// cable is a wire between client and relay that breaks after so many bytes in one direction.
type cable struct {
	listener net.Listener
	all      sync.WaitGroup
}

// lay connects to the relay's port. up and down are how many bytes pass; -1 is no limit. With
// single set, bytes travel one by one.
func lay(t *testing.T, port int, up, down int64, single bool) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener}
	c.all.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		relay, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			client.Close()
			return
		}
		carry := func(to, from net.Conn, limit int64) {
			var r io.Reader = from
			if limit >= 0 {
				r = io.LimitReader(from, limit)
			}
			buffer := make([]byte, 4096)
			if single {
				buffer = buffer[:1]
			}
			// One end closing is how a cable is cut; there is nobody to tell.
			_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{r}, buffer)
			client.Close()
			relay.Close()
		}
		c.all.Go(func() { carry(relay, client, up) })
		c.all.Go(func() { carry(client, relay, down) })
	})
	return c
}

func (c *cable) port() int { return c.listener.Addr().(*net.TCPAddr).Port }

func (c *cable) remove() {
	c.listener.Close()
	c.all.Wait()
}

// once sends one message over a cable. It says what is known about it afterwards.
func once(t *testing.T, port int) (accepted, certainlyNot bool) {
	t.Helper()
	c, err := Dial(limited(t), plain(port), Secret{})
	if err != nil {
		return false, true
	}
	defer c.Abort()
	if err := offer(t, c, reader(1), words(1)); err != nil {
		if !isLost(err, false) {
			t.Errorf("offer: %v", err)
		}
		return false, true
	}
	reply, err := c.Dot(limited(t))
	var lost *LostError
	if errors.As(err, &lost) {
		return false, !lost.DotWritten
	}
	return err == nil && reply.Accepted(), err != nil
}

func TestCableCutAtEachByteNeverMakesAMessageCertainlyNotSentThatWas(t *testing.T) {
	for _, direction := range []string{"up", "down"} {
		uncertain, sure := 0, 0
		for at := int64(0); ; at++ {
			server := relay(t, smtptest.Options{})
			up, down := at, int64(-1)
			if direction == "down" {
				up, down = down, up
			}
			wire := lay(t, server.Port(), up, down, false)
			accepted, certainlyNot := once(t, wire.port())
			wire.remove()
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			switch got := server.Count(); {
			case accepted && got != 1, certainlyNot && got != 0:
				t.Fatalf("cut %s at byte %d: accepted %v, certainly not %v, relay has %d", direction, at, accepted, certainlyNot, got)
			case certainlyNot:
				sure++
			case !accepted:
				uncertain++
			}
			if accepted {
				break
			}
			if at > 2000 {
				t.Fatal("the message never gets through")
			}
		}
		if sure < 50 || uncertain < 1 {
			t.Errorf("%s: %d certain, %d uncertain", direction, sure, uncertain)
		}
		t.Logf("%s: %d certainly not handed over, %d uncertain", direction, sure, uncertain)
	}
}

// onceInABurst sends a burst over a cable. It says how many were accepted and how many may be.
func onceInABurst(t *testing.T, w way, port int, ps []*Prepared) (accepted, mayBe int, whole bool) {
	t.Helper()
	s := plain(port)
	s.Chunking = w.chunking
	c, err := Dial(limited(t), s, Secret{})
	if err != nil {
		return 0, 0, false
	}
	defer c.Abort()
	mayBe, err = c.Burst(limited(t), ps, func(_ int, r Reply) {
		if !r.Accepted() {
			t.Errorf("answer %v", r)
		}
		accepted++
	})
	if err != nil && !isLost(err, mayBe > 0) {
		t.Errorf("%d may be sent: %v", mayBe, err)
	}
	return accepted, mayBe, err == nil
}

func TestBurstCutAtEachByteCountsEachMessageThatMayHaveGone(t *testing.T) {
	ps := messages(t, 4)
	for _, w := range ways[:4] {
		for _, direction := range []string{"up", "down"} {
			most := 0
			for at, whole := int64(0), false; !whole; at += 3 {
				server := scripted(t, smtptest.Script{Extensions: w.extensions()})
				up, down := at, int64(-1)
				if direction == "down" {
					up, down = down, up
				}
				wire := lay(t, server.Port(), up, down, false)
				accepted, mayBe := 0, 0
				accepted, mayBe, whole = onceInABurst(t, w, wire.port(), ps)
				wire.remove()
				if err := server.Close(); err != nil {
					t.Fatal(err)
				}
				if got := len(server.Messages()); got < accepted || got > accepted+mayBe {
					t.Fatalf("%s, cut %s at byte %d: accepted %d, may be %d more, relay has %d", w, direction, at, accepted, mayBe, got)
				}
				most = max(most, mayBe)
				if at > 5000 {
					t.Fatal("the burst never gets through")
				}
			}
			ahead := w.chunking == "on" && w.pipelining
			if most < 1 || most > 1 && !ahead {
				t.Errorf("%s, %s: up to %d uncertain", w, direction, most)
			}
		}
	}
}

func TestBytesThatCrawlOneByOneMakeNoDifference(t *testing.T) {
	server := relay(t, smtptest.Options{})
	wire := lay(t, server.Port(), -1, -1, true)
	defer wire.remove()
	accepted, _ := once(t, wire.port())
	if got := server.Messages(); !accepted || len(got) != 1 || string(got[0].Data) != string(words(1)) {
		t.Errorf("accepted %v, messages %+v", accepted, got)
	}
}
