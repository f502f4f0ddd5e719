// Package slowlink is a TCP proxy that makes a server on this machine as far away as one across
// the sea: what goes in either direction arrives a fixed time later, so that a round trip takes
// twice that time.
//
// For each connection it reads as fast as it can, in both directions, and writes each piece when
// its time has come. Its window is unlimited: it holds whatever is on its way, so only round
// trips cost time and never bandwidth. A half-closed direction is closed after the delay too; an
// error on either side ends both. Opening a connection takes one round trip longer for what the
// client says, as it does for the handshake on a real link.
package slowlink

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A Link is a proxy at work.
type Link struct {
	listener net.Listener
	target   string
	delay    time.Duration

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
	all    sync.WaitGroup
}

// Listen opens a port on this machine whose connections lead to target, an address of host and
// port, with delay in each direction.
func Listen(target string, delay time.Duration) (*Link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &Link{listener: l, target: target, delay: delay, conns: map[net.Conn]bool{}}
	k.all.Go(k.accept)
	return k, nil
}

// Port is the TCP port that it listens at.
func (k *Link) Port() int { return k.listener.Addr().(*net.TCPAddr).Port }

// Close ends all connections, whatever is on its way, and waits for them. It may be called
// twice.
func (k *Link) Close() error {
	err := k.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	k.mu.Lock()
	k.closed = true
	for c := range k.conns {
		c.Close()
	}
	k.mu.Unlock()
	k.all.Wait()
	return err
}

func (k *Link) accept() {
	for {
		c, err := k.listener.Accept()
		if err != nil {
			return // closed
		}
		k.all.Go(func() { k.carry(c) })
	}
}

// hold remembers a connection for Close. It reports false, and closes it, when that was called.
func (k *Link) hold(c net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		c.Close()
		return false
	}
	k.conns[c] = true
	return true
}

func (k *Link) drop(c net.Conn) {
	c.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, c)
}

// carry is one connection, until both directions are over.
func (k *Link) carry(near net.Conn) {
	if !k.hold(near) {
		return
	}
	defer k.drop(near)
	far, err := net.DialTimeout("tcp", k.target, 5*time.Second)
	if err != nil || !k.hold(far) {
		return
	}
	defer k.drop(far)
	var both sync.WaitGroup
	both.Go(func() { k.pass(near.(*net.TCPConn), far.(*net.TCPConn), time.Now().Add(2*k.delay)) })
	both.Go(func() { k.pass(far.(*net.TCPConn), near.(*net.TCPConn), time.Now().Add(2*k.delay)) })
	both.Wait()
}

// pass takes one direction; nothing arrives before open, when the handshake would be done.
func (k *Link) pass(from, to *net.TCPConn, open time.Time) {
	q := newQueue()
	var read sync.WaitGroup
	read.Go(func() {
		block := make([]byte, 256<<10)
		for {
			n, err := from.Read(block)
			if n > 0 {
				q.put(piece{append([]byte(nil), block[:n]...), latest(time.Now().Add(k.delay), open)})
			}
			if err != nil {
				q.end(time.Now().Add(k.delay), err)
				return
			}
		}
	})
	defer read.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		p, err := q.take()
		timer.Reset(time.Until(p.at))
		<-timer.C
		if errors.Is(err, io.EOF) {
			if to.CloseWrite() != nil {
				to.Close()
			}
			return
		}
		if err == nil {
			_, err = to.Write(p.bytes)
		}
		if err != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
