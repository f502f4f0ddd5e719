package imap

import (
	"context"

	goimap "github.com/emersion/go-imap/v2"
)

// What a person does in a mail app, for tests.

func (s *Session) search(ctx context.Context, criteria goimap.SearchCriteria) ([]uint32, error) {
	var uids []uint32
	err := s.step(ctx, "search", func() error {
		data, err := s.client.UIDSearch(&criteria, nil).Wait()
		if err != nil {
			return err
		}
		uids, err = numbers(data.All, 1)
		return err
	})
	return uids, err
}

// SearchUnseen returns the UIDs without \Seen.
func (s *Session) SearchUnseen(ctx context.Context) ([]uint32, error) {
	return s.search(ctx, goimap.SearchCriteria{NotFlag: []goimap.Flag{goimap.FlagSeen}})
}

// SearchDeleted returns the UIDs with \Deleted.
func (s *Session) SearchDeleted(ctx context.Context) ([]uint32, error) {
	return s.search(ctx, goimap.SearchCriteria{Flag: []goimap.Flag{goimap.FlagDeleted}})
}

// FlagDeleted flags one message.
func (s *Session) FlagDeleted(ctx context.Context, uid uint32) error {
	return s.step(ctx, "flag", func() error {
		return s.client.Store(uidSet([]uint32{uid}), &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Silent: true, Flags: []goimap.Flag{goimap.FlagDeleted}}, nil).Close()
	})
}

// Expunge removes one message for good, and all others that are flagged.
func (s *Session) Expunge(ctx context.Context, uid uint32) error {
	if err := s.FlagDeleted(ctx, uid); err != nil {
		return err
	}
	return s.step(ctx, "expunge", func() error { return s.client.Expunge().Close() })
}
