package amnesia

import (
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

const (
	page   = 4096 // what is noted as unsynced
	sector = 512  // what a disk writes whole
)

// A node is a file or a folder: as it is now, and as the disk keeps it.
type node struct {
	ino     uint64
	mode    uint32 // with its kind
	changed time.Time

	now, kept []byte // a file's bytes
	dirty     map[int64]struct{}

	names, keptNames map[string]*node // a folder's entries
	changes          []change         // what was done since the last sync, in order
}

// A change is one step of a folder that is done whole or not at all: nil removes a name.
type change map[string]*node

func (n *node) isFolder() bool { return n.mode&syscall.S_IFMT == syscall.S_IFDIR }

func (n *node) size() int64 { return int64(len(n.now)) }

// total is the size of all files in a folder, and below it.
func (n *node) total() int64 {
	sum := n.size()
	for _, child := range n.names {
		sum += child.total()
	}
	return sum
}

func (n *node) touch(from, to int64) {
	if n.dirty == nil {
		n.dirty = map[int64]struct{}{}
	}
	for p := from / page; p*page < to; p++ {
		n.dirty[p] = struct{}{}
	}
	n.changed = time.Now()
}

func (n *node) write(data []byte, off int64) {
	if end := off + int64(len(data)); end > n.size() {
		n.resize(end)
	}
	copy(n.now[off:], data)
	n.touch(off, off+int64(len(data)))
}

func (n *node) resize(size int64) {
	was := n.size()
	if size > was {
		n.now = append(n.now, make([]byte, size-was)...)
	} else {
		n.now = n.now[:size]
	}
	n.touch(min(was, size), max(was, size))
}

// keep is a sync.
func (n *node) keep() {
	if n.isFolder() {
		n.keptNames, n.changes = maps.Clone(n.names), nil
		return
	}
	n.kept = fit(n.kept, n.size())
	for p := range n.dirty {
		if lo := p * page; lo < n.size() {
			copy(n.kept[lo:min(lo+page, n.size())], n.now[lo:])
		}
	}
	n.dirty = nil
}

// forget is a sync that failed: the pages count as written, and are not.
func (n *node) forget() { n.dirty, n.changes = nil, nil }

func fit(b []byte, size int64) []byte {
	if more := size - int64(len(b)); more > 0 {
		return append(b, make([]byte, more)...)
	}
	return b[:size]
}

// change does a step of a folder.
func (n *node) change(c change) {
	n.changes = append(n.changes, c)
	n.changed = time.Now()
	c.apply(n.names)
}

func (c change) apply(names map[string]*node) {
	for name, to := range c {
		if to == nil {
			delete(names, name)
		} else {
			names[name] = to
		}
	}
}

// fresh is a node with the same name tag and nothing in it.
func (n *node) fresh() *node { return &node{ino: n.ino, mode: n.mode, changed: n.changed} }

// synced is a copy as it is now. The entries of a folder are those of the original.
func (n *node) synced() *node {
	m := n.fresh()
	if n.isFolder() {
		m.names, m.keptNames = maps.Clone(n.names), map[string]*node{}
		return m
	}
	m.now, m.kept = slices.Clone(n.now), slices.Clone(n.now)
	return m
}

// afterCut is what is left after a power cut. The entries of a folder are those of the original.
func (n *node) afterCut(chance *rand.Rand) *node {
	m := n.fresh()
	if n.isFolder() {
		m.names, m.keptNames = maps.Clone(n.keptNames), map[string]*node{}
		if chance != nil && len(n.changes) > 0 {
			for _, c := range n.changes[:chance.IntN(len(n.changes)+1)] {
				c.apply(m.names)
			}
		}
		return m
	}
	m.now = slices.Clone(n.kept)
	if chance != nil && len(n.dirty) > 0 {
		m.now = n.torn(m.now, chance)
	}
	m.kept = slices.Clone(m.now)
	return m
}

// torn lets some of the unsynced sectors survive, and perhaps the new size.
func (n *node) torn(kept []byte, chance *rand.Rand) []byte {
	if chance.IntN(2) == 0 {
		kept = fit(kept, n.size())
	}
	end := min(int64(len(kept)), n.size())
	for _, p := range slices.Sorted(maps.Keys(n.dirty)) { // in order: a seed must repeat itself
		for lo := p * page; lo < min((p+1)*page, end); lo += sector {
			if chance.IntN(2) == 0 {
				copy(kept[lo:min(lo+sector, end)], n.now[lo:])
			}
		}
	}
	return kept
}

func (n *node) unsynced(file string) int {
	sum := 0
	for name, child := range n.names {
		sum += child.unsynced(file)
		if name == file {
			sum += len(child.dirty)
		}
	}
	return sum
}
