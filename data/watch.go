package data

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// maxJump is how far the clock may move against the time that has passed.
const maxJump = 10 * time.Minute

// A Watch notices when the database's clock jumps while a process runs: set by hand, or by a
// machine that was halted and goes on days later from a snapshot. It is for one goroutine.
type Watch struct {
	db      *DB
	elapsed func() time.Duration
	wall    time.Time
	passed  time.Duration
}

// NewWatch begins to watch. elapsed says how much time has passed since some instant, whatever
// the clock says; nil: the machine's own count.
func (db *DB) NewWatch(elapsed func() time.Duration) *Watch {
	if elapsed == nil {
		elapsed = Elapsed()
	}
	return &Watch{db: db, elapsed: elapsed, wall: db.Now(), passed: elapsed()}
}

// Jump says how far the clock has jumped since the last look, or since the watch began; zero
// where that is at most ten minutes.
func (w *Watch) Jump() time.Duration {
	wall, passed := w.db.Now(), w.elapsed()
	by := wall.Sub(w.wall) - (passed - w.passed)
	w.wall, w.passed = wall, passed
	if by.Abs() <= maxJump {
		return 0
	}
	return by
}

// Elapsed counts the time since the machine started, and goes on while it sleeps: waking is no
// jump, since a due time that was slept through has its own rule. Where the machine does not say,
// it is the time since this call, which stands still meanwhile.
func Elapsed() func() time.Duration {
	if _, ok := uptime(); ok {
		last := time.Duration(0)
		return func() time.Duration {
			if now, ok := uptime(); ok {
				last = now
			}
			return last
		}
	}
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// uptime reads Linux's count since the start of the machine, sleep included.
func uptime() (time.Duration, bool) {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	return time.Duration(seconds * float64(time.Second)), err == nil
}
