package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

// issueEditFlags are what an editor may change in an issue.
type issueEditFlags struct {
	pin, order, unpin, hide, unhide  []int64
	retitle, corrections             []string
	subject, preheader, note, noteBy string
}

func (a *app) issueEdit() *cobra.Command {
	var f issueEditFlags
	c := &cobra.Command{
		Use: "edit ID", Short: "Pin, order, hide and retitle stories; write the note, the subject, corrections", Args: takes(1, false),
		Long: "edit changes an issue that is not closed yet; `tipsheet issue show ID` lists its stories with their numbers.\n" +
			"Stories that are pinned or ordered come first, and the first of them is the lead; the others follow, the\n" +
			"newest first. A story that is hidden is not offered to this newsletter again until --unhide. An empty\n" +
			"text ('') gives a subject, preheader or title back to the rule, and takes the note or the corrections away.",
		Example: "  tipsheet issue edit 12 --pin 40 --hide 41,44 --retitle '42=Ferry fares rise again'\n" +
			"  tipsheet issue edit 12 --note 'Good morning.' --note-by Ada --correction 'The bridge has two lanes. <https://post.example.com/bridge>'",
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.edit(c)
			if err != nil {
				return err
			}
			return a.withIssue(c, args, func(p *paper, i data.Issue) error {
				err := p.db.EditIssue(c.Context(), i.ID, e)
				var story *data.StoryError
				switch {
				case errors.As(err, &story):
					return &data.UserError{Message: fmt.Sprintf("story %d %s", story.Story, story.Why), Hint: fmt.Sprintf("`tipsheet issue show %d` lists the stories", i.ID)}
				case err != nil:
					return conflict(err, fmt.Sprintf("issue %d is %s; one that is not closed yet can be changed", i.ID, stateWords(i.State)))
				}
				fmt.Fprintf(a.out, "issue %d changed\n", i.ID)
				return nil
			})
		},
	}
	c.Flags().Int64SliceVar(&f.pin, "pin", nil, "stories to the top, the first of them as the lead")
	c.Flags().Int64SliceVar(&f.order, "order", nil, "stories in this order, after those that --pin names")
	c.Flags().Int64SliceVar(&f.unpin, "unpin", nil, "stories that stand where their date puts them again")
	c.Flags().Int64SliceVar(&f.hide, "hide", nil, "stories out of this issue and the newsletter's later ones")
	c.Flags().Int64SliceVar(&f.unhide, "unhide", nil, "stories that are offered to the newsletter again")
	c.Flags().StringArrayVar(&f.retitle, "retitle", nil, "STORY=TITLE: a story's title in this issue")
	c.Flags().StringArrayVar(&f.corrections, "correction", nil, "an entry of the corrections box, with the story's <address> at its end; repeat it for more")
	c.Flags().StringVar(&f.subject, "subject", "", "the subject (default the lead story's title, then two more)")
	c.Flags().StringVar(&f.preheader, "preheader", "", "what mail readers show behind the subject")
	c.Flags().StringVar(&f.note, "note", "", "the editor's words on top; empty lines part paragraphs")
	c.Flags().StringVar(&f.noteBy, "note-by", "", "who signs the note")
	return c
}

// edit is what the flags ask for.
func (f *issueEditFlags) edit(c *cobra.Command) (data.IssueEdit, error) {
	e := data.IssueEdit{Pin: f.pin, Order: f.order, Unpin: f.unpin, Hide: f.hide, Unhide: f.unhide}
	if c.Flags().NFlag() == 0 {
		return e, usage("say what to change, such as --pin 40 or --note 'Good morning.'")
	}
	for name, set := range map[string]func(){
		"subject": func() { e.Subject = &f.subject }, "preheader": func() { e.Preheader = &f.preheader },
		"note": func() { e.Note = &f.note }, "note-by": func() { e.NoteBy = &f.noteBy },
	} {
		if c.Flags().Changed(name) {
			set()
		}
	}
	for _, one := range f.retitle {
		number, title, ok := strings.Cut(one, "=")
		story, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if !ok || err != nil {
			return e, usage("--retitle %.60q is not STORY=TITLE, such as '42=Ferry fares rise'", one)
		}
		if e.Titles == nil {
			e.Titles = map[int64]string{}
		}
		e.Titles[story] = strings.TrimSpace(title)
	}
	if c.Flags().Changed("correction") {
		all := []data.IssueCorrection{}
		for _, text := range f.corrections {
			if text = strings.TrimSpace(text); text != "" {
				all = append(all, correction(text))
			}
		}
		e.Corrections = &all
	}
	return e, e.Check()
}

// correction parts the text of a correction from the address at its end.
func correction(text string) data.IssueCorrection {
	before, link, ok := strings.Cut(strings.TrimSuffix(text, ">"), " <")
	if ok && strings.HasSuffix(text, ">") && strings.HasPrefix(link, "http") {
		return data.IssueCorrection{Text: before, Link: link}
	}
	return data.IssueCorrection{Text: text}
}
