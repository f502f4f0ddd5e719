package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
)

const (
	intakeSlice   = 100
	failuresInRow = 3              // messages that fail one after the other before the intake rests
	rawTries      = 5              // looks at a message whose bytes cannot be read before it is shown without them
	untouched     = 24 * time.Hour // nothing automatic happens to what was older than this when first seen
)

// Intake parses and files every message that is stored and not yet filed: what was fetched, what was imported, and what
// an earlier process left half done. A message that fails is left for the next call and does not keep the others back.
func (in *Inbox) Intake(ctx context.Context) (Result, error) {
	in.taking.Lock()
	defer in.taking.Unlock()
	var all Result
	var errs []error
	failed := map[int64]bool{}
	for {
		waiting, err := in.DB.UnfiledMessages(ctx, intakeSlice+len(failed))
		if err != nil {
			return all, errors.Join(append(errs, err)...)
		}
		done, inRow := 0, 0
		for _, m := range waiting {
			if failed[m.ID] {
				continue
			}
			err := in.take(ctx, m, &all)
			if err == nil {
				delete(in.skipped, m.ID)
				done, inRow = done+1, 0
				continue
			}
			failed[m.ID] = true
			errs = append(errs, fmt.Errorf("file message %d: %w", m.ID, err))
			if inRow++; inRow == failuresInRow || ctx.Err() != nil {
				return all, errors.Join(errs...) // it is not the message
			}
		}
		if done == 0 {
			return all, errors.Join(errs...)
		}
	}
}

// take does all that is left to do for one message. After a crash at any step it is called again with the same one.
func (in *Inbox) take(ctx context.Context, m data.Message, res *Result) error {
	r, err := in.readStored(ctx, m)
	if err != nil {
		return err
	}
	in.step("read")
	ours := m.Ours
	if !ours {
		if ours, err = in.cameBack(ctx, r); err != nil {
			return err
		}
	}
	if m.State == data.MessageReceived {
		row, err := r.row(ours)
		if err != nil {
			return err
		}
		if err := in.DB.RecordReading(ctx, m.ID, row); err != nil {
			return err
		}
		m.Reading = row
		in.step("recorded")
	}
	err = in.file(ctx, m, r, ours, res)
	if errors.Is(err, data.ErrConflict) {
		in.Log.Warn("a message was filed by somebody else meanwhile", "message", m.ID)
		return nil
	}
	in.step("filed")
	return err
}

func (in *Inbox) readStored(ctx context.Context, m data.Message) (reading, error) {
	raw, err := in.DB.Raw(ctx, m.ID)
	switch {
	case err == nil:
		return in.read(ctx, raw)
	case ctx.Err() != nil:
		return reading{}, ctx.Err()
	}
	if in.skipped[m.ID]++; in.skipped[m.ID] < rawTries {
		return reading{}, err
	}
	return reading{
		Message: message.Message{Unreadable: true, Warnings: []string{"The stored bytes of this message cannot be read: the disk has lost or changed them."}},
		finding: report.Finding{Kind: report.KindUnreadable},
	}, nil
}

// file puts a message where it belongs: out of triage, into a conversation, or into a new one.
func (in *Inbox) file(ctx context.Context, m data.Message, r reading, ours bool, res *Result) error {
	if !ours && r.machine() {
		res.Reported++
		return in.DB.ReportMessage(ctx, m.ID)
	}
	conversation, err := in.conversationFor(ctx, r, ours)
	if err != nil {
		return err
	}
	if conversation == 0 && ours {
		res.Reported++
		return in.DB.ReportMessage(ctx, m.ID)
	}
	places, err := in.DB.Places(ctx, m.ID)
	if err != nil {
		return err
	}
	if conversation != 0 {
		return in.joinConversation(ctx, m, conversation, ours, places, res)
	}
	n := data.NewConversation{Sorting: in.sort(r), Alias: in.alias(m, r), Subject: r.Subject, Done: in.old(m, places)}
	n.MoveTo = in.targetFor(m, n.Sorting, places)
	id, err := in.DB.FileNew(ctx, m.ID, n)
	if err != nil {
		return err
	}
	in.Log.Info("a conversation was opened", "message", m.ID, "conversation", id, "category", n.Category, "unsure", n.Unsure)
	res.Opened++
	return nil
}

func (in *Inbox) joinConversation(ctx context.Context, m data.Message, conversation int64, ours bool, places []data.Place, res *Result) error {
	join := data.Joining{Reopen: !ours && !in.old(m, places)}
	if !ours {
		c, err := in.DB.Conversation(ctx, conversation)
		if err != nil {
			return err
		}
		join.MoveTo = in.targetFor(m, c.Sorting, places)
	}
	if err := in.DB.JoinConversation(ctx, m.ID, conversation, join); err != nil {
		return err
	}
	in.Log.Info("a message joined a conversation", "message", m.ID, "conversation", conversation)
	res.Joined++
	return nil
}

// old reports whether a message was too old at first sight to wait for an editor.
func (in *Inbox) old(m data.Message, places []data.Place) bool {
	since := time.Duration(imap.DefaultSettings().TriageSince) // for what was imported
	for _, p := range places {
		if b := in.boxOf(p.Mailbox); b != nil {
			since = time.Duration(b.settings.TriageSince)
		}
	}
	return m.SeenAt.Sub(m.ReceivedAt) > since
}
