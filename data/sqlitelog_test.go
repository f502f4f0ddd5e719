package data

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A log as a power cut leaves it is no damage: the last commit's frames, in part.
func TestTornLastCommitIsNoDamage(t *testing.T) {
	db, log := writtenLog(t)
	const frame = frameHead + pageSize
	last := len(log) - frame
	for _, cut := range []int{1, 7, frameHead, 600, frame - 1, frame} {
		if _, lost := damageOf(log[:len(log)-cut]); lost > 1 {
			t.Errorf("without its last %d bytes %d commits are lost", cut, lost)
		}
	}
	for off := 0; off < frame; off += 97 {
		torn := append([]byte(nil), log...)
		clear(torn[last+off:])
		if _, lost := damageOf(torn); lost > 1 {
			t.Errorf("torn at %d, %d commits are lost", off, lost)
		}
	}
	if err := checkLog(db); err != nil {
		t.Error(err)
	}
}

func TestFlippedBitBeforeTheLastCommitIsDamage(t *testing.T) {
	_, log := writtenLog(t)
	last := len(log) - 2*(frameHead+pageSize)
	seen := 0
	for at := 0; at < last; at += 1013 {
		log[at] ^= 0x10
		if _, lost := damageOf(log); lost < 2 {
			t.Errorf("byte %d: %d commits are lost", at, lost)
		}
		log[at] ^= 0x10
		seen++
	}
	if seen < 100 {
		t.Errorf("only %d bytes were tried", seen)
	}
}

// writtenLog is a log of many commits, each of one frame or more.
func writtenLog(t *testing.T) (path string, log []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tipsheet.db")
	db, err := Open(t.Context(), path, Options{Clock: func() time.Time { return time.Unix(1772000000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := db.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if log, err = os.ReadFile(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	return path, log
}
