package data

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// An Instance is where the program runs: the file and the machine.
type Instance struct {
	Path    string // of the database, links resolved
	Machine string // a hash of the machine's id, or the name that the config gives; empty: unknown
}

// Here is where this process has the database open. name is ledger.instance of the config, for
// containers, whose machine id changes or says nothing; empty: the machine's own id.
func (db *DB) Here(name string) Instance {
	if name != "" {
		return Instance{Path: db.resolved(), Machine: "named " + name}
	}
	return Instance{Path: db.resolved(), Machine: machineID()}
}

// The kinds of differences.
const (
	differsCopy    = "copy"    // backup or restore made it
	differsPlace   = "place"   // the file beside the database has seen more of it, or another one
	differsPath    = "path"    // it lay elsewhere
	differsMachine = "machine" // it ran elsewhere
	differsClock   = "clock"   // the clock is behind, or has jumped
)

// A reason is one thing that differs, as a sentence.
type reason struct{ kind, text string }

// A Difference says why nothing is sent from a database until a person has looked (P3). The
// zero value is no difference.
type Difference struct {
	reasons []reason
	Since   time.Time // when it was found; zero: just now
}

// None says that nothing differs.
func (d Difference) None() bool { return len(d.reasons) == 0 }

// Reasons are the sentences, one a difference.
func (d Difference) Reasons() []string {
	var all []string
	for _, r := range d.reasons {
		all = append(all, r.text)
	}
	return all
}

// String is the reasons in one line.
func (d Difference) String() string { return strings.Join(d.Reasons(), "; ") }

// add keeps one reason of each kind: the first.
func (d *Difference) add(kind, format string, args ...any) {
	for _, r := range d.reasons {
		if r.kind == kind {
			return
		}
	}
	d.reasons = append(d.reasons, reason{kind, fmt.Sprintf(format, args...)})
}

func (d Difference) has(kind string) bool {
	for _, r := range d.reasons {
		if r.kind == kind {
			return true
		}
	}
	return false
}

// lines and readReasons keep reasons in a column.
func (d Difference) lines() string {
	var out strings.Builder
	for _, r := range d.reasons {
		fmt.Fprintf(&out, "%s\t%s\n", r.kind, r.text)
	}
	return out.String()
}

func readReasons(lines string) []reason {
	var all []reason
	for line := range strings.Lines(lines) {
		kind, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, reason{kind, text})
	}
	return all
}

// known is the row that the database keeps of itself.
type known struct {
	id, path, machine     string // no path: it never ran
	written, copied, held time.Time
	beats                 int64
	reasons               string
}

func scanKnown(s scanner) (known, error) {
	var k known
	err := s.Scan(&k.id, &k.path, &k.machine, at(&k.written), &k.beats, at(&k.copied), at(&k.held), &k.reasons)
	return k, err
}

const selectKnown = `SELECT id, path, machine, written_at, beats, copied_at, held_at, reasons FROM instance WHERE one = 1`

// clockSlack is how far the clock may be behind the last sign of life: a clock that is set right
// by a few seconds is no difference.
const clockSlack = time.Minute

// CompareInstance says what differs between what the database knows of itself and where this
// process runs, and changes nothing. A difference that was found earlier stands until Adopt.
func (db *DB) CompareInstance(ctx context.Context, here Instance) (Difference, error) {
	// In this order: a beat is in the row before it is in the file, so that one of another role
	// in between is no difference.
	beside, err := db.readBeside()
	if err != nil {
		return Difference{}, fmt.Errorf("compare instance: %w", err)
	}
	k, err := scanKnown(db.row(ctx, selectKnown))
	if err != nil {
		return Difference{}, found(err, "compare instance")
	}
	return k.differs(here, beside, db.Now()), nil
}

func (k known) differs(here Instance, beside sign, now time.Time) Difference {
	d := Difference{reasons: readReasons(k.reasons), Since: k.held}
	if !k.copied.IsZero() {
		d.add(differsCopy, "it is a copy that was made at %s", k.copied.Format(time.RFC3339))
	}
	switch {
	case beside.id == "" || !k.copied.IsZero():
	case beside.id != k.id:
		d.add(differsPlace, "another database lay in its place before")
	case beside.beats > k.beats:
		d.add(differsPlace, "an older copy was put in its place: this one was last written at %s", k.written.Format(time.RFC3339))
	}
	if k.path == "" {
		return d
	}
	if k.path != here.Path {
		d.add(differsPath, "it lay at %s and lies at %s now", k.path, here.Path)
	}
	if k.machine != here.Machine {
		d.add(differsMachine, "it ran on another machine (%s) than this one (%s)", shown(k.machine), shown(here.Machine))
	}
	if now.Before(k.written.Add(-clockSlack)) {
		d.add(differsClock, "the clock says %s, which is before the database was last written, at %s", now.Format(time.RFC3339), k.written.Format(time.RFC3339))
	}
	return d
}

// shown is a machine as a person reads it.
func shown(machine string) string {
	if machine == "" {
		return "unknown"
	}
	return machine
}

// CheckInstance is for a process before it sends. Where nothing differs it notes where the
// database runs, and that it is alive. Else it holds every mailing that is closed or being sent
// and raises the alarm; nothing may be sent until Adopt. It may be called again at any time.
func (db *DB) CheckInstance(ctx context.Context, here Instance) (Difference, error) {
	d, err := db.CompareInstance(ctx, here)
	if err != nil {
		return d, err
	}
	if !d.None() {
		return d, db.hold(ctx, d)
	}
	err = db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			UPDATE instance
			SET path = $1, machine = $2
			WHERE held_at IS NULL AND (path <> $1 OR machine <> $2)`, here.Path, here.Machine)
		return err
	})
	if err != nil {
		return d, fmt.Errorf("note instance: %w", err)
	}
	return d, db.Beat(ctx)
}

// Standing is the difference that was found and that nobody has adopted yet. It costs one row,
// so a process that sends may ask each second.
func (db *DB) Standing(ctx context.Context) (Difference, error) {
	k, err := scanKnown(db.row(ctx, selectKnown))
	if err != nil {
		return Difference{}, found(err, "read instance")
	}
	if k.held.IsZero() {
		return Difference{}, nil
	}
	return Difference{reasons: readReasons(k.reasons), Since: k.held}, nil
}

// Beat notes that the database is in use now: in its row, and in the file beside it. A process
// that sends calls it every BeatEvery and at its end; commits cost nothing for it.
func (db *DB) Beat(ctx context.Context) error {
	var now sign
	err := db.update(ctx, func(t *tx) error {
		return t.row(`
			UPDATE instance
			SET written_at = $1, beats = beats + 1
			WHERE one = 1
			RETURNING id, beats`, t.now).Scan(&now.id, &now.beats)
	})
	if err != nil {
		return found(err, "note that the database is in use")
	}
	return db.writeBeside(now)
}

// BeatEvery is how often a process that sends says that the database is in use.
const BeatEvery = 10 * time.Second
