package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	goimap "github.com/emersion/go-imap/v2"
)

// MaxBatch is how many bytes of messages one Fetch, FetchOne or FetchPiece may bring: make batches by Sizes that stay well below.
const MaxBatch = 128 << 20

// ErrWithheld: the server lists the message but does not hand it over. Park it and show it.
var ErrWithheld = errors.New("the mail server lists the message but does not hand it over")

// Fetched is one whole message.
type Fetched struct {
	UID          uint32
	InternalDate time.Time // when the server took it in; zero from FetchOne
	Raw          []byte    // exactly the bytes the server holds; empty for an empty message
}

// Fetch brings a batch: UID, INTERNALDATE and BODY.PEEK[] for each UID. Only after the whole answer was read and ended with OK
// is take called, for each message in ascending order; an error of take ends the fetch and is returned. Messages that did
// not come are in missing (expunged meanwhile, or withheld: FetchOne tells). Twice the same UID with different bytes is a lying server, and both
// are handed on. On an error of the batch nothing of it was handed on: fetch one by one. More than 500 UIDs go as several commands.
func (s *Session) Fetch(ctx context.Context, uids []uint32, take func(Fetched) error) (missing []uint32, err error) {
	section := &goimap.FetchItemBodySection{Peek: true}
	for part := range slices.Chunk(cleanUIDs(uids), setSize) {
		got, lacking, err := s.collect(ctx, "fetch messages", part, section, true)
		if err != nil {
			return missing, err
		}
		missing = append(missing, lacking...)
		for _, f := range got {
			if err := take(f); err != nil {
				return missing, fmt.Errorf("take a fetched message: %w", err)
			}
		}
	}
	return missing, nil
}

// FetchOne brings one message by UID and BODY.PEEK[] alone, for one that breaks a batch: a bad date cannot spoil this
// answer. A message that is not there any more is ErrGone; one that is listed and does not come is ErrWithheld.
func (s *Session) FetchOne(ctx context.Context, uid uint32) (Fetched, error) {
	return s.one(ctx, "fetch a message", uid, &goimap.FetchItemBodySection{Peek: true})
}

// FetchHead brings the first n bytes of a message, or all of a shorter one.
func (s *Session) FetchHead(ctx context.Context, uid uint32, n int64) ([]byte, error) {
	return s.FetchPiece(ctx, uid, 0, n)
}

// FetchPiece brings at most n bytes of a message from offset on; none when offset is at or past its end.
func (s *Session) FetchPiece(ctx context.Context, uid uint32, offset, n int64) ([]byte, error) {
	if offset < 0 || n < 1 || n > MaxBatch {
		return nil, fmt.Errorf("fetch a piece of a message: %d bytes from %d on cannot be asked for", n, offset)
	}
	partial := &goimap.SectionPartial{Offset: offset, Size: n}
	f, err := s.one(ctx, "fetch a piece of a message", uid, &goimap.FetchItemBodySection{Peek: true, Partial: partial})
	if int64(len(f.Raw)) > n {
		f.Raw = f.Raw[:n]
	}
	return f.Raw, err
}

func (s *Session) one(ctx context.Context, what string, uid uint32, section *goimap.FetchItemBodySection) (Fetched, error) {
	got, missing, err := s.collect(ctx, what, cleanUIDs([]uint32{uid}), section, false)
	if err != nil {
		return Fetched{}, err
	}
	if len(got) > 0 {
		return got[0], nil
	}
	if len(missing) > 0 {
		listed, err := s.has(ctx, uid, "")
		if err != nil {
			return Fetched{}, err
		}
		if listed {
			return Fetched{}, fmt.Errorf("%s: %w", what, ErrWithheld)
		}
	}
	return Fetched{}, fmt.Errorf("%s: %w", what, ErrGone)
}

// collect runs one FETCH. It returns messages only when the command closed cleanly.
func (s *Session) collect(ctx context.Context, what string, uids []uint32, section *goimap.FetchItemBodySection, date bool) (got []Fetched, missing []uint32, err error) {
	if err := s.needFolder(what); err != nil {
		return nil, nil, err
	}
	if len(uids) == 0 {
		return nil, nil, nil
	}
	c := &collector{want: make(map[uint32]bool, len(uids)), section: section, left: MaxBatch, stop: func() { s.wire.Close() }}
	for _, uid := range uids {
		c.want[uid] = true
	}
	s.current.Store(c)
	defer s.current.Store(nil)
	err = s.step(ctx, what, func() error {
		s.wire.room.Add(MaxBatch)
		cmd := s.client.Fetch(uidSet(uids), &goimap.FetchOptions{
			UID:          true,
			InternalDate: date,
			BodySection:  []*goimap.FetchItemBodySection{section},
		})
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			if !c.readMatched(msg) {
				return c.trouble()
			}
		}
		if err := cmd.Close(); err != nil && c.trouble() == nil {
			return err
		}
		return c.trouble()
	})
	if err != nil {
		return nil, nil, err
	}
	got, missing = c.harvest()
	return got, missing, nil
}
