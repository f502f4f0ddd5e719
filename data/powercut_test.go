package data_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/proof/amnesia"
	"github.com/olomotimes/tipsheet/proof/root"
)

// A rig cuts the power of child processes and keeps count.
type rig struct {
	*testing.T
	chance *rand.Rand
	work   string // what the child does
	kept   map[string]bool
	most   int // lines before a cut

	cuts, torn, midway, acknowledged, forgotten int
}

func newRig(t *testing.T, work string) *rig {
	t.Helper()
	root.Need(t)
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("POWERCUT_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("POWERCUT_SEED: %v", err)
		}
	}
	t.Logf("POWERCUT_SEED=%d", seed)
	return &rig{T: t, chance: rand.New(rand.NewPCG(seed, 0)), work: work, most: 300, kept: map[string]bool{}}
}

// cutsAsked is how many cuts the CUTS variable asks for, or the sample's number.
func cutsAsked(t *testing.T, sample int) int {
	t.Helper()
	s := os.Getenv("CUTS")
	if s == "" && testing.Short() {
		return min(sample, 3)
	}
	if s == "" {
		return sample
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("CUTS=%s is no number of cuts", s)
	}
	return n
}

func (r *rig) mount(d *amnesia.Disk) (path string, unmount func()) {
	r.Helper()
	m, err := d.Mount(r.TempDir())
	if err != nil {
		r.Fatal(err)
	}
	return filepath.Join(m.Dir, "tipsheet.db"), func() {
		r.Helper()
		if err := m.Close(); err != nil {
			r.Error(err)
		}
	}
}

// child starts the process that works on the database.
func (r *rig) child(path string) (lines <-chan string, kill func() string) {
	r.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childWork+"="+r.work, childPath+"="+path, childSeed+"="+strconv.FormatUint(r.chance.Uint64()>>20, 10))
	var said bytes.Buffer
	c.Stderr = &said
	hold, err := c.StdinPipe()
	if err != nil {
		r.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		r.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	all := make(chan string, 1<<20) // the child never waits for the test
	go func() {
		defer close(all)
		for s := bufio.NewScanner(out); s.Scan(); {
			all <- s.Text()
		}
	}()
	return all, func() string {
		defer hold.Close()
		if err := c.Process.Kill(); err != nil {
			r.Logf("kill: %v", err)
		}
		_ = c.Wait() // it was killed, or had failed: what it said is returned
		return said.String()
	}
}

// cut lets a child work on the disk, cuts its power at some moment, and returns the disk as it
// is found afterwards; over says that there was nothing left to do.
func (r *rig) cut(disk *amnesia.Disk) (after *amnesia.Disk, over bool) {
	r.Helper()
	path, unmount := r.mount(disk)
	defer unmount()
	lines, kill := r.child(path)
	over = r.until(disk, lines, kill)
	var chance *rand.Rand
	if r.cuts%3 == 2 {
		chance = r.chance
		r.torn++
	}
	after = disk.Cut(chance)
	if disk.Unsynced("tipsheet.db")+disk.Unsynced("tipsheet.db-wal") > 0 {
		r.midway++
	}
	r.cuts++
	// After the cut nothing can be kept, and nobody be told so: what the child says until it is
	// dead was true before.
	kill()
	for line := range lines {
		over = over || line == "done"
		r.note(line)
	}
	return after, over
}

// until waits for the moment of the cut: every other time as a sync is asked for, else somewhere
// after some line. It says whether the child had nothing left to do by then.
func (r *rig) until(disk *amnesia.Disk, lines <-chan string, kill func() string) (over bool) {
	r.Helper()
	stop, late := 1+r.chance.IntN(r.most), time.Duration(r.chance.IntN(3000))*time.Microsecond
	var off <-chan struct{}
	if r.cuts%2 == 1 {
		off, stop = disk.PowerOff(1+r.chance.IntN(r.most)), 1<<30
	}
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for got := 0; got < stop && !over; got++ {
		select {
		case line, ok := <-lines:
			if !ok && disk.Off() {
				return over // the power failed, and the child with it
			}
			if !ok {
				r.Fatalf("the child ended before the cut: %s", kill())
			}
			over = line == "done"
			r.note(line)
		case <-off:
			return over
		case <-deadline.C:
			r.Fatalf("the child was stuck after %d lines: %s", got, kill())
		}
	}
	<-time.After(late) // somewhere between two lines, not at one
	return over
}

func (r *rig) note(line string) {
	if line != "done" {
		r.kept[line] = true
		r.acknowledged++
	}
}

// whole opens a database and has SQLite look at all of it.
func (r *rig) whole(path string) *sql.DB {
	r.Helper()
	raw, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000")
	if err != nil {
		r.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	var said string
	if err := raw.QueryRow(`PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		r.Fatalf("after cut %d the database is broken: %s (%v)", r.cuts, said, err)
	}
	return raw
}

// reopen runs the machine again: the database is whole, and everything that was acknowledged
// is in it. Then more looks at the rest.
func (r *rig) reopen(disk *amnesia.Disk, query string, more func(path string)) {
	r.Helper()
	path, unmount := r.mount(disk)
	defer unmount()
	raw := r.whole(path)
	defer raw.Close()
	there := map[string]bool{}
	rows, err := raw.Query(query)
	if err != nil {
		r.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			r.Fatal(err)
		}
		there[line] = true
	}
	if err := rows.Err(); err != nil {
		r.Fatal(err)
	}
	for line := range r.kept {
		if !there[line] {
			r.forgotten++
			delete(r.kept, line) // counted once
		}
	}
	if more != nil {
		more(path)
	}
}

// figures are the last line of a run.
func (r *rig) figures() string {
	return fmt.Sprintf("cuts=%d torn=%d mid_commit=%d acknowledged=%d forgotten=%d", r.cuts, r.torn, r.midway, r.acknowledged, r.forgotten)
}

// closedIssueDisk is a disk with a database on it that has an issue to send.
func (r *rig) closedIssueDisk(readers int) *amnesia.Disk {
	r.Helper()
	disk := amnesia.New()
	path, unmount := r.mount(disk)
	defer unmount()
	db, err := data.Open(r.Context(), path, data.Options{})
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(r.Context()); err != nil {
		r.Fatal(err)
	}
	datatest.ClosedIssue(r, db, datatest.Newsletter(r, db, "daily", readers), 50)
	return disk.Clone()
}

// attemptLines reads the intents and outcomes as the child prints them.
const attemptLines = `SELECT kind || ' ' || mailing_id || '/' || seq || '/' || attempt FROM attempt WHERE kind <> 'ruling'`

func TestRow2PowerCutForgetsNoAcknowledgedIntentOrOutcome(t *testing.T) {
	r := newRig(t, "ledger")
	base := r.closedIssueDisk(3000)
	disk := base.Clone()
	for n := cutsAsked(t, 10); r.cuts < n; {
		var over bool
		disk, over = r.cut(disk)
		r.reopen(disk, attemptLines, r.balanced)
		if over {
			disk, r.kept = base.Clone(), map[string]bool{}
		}
	}
	t.Logf("powercut: %s", r.figures())
	if r.forgotten > 0 || r.acknowledged < r.cuts*10 {
		t.Errorf("acknowledged intents and outcomes were forgotten, or there were too few: %s", r.figures())
	}
	if r.midway == 0 {
		t.Error("no cut found anything unsynced")
	}
}

// balanced: the tally, which is kept in the same commits, still agrees with the rows.
func (r *rig) balanced(path string) {
	r.Helper()
	db, err := data.Open(r.Context(), path, data.Options{})
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	counted, err := db.Account(r.Context(), 1)
	if err != nil {
		r.Fatal(err)
	}
	tally, err := db.Progress(r.Context(), 1)
	if err != nil {
		r.Fatal(err)
	}
	for _, w := range []data.Word{data.WordAccepted, data.WordDeferred} {
		if counted.Words[w] != tally.Words[w] {
			r.Errorf("after cut %d: %d %s, and the tally has %d", r.cuts, counted.Words[w], w, tally.Words[w])
		}
	}
	if counted.Audience != 3000 {
		r.Errorf("after cut %d: the audience is %d", r.cuts, counted.Audience)
	}
}

func TestRow2PowerCutLeavesEachKeptMessageWhole(t *testing.T) {
	r := newRig(t, "arrivals")
	r.most = 60
	base := r.closedIssueDisk(1)
	disk := base.Clone()
	files := 0
	for n := cutsAsked(t, 4); r.cuts < n; {
		var over bool
		disk, over = r.cut(disk)
		r.reopen(disk, `SELECT 'message ' || sha256 FROM message`, func(path string) { files += r.wholeMessages(path) })
		if over || r.cuts%5 == 0 {
			disk, r.kept = base.Clone(), map[string]bool{}
		}
	}
	t.Logf("powercut of arrivals: %s files=%d", r.figures(), files)
	if r.forgotten > 0 || files == 0 {
		t.Errorf("acknowledged messages were forgotten, or there were none: %s files=%d", r.figures(), files)
	}
}

// wholeMessages reads every message that the database names, acknowledged or not.
func (r *rig) wholeMessages(path string) int {
	r.Helper()
	db, err := data.Open(r.Context(), path, data.Options{})
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	for id := int64(1); ; id++ {
		if _, err := db.Message(r.Context(), id); err != nil {
			return int(id - 1)
		}
		if _, err := db.Raw(r.Context(), id); err != nil {
			r.Errorf("after cut %d: %v", r.cuts, err)
		}
	}
}

// Without syncs the same cuts must lose something, or the tests above prove nothing.
func TestPowerCutWithoutSyncsForgets(t *testing.T) {
	r := newRig(t, "careless")
	base := amnesia.New()
	path, unmount := r.mount(base)
	raw, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`CREATE TABLE kept (n INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	unmount()
	for r.cuts < 2 {
		disk, _ := r.cut(base.Clone())
		r.reopen(disk, `SELECT 'row ' || n FROM kept`, nil)
		r.kept = map[string]bool{}
	}
	t.Logf("powercut with synchronous=NORMAL: %s", r.figures())
	if r.forgotten == 0 {
		t.Errorf("nothing was forgotten: %s", r.figures())
	}
}
