package imap_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/proof/dovecot"
)

func TestEveryMessageComesWholeAndUnseen(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 20*time.Second)
		large := append(letter(4), bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz0123456789.\r\n"), 80_000)...)
		sent := [][]byte{letter(1), letter(2), letter(3), large}
		for _, raw := range sent {
			if err := p.deliver("INBOX", raw); err != nil {
				t.Fatal(err)
			}
		}
		s := openInbox(t, ctx, p.settings)
		uids, err := s.UIDsAfter(ctx, 0)
		if err != nil || len(uids) != len(sent) {
			t.Fatalf("uids %v, %v; want %d of them", uids, err, len(sent))
		}
		got, missing := fetchAll(t, ctx, s, append(uids, uids[0], 0, 4000))
		if !slices.Equal(missing, []uint32{4000}) {
			t.Errorf("missing %v, want 4000 alone", missing)
		}
		sizes, err := s.Sizes(ctx, append(uids, 4000))
		if err != nil || len(sizes) != len(sent) {
			t.Errorf("sizes %v, %v", sizes, err)
		}
		var bodies [][]byte
		for _, uid := range uids {
			f := got[uid]
			bodies = append(bodies, f.Raw)
			if sizes[uid] != int64(len(f.Raw)) {
				t.Errorf("uid %d: size %d, %d bytes came", uid, sizes[uid], len(f.Raw))
			}
			if time.Since(f.InternalDate).Abs() > time.Hour {
				t.Errorf("uid %d: date %v", uid, f.InternalDate)
			}
			alone, err := s.FetchOne(ctx, uid)
			if err != nil || !bytes.Equal(alone.Raw, f.Raw) || alone.UID != uid {
				t.Errorf("uid %d alone: %d bytes, %v", uid, len(alone.Raw), err)
			}
			head, err := s.FetchHead(ctx, uid, 20)
			if err != nil || !bytes.Equal(head, f.Raw[:20]) {
				t.Errorf("uid %d head: %q, %v", uid, head, err)
			}
		}
		for _, raw := range sent {
			if !slices.ContainsFunc(bodies, func(b []byte) bool { return bytes.Equal(b, raw) }) {
				t.Errorf("a letter of %d bytes did not come as it was sent", len(raw))
			}
		}
		unseen, err := s.SearchUnseen(ctx)
		if err != nil || len(unseen) != len(sent) {
			t.Errorf("unseen after reading: %v, %v; want all %d", unseen, err, len(sent))
		}
		if after, err := s.UIDsAfter(ctx, uids[len(uids)-1]); err != nil || len(after) != 0 {
			t.Errorf("after the last uid: %v, %v; want none", after, err)
		}
		if all, err := s.AllUIDs(ctx); err != nil || !slices.Equal(all, uids) {
			t.Errorf("all uids %v, %v; want %v", all, err, uids)
		}
	})
}

func TestAMovedMessageIsInTheOtherFolderAndNowhereElse(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 20*time.Second)
		for n := range 3 {
			if err := p.deliver("INBOX", letter(n)); err != nil {
				t.Fatal(err)
			}
		}
		s := openInbox(t, ctx, p.settings)
		uids, err := s.AllUIDs(ctx)
		if err != nil || len(uids) != 3 {
			t.Fatalf("uids %v, %v", uids, err)
		}
		before, err := s.FetchOne(ctx, uids[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateFolder(ctx, "Tips"); err != nil {
			t.Fatal(err)
		}
		moved, err := s.Move(ctx, uids[1], "Tips")
		if err != nil {
			t.Fatal(err)
		}
		if flagged := !s.Can("MOVE") && !s.Can("UIDPLUS"); moved.Flagged != flagged {
			t.Errorf("flagged %v, want %v", moved.Flagged, flagged)
		}
		if raws := p.raws("Tips"); len(raws) != 1 || !bytes.Equal(raws[0], before.Raw) {
			t.Errorf("Tips holds %q", raws)
		}
		left, err := s.AllUIDs(ctx)
		if err != nil || slices.Contains(left, uids[1]) == !moved.Flagged || !slices.Contains(left, uids[0]) || !slices.Contains(left, uids[2]) {
			t.Errorf("INBOX holds %v, %v", left, err)
		}
		selected, err := s.Select(ctx, "Tips")
		if err != nil {
			t.Fatal(err)
		}
		if s.Can("UIDPLUS") && (moved.UID == 0 || moved.UIDValidity != selected.UIDValidity) {
			t.Errorf("moved to %+v, the folder's validity is %d", moved, selected.UIDValidity)
		}
		if moved.UID != 0 {
			there, err := s.FetchOne(ctx, moved.UID)
			if err != nil || !bytes.Equal(there.Raw, before.Raw) {
				t.Errorf("at its new place: %q, %v", there.Raw, err)
			}
		}
	})
}

func TestAMoveThatCannotBeLosesNothing(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 20*time.Second)
		if err := p.deliver("INBOX", letter(1)); err != nil {
			t.Fatal(err)
		}
		s := openInbox(t, ctx, p.settings)
		uids, err := s.AllUIDs(ctx)
		if err != nil || len(uids) != 1 {
			t.Fatalf("uids %v, %v", uids, err)
		}
		if _, err := s.Move(ctx, uids[0], "Nowhere"); !errors.Is(err, imap.ErrNoFolder) {
			t.Errorf("move to a missing folder: %v, want ErrNoFolder", err)
		}
		if _, err := s.Move(ctx, uids[0], "inbox"); err == nil {
			t.Error("move to the same folder: no error")
		}
		moved, err := s.Move(ctx, 4000, "Junk")
		if !errors.Is(err, imap.ErrGone) || !moved.Gone {
			t.Errorf("move of a vanished message: %+v, %v; want ErrGone", moved, err)
		}
		if raws := p.raws("INBOX"); len(raws) != 1 || !bytes.Equal(raws[0], letter(1)) {
			t.Errorf("INBOX holds %q", raws)
		}
		if raws := p.raws("Junk"); len(raws) != 0 {
			t.Errorf("Junk holds %q", raws)
		}
		if deleted, err := s.SearchDeleted(ctx); err != nil || len(deleted) != 0 {
			t.Errorf("flagged as deleted: %v, %v", deleted, err)
		}
		if !s.Usable() {
			t.Error("the session ended over a refused move")
		}
	})
}

func TestAMoveWithoutUIDPLUSExpungesNobodysMail(t *testing.T) {
	p := embeddedPeer(t, imaptest.Options{NoMove: true, NoUIDPlus: true})
	ctx := within(t, 10*time.Second)
	for n := range 2 {
		if err := p.deliver("INBOX", letter(n)); err != nil {
			t.Fatal(err)
		}
	}
	s := openInbox(t, ctx, p.settings)
	if err := s.FlagDeleted(ctx, 2); err != nil { // as a person does in a mail app, meaning to look again
		t.Fatal(err)
	}
	if _, err := s.Move(ctx, 1, "Junk"); err != nil {
		t.Fatal(err)
	}
	if raws := p.raws("INBOX"); len(raws) != 2 {
		t.Errorf("INBOX holds %d messages, want both", len(raws))
	}
}

func TestFilingBackIsIdempotentAndSeen(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 20*time.Second)
		if err := p.deliver("INBOX", letter(1)); err != nil {
			t.Fatal(err)
		}
		s := openInbox(t, ctx, p.settings)
		for range 2 {
			if err := s.CreateFolder(ctx, "Gossip für Ọmọ"); err != nil {
				t.Fatal(err)
			}
			if err := s.Keyword(ctx, 1, "$TipsheetDone"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Keyword(ctx, 4000, "$TipsheetDone"); !errors.Is(err, imap.ErrGone) {
			t.Errorf("keyword on a vanished message: %v, want ErrGone", err)
		}
		if err := s.Keyword(ctx, 1, `\Seen`); !errors.Is(err, imap.ErrNoKeywords) {
			t.Errorf("a system flag as keyword: %v, want ErrNoKeywords", err)
		}
		checkRoles(t, ctx, s)
		checkAppended(t, ctx, s)
	})
}

// checkRoles looks that the folders are listed with their roles, the odd name decoded.
func checkRoles(t *testing.T, ctx context.Context, s *imap.Session) {
	t.Helper()
	folders, err := s.Folders(ctx)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]imap.Role{}
	for _, f := range folders {
		roles[f.Name] = f.Role
	}
	want := map[string]imap.Role{"INBOX": imap.RoleInbox, "Junk": imap.RoleJunk, "Sent": imap.RoleSent, "Gossip für Ọmọ": imap.RoleOther}
	for name, role := range want {
		if roles[name] != role {
			t.Errorf("folder %q has role %q, want %q", name, roles[name], role)
		}
	}
}

// checkAppended puts a small and a large message into a folder and looks at it by Status and by Select.
func checkAppended(t *testing.T, ctx context.Context, s *imap.Session) {
	t.Helper()
	day := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, size := range []int{100, 300_000} {
		raw := append(letter(9), bytes.Repeat([]byte("x"), size)...)
		if err := s.Append(ctx, "Gossip für Ọmọ", append(raw, "\r\n"...), day); err != nil {
			t.Fatal(err)
		}
	}
	standing, err := s.Status(ctx, "Gossip für Ọmọ")
	if err != nil || standing.Messages != 2 || standing.UIDNext != 3 || standing.UIDValidity == 0 {
		t.Errorf("standing %+v, %v", standing, err)
	}
	if _, err := s.Status(ctx, "Nowhere"); err == nil {
		t.Error("the standing of a missing folder: no error")
	}
	if _, err := s.Select(ctx, "Gossip für Ọmọ"); err != nil {
		t.Fatal(err)
	}
	got, missing := fetchAll(t, ctx, s, []uint32{1, 2})
	if len(missing) != 0 || !got[1].InternalDate.Equal(day) || len(got[2].Raw) < 300_000 {
		t.Errorf("missing %v, dated %v, %d bytes", missing, got[1].InternalDate, len(got[2].Raw))
	}
	if _, err := s.Select(ctx, "Nowhere"); err == nil || !s.Usable() {
		t.Errorf("select of a missing folder: %v, usable %v", err, s.Usable())
	}
	if _, err := s.UIDsAfter(ctx, 0); err == nil {
		t.Error("a search without an open folder: no error")
	}
}

func TestARefusedAppendSaysSo(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 10*time.Second)
		s := open(t, ctx, p.settings)
		err := s.Append(ctx, "Nowhere", bytes.Repeat(letter(1), 200), time.Time{})
		if !errors.Is(err, imap.ErrNoFolder) {
			t.Errorf("append to a missing folder: %v, want ErrNoFolder", err)
		}
	})
}

func TestAWrongPasswordIsToldApartWithTheServersWords(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		for _, auth := range []string{imap.AuthPlain, imap.AuthLogin} {
			ctx := within(t, 10*time.Second)
			p.settings.Auth = auth
			_, err := imap.Dial(ctx, p.settings, "not the password")
			var refused *imap.LoginError
			if !errors.Is(err, imap.ErrLogin) || !errors.As(err, &refused) || refused.Text == "" || errors.Is(err, imap.ErrNetwork) {
				t.Errorf("%s: %v, want a LoginError with words", auth, err)
			}
			if strings.Contains(err.Error(), "not the password") {
				t.Errorf("%s: the error holds the password", auth)
			}
		}
	})
}

func TestAChangedUIDValidityIsSeenWithTheSameUIDs(t *testing.T) {
	d := startDovecot(t, dovecot.Options{})
	ctx := within(t, 20*time.Second)
	for n := range 3 {
		if err := d.Deliver("INBOX", letter(n)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, ctx, loopback(d.Port()))
	before, err := s.Select(ctx, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	uids, err := s.AllUIDs(ctx)
	if err != nil || len(uids) != 3 {
		t.Fatalf("uids %v, %v", uids, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := d.ResetUIDValidity("INBOX"); err != nil {
		t.Fatal(err)
	}
	s = open(t, ctx, loopback(d.Port()))
	standing, err := s.Status(ctx, "INBOX")
	if err != nil || standing.UIDValidity == before.UIDValidity {
		t.Errorf("status %+v, %v; the validity before was %d", standing, err, before.UIDValidity)
	}
	after, err := s.Select(ctx, "INBOX")
	if err != nil || after.UIDValidity == before.UIDValidity || after.UIDValidity == 0 {
		t.Errorf("select %+v, %v; the validity before was %d", after, err, before.UIDValidity)
	}
	if again, err := s.AllUIDs(ctx); err != nil || !slices.Equal(again, uids) {
		t.Errorf("uids %v, %v; the trap is that they are the same as before: %v", again, err, uids)
	}
}

func TestTheEmbeddedServerRenumbers(t *testing.T) {
	server := startEmbedded(t, imaptest.Options{})
	if err := server.Deliver(letter(1)); err != nil {
		t.Fatal(err)
	}
	before := server.UIDValidity("INBOX")
	if err := server.Renumber("INBOX"); err != nil {
		t.Fatal(err)
	}
	if after := server.UIDValidity("INBOX"); after == before || server.Count("INBOX") != 1 {
		t.Errorf("validity %d then %d, %d messages", before, after, server.Count("INBOX"))
	}
}

func TestAMessageExpungedUnderUsIsMissingAndGone(t *testing.T) {
	peers(t, func(t *testing.T, p peer) {
		ctx := within(t, 20*time.Second)
		for n := range 3 {
			if err := p.deliver("INBOX", letter(n)); err != nil {
				t.Fatal(err)
			}
		}
		s, other := openInbox(t, ctx, p.settings), openInbox(t, ctx, p.settings)
		uids, err := s.AllUIDs(ctx)
		if err != nil || len(uids) != 3 {
			t.Fatalf("uids %v, %v", uids, err)
		}
		if err := other.Expunge(ctx, uids[1]); err != nil {
			t.Fatal(err)
		}
		got := map[uint32]bool{}
		missing, err := s.Fetch(ctx, uids, func(f imap.Fetched) error { got[f.UID] = true; return nil })
		var said *imap.ServerError
		switch {
		case errors.As(err, &said): // some servers say NO to the whole batch: then one by one
			for _, uid := range uids {
				if _, err := s.FetchOne(ctx, uid); err == nil {
					got[uid] = true
				}
			}
		case err != nil || !slices.Equal(missing, uids[1:2]):
			t.Errorf("missing %v, %v; want %d", missing, err, uids[1])
		}
		if !got[uids[0]] || !got[uids[2]] || got[uids[1]] {
			t.Errorf("came: %v", got)
		}
		if _, err := s.FetchOne(ctx, uids[1]); !errors.Is(err, imap.ErrGone) {
			t.Errorf("the expunged one alone: %v, want ErrGone", err)
		}
		if left, err := s.AllUIDs(ctx); err != nil || len(left) != 2 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}
