package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) deliveryCommand() *cobra.Command {
	return group("delivery", "Who got it, who did not, and why", a.deliveryList(), a.deliveryShow())
}

func (a *app) deliveryList() *cobra.Command {
	var word string
	var issue, after int64
	var limit int
	c := &cobra.Command{
		Use: "list --issue ID", Short: "The deliveries of an issue", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			if issue == 0 {
				return usage("name the issue with --issue; `tipsheet issue list` shows them")
			}
			return a.withIssue(c, []string{fmt.Sprint(issue)}, func(p *paper, i data.Issue) error {
				if i.MailingID == 0 {
					return &data.UserError{Message: fmt.Sprintf("issue %d is not closed, so it has no deliveries yet", i.ID)}
				}
				all, err := p.db.Deliveries(c.Context(), i.MailingID, data.Word(word), after, limit)
				if err != nil {
					return err
				}
				var rows [][]any
				for _, d := range all {
					rows = append(rows, []any{fmt.Sprintf("%d/%d", d.MailingID, d.Seq), d.Address, string(d.Word), d.Attempts})
				}
				if err := a.table([]string{"Delivery", "Address", "Word", "Attempts"}, rows); err != nil || a.json {
					return err
				}
				return a.sayFolded(c.Context(), p, i.MailingID)
			})
		},
	}
	c.Flags().Int64Var(&issue, "issue", 0, "which issue")
	c.Flags().StringVar(&word, "word", "", "only those: open, accepted, deferred, refused, uncertain, assumed, gave_up, skipped, held")
	c.Flags().Int64Var(&after, "after", 0, "from after this number on")
	c.Flags().IntVar(&limit, "limit", 100, "how many")
	return c
}

func (a *app) deliveryShow() *cobra.Command {
	return &cobra.Command{
		Use: "show MAILING/NUMBER", Short: "All that the ledger says of one delivery", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			m, s, ok := strings.Cut(args[0], "/")
			if !ok {
				return usage("%q is not a delivery; `tipsheet delivery list` shows them, such as 12/345", args[0])
			}
			mailing, err := number(m, "delivery")
			if err != nil {
				return err
			}
			seq, err := number(s, "delivery")
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				lines, err := p.db.LedgerOf(c.Context(), mailing, seq)
				if err != nil {
					return err
				}
				if len(lines) == 0 {
					if err := p.deliveryIsThere(c.Context(), mailing, seq); err != nil {
						return err
					}
				}
				var rows [][]any
				for _, l := range lines {
					said := l.Text
					if l.Code != 0 {
						said = strings.TrimSpace(fmt.Sprintf("%d %s %s", l.Code, l.Enhanced, l.Text))
					}
					rows = append(rows, []any{l.At, l.Attempt, l.Kind, l.Word, l.Relay, l.Step, said})
				}
				return a.table([]string{"At", "Attempt", "Kind", "Word", "Relay", "Step", "Said"}, rows)
			})
		},
	}
}

// sayFolded says how many deliveries are not in the list, since only their number is kept.
func (a *app) sayFolded(ctx context.Context, p *paper, mailing int64) error {
	f, err := p.db.FoldOf(ctx, mailing)
	if err == nil && f.Deliveries > 0 {
		when := "are being folded"
		if !f.At.IsZero() {
			when = "were folded on " + f.At.Format(time.DateOnly)
		}
		fmt.Fprintf(a.out, "%d more %s: of those accepted, assumed, given up or skipped only the number is kept\n", f.Deliveries, when)
	}
	return err
}

// deliveryIsThere tells a delivery that was not tried yet from one that was folded, and from one
// that does not exist.
func (p *paper) deliveryIsThere(ctx context.Context, mailing, seq int64) error {
	all, err := p.db.Deliveries(ctx, mailing, "", seq-1, 1)
	if err != nil || (len(all) == 1 && all[0].Seq == seq) {
		return err
	}
	if m, err := p.db.Mailing(ctx, mailing); err == nil && seq >= 1 && seq <= int64(m.Audience) {
		return &data.UserError{Message: fmt.Sprintf("delivery %d/%d was folded: it was accepted, assumed, given up or skipped", mailing, seq), Hint: "`tipsheet issue status` has the totals"}
	}
	return &data.UserError{Message: fmt.Sprintf("there is no delivery %d/%d", mailing, seq), Hint: "`tipsheet delivery list --issue ID` shows what there is"}
}
