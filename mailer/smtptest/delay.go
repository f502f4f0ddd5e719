package smtptest

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Delay is a long way to a server on this machine: what goes in comes out that much later, in
// each direction, and as much as you like may be under way.
type Delay struct {
	listener net.Listener
	port     int
	each     time.Duration
	running  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// StartDelay runs a way to the server on port until Close. each is the time that bytes take in
// one direction, half of a round trip.
func StartDelay(port int, each time.Duration) (*Delay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start delay: %w", err)
	}
	d := &Delay{listener: listener, port: port, each: each, conns: make(map[net.Conn]bool)}
	d.running.Go(d.serve)
	return d, nil
}

// Port is where the way begins.
func (d *Delay) Port() int { return d.listener.Addr().(*net.TCPAddr).Port }

// Close ends all connections and waits for them. It may be called twice.
func (d *Delay) Close() error {
	err := d.listener.Close()
	d.mu.Lock()
	d.closed = true
	for conn := range d.conns {
		_ = conn.Close() // its goroutine sees the end, which is all that is wanted
	}
	d.mu.Unlock()
	d.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop delay: %w", err)
	}
	return nil
}

func (d *Delay) serve() {
	for {
		client, err := d.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: d.port})
		if err != nil {
			_ = client.Close() // which is how a server that is not there looks
			continue
		}
		d.mu.Lock()
		d.conns[client], d.conns[server] = true, true
		if d.closed {
			_, _ = client.Close(), server.Close()
		}
		d.mu.Unlock()
		d.running.Go(func() { d.carry(server, client) })
		d.running.Go(func() { d.carry(client, server) })
	}
}

// parcel is bytes under way.
type parcel struct {
	due   time.Time
	bytes []byte
}

// carry takes bytes from one end to the other, and the end of the connection too.
func (d *Delay) carry(to, from net.Conn) {
	const underWay = 10_000 // parcels; more of them wait in the sender's socket
	way := make(chan parcel, underWay)
	go func() {
		defer close(way)
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				way <- parcel{time.Now().Add(d.each), append([]byte(nil), buffer[:n]...)}
			}
			if err != nil {
				return
			}
		}
	}()
	broken := false
	for p := range way {
		<-time.After(time.Until(p.due))
		if !broken {
			_, err := to.Write(p.bytes)
			broken = err != nil
		}
	}
	_ = to.Close() // one end has closed; the other may have done so already
	d.mu.Lock()
	delete(d.conns, to)
	d.mu.Unlock()
}
