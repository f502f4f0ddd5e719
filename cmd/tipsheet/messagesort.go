package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/enquiry"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/sorter"
)

// A sorted message is what `message sort` prints: a row of a .jsonl file is named by its id, a
// message of a mail file by the file.
type sorted struct {
	ID   string `json:"id,omitempty"`
	File string `json:"file,omitempty"`
	sorter.Verdict
	Facts   enquiry.Facts `json:"facts"`
	Missing []string      `json:"missing"`
}

func (a *app) messageSort() *cobra.Command {
	return &cobra.Command{
		Use: "sort FILE…", Short: "Say what messages are and why, as JSON; needs no database", Args: takes(1, true),
		Long: "sort reads eml, mbox, Maildir, or .jsonl files with one {\"id\",\"from\",\"subject\",\"body\",\"attachments\"} a line.",
		RunE: func(_ *cobra.Command, args []string) error {
			model, err := sorter.Load()
			if err != nil {
				return err
			}
			return a.eachFile(args, func(name string) error {
				if strings.HasSuffix(name, ".jsonl") {
					return a.sortRows(model, name)
				}
				return message.Split(name, a.in, func(i message.Item) error {
					s := sortOne(model, inbox.SortText(message.Parse(i.Raw)))
					s.File = i.File
					return a.printJSON(s)
				})
			})
		},
	}
}

func (a *app) sortRows(model *sorter.Model, name string) error {
	rows, err := a.readRows(name, false)
	for _, r := range rows {
		s := sortOne(model, r.Text)
		s.ID = r.ID
		if err := a.printJSON(s); err != nil {
			return err
		}
	}
	return err
}

// sortOne sorts a text and, where it is or may be an advert, says what the enquiry leaves open.
func sortOne(model *sorter.Model, t sorter.Text) sorted {
	s := sorted{Verdict: model.Sort(t), Missing: []string{}}
	if s.Category != sorter.Advert && (s.Also == nil || *s.Also != sorter.Advert) {
		return s
	}
	s.Facts = enquiry.Read(t.Subject, t.Body)
	s.Missing = s.Facts.Missing()
	return s
}
