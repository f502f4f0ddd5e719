package inbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
)

// A box is one watched mailbox: its session, and how it is doing.
type box struct {
	in       *Inbox
	n        int    // its place in the config, from 1: what logs call it
	name     string // what its rows are kept under: user@host
	about    string // what its alarms are about
	settings imap.Settings
	password string

	rows     map[string]int64  // folder rows known to this process, by name
	rewound  map[int64]bool    // folder rows that were set back to their start because of the server's next number
	troubled map[string]bool   // what this pass raised folder alarms about
	targets  map[string]string // what the server calls the folders that we move to
	asked    atomic.Bool       // everything is to be read now
	wake     chan struct{}     // holds a token when asked was set
	readAt   atomic.Int64      // when it was last read, in milliseconds of the database's clock
	health   health
	sitting  sync.Mutex // guards session against nudge
	session  *imap.Session
}

func newBox(in *Inbox, i int, m Mailbox) *box {
	s := m.Settings.Filled()
	b := &box{
		in: in, n: i + 1, name: nameOf(s), about: s.Host, settings: s, password: m.Password,
		rows: map[string]int64{}, rewound: map[int64]bool{}, troubled: map[string]bool{}, targets: map[string]string{}, wake: make(chan struct{}, 1),
	}
	for _, other := range in.boxes {
		if other.settings.Host == s.Host {
			b.about = fmt.Sprintf("%s (%d)", s.Host, b.n)
		}
	}
	b.health.pause = newPause(in.Settings.Retry, in.Settings.RetryAtMost)
	b.beat()
	return b
}

// run keeps the mailbox read until ctx ends.
func (b *box) run(ctx context.Context) {
	defer b.hangUp()
	for ctx.Err() == nil {
		err := b.turn(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		left := b.ill(ctx, err)
		b.in.step("failed")
		if !b.asked.Load() {
			wait(ctx, left, b.wake)
		}
	}
}

// turn reads everything, and then waits in INBOX for mail until it is time to read everything again.
func (b *box) turn(ctx context.Context) error {
	select {
	case <-b.wake: // what it asked for is done now
	default:
	}
	b.asked.Store(false)
	if _, err := b.pass(ctx); err != nil {
		return err
	}
	again := time.Now().Add(time.Duration(b.in.Settings.Poll))
	for {
		if _, err := b.fileBack(ctx); err != nil {
			return err
		}
		// Opening INBOX last also shows what came while the other folders were read.
		if _, err := b.readFolder(ctx, watched{"INBOX", roleInbox}); err != nil {
			return err
		}
		left := time.Until(again)
		if left <= 0 || b.asked.Load() {
			return nil
		}
		b.in.step("waiting")
		if _, err := b.session.Idle(ctx, min(left, time.Duration(b.in.Settings.Idle))); err != nil {
			return err
		}
	}
}

// connect returns the open session, or logs in anew.
func (b *box) connect(ctx context.Context) (*imap.Session, error) {
	if b.open() {
		return b.session, nil
	}
	b.hangUp()
	s, err := imap.Dial(ctx, b.settings, b.password)
	if errors.Is(err, imap.ErrLogin) && b.rereadPassword() {
		s, err = imap.Dial(ctx, b.settings, b.password)
	}
	if err != nil {
		return nil, err
	}
	b.sitting.Lock()
	b.session = s
	b.sitting.Unlock()
	b.in.step("connected")
	return s, nil
}

// rereadPassword takes the password anew from its file, where somebody may have mended it meanwhile. It reports
// whether it is another one.
func (b *box) rereadPassword() bool {
	if b.settings.PasswordFile == "" {
		return false
	}
	text, err := os.ReadFile(b.settings.PasswordFile)
	if err != nil {
		return false // the refused login is what the alarm is about
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimRight(line, "\r")
	if line == "" || line == b.password {
		return false
	}
	b.password = line
	return true
}

func (b *box) open() bool { return b.session != nil && b.session.Usable() }

// hangUp ends the session. It may be called twice.
func (b *box) hangUp() {
	b.sitting.Lock()
	s := b.session
	b.session = nil
	b.sitting.Unlock()
	if s == nil {
		return
	}
	if err := s.Close(); err != nil {
		b.in.Log.Debug("no goodbye from a mailbox", "mailbox", b.n) // it is gone either way
	}
}

// nudge ends a wait for mail: to read everything, or only to tidy.
func (b *box) nudge(read bool) {
	if read {
		b.asked.Store(true)
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	b.sitting.Lock()
	defer b.sitting.Unlock()
	if b.session != nil {
		b.session.Wake()
	}
}

// beat notes that the mailbox was read.
func (b *box) beat() { b.readAt.Store(b.in.DB.Now().UnixMilli()) }
