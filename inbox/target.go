package inbox

import (
	"context"
	"slices"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

// keywordTarget begins the target of a filing that is no move.
const keywordTarget = "keyword:"

// followFor is how old a re-sorting may be to be made good in the mailbox.
const followFor = 7 * 24 * time.Hour

func (in *Inbox) boxOf(mailbox string) *box {
	for _, b := range in.boxes {
		if b.name == mailbox {
			return b
		}
	}
	return nil
}

// targetFor says what is to be done with a message in its mailbox, empty for nothing. Only what lies in INBOX is touched, and
// never what was older than a day when first seen, by the server's date or by its own.
func (in *Inbox) targetFor(m data.Message, s data.Sorting, places []data.Place) string {
	first := m.ReceivedAt
	if !m.DatedAt.IsZero() && m.DatedAt.Before(first) {
		first = m.DatedAt
	}
	if m.SeenAt.Sub(first) > untouched {
		return ""
	}
	for _, p := range places {
		b := in.boxOf(p.Mailbox)
		if b == nil || p.Role != roleInbox {
			continue
		}
		switch {
		case b.settings.Filing == imap.FilingKeyword:
			return keywordTarget + in.Settings.Keyword
		case b.settings.Filing == imap.FilingMove && !s.Unsure:
			return in.Settings.Folders.Of(s.Category)
		}
	}
	return ""
}

// refile asks for the moves that editors' re-sortings mean. It follows the rows, in whatever process they were made.
func (in *Inbox) refile(ctx context.Context) error {
	if !slices.ContainsFunc(in.boxes, func(b *box) bool { return b.settings.Filing == imap.FilingMove }) {
		return nil
	}
	latest, err := in.DB.LatestCorrection(ctx)
	if err != nil || latest == in.followed {
		return err
	}
	corrections, err := in.DB.CorrectionsAfter(ctx, in.followed, in.DB.Now().Add(-followFor))
	if err != nil {
		return err
	}
	asked := 0
	for _, c := range corrections {
		messages, err := in.DB.MessagesOf(ctx, c.ConversationID)
		if err != nil {
			return err
		}
		for _, m := range messages {
			did, err := in.refileOne(ctx, m, c)
			if err != nil {
				return err
			}
			asked += did
		}
	}
	in.followed = latest
	if asked > 0 {
		in.Log.Info("re-sorted messages are to be moved", "messages", asked)
		in.nudge(false)
	}
	return nil
}

// refileOne asks for one move. A category without a folder means INBOX, but only for what we or an editor took out of there.
func (in *Inbox) refileOne(ctx context.Context, m data.Message, c data.Correction) (int, error) {
	if m.Ours {
		return 0, nil
	}
	places, err := in.DB.Places(ctx, m.ID)
	if err != nil {
		return 0, err
	}
	for _, p := range places {
		b := in.boxOf(p.Mailbox)
		if b == nil || b.settings.Filing != imap.FilingMove || p.Role == roleSent {
			continue
		}
		target := in.Settings.Folders.Of(c.Category)
		if target == "" && (p.Role == roleCategory || p.Role == roleInbox) {
			target = "INBOX"
		}
		if target == "" {
			continue
		}
		asked, err := in.DB.RefileMessage(ctx, m.ID, target, c)
		if err != nil || !asked {
			return 0, err
		}
		return 1, nil
	}
	return 0, nil
}
