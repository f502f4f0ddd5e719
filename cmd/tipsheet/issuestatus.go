package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

// deliveryWords are what a delivery can be, in the order in which they are told.
var deliveryWords = [...]data.Word{
	data.WordAccepted, data.WordAssumed, data.WordRefused, data.WordGaveUp, data.WordSkipped, data.WordHeld,
	data.WordUncertain, data.WordDeferred, data.WordOpen,
}

// An issueStatus is what `issue status --json` prints.
type issueStatus struct {
	Issue      int64             `json:"issue"`
	Newsletter string            `json:"newsletter"` // its short name
	State      data.IssueState   `json:"state"`
	Due        time.Time         `json:"due"`
	Reason     *string           `json:"reason"`       // why it is skipped, merged, held, paused or cancelled; else null
	Readers    *int              `json:"readers"`      // the frozen audience; null until it is closed
	LeftOut    *int              `json:"left_out"`     // active subscribers that it does not go to; null until it is closed
	Deliveries map[data.Word]int `json:"deliveries"`   // how many of each word, all words named; null until it is closed
	LeftOutFor map[string]int    `json:"left_out_for"` // how many of those for each reason; null until it is closed
	Parts      []issuePart       `json:"parts"`        // when its mail may go: with the issue, and at readers' own hours; null until it is closed
	ETA        *time.Time        `json:"eta"`          // when each will have had its first answer; null where that cannot be told
	WaitsUntil *time.Time        `json:"waits_until"`  // the first pass is through, and the deferred are tried until then; else null
}

// An issuePart is the readers whose mail may go from one time on.
type issuePart struct {
	At      time.Time `json:"at"`
	Readers int       `json:"readers"`
}

func (p *paper) issueStatus(ctx context.Context, i data.Issue) (issueStatus, error) {
	s := issueStatus{Issue: i.ID, State: i.State, Due: i.DueAt.UTC()}
	n, err := p.db.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return s, err
	}
	s.Newsletter = n.Slug
	if i.Reason != "" {
		s.Reason = &i.Reason
	}
	if i.MailingID == 0 {
		return s, nil
	}
	account, err := p.db.Progress(ctx, i.MailingID)
	if err != nil {
		return s, err
	}
	s.Readers, s.LeftOut, s.Deliveries = &account.Audience, &account.LeftOut, map[data.Word]int{}
	for _, w := range deliveryWords {
		s.Deliveries[w] = account.Words[w]
	}
	if s.LeftOutFor, err = p.db.LeftOutFor(ctx, i.MailingID); err != nil {
		return s, err
	}
	parts, err := p.db.Parts(ctx, i.MailingID)
	if err != nil {
		return s, err
	}
	for _, part := range parts {
		s.Parts = append(s.Parts, issuePart{part.At, part.Readers})
	}
	if end, known, err := p.eta(ctx, i); err != nil {
		return s, err
	} else if known && account.Words[data.WordOpen] > 0 {
		s.ETA = &end
	}
	if i.State == data.IssueSending && account.Words[data.WordOpen] == 0 && account.Words[data.WordDeferred] > 0 {
		m, err := p.db.Mailing(ctx, i.MailingID)
		if err != nil {
			return s, err
		}
		s.WaitsUntil = &m.GiveUpAt
	}
	return s, nil
}

func (a *app) issueStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status ID", Short: "What became of an issue, delivery by delivery", Args: takes(1, false),
		Long: "status says how far an issue is. With --json it prints one object:\n\n" +
			`  {"issue", "newsletter", "state", "due", "reason", "readers", "left_out", "deliveries": {"accepted", "assumed",` + "\n" +
			`   "refused", "gave_up", "skipped", "held", "uncertain", "deferred", "open"}, "left_out_for": {REASON: n}, "parts": [{"at",` + "\n" +
			`   "readers"}], "eta", "waits_until"}` + "\n\n" +
			"From readers to parts all is null until the issue is closed; the deliveries add up to readers. Readers who chose\n" +
			"an hour of their own are a part of the issue that goes then.\n" +
			"eta is when each will have had its first answer. waits_until is set once all have, while deferred ones are tried again.",
		RunE: func(c *cobra.Command, args []string) error {
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				s, err := p.issueStatus(c.Context(), i)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(s)
				}
				rows := [][]any{{"newsletter", s.Newsletter}, {"state", string(s.State)}, {"due", s.Due}}
				if s.Reason != nil {
					rows = append(rows, []any{"reason", *s.Reason})
				}
				if s.Readers != nil {
					rows = append(rows, []any{"readers", *s.Readers}, []any{"left out", *s.LeftOut})
					for _, why := range slices.Sorted(maps.Keys(s.LeftOutFor)) {
						rows = append(rows, []any{"left out: " + why, s.LeftOutFor[why]})
					}
					if len(s.Parts) > 1 {
						for _, part := range s.Parts {
							rows = append(rows, []any{"goes " + a.inZone(part.At).Format("2006-01-02 15:04 MST"), part.Readers})
						}
					}
					for _, w := range deliveryWords {
						rows = append(rows, []any{string(w), s.Deliveries[w]})
					}
				}
				if s.ETA != nil {
					rows = append(rows, []any{"done by about", *s.ETA})
				}
				if s.WaitsUntil != nil {
					rows = append(rows, []any{"sent", fmt.Sprintf("%d still waiting until %s", s.Deliveries[data.WordDeferred], a.inZone(*s.WaitsUntil).Format("2006-01-02 15:04"))})
				}
				return a.table([]string{"What", "Value"}, rows)
			})
		},
	}
}
