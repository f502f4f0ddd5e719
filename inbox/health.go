package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

// A trouble is why a mailbox cannot be read, told apart by what a person must do.
type trouble struct {
	kind string // for the log
	text string
	hint string
	now  bool // a person must look: the alarm does not wait
	slow bool // trying again soon is useless, and may lock the account
}

// health is how a mailbox is doing.
type health struct {
	pause *pause

	mu     sync.Mutex
	since  time.Time // when it began to fail; zero: it is well
	kind   string
	raised bool // an alarm of this process stands
}

// judge tells troubles apart. The server's own words go into the alarm, never into the log.
func judge(err error, host string) trouble {
	var said *imap.ServerError
	switch {
	case errors.Is(err, imap.ErrLogin):
		return trouble{kind: "login", now: true, slow: true,
			text: fmt.Sprintf("The mailbox at %s cannot be read: %v.", host, loginWords(err)),
			hint: "check username and password_file of this [[mailbox]]; Gmail and Outlook want an app password"}
	case errors.Is(err, imap.ErrTLS):
		return trouble{kind: "tls", now: true, slow: true,
			text: fmt.Sprintf("The mailbox at %s cannot be read: there is no safe connection to it (%v).", host, err),
			hint: "check host, port, tls and ca_file of this [[mailbox]], and the server's certificate"}
	case errors.Is(err, imap.ErrSilent):
		return trouble{kind: "silent",
			text: fmt.Sprintf("The mailbox at %s cannot be read: the mail server is connected but does not answer.", host),
			hint: "it is tried again by itself; if it lasts, ask whoever runs the server, or raise timeout of this [[mailbox]]"}
	case errors.Is(err, imap.ErrNetwork):
		return trouble{kind: "network",
			text: fmt.Sprintf("The mailbox at %s cannot be read: there is no connection to the mail server (%v).", host, err),
			hint: "it is tried again by itself; if it lasts, check the network, and host and port of this [[mailbox]]"}
	case errors.Is(err, imap.ErrProtocol), errors.Is(err, imap.ErrTooLarge), errors.As(err, &said), errors.Is(err, errBreaks):
		return trouble{kind: "server",
			text: fmt.Sprintf("The mailbox at %s cannot be read: %v.", host, err),
			hint: "it is tried again by itself; if it lasts, ask whoever runs the server"}
	}
	return trouble{kind: "ours", now: true,
		text: fmt.Sprintf("Mail from %s cannot be taken in: %v.", host, err),
		hint: "this is our own fault, not the mail server's: look at the disk and the log; no mail is lost, it waits in the mailbox"}
}

func loginWords(err error) error {
	var login *imap.LoginError
	if errors.As(err, &login) {
		return login
	}
	return imap.ErrLogin
}

// ill notes a failure and returns how long to wait before the next try.
func (b *box) ill(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	t, h := judge(err, b.about), &b.health
	h.mu.Lock()
	defer h.mu.Unlock()
	now := b.in.DB.Now()
	if h.since.IsZero() {
		h.since = now
	}
	if h.kind != t.kind {
		h.kind = t.kind
		first := b.in.Settings.Retry
		most := b.in.Settings.RetryAtMost
		if t.slow {
			first, most = b.in.Settings.RetryLogin, max(most, 8*b.in.Settings.RetryLogin)
		}
		h.pause = newPause(first, most)
	}
	left := h.pause.next()
	b.in.Log.Warn("a mailbox could not be read", "mailbox", b.n, "trouble", t.kind, "retry_in", left)
	if t.now || now.Sub(h.since) >= time.Duration(b.in.Settings.AlarmAfter) {
		h.raised = b.raise(ctx, t.text, t.hint) || h.raised
	}
	return left
}

// well notes that the mailbox was read to its end.
func (b *box) well(ctx context.Context) error {
	b.beat()
	h := &b.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kind != "" {
		b.in.Log.Info("a mailbox can be read again", "mailbox", b.n, "after", h.kind)
	}
	h.since, h.kind, h.raised = time.Time{}, "", false
	h.pause.reset()
	// Also where no alarm of ours stands: an earlier process may have raised one.
	_, err := b.in.DB.ClearAlarm(ctx, "mailbox", b.about)
	return err
}

// watchdog raises the alarm where the mailbox was not read for long, whatever the reason.
func (b *box) watchdog(ctx context.Context) {
	h := &b.health
	h.mu.Lock()
	defer h.mu.Unlock()
	at := time.UnixMilli(b.readAt.Load()).UTC()
	unread := b.in.DB.Now().Sub(at)
	if h.raised || unread < time.Duration(b.in.Settings.UnreadAlarm) || ctx.Err() != nil {
		return
	}
	h.raised = b.raise(ctx, fmt.Sprintf("The mailbox at %s was not read for %v, since %s UTC.", b.about, unread.Round(time.Minute), at.Format("15:04")),
		"mail waits in the mailbox and is not lost; look at the log for the reason")
}

func (b *box) raise(ctx context.Context, text, hint string) bool {
	if _, err := b.in.DB.RaiseAlarm(ctx, data.Alarm{Kind: "mailbox", About: b.about, Text: text, Hint: hint}); err != nil {
		b.in.Log.Error("an alarm could not be raised", "mailbox", b.n, "error", err)
		return false
	}
	return true
}
