package smtp

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/proof/sink"
	"github.com/olomotimes/tipsheet/proof/slowlink"
)

// fortyKB is a digest of the size that most are.
func fortyKB(t testing.TB) []byte {
	m := digest()
	m.HTML = strings.Repeat("<p>Ferry fares rise and the whole town is talking about it today.</p>\n", 420)
	m.Text = strings.Repeat("Ferry fares rise and the whole town is talking about it.\n", 130)
	return compose(t, m)
}

// roads are the ways to hand messages over that are measured.
var roads = []struct {
	name     string
	chunking string
	window   int // 1 is Offer, Follow, Dot
	plain    bool
}{
	{name: "DATA/w1", chunking: "off", window: 1},
	{name: "DATA/w32", chunking: "off", window: 32},
	{name: "BDAT/w1", chunking: "on", window: 1},
	{name: "BDAT/w32", chunking: "on", window: 32},
	{name: "DATA/w1/no-PIPELINING", chunking: "off", window: 1, plain: true},
	{name: "DATA/w32/no-PIPELINING", chunking: "off", window: 32, plain: true},
	{name: "BDAT/w32/no-PIPELINING", chunking: "on", window: 32, plain: true},
}

// light is the port of a relay that costs next to nothing.
func light(t testing.TB, o sink.Options) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := sink.Serve(l, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.Port()
}

// faraway is the port of what leads to another over a road of that round trip.
func faraway(b *testing.B, port int, roundTrip time.Duration) int {
	b.Helper()
	if roundTrip == 0 {
		return port
	}
	road, err := slowlink.Listen(fmt.Sprintf("127.0.0.1:%d", port), roundTrip/2)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := road.Close(); err != nil {
			b.Error(err)
		}
	})
	return road.Port()
}

func benchmarkHandOver(b *testing.B, roundTrip time.Duration) {
	message := fortyKB(b)
	for _, road := range roads {
		b.Run(road.name, func(b *testing.B) {
			s := plain(faraway(b, light(b, sink.Options{Pipelining: !road.plain, Chunking: true}), roundTrip))
			s.Chunking = road.chunking
			c := connect(b, s, "")
			ps := make([]*Prepared, max(2, road.window))
			for i := range ps {
				ps[i] = prepared(b, reader(i), message)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(message)))
			done := 0
			start, spent := time.Now(), processorTime(b)
			for b.Loop() {
				if road.window > 1 {
					if done++; done%road.window == 0 {
						burst(b, c, ps)
					}
					continue
				}
				offerFollowDot(b, c, ps[done%2], ps[(done+1)%2])
				done++
			}
			b.ReportMetric(float64(done)/time.Since(start).Seconds(), "msgs/s")
			b.ReportMetric((processorTime(b)-spent).Seconds()*1000/float64(done), "cpu-s/1000") // with the sink's
		})
	}
}

// processorTime is what this process has spent.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func burst(b *testing.B, c *Conn, ps []*Prepared) {
	n := 0
	if _, err := c.Burst(b.Context(), ps, func(_ int, r Reply) {
		if r.Accepted() {
			n++
		}
	}); err != nil || n != len(ps) {
		b.Fatalf("%d of %d: %v", n, len(ps), err)
	}
}

func offerFollowDot(b *testing.B, c *Conn, p, next *Prepared) {
	if err := c.Offer(b.Context(), p); err != nil {
		b.Fatal(err)
	}
	if err := c.Follow(next); err != nil {
		b.Fatal(err)
	}
	if reply, err := c.Dot(b.Context()); err != nil || !reply.Accepted() {
		b.Fatalf("%v %v", reply, err)
	}
}

func BenchmarkHandOver(b *testing.B)     { benchmarkHandOver(b, 0) }
func BenchmarkHandOver20ms(b *testing.B) { benchmarkHandOver(b, 20*time.Millisecond) }

func BenchmarkPrepare(b *testing.B) {
	message := fortyKB(b)
	p, e := &Prepared{}, reader(1)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if err := p.fill(e, message); err != nil {
			b.Fatal(err)
		}
		p.dotted()
	}
}
