package digest

import (
	"context"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/digest/feed"
	"github.com/olomotimes/tipsheet/templates"
)

// Options are what a Desk needs.
type Options struct {
	DB          *data.DB
	Mail        *templates.Mail
	Site        templates.Site
	SiteURL     string                            // where links with a token begin
	Header      func(data.Newsletter) data.Header // the sender's profile to be frozen with an issue
	Feeds       FeedSettings
	Guard       dial.Guard // for feeds and the pages of stories; Feeds.AllowPrivate opens it too
	Issues      IssueSettings
	Connections int // of all relays: an issue is cut into at least four chunks for each
	Log         *slog.Logger
	// Step is called between the steps of a close and may fail, as a crash would; nil: nobody looks.
	Step func(name string) error
}

// A Desk makes issues out of stories.
type Desk struct {
	Options
	fetcher feed.Fetcher
}

// New makes a desk.
func New(o Options) *Desk {
	o.Guard.AllowPrivate = o.Guard.AllowPrivate || o.Feeds.AllowPrivate
	timeout := time.Duration(o.Feeds.Timeout)
	if timeout <= 0 {
		timeout = feed.Timeout
	}
	return &Desk{Options: o, fetcher: feed.Fetcher{
		Client:    dial.HTTPClient(o.Guard, timeout),
		UserAgent: "tipsheet (+" + o.SiteURL + ")",
		Timeout:   timeout,
	}}
}

// Run polls feeds and closes issues until ctx ends. The caller has the scheduler's role. cron
// wakes it once a second; what is due is decided by the rows.
func (d *Desk) Run(ctx context.Context) error {
	logger := cronLog{d.Log}
	// In this order a job that panics runs again: Recover inside, so that the skip is undone.
	c := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger), cron.Recover(logger)), cron.WithLogger(cron.DiscardLogger))
	c.Schedule(cron.Every(time.Second), cron.FuncJob(func() { d.look(ctx, "issues could not be looked after", d.Look) }))
	c.Schedule(cron.Every(time.Second), cron.FuncJob(func() {
		d.look(ctx, "feeds could not be polled", func(ctx context.Context) error {
			_, err := d.PollDue(ctx)
			return err
		})
	}))
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	return nil
}

func (d *Desk) look(ctx context.Context, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error(what, "error", err)
	}
}

// cronLog reports a job that panicked; cron says nothing else.
type cronLog struct{ log *slog.Logger }

func (cronLog) Info(string, ...any) {}

func (l cronLog) Error(err error, msg string, args ...any) {
	l.log.Error("job panicked and will run again", append([]any{"error", err}, args...)...)
}
