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
)

type answers = map[string]func(*imaptest.Exchange)

// three is a mailbox of three letters.
func three() []imaptest.Mail {
	return []imaptest.Mail{{UID: 1, Raw: letter(1)}, {UID: 2, Raw: letter(2)}, {UID: 7, Raw: letter(7)}}
}

// lying opens INBOX on a server that gives these answers.
func lying(t *testing.T, mails []imaptest.Mail, a answers) (*imap.Session, *imaptest.Scripted, context.Context) {
	t.Helper()
	server := startScripted(t, imaptest.Script{Mails: mails, Answers: a})
	ctx := within(t, 10*time.Second)
	return openInbox(t, ctx, loopback(server.Port())), server, ctx
}

func TestAnOddlyOrderedAnswerPassesOverNoMessage(t *testing.T) {
	lies := answers{
		"uid behind the body":       imaptest.UIDBehindBody,
		"flag update first":         imaptest.UpdateFirst,
		"everything twice":          func(e *imaptest.Exchange) { e.EachMail(e.Message); e.EachMail(e.Message); e.OK("done") },
		"messages nobody asked for": func(e *imaptest.Exchange) { e.Message(9, imaptest.Mail{UID: 99, Raw: letter(99)}); e.Polite() },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			s, _, ctx := lying(t, three(), answers{"UID FETCH": lie})
			got, missing := fetchAll(t, ctx, s, []uint32{1, 2, 7})
			if len(missing) != 0 || len(got) != 3 {
				t.Errorf("%d came, missing %v", len(got), missing)
			}
			for _, m := range three() {
				if !bytes.Equal(got[m.UID].Raw, m.Raw) {
					t.Errorf("uid %d: %q", m.UID, got[m.UID].Raw)
				}
				alone, err := s.FetchOne(ctx, m.UID)
				if err != nil || !bytes.Equal(alone.Raw, m.Raw) {
					t.Errorf("uid %d alone: %q, %v", m.UID, alone.Raw, err)
				}
			}
		})
	}
}

func TestWhatDoesNotComeIsReportedMissingAndWithheld(t *testing.T) {
	lies := answers{
		"no uid at all": imaptest.NoUID,
		"NIL body":      imaptest.NilBody,
		"nothing":       func(e *imaptest.Exchange) { e.OK("done") },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			s, _, ctx := lying(t, three(), answers{"UID FETCH": lie})
			got, missing := fetchAll(t, ctx, s, []uint32{7, 2, 1})
			if len(got) != 0 || !slices.Equal(missing, []uint32{1, 2, 7}) {
				t.Errorf("came %v, missing %v; want all missing", got, missing)
			}
			if _, err := s.FetchOne(ctx, 2); !errors.Is(err, imap.ErrWithheld) {
				t.Errorf("alone: %v, want ErrWithheld, because the server still lists it", err)
			}
			if _, err := s.FetchOne(ctx, 3); !errors.Is(err, imap.ErrGone) {
				t.Errorf("an unlisted one alone: %v, want ErrGone", err)
			}
		})
	}
}

func TestTwoMessagesUnderOneUIDAreBothHandedOn(t *testing.T) {
	second := []byte("Subject: the other one\r\n\r\n")
	s, _, ctx := lying(t, three()[:1], answers{"UID FETCH": imaptest.TwoBodies(second)})
	var bodies [][]byte
	missing, err := s.Fetch(ctx, []uint32{1}, func(f imap.Fetched) error {
		bodies = append(bodies, f.Raw)
		return nil
	})
	if err != nil || len(missing) != 0 || len(bodies) != 2 || !bytes.Equal(bodies[0], letter(1)) || !bytes.Equal(bodies[1], second) {
		t.Errorf("came %q, missing %v, %v", bodies, missing, err)
	}
}

func TestZeroAndDoubledUIDsInASearchAreDropped(t *testing.T) {
	for words, want := range map[string][]uint32{
		"0 3 3 1":                  {1, 3},
		"0":                        nil,
		"9 8 8 0 7 9":              {7, 8, 9},
		"5 4294967295 4294967294":  {5, 4294967294, 4294967295},
		"2 1 (MODSEQ 12111230047)": {1, 2},
	} {
		s, _, ctx := lying(t, nil, answers{"UID SEARCH": imaptest.SearchSays(words)})
		uids, err := s.AllUIDs(ctx)
		if err != nil || !slices.Equal(uids, want) {
			t.Errorf("%q: %v, %v; want %v", words, uids, err, want)
		}
	}
	s, server, ctx := lying(t, three(), nil)
	if uids, err := s.UIDsAfter(ctx, 7); err != nil || len(uids) != 0 {
		t.Errorf("after the last: %v, %v; the server says 7 again, which is not new", uids, err)
	}
	if uids, err := s.UIDsAfter(ctx, 1); err != nil || !slices.Equal(uids, []uint32{2, 7}) {
		t.Errorf("after 1: %v, %v", uids, err)
	}
	if uids, err := s.UIDsAfter(ctx, ^uint32(0)); err != nil || len(uids) != 0 {
		t.Errorf("after the highest uid there is: %v, %v", uids, err)
	}
	if heard := strings.Join(server.Heard(), "\n"); !strings.Contains(heard, "UID SEARCH UID 8:*") || strings.Contains(heard, "RETURN") {
		t.Errorf("it was asked:\n%s", heard)
	}
}

func TestNothingIsEverAskedThatPoisonsTheAnswer(t *testing.T) {
	s, server, ctx := lying(t, three(), nil)
	fetchAll(t, ctx, s, []uint32{1, 2, 7})
	if _, err := s.Sizes(ctx, []uint32{1, 2}); err != nil {
		t.Error(err)
	}
	if _, err := s.FetchOne(ctx, 1); err != nil {
		t.Error(err)
	}
	if head, err := s.FetchHead(ctx, 1, 6); err != nil || string(head) != "From: " {
		t.Errorf("head %q, %v", head, err)
	}
	if piece, err := s.FetchPiece(ctx, 1, 6, 7); err != nil || string(piece) != "reader1" {
		t.Errorf("piece %q, %v", piece, err)
	}
	asked := 0
	for _, line := range server.Heard() {
		if !strings.Contains(line, "FETCH") {
			continue
		}
		asked++
		for _, poison := range []string{"ENVELOPE", "BODYSTRUCTURE", "FLAGS", "BODY[", "RFC822 "} {
			if strings.Contains(line, poison) {
				t.Errorf("%q asks for %s", line, poison)
			}
		}
	}
	if asked != 5 {
		t.Errorf("%d FETCH commands were heard, want 5", asked)
	}
}

func TestAMessageThatBreaksABatchIsFetchedAlone(t *testing.T) {
	s, server, ctx := lying(t, three(), answers{"UID FETCH": imaptest.BadDate})
	missing, err := s.Fetch(ctx, []uint32{1, 2, 7}, func(imap.Fetched) error {
		t.Error("a message of a broken batch was handed on")
		return nil
	})
	if !errors.Is(err, imap.ErrProtocol) || errors.Is(err, imap.ErrNetwork) || len(missing) != 0 || s.Usable() {
		t.Fatalf("missing %v, %v, usable %v; want ErrProtocol and a finished session", missing, err, s.Usable())
	}
	s = openInbox(t, ctx, loopback(server.Port()))
	for _, m := range three() {
		if f, err := s.FetchOne(ctx, m.UID); err != nil || !bytes.Equal(f.Raw, m.Raw) {
			t.Errorf("uid %d alone: %q, %v", m.UID, f.Raw, err)
		}
	}
}

func TestAnUnaskedEnvelopeThatNobodyCanReadIsAProtocolError(t *testing.T) {
	s, _, ctx := lying(t, three(), answers{"UID FETCH": imaptest.BadEnvelope})
	if _, err := s.FetchOne(ctx, 1); !errors.Is(err, imap.ErrProtocol) || s.Usable() {
		t.Errorf("%v, usable %v", err, s.Usable())
	}
	if _, err := s.AllUIDs(ctx); err == nil {
		t.Error("a finished session took another step")
	}
}

func TestALineCutAtAnyByteHandsOnNothingOrEverything(t *testing.T) {
	mails := []imaptest.Mail{{UID: 1, Raw: letter(1)}, {UID: 2, Raw: []byte("X: y\r\n\r\n")}}
	whole := 0
	for n := 1; n < 420; n += 1 {
		server := startScripted(t, imaptest.Script{Mails: mails, Answers: answers{"UID FETCH": imaptest.CutAfter(n)}})
		ctx := within(t, 10*time.Second)
		s := openInbox(t, ctx, loopback(server.Port()))
		var came []uint32
		missing, err := s.Fetch(ctx, []uint32{1, 2}, func(f imap.Fetched) error {
			if !bytes.Equal(f.Raw, mails[f.UID-1].Raw) {
				t.Errorf("cut after %d bytes: uid %d came as %q", n, f.UID, f.Raw)
			}
			came = append(came, f.UID)
			return nil
		})
		switch {
		case err == nil && len(came) == 2 && len(missing) == 0:
			whole++
		case err == nil:
			t.Errorf("cut after %d bytes: %v came, missing %v, no error", n, came, missing)
		case len(came) != 0:
			t.Errorf("cut after %d bytes: %v were handed on before the answer was whole", n, came)
		case !errors.Is(err, imap.ErrNetwork) || s.Usable():
			t.Errorf("cut after %d bytes: %v, usable %v; want ErrNetwork", n, err, s.Usable())
		}
		_ = s.Close() // the line is cut
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
	if whole == 0 || whole > 200 {
		t.Errorf("%d answers came whole: the cuts did not sweep the answer", whole)
	}
}

func TestALongMessageCutInTheMiddleIsNotHandedOn(t *testing.T) {
	raw := bytes.Repeat([]byte("0123456789abcdef\r\n"), 200_000) // 3.6 MB: read as it comes
	for _, n := range []int{100, 1 << 20, 3_000_000, len(raw) + 38} {
		s, _, ctx := lying(t, []imaptest.Mail{{UID: 1, Raw: raw}}, answers{"UID FETCH": imaptest.CutAfter(n)})
		if f, err := s.FetchOne(ctx, 1); !errors.Is(err, imap.ErrNetwork) || len(f.Raw) != 0 {
			t.Errorf("cut after %d bytes: %d bytes, %v", n, len(f.Raw), err)
		}
	}
	s, _, ctx := lying(t, []imaptest.Mail{{UID: 1, Raw: raw}}, nil)
	if f, err := s.FetchOne(ctx, 1); err != nil || !bytes.Equal(f.Raw, raw) {
		t.Errorf("uncut: %d bytes, %v", len(f.Raw), err)
	}
}

func TestALiteralLargerThanABatchIsRefusedAtOnce(t *testing.T) {
	for _, size := range []int64{imap.MaxBatch + 1, 1 << 50} {
		s, _, ctx := lying(t, three(), answers{"UID FETCH": imaptest.HugeLiteral(size)})
		if _, err := s.FetchOne(ctx, 1); !errors.Is(err, imap.ErrTooLarge) || s.Usable() {
			t.Errorf("%d bytes: %v, usable %v", size, err, s.Usable())
		}
	}
}

func TestAServersWordsAreShortAndObeyedByNoTerminal(t *testing.T) {
	server := startScripted(t, imaptest.Script{Answers: answers{"SELECT": imaptest.Refuse("no \x1b[31m" + strings.Repeat("x", 1<<20))}})
	ctx := within(t, time.Minute)
	s := open(t, ctx, loopback(server.Port()))
	_, err := s.Select(ctx, "INBOX")
	var said *imap.ServerError
	if !errors.As(err, &said) || len(err.Error()) > 500 || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), "no [31m") {
		t.Errorf("%.600v", err)
	}
}

func TestAnAnswerWithoutEndIsGivenUp(t *testing.T) {
	endless := func(e *imaptest.Exchange) {
		e.Send("* OK ")
		for range 70 { // MB
			e.Send(strings.Repeat("x", 1<<20))
		}
		e.Hang()
	}
	server := startScripted(t, imaptest.Script{Mails: three(), Answers: answers{"UID SEARCH": endless}})
	ctx := within(t, time.Minute)
	s := open(t, ctx, loopback(server.Port()))
	if _, err := s.Select(ctx, "INBOX"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AllUIDs(ctx); !errors.Is(err, imap.ErrProtocol) || s.Usable() {
		t.Errorf("%v, usable %v", err, s.Usable())
	}
}

func TestWhatTheServerRefusesLeavesTheSessionUsable(t *testing.T) {
	s, _, ctx := lying(t, three(), answers{
		"UID FETCH": imaptest.Refuse("[SERVERBUG] some messages are not to be had"),
		"UID MOVE":  imaptest.Refuse("[TRYCREATE] no such folder"),
		"UID STORE": imaptest.Refuse("no flags today"),
	})
	var said *imap.ServerError
	if _, err := s.FetchOne(ctx, 1); !errors.As(err, &said) || said.Code != "SERVERBUG" || said.Text == "" {
		t.Errorf("fetch: %v", err)
	}
	if _, err := s.Move(ctx, 1, "Tips"); !errors.Is(err, imap.ErrNoFolder) {
		t.Errorf("move: %v", err)
	}
	if _, err := s.AllUIDs(ctx); err != nil || !s.Usable() {
		t.Errorf("the next step: %v", err)
	}
}

func TestAGoodbyeIsALostConnection(t *testing.T) {
	s, _, ctx := lying(t, three(), answers{"UID FETCH": imaptest.Bye("too many connections")})
	if _, err := s.FetchOne(ctx, 1); !errors.Is(err, imap.ErrNetwork) || s.Usable() {
		t.Errorf("%v, usable %v", err, s.Usable())
	}
	server := startScripted(t, imaptest.Script{Greeting: "* BYE come back later"})
	var said *imap.ServerError
	_, err := imap.Dial(ctx, loopback(server.Port()), "secret")
	if !errors.As(err, &said) || said.Kind != "BYE" || said.Text != "come back later" || errors.Is(err, imap.ErrLogin) {
		t.Errorf("a goodbye for a greeting: %v", err)
	}
}

func TestABusyServerIsNotAWrongPassword(t *testing.T) {
	for text, isLogin := range map[string]bool{
		"[AUTHENTICATIONFAILED] Invalid credentials (Failure)": true,
		"LOGIN failed.": true,
		"[ALERT] Application-specific password required": true,
		"[UNAVAILABLE] the user database is down":        false,
		"[LIMIT] too many connections from you":          false,
	} {
		server := startScripted(t, imaptest.Script{Answers: answers{"AUTHENTICATE": imaptest.Refuse(text)}})
		_, err := imap.Dial(within(t, 10*time.Second), loopback(server.Port()), "secret")
		if err == nil || errors.Is(err, imap.ErrLogin) != isLogin {
			t.Errorf("%q: %v; is it the password: want %v", text, err, isLogin)
		}
	}
}

func TestAMoveThatChangesNothingIsAnError(t *testing.T) {
	mails := three()
	// OK without COPYUID from a server without UIDPLUS, and the message is still there.
	server := startScripted(t, imaptest.Script{Caps: "IMAP4rev1 MOVE", Mails: mails})
	ctx := within(t, 10*time.Second)
	s := openInbox(t, ctx, loopback(server.Port()))
	if _, err := s.Move(ctx, 1, "Tips"); !errors.Is(err, imap.ErrProtocol) {
		t.Errorf("%v, want ErrProtocol", err)
	}
	// A refused copy: no flag, no expunge.
	server = startScripted(t, imaptest.Script{Caps: "IMAP4rev1 UIDPLUS", Mails: mails, Answers: answers{"UID COPY": imaptest.Refuse("[TRYCREATE] no")}})
	s = openInbox(t, ctx, loopback(server.Port()))
	if _, err := s.Move(ctx, 1, "Tips"); !errors.Is(err, imap.ErrNoFolder) {
		t.Errorf("%v, want ErrNoFolder", err)
	}
	for _, line := range server.Heard() {
		if strings.Contains(line, "STORE") || strings.Contains(line, "EXPUNGE") {
			t.Errorf("after a refused copy it was told %q", line)
		}
	}
	// Without UIDPLUS nothing is expunged.
	server = startScripted(t, imaptest.Script{Caps: "IMAP4rev1", Mails: mails})
	s = openInbox(t, ctx, loopback(server.Port()))
	if moved, err := s.Move(ctx, 1, "Tips"); err != nil || !moved.Flagged {
		t.Errorf("%+v, %v", moved, err)
	}
	for _, line := range server.Heard() {
		if strings.Contains(line, "EXPUNGE") {
			t.Errorf("without UIDPLUS it was told %q", line)
		}
	}
}
