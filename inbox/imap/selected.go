package imap

import (
	"context"
	"fmt"
	"slices"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	setSize   = 500     // UIDs in one command: under 6 KB, where RFC 7162 lets servers stop at 8 KB
	maxUIDs   = 5000000 // UIDs believed from one answer
	everyUID  = 1       // where UIDs start (RFC 3501, 2.3.1.1)
	topOfUIDs = ^uint32(0)
)

// Selected is what SELECT says of the folder it opened. UIDValidity zero means that the server keeps no lasting UIDs: then nothing
// may be remembered by UID.
type Selected struct {
	UIDValidity uint32
	UIDNext     uint32 // zero where the server does not say
	Messages    uint32
	Keywords    bool // new keywords may be made
}

// Select opens the folder for reading and writing; the steps that take UIDs work on it. A missing folder is
// ErrNoFolder where the server says so.
func (s *Session) Select(ctx context.Context, name string) (Selected, error) {
	s.selected, s.keywords, s.known = "", false, nil
	s.hasArrived() // mail for the folder before is no news of this one
	var data *goimap.SelectData
	err := s.step(ctx, "open a folder", func() (err error) {
		data, err = s.client.Select(name, nil).Wait()
		return err
	})
	if err != nil {
		return Selected{}, err
	}
	s.selected = name
	s.keywords = slices.Contains(data.PermanentFlags, goimap.FlagWildcard)
	s.known = data.PermanentFlags
	return Selected{
		UIDValidity: data.UIDValidity,
		UIDNext:     uint32(data.UIDNext),
		Messages:    data.NumMessages,
		Keywords:    s.keywords,
	}, nil
}

func (s *Session) needFolder(what string) error {
	if s.selected == "" {
		return fmt.Errorf("%s: no folder is open", what)
	}
	return nil
}

// UIDsAfter returns the UIDs above last, ascending, each once. A server always answers "n:*" with its last message
// (RFC 3501, 6.4.8), so what is not above last is dropped, and so is the zero that some servers send.
func (s *Session) UIDsAfter(ctx context.Context, last uint32) ([]uint32, error) {
	if last == topOfUIDs {
		return nil, nil
	}
	return s.searchUIDs(ctx, "look for new messages", last+1, 0)
}

// AllUIDs returns every UID in the folder, ascending, for the audit.
func (s *Session) AllUIDs(ctx context.Context) ([]uint32, error) {
	return s.searchUIDs(ctx, "list all messages", everyUID, 0)
}

// has reports whether the UID is in the folder, with the keyword if one is given.
func (s *Session) has(ctx context.Context, uid uint32, keyword string) (bool, error) {
	var flags []goimap.Flag
	if keyword != "" {
		flags = append(flags, goimap.Flag(keyword))
	}
	found, err := s.searchUIDs(ctx, "look for a message", uid, uid, flags...)
	return slices.Contains(found, uid), err
}

// searchUIDs asks for the UIDs in [from, to]; to zero is "*". A plain SEARCH is sent: some servers refuse ESEARCH's RETURN.
func (s *Session) searchUIDs(ctx context.Context, what string, from, to uint32, flags ...goimap.Flag) ([]uint32, error) {
	if err := s.needFolder(what); err != nil {
		return nil, err
	}
	set := goimap.UIDSet{{Start: goimap.UID(from), Stop: goimap.UID(to)}}
	var data *goimap.SearchData
	err := s.step(ctx, what, func() (err error) {
		data, err = s.client.UIDSearch(&goimap.SearchCriteria{UID: []goimap.UIDSet{set}, Flag: flags}, nil).Wait()
		return err
	})
	if err != nil {
		return nil, err
	}
	uids, err := numbers(data.All, from)
	if err != nil {
		s.fail(err)
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return uids, nil
}

// numbers unfolds a set of UIDs, ascending, leaving out zero (which the library keeps as "*") and what is below from.
func numbers(set goimap.NumSet, from uint32) ([]uint32, error) {
	ranges, _ := set.(goimap.UIDSet)
	var uids []uint32
	for _, r := range ranges {
		first, last := max(uint32(r.Start), from), uint32(r.Stop)
		if r.Start == 0 || last < first {
			continue
		}
		if last-first >= maxUIDs || len(uids) >= maxUIDs {
			return nil, fmt.Errorf("%w: it names more than %d messages", ErrProtocol, maxUIDs)
		}
		for n := first; ; n++ {
			uids = append(uids, n)
			if n == last {
				break
			}
		}
	}
	return uids, nil
}

// Sizes asks for the sizes in bytes (RFC822.SIZE). A UID that is not in the answer is not in the folder any more. Some servers
// only estimate: use it to make batches, not to judge a message.
func (s *Session) Sizes(ctx context.Context, uids []uint32) (map[uint32]int64, error) {
	const what = "ask for sizes"
	if err := s.needFolder(what); err != nil {
		return nil, err
	}
	sizes := make(map[uint32]int64, len(uids))
	for part := range slices.Chunk(cleanUIDs(uids), setSize) {
		err := s.step(ctx, what, func() error {
			cmd := s.client.Fetch(uidSet(part), &goimap.FetchOptions{UID: true, RFC822Size: true})
			for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
				uid, size := uint32(0), int64(-1)
				for item := msg.Next(); item != nil; item = msg.Next() {
					switch item := item.(type) {
					case imapclient.FetchItemDataUID:
						uid = uint32(item.UID)
					case imapclient.FetchItemDataRFC822Size:
						size = item.Size
					}
				}
				if uid != 0 && size >= 0 {
					sizes[uid] = size
				}
			}
			return cmd.Close()
		})
		if err != nil {
			return nil, err
		}
	}
	return sizes, nil
}

// cleanUIDs sorts, and drops doubles and zero, which would mean "the last message".
func cleanUIDs(uids []uint32) []uint32 {
	clean := slices.Clone(uids)
	slices.Sort(clean)
	clean = slices.Compact(clean)
	if len(clean) > 0 && clean[0] == 0 {
		clean = clean[1:]
	}
	return clean
}

func uidSet(uids []uint32) goimap.UIDSet {
	var set goimap.UIDSet
	for _, uid := range uids {
		set.AddNum(goimap.UID(uid))
	}
	return set
}
