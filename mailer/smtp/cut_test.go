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
	c, err := Dial(limited(t), plain(port), "")
	if err != nil {
		return false, true
	}
	defer c.Abort()
	if err := c.Offer(limited(t), reader(1), words(1)); err != nil {
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

func TestBytesThatCrawlOneByOneMakeNoDifference(t *testing.T) {
	server := relay(t, smtptest.Options{})
	wire := lay(t, server.Port(), -1, -1, true)
	defer wire.remove()
	accepted, _ := once(t, wire.port())
	if got := server.Messages(); !accepted || len(got) != 1 || string(got[0].Data) != string(words(1)) {
		t.Errorf("accepted %v, messages %+v", accepted, got)
	}
}
