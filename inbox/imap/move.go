package imap

import (
	"context"
	"errors"
	"fmt"

	goimap "github.com/emersion/go-imap/v2"
)

// Moved says where a message went.
type Moved struct {
	UIDValidity uint32 // of the target folder; zero where the server does not say (no UIDPLUS)
	UID         uint32 // in the target folder; zero where the server does not say
	Gone        bool   // it was no longer in the folder: nothing was moved
	Flagged     bool   // it was copied, and the original still lies there flagged \Deleted: without UIDPLUS only its owner may expunge
}

// Move moves one message of the open folder to another one. Where the server has MOVE (RFC 6851) it does it in one step. Elsewhere the
// message is copied, the answer looked at, and only then the original flagged \Deleted and, with UIDPLUS (RFC 4315), that one UID expunged; the
// library's own fallback deletes mail whose copy was refused. COPYUID proves the move; without it the folder is searched.
//
// Errors: ErrGone (Gone is set), ErrNoFolder (CreateFolder, then again). After any other error the copy may exist beside the
// original, never neither: moving again is safe and makes at most a second copy.
func (s *Session) Move(ctx context.Context, uid uint32, folder string) (Moved, error) {
	const what = "move a message"
	if err := s.needFolder(what); err != nil {
		return Moved{}, err
	}
	if uid == 0 || sameFolder(folder, s.selected) {
		return Moved{}, fmt.Errorf("%s: it needs a UID and another folder than the open one", what)
	}
	// A move of nothing looks like a move where there is no COPYUID, and go-imap's own server answers it with one that cannot be read.
	there, err := s.has(ctx, uid, "")
	if err != nil {
		return Moved{}, err
	}
	if !there {
		return Moved{Gone: true}, fmt.Errorf("%s: %w", what, ErrGone)
	}
	if s.caps.Has(goimap.CapMove) {
		return s.moveAtOnce(ctx, what, uid, folder)
	}
	return s.moveByCopy(ctx, what, uid, folder)
}

func (s *Session) moveAtOnce(ctx context.Context, what string, uid uint32, folder string) (Moved, error) {
	var moved Moved
	err := s.step(ctx, what, func() error {
		data, err := s.client.Move(uidSet([]uint32{uid}), folder).Wait()
		if err != nil {
			return err
		}
		moved = placed(data.UIDValidity, data.SourceUIDs, data.DestUIDs, uid)
		return nil
	})
	if err != nil || moved.UID != 0 {
		return moved, err
	}
	// No COPYUID: the message vanished before, or the server does not report it.
	if s.caps.Has(goimap.CapUIDPlus) {
		return Moved{Gone: true}, fmt.Errorf("%s: %w", what, ErrGone)
	}
	there, err := s.has(ctx, uid, "")
	if err == nil && there {
		err = fmt.Errorf("%s: %w: it said OK, but the message is still in its folder", what, ErrProtocol)
	}
	return moved, err
}

func (s *Session) moveByCopy(ctx context.Context, what string, uid uint32, folder string) (Moved, error) {
	set := uidSet([]uint32{uid})
	var moved Moved
	err := s.step(ctx, what, func() error {
		data, err := s.client.Copy(set, folder).Wait()
		if err != nil {
			return err
		}
		moved = placed(data.UIDValidity, data.SourceUIDs, data.DestUIDs, uid)
		return nil
	})
	if err != nil {
		return Moved{}, err
	}
	if moved.UID == 0 {
		// Still here after the copy means that the copy had it. Gone means that another program was quicker.
		there, err := s.has(ctx, uid, "")
		if err != nil {
			return Moved{}, err
		}
		if !there || s.caps.Has(goimap.CapUIDPlus) {
			return Moved{Gone: true}, fmt.Errorf("%s: %w", what, ErrGone)
		}
	}
	err = s.step(ctx, "flag the moved message's original", func() error {
		return s.client.Store(set, &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Silent: true, Flags: []goimap.Flag{goimap.FlagDeleted}}, nil).Close()
	})
	if err != nil {
		return moved, err
	}
	if !s.caps.Has(goimap.CapUIDPlus) {
		// A plain EXPUNGE would remove what others have flagged in their mail apps.
		moved.Flagged = true
		return moved, nil
	}
	err = s.step(ctx, "expunge the moved message's original", func() error { return s.client.UIDExpunge(set).Close() })
	moved.Flagged = err != nil
	return moved, err
}

// placed reads COPYUID: one source and one target UID, or nothing that can be trusted.
func placed(validity uint32, source, target goimap.NumSet, uid uint32) Moved {
	from, _ := source.(goimap.UIDSet)
	to, _ := target.(goimap.UIDSet)
	if len(from) != 1 || len(to) != 1 || uint32(from[0].Start) != uid || from[0].Start != from[0].Stop || to[0].Start != to[0].Stop {
		return Moved{}
	}
	return Moved{UIDValidity: validity, UID: uint32(to[0].Start)}
}

// Keyword gives one message of the open folder a keyword, and looks that it stuck. ErrNoKeywords: the folder takes none, or not
// this one; ErrGone: the message is not there any more.
func (s *Session) Keyword(ctx context.Context, uid uint32, name string) error {
	const what = "give a message a keyword"
	if err := s.needFolder(what); err != nil {
		return err
	}
	if !isKeyword(name) || !s.takesKeyword(name) {
		return fmt.Errorf("%s: %w", what, ErrNoKeywords)
	}
	if uid == 0 {
		return fmt.Errorf("%s: %w", what, ErrGone)
	}
	err := s.step(ctx, what, func() error {
		add := &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Silent: true, Flags: []goimap.Flag{goimap.Flag(name)}}
		return s.client.Store(uidSet([]uint32{uid}), add, nil).Close()
	})
	var said *ServerError
	if err != nil && !errors.As(err, &said) {
		return err
	}
	stuck, lookErr := s.has(ctx, uid, name)
	if lookErr != nil || stuck {
		return lookErr
	}
	there, lookErr := s.has(ctx, uid, "")
	switch {
	case lookErr != nil:
		return lookErr
	case !there:
		return fmt.Errorf("%s: %w", what, ErrGone)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoKeywords, err)
	}
	return fmt.Errorf("%s: %w", what, ErrNoKeywords)
}
