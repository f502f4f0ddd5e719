package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// A keeper sees that the database is where it was and that the clock is right, for as long as
// something is sent or scheduled (P3). Where it is not so, the work stops, everything is held,
// and it begins again by itself once a person has adopted the database.
type keeper struct {
	db      *data.DB
	here    data.Instance
	keep    time.Duration // how long deliveries are kept in full
	log     *slog.Logger
	look    time.Duration        // between looks at the clock and at the row
	elapsed func() time.Duration // nil: the machine's own count
}

func (p *paper) keeper() *keeper {
	return &keeper{db: p.db, here: p.db.Here(p.Ledger.Instance), keep: time.Duration(p.Keep.Deliveries), log: p.log.With("room", "keeper"), look: time.Second}
}

// differing is a difference as an error: a person is needed.
func differing(d data.Difference) error {
	if d.None() {
		return nil
	}
	return &exitError{exitPerson, &data.UserError{Message: "nothing is sent: " + d.String(), Hint: "see that no other copy sends, then run `tipsheet adopt`"}}
}

// compare says what differs and changes nothing.
func (k *keeper) compare(ctx context.Context) error {
	d, err := k.db.CompareInstance(ctx, k.here)
	if err != nil {
		return err
	}
	return differing(d)
}

// check says what differs, and then holds everything.
func (k *keeper) check(ctx context.Context) error {
	d, err := k.db.CheckInstance(ctx, k.here)
	if err != nil {
		return err
	}
	return differing(d)
}

// guard runs a part whenever nothing differs, until ctx ends or the part fails. The part is begun
// again after an adoption, so it must be one that can be.
func (k *keeper) guard(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			if err := k.wait(ctx); err != nil || ctx.Err() != nil {
				return err
			}
			if err := k.while(ctx, run); err != nil || ctx.Err() != nil {
				return err
			}
		}
	}
}

// wait returns once nothing differs, or ctx has ended.
func (k *keeper) wait(ctx context.Context) error {
	d, err := k.db.CheckInstance(ctx, k.here)
	for err == nil && !d.None() {
		k.log.Error("nothing is sent until a person runs `tipsheet adopt`", "reason", d.String())
		for !d.None() {
			if !pause(ctx, k.look) {
				return nil
			}
			if d, err = k.db.Standing(ctx); err != nil && ctx.Err() == nil {
				k.log.Error("the database could not be asked whether it was adopted", "error", err)
				continue
			}
		}
		d, err = k.db.CheckInstance(ctx, k.here)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// while runs a part until it ends, ctx ends, or a difference is found; then the part's context
// ends, and what it has in hand it finishes.
func (k *keeper) while(ctx context.Context, run func(context.Context) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		k.watch(inner, stop)
	}()
	err := run(inner)
	stop()
	<-watched
	// That it cannot be written is no error of the part: the last one before it is seconds old.
	if beat := k.db.Beat(context.WithoutCancel(ctx)); beat != nil {
		k.log.Warn("the last sign of life could not be written", "error", beat)
	}
	return err
}

// watch looks at the clock and at what other processes found, until ctx ends. What it finds stops
// the part first and is written down then, however long that takes.
func (k *keeper) watch(ctx context.Context, stop func()) {
	clock := k.db.NewWatch(k.elapsed)
	beat := time.Now()
	for pause(ctx, k.look) {
		if by := clock.Jump(); by != 0 {
			stop()
			k.log.Error("the clock jumped", "by", by.String())
			k.holdForJump(context.WithoutCancel(ctx), by)
			return
		}
		d, err := k.db.Standing(ctx)
		if err == nil && !d.None() {
			stop()
			return
		}
		if err == nil && time.Since(beat) >= data.BeatEvery {
			beat = time.Now()
			err = k.db.Beat(ctx)
		}
		if err != nil && ctx.Err() == nil {
			k.log.Warn("the sign of life could not be written", "error", err)
		}
	}
}

const holdTries = 60 // about a minute: a stop waits no longer for a disk that is full

func (k *keeper) holdForJump(ctx context.Context, by time.Duration) {
	for range holdTries {
		_, err := k.db.HoldForJump(ctx, by)
		if err == nil {
			return
		}
		k.log.Error("the mailings could not be held", "error", err)
		pause(ctx, k.look)
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// house is the part with the housekeeping beside it: letters that could not be begun are ruled
// on, and old issues are folded.
func (k *keeper) house(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		inner, stop := context.WithCancel(ctx)
		kept := make(chan struct{})
		go func() {
			defer close(kept)
			for {
				if err := errors.Join(k.ruleOnLetters(inner), k.fold(inner)); err != nil && inner.Err() == nil {
					k.log.Error("the ledger could not be kept", "error", err)
				}
				if !pause(inner, houseEvery) {
					return
				}
			}
		}()
		err := run(ctx)
		stop()
		<-kept
		return err
	}
}

const (
	houseEvery  = time.Minute
	letterSlice = 100
	foldSlice   = 500 // deliveries; about 5 ms
)

func (k *keeper) ruleOnLetters(ctx context.Context) error {
	for {
		n, err := k.db.RuleOnLateLetters(ctx, letterSlice)
		if n > 0 {
			k.log.Error("letters were given up: not begun in time", "letters", n)
		}
		if err != nil || n < letterSlice {
			return err
		}
	}
}

// fold folds what is old enough. Between two slices it rests for twice as long as the slice
// took, so that whoever sends meanwhile has the database most of the time.
func (k *keeper) fold(ctx context.Context) error {
	total := 0
	defer func() {
		if total > 0 {
			k.log.Info("old deliveries were folded", "looked_at", total)
		}
	}()
	for {
		begun := time.Now()
		n, err := k.db.FoldSome(ctx, k.db.Now().Add(-k.keep), foldSlice)
		total += n
		if err != nil || n == 0 {
			return err
		}
		if !pause(ctx, 2*time.Since(begun)) {
			return nil
		}
	}
}

// retentionConfig says how long things are kept.
type retentionConfig struct {
	Deliveries smtp.Duration `toml:"deliveries" doc:"after this time the deliveries of an issue that is complete are folded into its totals; those refused, held or uncertain are kept"`
}

func defaultRetention() retentionConfig {
	return retentionConfig{Deliveries: smtp.Duration(90 * 24 * time.Hour)}
}

func (r retentionConfig) validate() []error {
	if r.Deliveries < smtp.Duration(72*time.Hour) {
		return []error{fmt.Errorf("deliveries: keep them for 72h at least, as long as a delivery may be tried")}
	}
	return nil
}
