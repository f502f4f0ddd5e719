package mailer_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What the counter refuses, so that refused and deferred deliveries are among those that a kill
// hits: some readers for good, some the first time.
func refusedForGood(n int) bool  { return n%97 == 5 }
func refusedAtFirst(n int) bool  { return n%101 == 7 }
func readerNumber(to string) int { return numberIn(to, "reader%d@example.com") }

func numberIn(s, format string) int {
	n := 0
	if _, err := fmt.Sscanf(s, format, &n); err != nil {
		return 0
	}
	return n
}

// The moments at which the counter can stop a connection until the sender has been killed.
const (
	afterMail  = "after MAIL"
	midContent = "mid content"
	afterDot   = "after the dot"
)

// A taken is what the counter has of one recipient.
type taken struct {
	N       int    `json:"n"`
	SHA     string `json:"sha"`
	ID      string `json:"id"`
	Differs bool   `json:"differs,omitempty"` // a copy had other bytes or another Message-ID
}

// A counter is the relay at the far end, in a process of its own: it outlives the sender, and
// counts what it accepted, by recipient, before it says so.
type counter struct {
	wide, narrow int // ports; the narrow one's buffers hold less than half a mail
	open         sync.WaitGroup
	goOn         chan struct{} // ends a hold

	mu        sync.Mutex
	extras    []string // lines of the answer to EHLO
	got       map[string]*taken
	greylist  map[string]bool
	arm       string // the moment that is waited for
	left      int    // how many times it is let pass, and one
	inMail    int    // connections that ended within a transaction
	inContent int    // … within the content
}

// maxHold bounds how long a connection is held for a kill that does not come.
const maxHold = 20 * time.Second

// runCounter is the counter's process. It does what its input says until that ends.
func runCounter() error {
	c := &counter{goOn: make(chan struct{}), got: map[string]*taken{}, greylist: map[string]bool{}}
	var err error
	if c.wide, err = c.listen(0, 0); err == nil {
		c.narrow, err = c.listen(1400, 4096)
	}
	if err != nil {
		return err
	}
	c.tell("ports %d %d", c.wide, c.narrow)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := c.obey(in.Text()); err != nil {
			return err
		}
	}
	return in.Err()
}

// tell says something to the parent, in one write.
func (c *counter) tell(format string, args ...any) {
	if _, err := os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n"); err != nil {
		os.Exit(3) // the parent is gone
	}
}

func (c *counter) obey(order string) error {
	verb, rest, _ := strings.Cut(order, " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	switch verb {
	case "reset": // with the extensions to offer
		c.got, c.greylist = map[string]*taken{}, map[string]bool{}
		c.extras = strings.Fields(rest)
	case "arm":
		number, at, _ := strings.Cut(rest, " ")
		if _, err := fmt.Sscan(number, &c.left); err != nil {
			return err
		}
		c.arm = at
	case "go": // the sender is dead: what is held goes on to its end
		c.arm = ""
		close(c.goOn)
		c.goOn = make(chan struct{})
		c.mu.Unlock()
		c.open.Wait()
		c.mu.Lock()
		c.tell("ended %d %d", c.inMail, c.inContent)
		c.inMail, c.inContent = 0, 0
	case "report":
		all, err := json.Marshal(c.got)
		if err != nil {
			return err
		}
		c.tell("report %s", all)
	default:
		return fmt.Errorf("unknown order %q", order)
	}
	return nil
}

// listen opens a port, with small segments and a small buffer where these are not 0.
func (c *counter) listen(segment, buffer int) (port int, err error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var set error
		err := raw.Control(func(fd uintptr) {
			if segment > 0 {
				set = errors.Join(syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, segment),
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, buffer))
			}
		})
		return errors.Join(err, set)
	}}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.open.Add(1)
			go func() {
				defer c.open.Done()
				newCounterSession(c, conn, segment > 0).run()
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// pass holds the caller when the moment that is waited for has come, until the sender is dead,
// and reports whether it did.
func (c *counter) pass(at string) (held bool) {
	c.mu.Lock()
	if c.arm != at {
		c.mu.Unlock()
		return false
	}
	c.left--
	goOn, now := c.goOn, c.left <= 0
	if now {
		c.arm = ""
	}
	c.mu.Unlock()
	if !now {
		return false
	}
	c.tell("hit")
	t := time.NewTimer(maxHold)
	defer t.Stop()
	select {
	case <-goOn:
	case <-t.C:
	}
	return true
}

// recipient is the answer to RCPT.
func (c *counter) recipient(to string) (reply string, ok bool) {
	n := readerNumber(to)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case n > 0 && refusedForGood(n):
		return "550 5.1.1 no such user", false
	case n > 0 && refusedAtFirst(n) && !c.greylist[to]:
		c.greylist[to] = true
		return "450 4.2.2 mailbox full just now", false
	}
	return "250 2.1.5 ok", true
}

// accept counts a message. From here on it is delivered, whether or not anybody hears so.
func (c *counter) accept(to, sha, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.got[to]
	if t == nil {
		t = &taken{SHA: sha, ID: id}
		c.got[to] = t
	}
	t.N++
	t.Differs = t.Differs || t.SHA != sha || t.ID != id
}

// ended notes how a connection ended.
func (c *counter) ended(inMail, inContent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if inMail {
		c.inMail++
	}
	if inContent {
		c.inContent++
	}
}
