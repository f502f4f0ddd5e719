package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

func (a *app) messageCommand() *cobra.Command {
	return group("message", "What comes in", a.messagePoll(), a.messageImport(), a.messageList(), a.messageShow(), a.messageParse(), a.messageSort(), a.messageScore(), a.messageTrain())
}

func (a *app) messagePoll() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "poll", Short: "Look into the mailboxes now", Args: takes(0, false),
		Long: "poll looks into each mailbox once and files what came. Where an inbox is running, it asks that one to look.",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				if len(p.Mailbox) == 0 {
					return &data.UserError{Message: "there is no mailbox to look into", Hint: "add [mailbox] to the config"}
				}
				lock, err := p.db.TakeRole(data.RoleInbox)
				if err != nil {
					if err := p.db.Ask(c.Context(), data.RoleInbox, "poll", 0); err != nil {
						return err
					}
					fmt.Fprintln(a.out, "the running inbox was asked to look now")
					return nil
				}
				defer lock.Release()
				in, err := p.inbox()
				if err != nil {
					return err
				}
				r, err := in.Poll(c.Context())
				fmt.Fprintf(a.out, "%d new, %d known, %d could not be fetched; %d conversations opened, %d joined, %d machine mails\n", r.New, r.Known, r.Gaps, r.Opened, r.Joined, r.Reported)
				return err
			})
		},
	}
	c.Flags().BoolVar(&once, "once", true, "look once and return")
	return c
}

func (a *app) messageImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE…", Short: "Take in messages from eml, mbox or Maildir", Args: takes(1, true),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				fresh, known := 0, 0
				failed := a.eachFile(args, func(name string) error {
					return message.Split(name, a.in, func(i message.Item) error {
						if i.Cut {
							return fmt.Errorf("message %d is over %d MB and was not taken in", i.N, message.MaxFile>>20)
						}
						_, made, err := p.db.ImportMessage(c.Context(), i.Raw, message.Parse(i.Raw).Date)
						switch {
						case err != nil:
						case made:
							fresh++
						default:
							known++
						}
						return err
					})
				})
				fmt.Fprintf(a.out, "%d taken in, %d known already\n", fresh, known)
				return errors.Join(failed, p.fileImported(c, a.out))
			})
		},
	}
}

// fileImported files what was just taken in, unless a running inbox does.
func (p *paper) fileImported(c *cobra.Command, out io.Writer) error {
	lock, err := p.db.TakeRole(data.RoleInbox)
	if err != nil {
		fmt.Fprintln(out, "the running inbox files them")
		return nil
	}
	defer lock.Release()
	in, err := p.sortingInbox()
	if err != nil {
		return err
	}
	r, err := in.Intake(c.Context())
	fmt.Fprintf(out, "%d conversations opened, %d joined, %d machine mails\n", r.Opened, r.Joined, r.Reported)
	return err
}

func (a *app) messageList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "The latest messages and where they were filed", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Messages(c.Context(), limit)
				if err != nil {
					return err
				}
				var rows [][]any
				for _, m := range all {
					who, category, joined, sure, unsure := firstOf(m.FromName, m.FromAddress), "", any(nil), any(nil), false
					if m.ConversationID != 0 {
						conv, err := p.db.Conversation(c.Context(), m.ConversationID)
						if err != nil {
							return err
						}
						category, joined, sure, unsure = conv.Category, conv.ID, share(conv.Confidence), conv.Unsure
						if conv.Category == "tip" || conv.Unsure { // a source is not named in a list
							who = "Source " + conv.Alias
						}
					}
					rows = append(rows, []any{m.ID, m.ReceivedAt, string(m.State), m.Kind, joined, category, sure, unsure, who, m.Subject})
				}
				return a.table([]string{"ID", "Received", "State", "Kind", "Conversation", "Category", "Confidence", "Unsure", "From", "Subject"}, rows)
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	return c
}

func (a *app) messageShow() *cobra.Command {
	var raw bool
	c := &cobra.Command{
		Use: "show ID", Short: "One message", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := number(args[0], "message")
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				bytes, err := p.db.Raw(c.Context(), id)
				if err != nil {
					return err
				}
				if raw {
					_, err := a.out.Write(bytes)
					return err
				}
				return a.printJSON(report.Describe(message.Item{File: fmt.Sprintf("message %d", id), N: 1, Raw: bytes}))
			})
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "print its bytes as they came")
	return c
}

func (a *app) messageParse() *cobra.Command {
	return &cobra.Command{
		Use: "parse FILE…", Short: "Print what messages say, as JSON; needs no database", Args: takes(1, true),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.eachFile(args, func(name string) error {
				return message.Split(name, a.in, func(i message.Item) error { return a.printJSON(report.Describe(i)) })
			})
		},
	}
}

// eachFile takes files in their order. One that cannot be read is said and passed over.
func (a *app) eachFile(files []string, take func(name string) error) error {
	failed := false
	for _, name := range files {
		if err := take(name); err != nil {
			said := sentence(err)
			if !strings.HasPrefix(said, name) {
				said = name + ": " + said
			}
			fmt.Fprintln(a.err, "tipsheet: "+said)
			failed = true
		}
	}
	if failed {
		return &exitError{exitFailed, errSaid}
	}
	return nil
}

func (a *app) messageScore() *cobra.Command {
	return &cobra.Command{
		Use: "score FILE.jsonl", Short: "How right the sorter is on labelled messages; needs no database", Args: takes(1, true),
		RunE: func(_ *cobra.Command, args []string) error {
			model, err := sorter.Load()
			if err != nil {
				return err
			}
			var rows []sorter.Row
			for _, name := range args {
				more, err := a.readRows(name, true)
				if err != nil {
					return err
				}
				rows = append(rows, more...)
			}
			if len(rows) == 0 {
				return errors.New("there are no messages to score")
			}
			r := model.Score(rows)
			if a.json {
				return a.printJSON(r)
			}
			_, err = fmt.Fprint(a.out, r.String())
			return err
		},
	}
}

func (a *app) readRows(name string, labelled bool) ([]sorter.Row, error) {
	if name == "-" {
		return sorter.ReadRows("standard input", a.in, labelled)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	rows, err := sorter.ReadRows(name, f, labelled)
	return rows, errors.Join(err, f.Close())
}

func (a *app) messageTrain() *cobra.Command {
	var category string
	c := &cobra.Command{
		Use: "train CONVERSATION --as CATEGORY", Short: "Say what a conversation is; the sorter's mistake is kept as a correction", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := number(args[0], "message")
			if err != nil {
				return err
			}
			known := false
			for _, k := range data.Categories {
				known = known || k == category
			}
			if !known {
				return usage("--as %q is not one of %s", category, strings.Join(data.Categories[:], ", "))
			}
			return a.with(c, func(p *paper) error {
				err := p.db.CorrectConversation(c.Context(), id, category, 0)
				if errors.Is(err, data.ErrNotFound) {
					return &data.UserError{Message: fmt.Sprintf("there is no conversation %d", id), Hint: "`tipsheet message list` shows what there is"}
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "conversation %d is %s, noted %s\n", id, category, a.inZone(p.db.Now()).Format("15:04 MST"))
				return nil
			})
		},
	}
	c.Flags().StringVar(&category, "as", "", "what it is: tip, gossip, advert, other, spam")
	return c
}
