package data

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Histogram counts values by size.
type Histogram struct {
	Bounds []float64 // the upper bound of each bucket, within it, in order
	Counts []int64   // one more than Bounds: the last is of what is larger than them all
	Sum    float64
	Worst  float64 // the largest value
}

func newHistogram(bounds ...float64) Histogram {
	return Histogram{Bounds: bounds, Counts: make([]int64, len(bounds)+1)}
}

func (h *Histogram) add(v float64) {
	i, _ := slices.BinarySearch(h.Bounds, v)
	h.Counts[i]++
	h.Sum += v
	h.Worst = max(h.Worst, v)
}

func (h Histogram) clone() Histogram {
	h.Counts = slices.Clone(h.Counts)
	return h
}

// A Meter counts the commits of a ledger, and goes on counting where one follows another. It
// is safe for concurrent use.
type Meter struct {
	waiting atomic.Int64

	mu     sync.Mutex
	took   Histogram
	size   Histogram
	failed int64
}

// NewMeter makes a meter, to be handed to OpenLedger.
func NewMeter() *Meter {
	return &Meter{
		took: newHistogram(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
		size: newHistogram(1, 2, 4, 8, 16, 32, 64, 128, 256, groupSize),
	}
}

// CommitFigures are what a Meter has counted.
type CommitFigures struct {
	Took    Histogram // seconds that a commit took, those that failed among them
	Size    Histogram // lines that shared a commit
	Failed  int64     // commits that failed
	Waiting int       // lines that wait for their commit now
}

// Figures are what was counted so far.
func (m *Meter) Figures() CommitFigures {
	m.mu.Lock()
	defer m.mu.Unlock()
	return CommitFigures{Took: m.took.clone(), Size: m.size.clone(), Failed: m.failed, Waiting: int(m.waiting.Load())}
}

func (m *Meter) committed(took time.Duration, lines int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took.add(took.Seconds())
	m.size.add(float64(lines))
	if err != nil {
		m.failed++
	}
}
