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

func (a *app) deliveryCommand() *cobra.Command {
	return group("delivery", "Who got it, who did not, and why", a.deliveryList(), a.deliveryShow())
}

// A deliveryQuestion is what `delivery list` is asked.
type deliveryQuestion struct {
	issue, after int64
	word         string
	limit        int
}

func (q deliveryQuestion) validate() error {
	switch {
	case q.issue == 0:
		return usage("name the issue with --issue; `tipsheet issue list` shows them")
	case q.limit < 1:
		return usage("--limit %d is not a number of deliveries; write 1 or more", q.limit)
	case q.word != "" && !slices.Contains(deliveryWords[:], data.Word(q.word)):
		return usage("--word %q is not one of %s", q.word, wordList())
	}
	return nil
}

func wordList() string {
	var all []string
	for _, w := range deliveryWords {
		all = append(all, string(w))
	}
	return strings.Join(all, ", ")
}

func (a *app) deliveryList() *cobra.Command {
	var q deliveryQuestion
	c := &cobra.Command{
		Use: "list --issue ID", Short: "The deliveries of an issue", Args: takes(0, false),
		Long: "list shows who got an issue, who did not, and what the relay said of it. The words:\n\n" +
			"  accepted   the relay has taken it over         deferred   not now: it is tried again\n" +
			"  refused    the relay's no is final             gave_up    deferred until there was no time left\n" +
			"  skipped    not sent, such as who had left      open       not tried yet, or on its way\n" +
			"  uncertain  the link died at the final dot: nobody knows whether the relay took it\n" +
			"  held       uncertain, and waits for a person   assumed    uncertain, and counted as accepted",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := q.validate(); err != nil {
				return err
			}
			return a.withIssue(c, []string{fmt.Sprint(q.issue)}, func(p *paper, i data.Issue) error {
				if i.MailingID == 0 {
					return &data.UserError{Message: fmt.Sprintf("issue %d is not closed, so it has no deliveries yet", i.ID)}
				}
				return a.listDeliveries(c.Context(), p, i.MailingID, q)
			})
		},
	}
	c.Flags().Int64Var(&q.issue, "issue", 0, "which issue")
	c.Flags().StringVar(&q.word, "word", "", "only those: "+wordList())
	c.Flags().Int64Var(&q.after, "after", 0, "from after this number on")
	c.Flags().IntVar(&q.limit, "limit", 100, "how many")
	return c
}

func (a *app) listDeliveries(ctx context.Context, p *paper, mailing int64, q deliveryQuestion) error {
	all, err := p.db.Deliveries(ctx, mailing, data.Word(q.word), q.after, q.limit)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, d := range all {
		said, next := "", time.Time{}
		if d.Word != data.WordAccepted {
			h, err := p.db.History(ctx, mailing, d.Seq)
			if err != nil {
				return err
			}
			if l, ok := h.Verdict(); ok {
				said = saidOf(l)
			}
			next = h.NextAt
		}
		rows = append(rows, []any{fmt.Sprintf("%d/%d", d.MailingID, d.Seq), d.Address, string(d.Word), d.Attempts, next, said})
	}
	if err := a.table([]string{"Delivery", "Address", "Word", "Attempts", "Next", "Said"}, rows); err != nil || a.json {
		return err
	}
	if len(all) == q.limit {
		fmt.Fprintf(a.out, "there may be more: go on with --after %d\n", all[len(all)-1].Seq)
	}
	return a.sayFolded(ctx, p, mailing)
}

func (a *app) deliveryShow() *cobra.Command {
	return &cobra.Command{
		Use: "show MAILING/NUMBER", Short: "All that the ledger says of one delivery, and what happens next", Args: takes(1, false),
		Long: "show tells each attempt at a delivery with its time, step, code and the relay's words, and what happens next.\n" +
			"`tipsheet delivery list` has the numbers. With --json it prints one object:\n\n" +
			`  {"delivery", "issue", "letter", "address", "word", "attempts", "next_at", "until", "next",` + "\n" +
			`   "ledger": [{"at", "attempt", "kind", "word", "relay", "step", "code", "enhanced", "text"}]}` + "\n\n" +
			"issue is null for a letter, letter for an issue. next_at is when another attempt is due, until when the last may be.",
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
			return a.with(c, func(p *paper) error { return a.showDelivery(c.Context(), p, mailing, seq) })
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

// noDelivery tells a delivery that was folded from one that does not exist.
func (p *paper) noDelivery(ctx context.Context, mailing, seq int64) error {
	if m, err := p.db.Mailing(ctx, mailing); err == nil && seq >= 1 && seq <= int64(m.Audience) {
		return &data.UserError{Message: fmt.Sprintf("delivery %d/%d was folded: it was accepted, assumed, given up or skipped", mailing, seq), Hint: "`tipsheet issue status` has the totals"}
	}
	return &data.UserError{Message: fmt.Sprintf("there is no delivery %d/%d", mailing, seq), Hint: "`tipsheet delivery list --issue ID` shows what there is"}
}
