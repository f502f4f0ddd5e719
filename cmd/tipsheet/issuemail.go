package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

func (a *app) issuePreview() *cobra.Command {
	var format string
	var f choiceFlags
	c := &cobra.Command{
		Use: "preview NEWSLETTER|ISSUE", Short: "What would go out now, or what went out", Args: takes(1, false),
		Long: "preview prints the mail of a newsletter's next issue as it would go out if it closed now, or that of the\n" +
			"issue with that number. --topics, --edition and --language show what a reader gets who chose them.",
		RunE: func(c *cobra.Command, args []string) error {
			if format != "html" && format != "text" && format != "eml" {
				return usage("--format %q is not one of html, text, eml", format)
			}
			chosen, err := f.choice("")
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				n, v, err := p.previewOf(c.Context(), args[0], chosen)
				if err != nil {
					return err
				}
				if format == "html" && v.HTML == "" {
					return &data.UserError{Message: "the text edition has no HTML", Hint: "leave --format away, or use --format eml"}
				}
				text, err := p.previewAs(format, n, v)
				if err != nil {
					return err
				}
				_, err = a.out.Write(text)
				return err
			})
		},
	}
	c.Flags().StringVar(&format, "format", "text", "html, text or eml")
	f.bind(c, false)
	return c
}

// previewOf is a variant of a newsletter's next issue, or of the issue with that number.
func (p *paper) previewOf(ctx context.Context, name string, chosen data.Choice) (data.Newsletter, data.Variant, error) {
	if p.mailFault != nil {
		return data.Newsletter{}, data.Variant{}, p.mailFault
	}
	n, err := p.db.NewsletterBySlug(ctx, name)
	if err == nil {
		v, err := p.desk().PreviewNewsletter(ctx, n, chosen)
		return n, v, err
	}
	id, notNumber := strconv.ParseInt(name, 10, 64)
	if !errors.Is(err, data.ErrNotFound) || notNumber != nil {
		_, err = p.newsletter(ctx, name)
		return n, data.Variant{}, err
	}
	i, err := p.db.Issue(ctx, id)
	if err != nil {
		return n, data.Variant{}, err
	}
	if n, err = p.db.Newsletter(ctx, i.NewsletterID); err != nil {
		return n, data.Variant{}, err
	}
	v, err := p.desk().PreviewIssue(ctx, id, chosen)
	return n, v, err
}

// publicPlaces are where the personal links of a mail lead that is nobody's: to the front page
// and the archive, where nothing can be changed by them.
func (p *paper) publicPlaces() token.Places {
	home := p.publicURL() + "/"
	return token.Places{Unsubscribe: home, Preferences: home, View: home + "archive/"}
}

// previewAs is a variant in one form. Its personal links act on nobody.
func (p *paper) previewAs(format string, n data.Newsletter, v data.Variant) ([]byte, error) {
	switch format {
	case "html":
		return []byte(token.Unmark(v.HTML, p.publicPlaces())), nil
	case "text":
		return []byte(token.Unmark(v.Text, p.publicPlaces())), nil
	}
	h := p.listHeader(n)
	m := data.Mailing{Kind: "issue", DatedAt: p.db.Now(), Header: h}
	d := data.Delivery{Seq: 1, Address: firstOf(p.Site.Contact, h.From)}
	return mailer.Message(m, v, d, p.keys)
}

func (a *app) issueTest() *cobra.Command {
	var f choiceFlags
	c := &cobra.Command{
		Use: "test ISSUE ADDRESS…", Short: "Send an issue as it stands to a few addresses, marked [Test]", Args: takes(2, true),
		RunE: func(c *cobra.Command, args []string) error {
			chosen, err := f.choice("")
			if err != nil {
				return err
			}
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				if err := p.canSend(); err != nil {
					return err
				}
				for _, address := range args[1:] {
					if _, err := data.NormalAddress(address); err != nil {
						return err
					}
				}
				if stories, err := p.desk().Picked(c.Context(), i.ID); err != nil {
					return err
				} else if len(stories) == 0 {
					return &data.UserError{Message: fmt.Sprintf("issue %d has no stories, so there is nothing to test", i.ID), Hint: "`tipsheet issue list` shows the others"}
				}
				v, err := p.desk().PreviewIssue(c.Context(), i.ID, chosen)
				if err != nil {
					return err
				}
				places := p.publicPlaces()
				for _, address := range args[1:] {
					if _, err := p.db.AddLetter(c.Context(), data.Letter{
						Kind: data.LetterTest, To: address, Header: p.header(), IssueID: i.ID,
						Subject: "[Test] " + v.Subject, HTML: token.Unmark(v.HTML, places), Text: token.Unmark(v.Text, places),
					}); err != nil {
						return err
					}
				}
				fmt.Fprintf(a.out, "on its way to %s; its personal links lead to the public pages\n", counted(len(args)-1, "address", "addresses"))
				return nil
			})
		},
	}
	f.bind(c, false)
	return c
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (a *app) issueSend() *cobra.Command {
	var progress bool
	c := &cobra.Command{
		Use: "send ID", Short: "Let an issue go now, and with --progress watch it", Args: takes(1, false),
		Long: "send makes an issue due now. A running mailer sends it; where none runs, this command closes and sends it\n" +
			"itself, and returns when it is through.",
		RunE: func(c *cobra.Command, args []string) error {
			return a.withIssue(c, args, func(p *paper, i data.Issue) error { return a.sendIssue(c.Context(), p, i, progress) })
		},
	}
	c.Flags().BoolVar(&progress, "progress", false, "show how far it is")
	return c
}

func (a *app) sendIssue(ctx context.Context, p *paper, i data.Issue, progress bool) error {
	k := p.keeper()
	if err := k.check(ctx); err != nil {
		return err
	}
	if err := p.maySendNow(ctx, i); err != nil {
		return err
	}
	lock, err := p.db.TakeRole(data.RoleMailer)
	if err != nil { // a mailer runs: it finds the issue by itself
		if err := p.dueNow(ctx, i); err != nil {
			return err
		}
		if !progress {
			fmt.Fprintf(a.out, "issue %d is due now; the running mailer sends it\n", i.ID)
			return nil
		}
		return a.watchIssue(ctx, p, i.ID)
	}
	defer lock.Release()
	p.log = slog.New(slog.DiscardHandler) // the bar and the sum say what happens
	m, err := p.mailer()
	if err != nil {
		return err
	}
	if err := p.dueNow(ctx, i); err != nil {
		return err
	}
	if now, err := p.db.Issue(ctx, i.ID); err != nil {
		return err
	} else if now.State == data.IssueDraft || now.State == data.IssueClosing {
		if err := p.desk().Close(ctx, i.ID); err != nil {
			return err
		}
	}
	sending, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- k.while(sending, m.Run) }()
	err = a.watchIssue(ctx, p, i.ID)
	stop()
	return errors.Join(err, <-done)
}

// dueNow makes an issue due at once, if it is not already.
func (p *paper) dueNow(ctx context.Context, i data.Issue) error {
	if err := p.db.DueNow(ctx, i.ID); !errors.Is(err, data.ErrConflict) {
		return err
	}
	return nil
}

// maySendNow refuses an issue that has ended, and one that an editor has yet to approve.
func (p *paper) maySendNow(ctx context.Context, i data.Issue) error {
	switch i.State {
	case data.IssueComplete:
		return &data.UserError{Message: fmt.Sprintf("issue %d has been sent already", i.ID), Hint: fmt.Sprintf("`tipsheet issue status %d` says to whom", i.ID)}
	case data.IssueSkipped, data.IssueMerged, data.IssueCancelled:
		return &data.UserError{Message: fmt.Sprintf("issue %d is %s, so nothing of it is sent: %s", i.ID, i.State, i.Reason), Hint: "make a new one with `tipsheet issue compose`"}
	}
	n, err := p.db.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return err
	}
	if n.Approval && i.ApprovedAt.IsZero() {
		return &exitError{exitPerson, &data.UserError{Message: fmt.Sprintf("issue %d waits for an editor's word", i.ID), Hint: fmt.Sprintf("read it with `tipsheet issue preview %s`, then run `tipsheet issue approve %d`", n.Slug, i.ID)}}
	}
	return nil
}

// watchIssue says how far an issue is until it is through, held, paused or ended.
func (a *app) watchIssue(ctx context.Context, p *paper, id int64) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	said := ""
	for {
		i, err := p.db.Issue(ctx, id)
		if err != nil {
			return err
		}
		if i.MailingID != 0 {
			account, err := p.db.Progress(ctx, i.MailingID)
			if err != nil {
				return err
			}
			end, known, err := p.eta(ctx, i)
			if err != nil {
				return err
			}
			line := progressLine(account, time.Since(begun))
			if known {
				line += ", done " + untilWords(end.Sub(p.db.Now()))
			}
			if line != said {
				fmt.Fprintln(a.out, line)
				said = line
			}
		}
		switch i.State {
		case data.IssueComplete, data.IssueSkipped, data.IssueMerged, data.IssueCancelled:
			fmt.Fprintf(a.out, "issue %d is %s\n", id, i.State)
			return nil
		case data.IssueHeld, data.IssuePaused, data.IssueAwaiting:
			return &exitError{exitPerson, &data.UserError{Message: fmt.Sprintf("issue %d is %s: %s", id, stateWords(i.State), i.Reason), Hint: "look at it at the desk under Issues"}}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

const barWidth = 30

// progressLine is a bar, the figures, the rate and the time left.
func progressLine(a data.Account, elapsed time.Duration) string {
	done := a.Settled()
	filled := 0
	if a.Audience > 0 {
		filled = barWidth * done / a.Audience
	}
	line := fmt.Sprintf("[%s%s] %d of %d, %d accepted, %d deferred, %d refused, %d uncertain",
		strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), done, a.Audience,
		a.Words[data.WordAccepted], a.Words[data.WordDeferred], a.Words[data.WordRefused], a.Words[data.WordUncertain])
	if s := elapsed.Seconds(); done > 0 && s >= 1 && a.Words[data.WordOpen] > 0 {
		rate := float64(done) / s
		line += fmt.Sprintf(", %.0f a second", rate)
	}
	return line
}

// eta is when each delivery of an issue will have had its first answer, where that can be told.
func (p *paper) eta(ctx context.Context, i data.Issue) (end time.Time, known bool, err error) {
	var relays []smtp.Settings
	for _, r := range p.Relay {
		relays = append(relays, r.Settings)
	}
	return mailer.ETA(ctx, p.db, relays, i.MailingID)
}

// untilWords is a time from now in words: in 40s, in 2h5m0s.
func untilWords(d time.Duration) string {
	if d < time.Second {
		return "now"
	}
	if d > time.Hour {
		return "in " + d.Round(time.Minute).String()
	}
	return "in " + d.Round(time.Second).String()
}
