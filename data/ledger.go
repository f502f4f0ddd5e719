package data

import (
	"context"
	"errors"
	"sync"
)

// errClosed says that the ledger was asked after its Close.
var errClosed = errors.New("the ledger is closed")

// A Ledger commits intents and outcomes. All connections share one group commit: what comes
// in while one group is being written down shares the next, in the order it came.
type Ledger struct {
	db    *DB
	lines chan line
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
}

// A line is one entry that waits for its commit.
type line struct {
	do    func(*tx) error
	reply chan error
}

// most lines that share one commit.
const groupSize = 256

// NewLedger starts the writer. Close ends it.
func NewLedger(db *DB) *Ledger {
	l := &Ledger{db: db, lines: make(chan line, groupSize), quit: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

// Close waits for what was handed in and stops the writer. It may be called twice.
func (l *Ledger) Close() {
	l.once.Do(func() { close(l.quit) })
	<-l.done
}

// CommitIntent writes an intent durably and says whether the dot may follow. ErrLeaseLost
// says that another worker has the claim by now.
func (l *Ledger) CommitIntent(ctx context.Context, i Intent) (Verdict, error) {
	var v Verdict
	err := l.commit(ctx, func(t *tx) error {
		var err error
		v, err = t.commitIntent(i)
		return err
	})
	if err != nil {
		return Verdict{}, found(err, "commit intent of delivery %d/%d", i.MailingID, i.Seq)
	}
	return v, nil
}

// RecordOutcome writes an outcome durably. It is never refused.
func (l *Ledger) RecordOutcome(ctx context.Context, o Outcome) error {
	err := l.commit(ctx, func(t *tx) error { return t.commitOutcome(o) })
	return found(err, "record outcome of delivery %d/%d", o.MailingID, o.Seq)
}

// commit hands a line in and waits for its commit. It does not stop waiting when the context
// ends, since then nobody would know whether the line stands; the writer always answers.
func (l *Ledger) commit(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	one := line{do: do, reply: make(chan error, 1)}
	select {
	case l.lines <- one:
	case <-l.quit:
		return errClosed
	}
	select {
	case err := <-one.reply:
		return err
	case <-l.done:
		select {
		case err := <-one.reply: // the last group was written as the writer stopped
			return err
		default:
			return errClosed
		}
	}
}

func (l *Ledger) run() {
	defer close(l.done)
	for {
		select {
		case first := <-l.lines:
			l.write(l.gather(first))
		case <-l.quit:
			for {
				select {
				case first := <-l.lines:
					l.write(l.gather(first))
				default:
					return
				}
			}
		}
	}
}

// gather takes what is there already, without waiting for more.
func (l *Ledger) gather(first line) []line {
	group := []line{first}
	for len(group) < groupSize {
		select {
		case one := <-l.lines:
			group = append(group, one)
		default:
			return group
		}
	}
	return group
}

// write commits a group. Where one line fails, the others must not fail with it: each is
// written again alone.
func (l *Ledger) write(group []line) {
	ctx := context.Background() // a line that was handed in is written even as the process stops
	err := l.db.update(ctx, func(t *tx) error {
		for _, one := range group {
			if err := one.do(t); err != nil {
				return err
			}
		}
		return nil
	})
	for _, one := range group {
		if err != nil && len(group) > 1 {
			one.reply <- l.db.update(ctx, one.do)
			continue
		}
		one.reply <- err
	}
}
