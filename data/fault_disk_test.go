package data_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/proof/amnesia"
	"github.com/olomotimes/tipsheet/proof/root"
)

// A faulty is a ledger on a disk that the test spoils.
type faulty struct {
	*testing.T
	disk   *amnesia.Disk
	path   string
	db     *data.DB
	ledger *data.Ledger
}

// faultyDisk is a disk with an issue to send, for mountFaulty.
func faultyDisk(t *testing.T, readers int) *amnesia.Disk {
	t.Helper()
	root.Need(t)
	return (&rig{T: t}).closedIssueDisk(readers)
}

func mountFaulty(t *testing.T, disk *amnesia.Disk) *faulty {
	t.Helper()
	m, err := disk.Mount(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &faulty{T: t, disk: disk, path: filepath.Join(m.Dir, "tipsheet.db")}
	if f.db, err = data.Open(t.Context(), f.path, data.Options{}); err != nil {
		t.Fatal(err)
	}
	f.ledger = data.NewLedger(f.db)
	t.Cleanup(f.close)
	return f
}

// close may be called twice. On a spoilt disk closing fails, which is no news.
func (f *faulty) close() {
	f.ledger.Close()
	if err := f.db.Close(); err != nil {
		f.Logf("close: %v", err)
	}
}

// claim takes the next chunk's deliveries; none: nothing is due.
func (f *faulty) claim() (data.Chunk, []data.Delivery, error) {
	c, err := f.db.ClaimChunk(f.Context(), "worker", lease, false)
	if err != nil {
		return c, nil, err
	}
	all, err := f.db.ChunkDeliveries(f.Context(), c, 0, 1000)
	return c, all, err
}

func (f *faulty) intent(d data.Delivery) (bool, error) {
	v, err := f.ledger.CommitIntent(f.Context(), data.Intent{Delivery: d, Relay: "main", Dot: time.Minute})
	return v.Go, err
}

func accepted(d data.Delivery) data.Outcome {
	return data.Outcome{Delivery: d, Word: data.WordAccepted, Relay: "main", Step: "dot", Code: 250, Text: "ok"}
}

// finish sends what is left, and has the mailing's figures add up.
func (f *faulty) finish() {
	f.Helper()
	for {
		c, all, err := f.claim()
		if errors.Is(err, data.ErrNotFound) {
			break
		}
		if err != nil {
			f.Fatal(err)
		}
		for _, d := range all {
			if ok, err := f.intent(d); err != nil || !ok {
				f.Fatalf("delivery %d may not be sent: %v", d.Seq, err)
			}
			f.ledger.NoteOutcome(accepted(d))
		}
		if err := errors.Join(f.ledger.Flush(f.Context()), f.db.ReleaseChunk(f.Context(), c, f.db.Now())); err != nil {
			f.Fatal(err)
		}
	}
	if err := f.db.CompleteMailing(f.Context(), 1); err != nil {
		f.Fatalf("%v: %+v", err, first(f.db.Account(f.Context(), 1)))
	}
}

func first[T any](v T, _ error) T { return v }

// The room is swept from none to more than a few commits take, so that the write that finds
// none is each of those that a commit is made of.
func TestRow4DiskFullStopsSendingAndResumes(t *testing.T) {
	base := faultyDisk(t, 40)
	var stopped atomic.Int32
	t.Run("room", func(t *testing.T) {
		for _, pages := range []int64{0, 2, 5, 9, 14, 20} {
			t.Run(fmt.Sprintf("pages=%d", pages), func(t *testing.T) {
				t.Parallel() // each waits for the ledger to try again
				if fillAndLift(t, base.Clone(), pages*4096+1000) {
					stopped.Add(1)
				}
			})
		}
	})
	if !t.Failed() && stopped.Load() == 0 {
		t.Error("the disk was never full")
	}
}

func fillAndLift(t *testing.T, disk *amnesia.Disk, room int64) (full bool) {
	f := mountFaulty(t, disk)
	c, all, err := f.claim()
	if err != nil {
		t.Fatal(err)
	}
	disk.Limit(disk.Used() + room)
	sent := 0
	for _, d := range all {
		ok, err := f.intent(d)
		if err != nil {
			break
		}
		if !ok {
			t.Fatalf("delivery %d may not be sent", d.Seq)
		}
		f.ledger.NoteOutcome(accepted(d)) // its commit may find the disk full: it is kept
		sent++
	}
	if sent < len(all) {
		full = true
		if ok, err := f.intent(all[sent]); err == nil {
			t.Errorf("on a full disk an intent says %v", ok)
		}
	}
	if a := first(f.db.Account(t.Context(), 1)); a.Audience != 40 {
		t.Errorf("on a full disk the desk reads %+v", a)
	}
	if f.ledger.Err() != nil {
		t.Errorf("a full disk ended the ledger: %v", f.ledger.Err())
	}
	disk.Limit(-1)
	if err := f.ledger.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := first(f.db.Account(t.Context(), 1)).Words[data.WordAccepted]; got != sent {
		t.Errorf("%d outcomes were kept of %d", got, sent)
	}
	if err := f.db.ReleaseChunk(t.Context(), c, f.db.Now()); err != nil {
		t.Fatal(err)
	}
	f.finish()
	return full && disk.Refused() > 0
}

// The sync that fails is swept over those of a few commits. It is never asked for again, since
// the next one would be a success that keeps nothing, and a power cut afterwards finds all that
// was acknowledged.
func TestRow5FailedSyncEndsTheLedgerAtOnceAndForgetsNothing(t *testing.T) {
	base := faultyDisk(t, 40)
	died := 0
	for nth := 1; nth <= 12; nth++ {
		f := mountFaulty(t, base.Clone())
		_, all, err := f.claim()
		if err != nil {
			t.Fatal(err)
		}
		f.disk.FailSync(nth)
		want := f.disk.Syncs() + nth
		var kept []string
		for _, d := range all {
			if ok, err := f.intent(d); err != nil || !ok {
				break
			}
			kept = append(kept, fmt.Sprintf("intent 1/%d/1", d.Seq))
			if err := f.ledger.RecordOutcome(t.Context(), accepted(d)); err != nil {
				break
			}
			kept = append(kept, fmt.Sprintf("outcome 1/%d/1", d.Seq))
		}
		select {
		case <-f.ledger.Dead():
			died++
		default:
			t.Errorf("sync %d failed and the ledger lives on", nth)
		}
		if _, err := f.intent(all[len(all)-1]); !errors.Is(err, data.ErrLedgerClosed) || f.ledger.Err() == nil {
			t.Errorf("an intent after the failed sync: %v", err)
		}
		f.ledger.NoteOutcome(accepted(all[len(all)-1]))
		f.ledger.Close()
		if got := f.disk.Syncs(); got != want {
			t.Errorf("sync %d failed, and %d more were asked for", nth, got-want)
		}
		r := &rig{T: t, kept: map[string]bool{}}
		for _, line := range kept {
			r.kept[line] = true
		}
		r.reopen(f.disk.Cut(rand.New(rand.NewPCG(uint64(nth), 5))), attemptLines, nil)
		if r.forgotten > 0 {
			t.Errorf("sync %d failed, and %d of %d acknowledged lines were forgotten", nth, r.forgotten, len(kept))
		}
		f.close()
	}
	if died != 12 {
		t.Errorf("%d of 12 ledgers died", died)
	}
}

// A sync may fail under any other writer, too. SQLite undoes that commit and writes its pages
// anew, so that what is acknowledged afterwards is kept all the same.
func TestRow5FailedSyncOfAnotherWriterForgetsNothing(t *testing.T) {
	base := faultyDisk(t, 40)
	for nth := 1; nth <= 4; nth++ {
		f := mountFaulty(t, base.Clone())
		f.disk.FailSync(nth)
		failed := 0
		for range 6 {
			if err := f.db.Beat(t.Context()); err != nil {
				failed++
			}
		}
		c, all, err := f.claim()
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{T: t, kept: map[string]bool{}}
		for _, d := range all {
			if ok, err := f.intent(d); err != nil || !ok {
				t.Fatal(ok, err)
			}
			r.kept[fmt.Sprintf("intent %d/%d/1", c.MailingID, d.Seq)] = true
		}
		r.reopen(f.disk.Cut(nil), attemptLines, nil)
		if r.forgotten > 0 {
			t.Errorf("sync %d failed (%d errors), and %d of %d intents were forgotten", nth, failed, r.forgotten, len(all))
		}
		f.close()
	}
}

// A process that was killed between the rename and the sync has left a file in its place whose
// name a cut would forget: who finds it there syncs it again.
func TestRow2MessageFileOfAKilledProcessOutlivesACut(t *testing.T) {
	f := mountFaulty(t, faultyDisk(t, 1))
	raw := largeMessage(1)
	sum := data.SumOf(raw)
	place := filepath.Join(filepath.Dir(f.path), "mail", sum[:2], sum)
	if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o700), os.WriteFile(place, raw, 0o600)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.db.ImportMessage(t.Context(), raw, time.Now()); err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, kept: map[string]bool{"message " + sum: true}}
	r.reopen(f.disk.Cut(nil), `SELECT 'message ' || sha256 FROM message`, func(path string) {
		if n := r.wholeMessages(path); n != 1 || r.forgotten != 0 {
			t.Errorf("%d messages, %d forgotten", n, r.forgotten)
		}
	})
}

const copied = 600 // readers

func TestRow36BackupWhileSendingIsWholeAndAddsUp(t *testing.T) {
	db := datatest.Open(t, nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", copied), 100)
	f := &faulty{T: t, db: db, ledger: data.NewLedger(db)}
	t.Cleanup(f.ledger.Close)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.finish()
	}()
	copies := 0
	for sending := true; sending; copies++ {
		select {
		case <-done:
			sending = false
		default:
		}
		to := filepath.Join(t.TempDir(), "copy.db")
		if err := db.Backup(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		checkCopy(t, to, issue)
	}
	if copies < 3 {
		t.Errorf("only %d copies were made", copies)
	}
}

// checkCopy opens a copy as the program does after a restore.
func checkCopy(t *testing.T, path string, issue data.Issue) {
	t.Helper()
	if err := (&rig{T: t}).whole(path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := data.Open(t.Context(), path, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if d, err := db.CompareInstance(t.Context(), db.Here("")); err != nil || d.None() {
		t.Errorf("a copy does not know that it is one (%v)", err)
	}
	a, err := db.Account(t.Context(), issue.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range a.Words {
		sum += n
	}
	if sum != copied || a.Audience != copied || a.Active != copied {
		t.Errorf("a copy does not add up: %+v", a)
	}
}
