package data

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// ErrLedgerClosed says that the ledger was asked after its Close.
var ErrLedgerClosed = errors.New("the ledger is closed")

const (
	groupSize  = 512                   // lines that share one commit, at most
	patience   = 50 * time.Millisecond // that a note waits for others to share its commit
	writeAgain = time.Second           // after a write that failed
	closeFor   = time.Minute           // that Close tries to write what was noted
	letOthers  = 4                     // times that the writer lets others run before a group
)

// A Moment is a step of the ledger's writer, for those who look on.
type Moment string

// The moments of a commit.
const (
	BeforeCommit Moment = "before commit"
	AfterCommit  Moment = "after commit"
)

// LedgerOptions are what a Ledger needs besides its database. The zero value is right.
type LedgerOptions struct {
	Log *slog.Logger
	// Look is called around each commit with what is in it, from the writer's goroutine.
	Look func(m Moment, intents, outcomes int)
	// Meter counts the commits; nil: one of its own.
	Meter *Meter
}

// A Ledger commits intents and outcomes. All connections share one group commit: what comes
// in while one group is being written down shares the next, in the order it came.
//
// An intent waits for its commit. A note (an outcome, a withdrawal, …) does not: it shares the
// commit of the next intent, or has its own within 50 ms, and is never dropped. While the disk
// is full the notes wait and each intent fails: no ledger, no mail.
type Ledger struct {
	db *DB
	o  LedgerOptions

	mu      sync.Mutex
	waiting []line
	urgent  bool
	closed  bool
	fatal   error

	wake chan struct{} // something waits
	now  chan struct{} // something urgent waits
	quit chan struct{}
	done chan struct{}
	dead chan struct{} // closed when fatal is set
	once sync.Once
}

// A line is one entry that waits for its commit.
type line struct {
	do     func(*tx) error
	reply  chan error // nil: a note, which is kept until it is written
	what   kind
	number int // entries in it
	// outcome is what do writes, where it writes an outcome: several go together.
	outcome *Outcome
}

type kind int

const (
	kindOther kind = iota
	kindIntent
	kindOutcome
)

// NewLedger starts the writer. Close ends it.
func NewLedger(db *DB) *Ledger { return OpenLedger(db, LedgerOptions{}) }

// OpenLedger is NewLedger with options.
func OpenLedger(db *DB, o LedgerOptions) *Ledger {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = NewMeter()
	}
	l := &Ledger{db: db, o: o, wake: make(chan struct{}, 1), now: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}), dead: make(chan struct{})}
	go l.run()
	return l
}

// Close writes what was handed in, for at most a minute, and stops the writer; Err then says
// whether notes could not be written: those deliveries are uncertain. It may be called twice.
func (l *Ledger) Close() {
	l.once.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		close(l.quit)
	})
	<-l.done
}

// Dead is closed when the disk has failed to sync (EIO), or the database is damaged: nothing
// that this process believes to be written can be trusted, and it must end. Err then says
// what happened.
func (l *Ledger) Dead() <-chan struct{} { return l.dead }

// Err is why the ledger is dead, or could not write its last notes, or nil.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// hand puts a line in the queue.
func (l *Ledger) hand(one line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.fatal != nil {
		return errors.Join(ErrLedgerClosed, l.fatal)
	}
	l.waiting = append(l.waiting, one)
	l.o.Meter.waiting.Store(int64(len(l.waiting)))
	signal(l.wake)
	if one.reply != nil {
		l.urgent = true
		signal(l.now)
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait hands a line in and waits for its commit. It does not stop waiting when the context
// ends, since then nobody would know whether the line stands; the writer always answers.
func (l *Ledger) wait(ctx context.Context, one line) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	one.reply = make(chan error, 1)
	if err := l.hand(one); err != nil {
		return err
	}
	select {
	case err := <-one.reply:
		return err
	case <-l.done:
		select {
		case err := <-one.reply: // the last group was written as the writer stopped
			return err
		default:
			return ErrLedgerClosed
		}
	}
}

// note hands in what must be written and need not be waited for.
func (l *Ledger) note(what kind, do func(*tx) error) {
	l.noteLine(line{do: do, what: what, number: 1})
}

func (l *Ledger) noteLine(one line) {
	if err := l.hand(one); err != nil {
		// The process is ending; the delivery stays uncertain, and the next one settles it.
		l.o.Log.Error("a note came after the ledger's end", "error", err)
	}
}

// Flush waits until all that was handed in before is written.
func (l *Ledger) Flush(ctx context.Context) error {
	return l.wait(ctx, line{do: func(*tx) error { return nil }})
}

func (l *Ledger) run() {
	defer close(l.done)
	for {
		select {
		case <-l.wake:
			l.gather()
			l.writeWaiting()
		case <-l.quit:
			l.last()
			return
		}
		if l.Err() != nil {
			l.refuseRest()
			return
		}
	}
}

// gather gives notes the time to be joined by others; an intent ends the wait.
func (l *Ledger) gather() {
	l.mu.Lock()
	hurry := l.urgent || len(l.waiting) >= groupSize
	l.mu.Unlock()
	if hurry {
		// Those that are about to hand in an intent go first: a commit costs the same for all.
		for range letOthers {
			runtime.Gosched()
		}
		return
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.now:
	case <-l.quit:
	}
}

// last writes what is there when the ledger is closed.
func (l *Ledger) last() {
	end := time.Now().Add(closeFor)
	for {
		l.writeWaiting()
		l.mu.Lock()
		left := len(l.waiting)
		if left > 0 && l.fatal == nil && time.Now().After(end) {
			l.fatal = errors.New("the ledger could not be written before the end")
		}
		over := left == 0 || l.fatal != nil
		l.mu.Unlock()
		if over {
			break
		}
		time.Sleep(writeAgain / 10)
	}
	l.refuseRest()
}

func (l *Ledger) refuseRest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	notes := 0
	for _, one := range l.waiting {
		if one.reply != nil {
			one.reply <- errors.Join(ErrLedgerClosed, l.fatal)
		} else {
			notes++
		}
	}
	if notes > 0 {
		l.o.Log.Error("notes were not written; their deliveries are uncertain", "notes", notes, "error", l.fatal)
	}
	l.waiting = nil
	l.o.Meter.waiting.Store(0)
	l.closed = true
}
