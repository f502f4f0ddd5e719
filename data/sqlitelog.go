package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
)

// SQLite's log (https://www.sqlite.org/fileformat2.html, section 4): a header, then frames of a
// head and a page. Each frame's checksum goes on from the one before.
const (
	logHeader = 32
	frameHead = 24
	pageSize  = 4096 // where the header cannot be read
)

// checkLog looks for damage in the log of the database at path before SQLite reads it. SQLite
// takes the first frame whose checksum is wrong for the log's end, as it must after a power cut,
// and silently forgets every commit after it: with one flipped bit, intents and outcomes that
// were acknowledged. With synchronous=FULL a power cut leaves at most one commit that is not
// whole, since the next one begins once it was synced. So where a frame is wrong and two commits
// are to be seen from it on, the log is damaged.
//
// Not found is a flip within the last commit, which looks like a power cut. Another process may be writing: then it looks again.
func checkLog(path string) error {
	name := path + "-wal"
	for {
		log, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("check log: %w", err)
		}
		at, lost := damageOf(log)
		if lost < 2 {
			return nil
		}
		again, err := os.ReadFile(name)
		if err == nil && bytes.Equal(log, again) {
			return &UserError{
				Message: fmt.Sprintf("%s is damaged at byte %d: what was written after it would be forgotten, and mail sent again", name, at),
				Hint:    "check the disk, keep a copy of both files, and restore a backup",
			}
		}
	}
}

// isDamage says that SQLite has found the database damaged.
func isDamage(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code&0xff == 11 || code&0xff == 26) // SQLITE_CORRUPT, SQLITE_NOTADB
}

// damageOf returns the first frame that is wrong, and how many commits are seen from it on.
func damageOf(log []byte) (at int64, lost int) {
	if len(log) < logHeader+frameHead {
		return 0, 0
	}
	for _, big := range []bool{false, true} {
		sum := sumOf(big, [2]uint32{}, log[:24])
		if stored(log[24:]) == sum {
			return follow(big, int(binary.BigEndian.Uint32(log[8:])), log[16:24], sum, log, false)
		}
		// The header may be what is damaged: then the frames tell.
		if at, n := follow(big, pageSize, log[logHeader+8:logHeader+16], sum, log, true); n > lost {
			return at, n
		}
	}
	return 0, 0
}

// follow goes along the frames from the header's checksum on; broken says that the header is
// wrong already.
func follow(big bool, size int, salt []byte, sum [2]uint32, log []byte, broken bool) (at int64, lost int) {
	instead := sum // what the checksum before should have been, where that is wrong
	for pos := logHeader; size > 0 && pos+frameHead+size <= len(log); pos += frameHead + size {
		frame := log[pos : pos+frameHead+size]
		next := func(s [2]uint32) [2]uint32 {
			return sumOf(big, sumOf(big, s, frame[:8]), frame[frameHead:])
		}
		is, current := stored(frame[16:]), bytes.Equal(frame[8:16], salt)
		right := current && (is == next(sum) || is == next(instead))
		switch {
		case right && !broken:
			sum, instead = is, is
			continue
		case !broken: // here SQLite stops
			broken, at = true, int64(pos)
		case !right && pos > logHeader:
			return at, lost // older frames, or another break: nothing more is known
		}
		if current && binary.BigEndian.Uint32(frame[4:]) != 0 {
			lost++
		}
		sum, instead = is, next(sum)
	}
	return at, lost
}

func stored(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// sumOf goes on with a checksum over b, in the byte order of the machine that wrote it.
func sumOf(big bool, s [2]uint32, b []byte) [2]uint32 {
	x, y := s[0], s[1]
	for ; len(b) >= 8; b = b[8:] {
		p, q := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if big {
			p, q = bits.ReverseBytes32(p), bits.ReverseBytes32(q)
		}
		x += p + y
		y += q + x
	}
	return [2]uint32{x, y}
}
