package imaptest

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
)

// A tracker is a listener that knows its open connections, so that Close can wait for them.
type tracker struct {
	net.Listener
	mu    sync.Mutex
	conns map[*trackedConn]struct{}
	open  sync.WaitGroup
}

type trackedConn struct {
	net.Conn
	once  sync.Once
	owner *tracker
}

// Accept takes the next connection and remembers it until it is closed.
func (t *tracker) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &trackedConn{Conn: conn, owner: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		t.conns = map[*trackedConn]struct{}{}
	}
	t.conns[c] = struct{}{}
	t.open.Add(1)
	return c, nil
}

// Close closes the connection and forgets it.
func (c *trackedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.owner.mu.Lock()
		delete(c.owner.conns, c)
		c.owner.mu.Unlock()
		c.owner.open.Done()
	})
	return err
}

func (t *tracker) closeAll() {
	t.mu.Lock()
	var open []*trackedConn
	for c := range t.conns {
		open = append(open, c)
	}
	t.mu.Unlock()
	for _, c := range open {
		c.Conn.Close() // its server sees the end and calls the Close that counts
	}
}

func (t *tracker) wait() { t.open.Wait() }

func (t *tracker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns)
}

// A printer hands the server's complaints about its clients to slog.
type printer struct{ log *slog.Logger }

// Printf is what the library calls.
func (p printer) Printf(format string, args ...any) {
	p.log.Debug("the embedded mail server complains", "what", fmt.Sprintf(format, args...))
}
