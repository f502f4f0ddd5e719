package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	foldSize  = 500                   // deliveries a transaction
	writeEach = 5 * time.Millisecond  // a small write
	syncEach  = 20 * time.Millisecond // a bare write and sync
)

// aside is what went on beside the sending of an issue.
type aside struct {
	Folded      int // deliveries, while the issue was being sent
	FoldedAll   bool
	FoldSeconds float64
	Writes      waits // of a small write transaction, with its turn at the database
	Syncs       waits // of a bare 4 KB write and fsync on the same disk
}

// waits sums up how long something took.
type waits struct {
	N              int
	P50, P99, Most time.Duration
}

func sumUp(all []time.Duration) waits {
	if len(all) == 0 {
		return waits{}
	}
	slices.Sort(all)
	return waits{N: len(all), P50: all[len(all)/2], P99: all[len(all)*99/100], Most: all[len(all)-1]}
}

// workAside folds every issue that is complete while another is being sent, times small writes
// through the same database and bare syncs, and ends when all is folded or the issue is complete.
func workAside(ctx context.Context, db *data.DB, mailing int64) (*aside, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a := &aside{}
	var writes, syncs []time.Duration
	var failed [3]error
	var all sync.WaitGroup
	all.Go(func() { failed[0] = a.fold(ctx, db); stop() })
	all.Go(func() { writes, failed[1] = timeWrites(ctx, db) })
	all.Go(func() { syncs, failed[2] = timeSyncs(ctx, filepath.Dir(db.Path())) })
	err := untilComplete(ctx, db, mailing)
	if a.ended(ctx) {
		err = nil // all was folded before the issue was complete
	}
	stop()
	all.Wait()
	a.Writes, a.Syncs = sumUp(writes), sumUp(syncs)
	return a, errors.Join(err, errors.Join(failed[:]...))
}

// ended says that ctx ended although its own end has not come.
func (a *aside) ended(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// fold folds slice after slice until nothing is left. Between two it rests for twice as long as the
// slice took, as the program does.
func (a *aside) fold(ctx context.Context, db *data.DB) error {
	began := time.Now()
	for ctx.Err() == nil {
		slice := time.Now()
		n, err := db.FoldSome(ctx, db.Now().Add(time.Second), foldSize)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		a.Folded, a.FoldSeconds = a.Folded+n, time.Since(began).Seconds()
		if n == 0 {
			a.FoldedAll = true
			return nil
		}
		pause(ctx, 2*time.Since(slice))
	}
	return nil
}

// timeWrites changes one row again and again.
func timeWrites(ctx context.Context, db *data.DB) (all []time.Duration, err error) {
	for n := 0; pause(ctx, writeEach); n++ {
		began := time.Now()
		_, err := db.RaiseAlarm(ctx, data.Alarm{Kind: "mailbox", About: "bench", Text: fmt.Sprintf("Write %d.", n)})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return all, err
		}
		all = append(all, time.Since(began))
	}
	return all, nil
}

// timeSyncs writes 4 KB to a file of its own again and again.
func timeSyncs(ctx context.Context, dir string) (all []time.Duration, err error) {
	f, err := os.CreateTemp(dir, "sync-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	for pause(ctx, syncEach) {
		began := time.Now()
		if _, err := f.WriteAt(block, 0); err != nil {
			return all, err
		}
		if err := f.Sync(); err != nil {
			return all, err
		}
		all = append(all, time.Since(began))
	}
	return all, nil
}
