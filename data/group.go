package data

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// writeWaiting commits all that waits, in groups, in order. A group that cannot be written
// leaves its notes waiting, and fails its intents.
func (l *Ledger) writeWaiting() {
	for {
		l.mu.Lock()
		n := min(len(l.waiting), groupSize)
		group := slices.Clone(l.waiting[:n]) // what is handed in meanwhile may move the others
		l.mu.Unlock()
		if n == 0 {
			return
		}
		err := l.write(group)
		if l.maybeDie(err) {
			return // the rest is refused, and nothing is tried again
		}
		kept := 0
		switch {
		case err == nil:
			answer(group, nil)
		case isTrouble(err):
			kept = l.keep(group, err)
		default:
			kept = l.writeEach(group)
		}
		l.mu.Lock()
		// writeEach has put the notes that it keeps in front.
		l.waiting = append(group[:kept:kept], l.waiting[n:]...)
		l.o.Meter.waiting.Store(int64(len(l.waiting)))
		l.urgent = false
		for _, one := range l.waiting {
			l.urgent = l.urgent || one.reply != nil
		}
		stop := kept > 0
		l.mu.Unlock()
		if stop {
			l.rest()
			return
		}
	}
}

// rest waits a little after a failure, and sees to it that the notes are tried again.
func (l *Ledger) rest() {
	t := time.NewTimer(writeAgain)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.dead:
	case <-l.quit:
	}
	signal(l.wake)
}

func answer(group []line, err error) {
	for _, one := range group {
		if one.reply != nil {
			one.reply <- err
		}
	}
}

// write commits a group.
func (l *Ledger) write(group []line) error {
	intents := 0
	var outcomes []Outcome
	for _, one := range group {
		switch {
		case one.outcome != nil:
			outcomes = append(outcomes, *one.outcome)
		case one.what == kindIntent:
			intents += one.number
		}
	}
	l.look(BeforeCommit, intents, len(outcomes))
	begun := time.Now()
	// What was handed in is written even as the process stops.
	err := l.db.update(context.Background(), func(t *tx) error {
		// Outcomes first: what follows them, such as a chunk that is given back, rests on them, and
		// nothing in the same group goes before one.
		if err := t.commitOutcomes(outcomes); err != nil {
			return err
		}
		for _, one := range group {
			if one.outcome != nil {
				continue
			}
			if err := one.do(t); err != nil {
				return err
			}
		}
		return nil
	})
	l.o.Meter.committed(time.Since(begun), len(group), err)
	if err == nil {
		l.look(AfterCommit, intents, len(outcomes))
	}
	return err
}

func (l *Ledger) look(m Moment, intents, outcomes int) {
	if l.o.Look != nil {
		l.o.Look(m, intents, outcomes)
	}
}

// writeEach writes the lines of a group that failed one by one, so that a line that cannot be
// written does not fail the others. Once the database itself fails, the rest is kept.
func (l *Ledger) writeEach(group []line) (kept int) {
	for i, one := range group {
		err := l.write([]line{one})
		switch {
		case err != nil && isTrouble(err):
			l.maybeDie(err) // then what is kept is refused at once
			kept = l.keep(group[i:], err)
			copy(group, group[i:i+kept])
			return kept
		case err != nil && one.reply == nil:
			l.o.Log.Error("a note is wrong and was not written", "error", err)
		}
		answer([]line{one}, err)
	}
	return 0
}

// keep moves the notes of a group to its front, to be written later, and returns their number;
// what waits gets the error.
func (l *Ledger) keep(group []line, err error) (kept int) {
	broken := fmt.Errorf("write ledger: %w", err)
	l.o.Log.Error("the ledger cannot be written; no mail until it can", "error", broken)
	for _, one := range group {
		if one.reply != nil {
			one.reply <- broken
			continue
		}
		group[kept] = one
		kept++
	}
	return kept
}

// maybeDie: once a sync has failed, the system may have dropped the pages and call the next
// sync a success. Only a new start, which reads the log from the disk, tells what is there. And
// no mail is sent from a ledger that is damaged.
func (l *Ledger) maybeDie(err error) (dead bool) {
	why := "the disk failed to keep what was written"
	switch {
	case isDamage(err):
		why = "the database is damaged: restore a backup"
	case !isSyncFailure(err):
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == nil {
		l.fatal = fmt.Errorf("%s: %w", why, err)
		close(l.dead)
	}
	return true
}
