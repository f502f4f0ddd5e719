package imap

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// floodRoom is how many bytes may come in one step, messages that were asked for apart: the numbers of maxUIDs messages fit.
const floodRoom = 64 << 20

var errFlood = errors.New("its answer does not end")

// A wire is the TCP connection beneath TLS and IMAP. It notes when a byte last moved and how the connection ended, so that
// the watchdog can tell a slow transfer from a dead one, and a cut line from an answer that cannot be read.
type wire struct {
	net.Conn
	moved atomic.Int64 // when a byte last came or went, in nanoseconds since 1970
	room  atomic.Int64 // bytes that may still come in this step: the library keeps a line of any length in memory

	mu   sync.Mutex
	lost error // the first error of the connection itself
}

func newWire(conn net.Conn) *wire {
	w := &wire{Conn: conn}
	w.moved.Store(time.Now().UnixNano())
	w.room.Store(floodRoom)
	return w
}

// Read notes what came and how the line ended.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if w.room.Add(-int64(n)) < 0 {
		w.Close()
		return 0, errFlood
	}
	return n, w.note(n, err)
}

// Write notes what went and how the line ended.
func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	return n, w.note(n, err)
}

func (w *wire) note(n int, err error) error {
	if n > 0 {
		w.moved.Store(time.Now().UnixNano())
	}
	// A connection that this side closed was not lost.
	if err != nil && !errors.Is(err, net.ErrClosed) {
		w.mu.Lock()
		if w.lost == nil {
			w.lost = err
		}
		w.mu.Unlock()
	}
	return err
}

// lostBy returns the error that ended the connection, or nil while it stands.
func (w *wire) lostBy() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// SetReadDeadline does nothing: the library sets five minutes for a whole literal, which a large message on a slow line
// needs more of. The watchdog watches for silence instead.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// guard closes the connection when ctx ends or when nothing moved for quiet, until the returned function is called; that
// one says why the connection was closed, or nil when it was not.
func (w *wire) guard(ctx context.Context, quiet time.Duration) (release func() error) {
	w.room.Store(floodRoom)
	done := make(chan struct{})
	verdict := make(chan error, 1)
	go func() { verdict <- w.watch(ctx, quiet, done) }()
	return func() error {
		close(done)
		return <-verdict
	}
}

func (w *wire) watch(ctx context.Context, quiet time.Duration, done <-chan struct{}) error {
	began := time.Now()
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			w.Close()
			return ctx.Err()
		case now := <-timer.C:
			last := time.Unix(0, w.moved.Load())
			if last.Before(began) {
				last = began
			}
			rest := quiet - now.Sub(last)
			if rest <= 0 {
				w.Close()
				return ErrSilent
			}
			timer.Reset(rest)
		}
	}
}
