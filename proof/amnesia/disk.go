package amnesia

import (
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// A Disk holds files and folders in memory. It is safe for concurrent use.
type Disk struct {
	mu      sync.Mutex
	root    *node
	last    uint64 // the highest inode number given
	off     bool   // the power is off
	room    int64  // bytes that files may take together; negative: any
	full    int    // writes that were refused for want of room
	syncs   int    // asked for, those that failed among them
	failing int    // the number of the sync that fails; 0: none
	ending  int    // the number of the sync that finds no power any more; 0: none
	ended   chan struct{}
}

// New is an empty disk without limits.
func New() *Disk {
	d := &Disk{room: -1}
	d.root = d.makeNode(syscall.S_IFDIR | 0o755)
	return d
}

func (d *Disk) makeNode(mode uint32) *node {
	d.last++
	n := &node{ino: d.last, mode: mode, changed: time.Now()}
	if n.isFolder() {
		n.names, n.keptNames = map[string]*node{}, map[string]*node{}
	}
	return n
}

// Cut is a power cut. From now on everything asked of d fails; the disk that is returned is
// what the machine finds when it starts again, without limits or faults. Where chance is nil
// nothing survives that was not synced. Else each unsynced sector survives or not, and of
// the unsynced changes of each folder the first few do.
func (d *Disk) Cut(chance *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	return d.copied(func(n *node) *node { return n.afterCut(chance) })
}

// Clone is a copy of the disk as it is now, all of it synced, without limits or faults.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copied((*node).synced)
}

func (d *Disk) copied(one func(*node) *node) *Disk {
	c := &Disk{last: d.last, room: -1}
	done := map[*node]*node{}
	var walk func(n *node) *node
	walk = func(n *node) *node {
		if known, ok := done[n]; ok {
			return known
		}
		m := one(n)
		done[n] = m
		for name, child := range m.names {
			m.names[name] = walk(child)
			m.keptNames[name] = m.names[name]
		}
		return m
	}
	c.root = walk(d.root)
	return c
}

// Limit lets all files together grow to at most so many bytes; negative lifts the limit. What
// is larger already stays, and may be overwritten in place.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Used is how many bytes all files have together.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root.total()
}

// Refused is how many writes found no room so far.
func (d *Disk) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full
}

// FailSync has the nth sync from now fail with EIO, once; 1 is the next one.
func (d *Disk) FailSync(nth int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = d.syncs + nth
}

// PowerOff has the power fail as the nth sync from now is asked for, before it is done: all that
// it was for is still unsynced. The channel is closed then, and Cut gives what is left.
func (d *Disk) PowerOff(nth int) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ending, d.ended = d.syncs+nth, make(chan struct{})
	return d.ended
}

// Off says that the power is off.
func (d *Disk) Off() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// Syncs is how many syncs of files and folders were asked for so far, whatever came of them.
func (d *Disk) Syncs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// hasRoom says whether files may take so many bytes more.
func (d *Disk) hasRoom(more int64) bool {
	if more <= 0 || d.room < 0 || d.root.total()+more <= d.room {
		return true
	}
	d.full++
	return false
}

func (d *Disk) sync(n *node) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return syscall.EIO
	}
	d.syncs++
	if d.syncs == d.ending {
		d.off = true
		close(d.ended)
		return syscall.EIO
	}
	if d.syncs == d.failing {
		n.forget()
		return syscall.EIO
	}
	n.keep()
	return 0
}

func (d *Disk) write(n *node, data []byte, off int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.off:
		return syscall.EIO
	case !d.hasRoom(off + int64(len(data)) - int64(len(n.now))):
		return syscall.ENOSPC
	}
	n.write(data, off)
	return 0
}

func (d *Disk) resize(n *node, size int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.off:
		return syscall.EIO
	case n.isFolder():
		return syscall.EISDIR
	case !d.hasRoom(size - int64(len(n.now))):
		return syscall.ENOSPC
	}
	n.resize(size)
	return 0
}

func (d *Disk) read(n *node, into []byte, off int64) (int, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return 0, syscall.EIO
	}
	if off >= int64(len(n.now)) {
		return 0, 0
	}
	return copy(into, n.now[off:]), 0
}

// Unsynced is how many pages of the files of that name a cut would forget, or, after one, has
// forgotten.
func (d *Disk) Unsynced(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root.unsynced(name)
}
