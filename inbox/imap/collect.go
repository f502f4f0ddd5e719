package imap

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"sync"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const wholeAtOnce = 1 << 20 // a literal up to this size gets its memory on the server's word; a larger one as the bytes come

// A collector gathers the bodies of one FETCH, whichever way they come: matched by the library to the command, or left over by it
// because the UID stood behind the body, because an unasked update for the same UID came first, or because two bodies came under one UID.
type collector struct {
	want    map[uint32]bool
	section *goimap.FetchItemBodySection
	stop    func()         // closes the connection
	strays  sync.WaitGroup // left-over bodies that are being read

	mu   sync.Mutex
	left int64 // bytes that may still come
	over bool  // more was announced
	cut  bool  // a body ended early
	turn int   // bodies begun
	got  []body
}

// A body is a whole message with its place in the order of arrival.
type body struct {
	Fetched
	turn int
}

// readMatched reads one message of the command. It returns false when the line was cut inside it; the command is then left as
// it lies, because the library's decoder is already using the same buffer to find out.
func (c *collector) readMatched(msg *imapclient.FetchMessageData) bool {
	return c.read(msg, func() {})
}

// readStray reads one message that the library could not match. A body cannot be passed by the decoder before it was read, so the
// command cannot end before the count is up.
func (c *collector) readStray(msg *imapclient.FetchMessageData) {
	opened := false
	c.read(msg, func() {
		if !opened {
			c.strays.Add(1)
			opened = true
		}
	})
	if opened {
		c.strays.Done()
	}
}

func (c *collector) read(msg *imapclient.FetchMessageData, onBody func()) bool {
	var f body
	whole := false
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			f.UID = uint32(item.UID)
		case imapclient.FetchItemDataInternalDate:
			f.InternalDate = item.Time
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue // NIL: the server has no such message any more
			}
			onBody()
			turn, fits := c.take(item.Literal.Size())
			if !fits {
				c.stop()
				_, _ = io.Copy(io.Discard, item.Literal) // the decoder waits for the literal to be read, if only up to the closed line
				return false
			}
			raw, ok := c.readLiteral(item.Literal)
			if !ok {
				return false
			}
			if item.MatchCommand(c.section) {
				f.Raw, f.turn, whole = raw, turn, true
			}
		}
	}
	if whole && c.want[f.UID] {
		c.keep(f)
	}
	return true
}

// readLiteral reads one literal to its end. False: it ended early.
func (c *collector) readLiteral(lit goimap.LiteralReader) ([]byte, bool) {
	size := lit.Size()
	var raw []byte
	if size <= wholeAtOnce {
		raw = make([]byte, size)
		if n, _ := io.ReadFull(lit, raw); int64(n) < size {
			return nil, c.short()
		}
		// The library lets go of a literal only when it has seen its end.
		if n, err := lit.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			return nil, c.short()
		}
		return raw, true
	}
	var b bytes.Buffer
	b.Grow(wholeAtOnce)
	if n, err := b.ReadFrom(lit); err != nil || n != size {
		return nil, c.short()
	}
	return b.Bytes(), true
}

// take counts a body of size bytes that begins to come. False: it is larger than what may still come.
func (c *collector) take(size int64) (turn int, fits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if size > c.left {
		c.over = true
		return 0, false
	}
	c.left -= size
	c.turn++
	return c.turn, true
}

func (c *collector) short() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	return false
}

// keep stores a whole message. The same bytes twice under one UID are one message; other bytes are another.
func (c *collector) keep(f body) {
	c.mu.Lock()
	defer c.mu.Unlock()
	same := func(g body) bool { return g.UID == f.UID && bytes.Equal(g.Raw, f.Raw) }
	if !slices.ContainsFunc(c.got, same) {
		c.got = append(c.got, f)
	}
}

// harvest returns, once the command has closed cleanly, what came and which UIDs did not.
func (c *collector) harvest() (got []Fetched, missing []uint32) {
	c.strays.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	came := make(map[uint32]bool, len(c.got))
	for _, f := range c.got {
		came[f.UID] = true
	}
	for uid := range c.want {
		if !came[uid] {
			missing = append(missing, uid)
		}
	}
	slices.Sort(missing)
	slices.SortFunc(c.got, func(a, b body) int {
		return cmp.Or(cmp.Compare(a.UID, b.UID), cmp.Compare(a.turn, b.turn))
	})
	for _, f := range c.got {
		got = append(got, f.Fetched)
	}
	return got, missing
}

// trouble says why a body was not read whole, or nil.
func (c *collector) trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return ErrTooLarge
	case c.cut:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// drain reads past a message that nobody asked for.
func drain(msg *imapclient.FetchMessageData) {
	for item := msg.Next(); item != nil; item = msg.Next() {
		body, ok := item.(imapclient.FetchItemDataBodySection)
		if !ok || body.Literal == nil {
			continue
		}
		if n, err := io.Copy(io.Discard, body.Literal); err != nil || n < body.Literal.Size() {
			return
		}
	}
}
