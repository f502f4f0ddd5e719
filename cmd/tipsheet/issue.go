package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) issueCommand() *cobra.Command {
	return group("issue", "Editions of newsletters", a.issueList(), a.issueShow(), a.issueStatus(), a.issuePreview(), a.issueCompose(), a.issueEdit(), a.issueTest(), a.issueSend(),
		a.issueMove("approve ID", "An editor's word that an issue may go", "issue approved", "a draft, or one that waits or is held, can be approved", approveIssue),
		a.issueMove("pause ID", "Stop sending between two messages", "sending is paused", "a closed one or one that is being sent can be paused", pauseIssue),
		a.issueMove("resume ID", "Go on where it was paused or held", "sending goes on", "one that is paused or held can be resumed", resumeIssue),
		a.issueMove("cancel ID", "End an issue; what was not sent stays unsent", "issue cancelled", "one that has not ended can be cancelled", cancelIssue),
		a.issueSettle())
}

func (a *app) issueList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "The latest issues and those to come", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Issues(c.Context(), limit)
				if err != nil {
					return err
				}
				var rows [][]any
				for _, i := range all {
					n, err := p.db.Newsletter(c.Context(), i.NewsletterID)
					if err != nil {
						return err
					}
					accepted := 0
					if i.MailingID != 0 {
						account, err := p.db.Progress(c.Context(), i.MailingID)
						if err != nil {
							return err
						}
						accepted = account.Words[data.WordAccepted]
					}
					rows = append(rows, []any{i.ID, n.Slug, i.DueAt, string(i.State), accepted, i.Audience, i.Subject, i.Reason})
				}
				return a.table([]string{"ID", "Newsletter", "Due", "State", "Delivered", "Readers", "Subject", "Reason"}, rows)
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many")
	return c
}

// withIssue runs do with the issue that the first argument names.
func (a *app) withIssue(c *cobra.Command, args []string, do func(*paper, data.Issue) error) error {
	id, err := number(args[0], "issue")
	if err != nil {
		return err
	}
	return a.with(c, func(p *paper) error {
		i, err := p.db.Issue(c.Context(), id)
		if err != nil {
			return err
		}
		return do(p, i)
	})
}

func (a *app) issueShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "The stories of an issue, or what a draft would have if it closed now", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				stories, err := p.desk().Picked(c.Context(), i.ID)
				if err != nil {
					return err
				}
				taken, err := p.db.IssueStories(c.Context(), i.ID)
				if err != nil {
					return err
				}
				stories = append(stories, slices.DeleteFunc(taken, func(s data.IssueStory) bool { return !s.HiddenNow })...)
				var rows [][]any
				for _, s := range stories {
					rows = append(rows, []any{s.Position, s.ID, s.Placed, s.HiddenNow, severalOf(s.Categories), s.Headline()})
				}
				return a.table([]string{"Place", "Story", "Placed", "Hidden", "Categories", "Title"}, rows)
			})
		},
	}
}

func (a *app) issueCompose() *cobra.Command {
	var due, closeAt string
	c := &cobra.Command{
		Use: "compose NEWSLETTER", Short: "Make an issue by hand", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				n, err := p.newsletter(c.Context(), args[0])
				if err != nil {
					return err
				}
				at, err := moment(due, n.TimeZone, p.db.Now())
				if err != nil {
					return err
				}
				closes := at.Add(-time.Duration(p.Issues.CloseBefore))
				if closeAt != "" {
					if closes, err = moment(closeAt, n.TimeZone, p.db.Now()); err != nil {
						return err
					}
				}
				id, err := p.db.AddIssue(c.Context(), n.ID, at, closes)
				if err != nil {
					return conflict(err, fmt.Sprintf("%s has an issue for that time already", n.Slug))
				}
				fmt.Fprintf(a.out, "issue %d of %s is due %s; a running scheduler closes it\n", id, n.Slug, a.inZone(at).Format("Monday 2 January, 15:04:05 MST"))
				return nil
			})
		},
	}
	c.Flags().StringVar(&due, "due", "now", "when it is sent: now, +10m, or a time such as \"2026-03-02 07:00\"")
	c.Flags().StringVar(&closeAt, "close", "", "when its words are fixed (default issues.close_before earlier)")
	return c
}

// moment reads now, +DURATION, or a day or time.
func moment(text, zone string, now time.Time) (time.Time, error) {
	if text == "now" || text == "" {
		return now, nil
	}
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return now, usage("%q is not a span such as +10m", text)
		}
		return now.Add(d), nil
	}
	return sinceTime(text, zone)
}

func (a *app) issueMove(use, short, said, allowed string, move func(context.Context, *paper, data.Issue) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				if err := move(c.Context(), p, i); err != nil {
					return conflict(err, fmt.Sprintf("issue %d is %s; %s", i.ID, stateWords(i.State), allowed))
				}
				fmt.Fprintln(a.out, said)
				return nil
			})
		},
	}
}

func approveIssue(ctx context.Context, p *paper, i data.Issue) error {
	if i.MailingID != 0 { // closed, and held since
		return p.db.ResumeMailing(ctx, i.MailingID)
	}
	return p.db.ApproveIssue(ctx, i.ID)
}

func pauseIssue(ctx context.Context, p *paper, i data.Issue) error {
	if i.MailingID == 0 {
		return data.ErrConflict
	}
	return p.db.PauseMailing(ctx, i.MailingID, "paused by hand")
}

func resumeIssue(ctx context.Context, p *paper, i data.Issue) error {
	if i.MailingID == 0 {
		return data.ErrConflict
	}
	return p.db.ResumeMailing(ctx, i.MailingID)
}

func cancelIssue(ctx context.Context, p *paper, i data.Issue) error {
	return p.db.CancelIssue(ctx, i.ID, "cancelled by hand")
}

func (a *app) issueSettle() *cobra.Command {
	var policy string
	c := &cobra.Command{
		Use: "settle ID --policy resend|hold|assume-sent", Short: "Rule on the deliveries of which nobody knows whether they were sent", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			pol := data.Policy(policy)
			if pol != data.PolicyResend && pol != data.PolicyHold && pol != data.PolicyAssume {
				return usage("--policy %q is not one of resend, hold, assume-sent", policy)
			}
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				if i.MailingID == 0 {
					return &data.UserError{Message: fmt.Sprintf("issue %d has not been sent", i.ID)}
				}
				total := 0
				for {
					n, err := p.db.SettleMailing(c.Context(), i.MailingID, pol, 200)
					if err != nil {
						return err
					}
					if total += n; n == 0 {
						break
					}
				}
				fmt.Fprintf(a.out, "%d deliveries settled\n", total)
				return nil
			})
		},
	}
	c.Flags().StringVar(&policy, "policy", "", "what becomes of them")
	return c
}

// stateWords is a state as a person says it.
func stateWords(s data.IssueState) string {
	if s == data.IssueDraft {
		return "a draft"
	}
	return strings.ReplaceAll(string(s), "_", " ")
}
