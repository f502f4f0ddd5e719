package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

const (
	filingsAtOnce = 50
	filingFirst   = time.Minute // before a move is tried again; it doubles
	filingMost    = 6 * time.Hour
)

// fileBack makes the moves and keywords that are due in the mailbox, and returns how many it made. A filing that fails
// is tried again later, whatever the reason, so that it cannot keep the mailbox from being read.
func (b *box) fileBack(ctx context.Context) (int, error) {
	made := 0
	for {
		due, err := b.in.DB.DueFilings(ctx, b.name, filingsAtOnce)
		if err != nil || len(due) == 0 {
			return made, err
		}
		slices.SortStableFunc(due, func(x, y data.Filing) int { return int(x.At.FolderID - y.At.FolderID) })
		done := 0
		opened := int64(0)
		for _, f := range due {
			if !b.open() {
				opened = 0
			}
			settled, err := b.makeFiling(ctx, f, &opened)
			if err != nil {
				return made, err
			}
			if settled {
				done++
			}
		}
		made += done
		if done == 0 || len(due) < filingsAtOnce {
			return made, nil
		}
	}
}

// makeFiling makes one filing. It returns an error only where the mailbox or the database is of no use now.
func (b *box) makeFiling(ctx context.Context, f data.Filing, opened *int64) (bool, error) {
	keyword, isKeyword := strings.CutPrefix(f.Target, keywordTarget)
	if filing := b.settings.Filing; filing == imap.FilingLeave || isKeyword != (filing == imap.FilingKeyword) {
		return false, b.in.DB.DropFiling(ctx, f, "this mailbox is not to be changed so any more")
	}
	s, err := b.connect(ctx)
	if err != nil {
		return false, err
	}
	if *opened != f.At.FolderID {
		*opened = 0
		selected, err := s.Select(ctx, f.At.Folder)
		if err != nil {
			return false, b.filingFails(ctx, f, err)
		}
		if selected.UIDValidity != f.At.UIDValidity {
			return false, b.in.DB.FilingFailed(ctx, f, "the folder was renumbered by its server", b.in.DB.Now().Add(time.Duration(b.in.Settings.Poll)))
		}
		*opened = f.At.FolderID
	}
	if isKeyword {
		return b.mark(ctx, s, f, keyword)
	}
	return b.move(ctx, s, f)
}

func (b *box) mark(ctx context.Context, s *imap.Session, f data.Filing, keyword string) (bool, error) {
	err := s.Keyword(ctx, f.At.UID, keyword)
	switch {
	case err == nil:
		return true, b.in.DB.FilingDone(ctx, f, f.At.FolderID, 0, 0)
	case errors.Is(err, imap.ErrNoKeywords):
		return false, b.in.DB.DropFiling(ctx, f, "the folder takes no keywords")
	}
	return false, b.filingFails(ctx, f, err)
}

func (b *box) move(ctx context.Context, s *imap.Session, f data.Filing) (bool, error) {
	target, err := b.folderCalled(ctx, s, f.Target)
	if err != nil {
		return false, b.filingFails(ctx, f, err)
	}
	id, err := b.row(ctx, watched{target, roleOfTarget(target)})
	if err != nil {
		return false, err
	}
	if id == f.At.FolderID {
		return true, b.in.DB.FilingDone(ctx, f, id, 0, 0) // a crash, or an editor, was quicker
	}
	moved, err := s.Move(ctx, f.At.UID, target)
	if err != nil {
		return false, b.filingFails(ctx, f, err)
	}
	b.in.step("moved")
	if err := b.in.DB.FilingDone(ctx, f, id, moved.UIDValidity, moved.UID); err != nil {
		return false, err
	}
	b.in.Log.Info("a message was moved", "mailbox", b.n, "message", f.MessageID, "folder", id)
	b.in.step("move recorded")
	return true, nil
}

func roleOfTarget(name string) string {
	if sameFolder(name, "INBOX") {
		return roleInbox
	}
	return roleCategory
}

// folderCalled is the name that the server has for a folder of the config; it is made where there is none.
func (b *box) folderCalled(ctx context.Context, s *imap.Session, name string) (string, error) {
	if full, ok := b.targets[name]; ok {
		return full, nil
	}
	listed, err := s.Folders(ctx)
	if err != nil {
		return "", err
	}
	full, there, err := b.find(ctx, s, listed, name)
	if err == nil && !there {
		err = s.CreateFolder(ctx, full)
	}
	if err != nil {
		return "", err
	}
	b.targets[name] = full
	return full, nil
}

// filingFails settles what can be settled, and plans another try for the rest.
func (b *box) filingFails(ctx context.Context, f data.Filing, why error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(why, imap.ErrGone) {
		return b.lostTrack(ctx, f)
	}
	if errors.Is(why, imap.ErrNoFolder) {
		delete(b.targets, f.Target) // somebody removed it; the next try makes it anew
	}
	b.in.Log.Warn("a message could not be moved and is tried again later", "mailbox", b.n, "message", f.MessageID, "try", f.Tries+1)
	return b.in.DB.FilingFailed(ctx, f, fmt.Sprint(why), b.in.DB.Now().Add(later(f.Tries, filingFirst, filingMost)))
}

// lostTrack ends a filing whose message is no longer where it lay, unless it was seen elsewhere in this mailbox.
func (b *box) lostTrack(ctx context.Context, f data.Filing) error {
	if err := b.in.DB.LeavePlace(ctx, f.At); err != nil {
		return err
	}
	places, err := b.in.DB.Places(ctx, f.MessageID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(places, func(p data.Place) bool { return p.Mailbox == b.name }) {
		return nil
	}
	return b.in.DB.DropFiling(ctx, f, "the message is gone from the mailbox")
}
