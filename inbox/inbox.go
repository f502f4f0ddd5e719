package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/sorter"
	"github.com/olomotimes/tipsheet/token"
)

// A Sorter says which category a message belongs to. *sorter.Model is one.
type Sorter interface {
	Sort(sorter.Text) sorter.Verdict
}

// A Mailbox is one that is watched.
type Mailbox struct {
	Settings imap.Settings
	Password string
}

// Options are what an Inbox needs.
type Options struct {
	DB        *data.DB
	Mailboxes []Mailbox // none: only what is imported is filed
	Settings  Settings
	Keys      token.Keys
	Model     Sorter
	Own       []string     // addresses that our own mail comes from
	Log       *slog.Logger // nil: none
}

// Result counts what was done.
type Result struct {
	Mailboxes int // read to their end
	New       int // messages that were not known
	Known     int // known bytes at a new place
	Gaps      int // messages that could not be fetched now
	Opened    int // conversations
	Joined    int // messages that joined a conversation
	Reported  int // machine mail and our own, not for triage
	Moved     int // moves and keywords made in the mailbox
}

func (r *Result) add(o Result) {
	r.Mailboxes += o.Mailboxes
	r.New += o.New
	r.Known += o.Known
	r.Gaps += o.Gaps
	r.Opened += o.Opened
	r.Joined += o.Joined
	r.Reported += o.Reported
	r.Moved += o.Moved
}

// An Inbox takes mail in. At most one process has the role.
type Inbox struct {
	Options
	boxes    []*box
	own      map[string]bool
	arrived  chan struct{}     // holds a token when messages were stored
	skipped  map[int64]int     // messages whose bytes could not be read, and how often
	followed int64             // the last correction that was made good in the mailbox
	step     func(name string) // called after each step: a test ends the process there
	parse    func([]byte) message.Message
	taking   sync.Mutex // one intake at a time
}

// New makes an inbox. It fails where settings are wrong, with all mistakes joined.
func New(o Options) (*Inbox, error) {
	wrong := o.Settings.Validate()
	in := &Inbox{
		Options: o, own: map[string]bool{}, arrived: make(chan struct{}, 1), skipped: map[int64]int{},
		step: func(string) {}, parse: message.Parse,
	}
	if in.Log == nil {
		in.Log = slog.New(slog.DiscardHandler)
	}
	for _, address := range o.Own {
		normal, err := data.NormalAddress(address)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("our own address: %w", err))
			continue
		}
		in.own[normal] = true
	}
	for i, m := range o.Mailboxes {
		wrong = append(wrong, m.Settings.Validate()...)
		in.boxes = append(in.boxes, newBox(in, i, m))
	}
	for i, b := range in.boxes {
		for _, other := range in.boxes[:i] {
			if b.name == other.name {
				wrong = append(wrong, fmt.Errorf("mailbox %d is the same as mailbox %d: leave one of them out", b.n, other.n))
			}
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("set up the inbox: %w", errors.Join(wrong...))
	}
	return in, nil
}

// Run watches the mailboxes and files what comes until ctx ends. The caller has the inbox's role. It
// returns nil: what fails on the way is an alarm and is tried again.
func (in *Inbox) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, b := range in.boxes {
		all.Go(func() { b.run(ctx) })
	}
	all.Go(func() { in.fileWhatComes(ctx) })
	all.Go(func() { in.followDesk(ctx) })
	all.Wait()
	return nil
}

// Poll looks into every mailbox once, files what came, and tidies the mailboxes. A mailbox that fails does not
// keep the others from being read; its error is among those returned. It must not be called while Run runs.
func (in *Inbox) Poll(ctx context.Context) (Result, error) {
	var all Result
	var errs []error
	for _, b := range in.boxes {
		defer b.hangUp()
		r, err := b.pass(ctx)
		all.add(r)
		if err != nil {
			b.ill(ctx, err)
			errs = append(errs, fmt.Errorf("read mailbox %d (%s): %w", b.n, b.settings.Host, err))
		}
	}
	r, err := in.Intake(ctx)
	all.add(r)
	errs = append(errs, err, in.refile(ctx))
	for _, b := range in.boxes {
		if !b.open() {
			continue
		}
		n, err := b.fileBack(ctx)
		all.Moved += n
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// fileWhatComes is the intake worker of Run.
func (in *Inbox) fileWhatComes(ctx context.Context) {
	look := time.NewTicker(time.Duration(in.Settings.Look))
	defer look.Stop()
	for pause := newPause(in.Settings.Retry, in.Settings.RetryAtMost); ; {
		r, err := in.Intake(ctx)
		if ctx.Err() != nil {
			return
		}
		if r.Opened+r.Joined > 0 {
			in.nudge(false) // there may be something to move
		}
		if err != nil {
			in.Log.Error("messages could not be filed and are tried again", "error", err)
			if !wait(ctx, pause.next(), in.arrived) {
				return
			}
			continue
		}
		pause.reset()
		select {
		case <-ctx.Done():
			return
		case <-in.arrived:
		case <-look.C:
		}
	}
}

// followDesk takes the requests and re-sortings that others leave as rows, and watches that every mailbox is read.
func (in *Inbox) followDesk(ctx context.Context) {
	look := time.NewTicker(time.Duration(in.Settings.Look))
	defer look.Stop()
	for {
		if err := errors.Join(in.takeRequests(ctx), in.refile(ctx)); err != nil && ctx.Err() == nil {
			in.Log.Error("the desk could not be followed", "error", err)
		}
		for _, b := range in.boxes {
			b.watchdog(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

func (in *Inbox) takeRequests(ctx context.Context) error {
	asked, err := in.DB.TakeRequests(ctx, data.RoleInbox)
	for _, r := range asked {
		if r.Verb != "poll" {
			in.Log.Warn("a request is not for the inbox", "request", r.ID, "verb", r.Verb)
			continue
		}
		in.nudge(true)
	}
	return err
}

// nudge wakes the mailboxes: to read everything now, or only to tidy.
func (in *Inbox) nudge(read bool) {
	for _, b := range in.boxes {
		if read || b.settings.Filing != imap.FilingLeave {
			b.nudge(read)
		}
	}
}

// stored tells the intake worker that there is something to file.
func (in *Inbox) stored() {
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}
