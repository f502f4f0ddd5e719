package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) adoptCommand() *cobra.Command {
	var look bool
	c := &cobra.Command{
		Use: "adopt", Short: "Say that this database may send from here, after it was restored, copied or moved", Args: takes(0, false),
		Long: "adopt says what differs since the database was last in use, and what is held for it; then it lets that go.\n" +
			"Deliveries that were on the wire when the copy was made are settled by ledger.uncertain. An issue that would\n" +
			"begin later than its newsletter's grace is not sent by this. Look with --look first: a copy does not know what\n" +
			"was sent after it was made; an issue that went out elsewhere since is ended with `tipsheet issue cancel`.\n\n" +
			"With --json it prints one object: {\"reasons\", \"mailings\", \"open\", \"uncertain\", \"adopted\"}.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error { return a.adopt(c.Context(), p, look) })
		},
	}
	c.Flags().BoolVar(&look, "look", false, "only say what differs; exit code 3 where something does")
	return c
}

// An adoption is what `adopt --json` prints.
type adoption struct {
	Reasons   []string `json:"reasons"` // what differs; empty: nothing
	Mailings  int      `json:"mailings"`
	Open      int      `json:"open"`
	Uncertain int      `json:"uncertain"`
	Adopted   bool     `json:"adopted"`
}

func (a *app) adopt(ctx context.Context, p *paper, look bool) error {
	here := p.db.Here(p.Ledger.Instance)
	d, err := p.db.CompareInstance(ctx, here)
	if err != nil {
		return err
	}
	if d.None() {
		if a.json {
			return a.printJSON(adoption{Reasons: []string{}})
		}
		fmt.Fprintln(a.out, "nothing differs: the database is where it was, and nothing is held for that")
		return nil
	}
	if d, err = p.db.CheckInstance(ctx, here); err != nil { // what no mailer has held yet is held, to be counted
		return err
	}
	stock, err := p.db.HeldStock(ctx)
	if err != nil {
		return err
	}
	said := adoption{Reasons: d.Reasons(), Mailings: stock.Mailings, Open: stock.Open, Uncertain: stock.Uncertain}
	if !a.json {
		a.sayStock(said)
	}
	if !look {
		if err := a.letGo(ctx, p, here, said); err != nil {
			return err
		}
		said.Adopted = true
	}
	if a.json {
		if err := a.printJSON(said); err != nil {
			return err
		}
	}
	if look {
		return differing(d)
	}
	return nil
}

func (a *app) sayStock(s adoption) {
	fmt.Fprintln(a.out, "what differs:")
	for _, r := range s.Reasons {
		fmt.Fprintln(a.out, "  "+r)
	}
	fmt.Fprintf(a.out, "held for that: %s, with %s open; %s uncertain\n",
		counted(s.Mailings, "mailing", "mailings"), counted(s.Open, "delivery", "deliveries"), counted(s.Uncertain, "delivery is", "deliveries are"))
}

// letGo settles what is uncertain, as a mailer does that takes over, and lets the rest go. Where
// a mailer runs and waits for this word, it settles them itself.
func (a *app) letGo(ctx context.Context, p *paper, here data.Instance, said adoption) error {
	settled := ""
	lock, err := p.db.TakeRole(data.RoleMailer)
	if err == nil {
		defer lock.Release()
		if _, err := p.db.TakeOver(ctx, p.Ledger.Uncertain); err != nil {
			return err
		}
	}
	if said.Uncertain > 0 {
		settled = fmt.Sprintf("; what is uncertain is settled by the policy %s", p.Ledger.Uncertain)
	}
	if _, err := p.db.Adopt(ctx, here); err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintf(a.out, "adopted: what was held may go%s\n", settled)
	}
	return nil
}
