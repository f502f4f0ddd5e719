package inbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/token"
)

// A newsroom is a server and a database in which one reader has written and was answered by a letter.
type newsroom struct {
	*testing.T
	ctx          context.Context
	server       *imaptest.Server
	db           *data.DB
	conversation int64
	letter       string // the Message-ID of our answer
}

func answered(t *testing.T) newsroom {
	t.Helper()
	n := newsroom{T: t, ctx: within(t, time.Minute), server: startEmbedded(t, imaptest.Options{}), db: open(t)}
	must(t, n.server.Deliver(letter(1, "tip")))
	n.poll()
	n.conversation = cards(t, n.db)["tip: mail 1"].ID
	mailing, err := n.db.AddLetter(n.ctx, data.Letter{
		Kind: data.LetterReply, To: "reader1@example.com", Subject: "Re: tip: mail 1", Text: "Tell us more.",
		Header: data.Header{From: "desk@paper.example.org", Domain: "paper.example.org"}, ConversationID: n.conversation,
	})
	must(t, err)
	n.letter = token.MessageID(keys(t), mailing, 1, "paper.example.org")
	return n
}

func (n newsroom) poll() (r struct{ Opened, Joined, Reported int }) {
	n.Helper()
	got := poll(n, n.ctx, options(n, n.db, loopback(n.server.Port(), imap.FilingLeave)))
	r.Opened, r.Joined, r.Reported = got.Opened, got.Joined, got.Reported
	return r
}

func TestWhoWasWrittenToOrTookPartJoinsAndNobodyElse(t *testing.T) {
	n := answered(t)
	cases := []struct {
		name  string
		raw   []byte
		joins bool
	}{
		{"a reply to our letter", mail("Here it is.", "From: reader1@example.com", "Subject: a", "In-Reply-To: "+n.letter), true},
		{"the same in other letters", mail("And.", "From: Reader1@EXAMPLE.com", "Subject: b", "References: <x@example.net> "+n.letter), true},
		{"an addition to the first mail", mail("Also.", "From: reader1@example.com", "Subject: c", "References: <mail1@example.com>"), true},
		{"a stranger who quotes our letter", mail("Me too.", "From: stranger@example.net", "Subject: d", "In-Reply-To: "+n.letter), false},
		{"a stranger who quotes the reader", mail("Me too.", "From: stranger@example.net", "Subject: e", "References: <mail1@example.com>"), false},
		{"a stranger who quotes both", mail("Me too.", "From: stranger@example.net", "Subject: f", "References: <mail1@example.com> "+n.letter), false},
		{"nobody at all", mail("Me too.", "Subject: g", "References: <mail1@example.com> "+n.letter), false},
		{"our own address, forged", mail("Me too.", "From: "+ownAddress, "Subject: h", "References: <mail1@example.com> "+n.letter), false},
		{"the same subject", mail("Me too.", "From: reader1@example.com", "Subject: Re: tip: mail 1"), false},
		{"a signature of somebody else", mail("Hm.", "From: reader1@example.com", "Subject: i", "In-Reply-To: <"+strings.Repeat("a", 32)+"@paper.example.org>"), false},
	}
	for _, c := range cases {
		must(t, n.server.Deliver(c.raw))
		r := n.poll()
		if joined := r.Joined == 1 && r.Opened == 0; joined != c.joins {
			t.Errorf("%s: %+v, want joined %v", c.name, r, c.joins)
		}
	}
	got, err := n.db.MessagesOf(n.ctx, n.conversation)
	if err != nil || len(got) != 4 {
		t.Errorf("the conversation has %d messages, %v", len(got), err)
	}
}

func TestAReplyOpensADoneConversationAgain(t *testing.T) {
	n := answered(t)
	must(t, n.db.SetStatus(n.ctx, n.conversation, "done"))
	must(t, n.server.Deliver(mail("Here it is.", "From: reader1@example.com", "Subject: a", "In-Reply-To: "+n.letter)))
	n.poll()
	if c, err := n.db.Conversation(n.ctx, n.conversation); err != nil || c.Status != "new" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOurOwnMailIsNeverTriaged(t *testing.T) {
	n := answered(t)
	sent := func(raw []byte) { must(t, n.server.Append("Sent", raw, time.Now())) }
	check := func(name string, joined, reported int) {
		t.Helper()
		if r := n.poll(); r.Opened != 0 || r.Joined != joined || r.Reported != reported {
			t.Errorf("%s: %+v", name, r)
		}
	}
	sent(mail("From my phone.", "From: ada@paper.example.org", "Subject: Re: tip: mail 1", "In-Reply-To: <mail1@example.com>"))
	check("an answer written in a mail app", 1, 0)
	sent(mail("Again.", "From: ada@paper.example.org", "Subject: Re: tip: mail 1", "In-Reply-To: "+n.letter))
	check("an answer to our own letter", 1, 0)
	sent(mail("Lunch?", "From: ada@paper.example.org", "Subject: lunch"))
	check("a mail to somebody else", 0, 1)
	sent(nil)
	check("bytes that are no mail", 0, 1)
	sent(mail("Tell us more.", "From: desk@paper.example.org", "Subject: Re: tip: mail 1", "Message-ID: "+n.letter, "In-Reply-To: <mail1@example.com>"))
	check("the provider's copy of our letter", 0, 1)
	digest := token.MessageID(keys(t), 77, 5, "paper.example.org")
	must(t, n.server.Deliver(mail("The news.", "From: "+ownAddress, "Subject: tip: the digest", "Message-ID: "+digest)))
	check("our digest, come back", 0, 1)
	must(t, n.server.Deliver(mail("Again: tell us more.", "From: desk@paper.example.org", "Subject: tip: the letter", "Message-ID: "+n.letter)))
	check("our letter, come back by the sender it was frozen with", 0, 1)
	must(t, n.server.Deliver(mail("Not the news.", "From: reader9@example.com", "Subject: tip: forged", "Message-ID: "+digest)))
	if r := n.poll(); r.Opened != 1 {
		t.Errorf("a reader's mail under the Message-ID of his digest: %+v", r)
	}
	if c, err := n.db.Conversation(n.ctx, n.conversation); err != nil || c.Status != "new" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestMachineMailIsNotInTriageAndListMailIs(t *testing.T) {
	ctx, db := within(t, time.Minute), open(t)
	s := startEmbedded(t, imaptest.Options{})
	for _, raw := range [][]byte{
		bounce, absent,
		mail("The ministry announces a new bridge.", "From: press@example.org", "Subject: tip: press release", "List-Id: <press.example.org>"),
		mail("unsubscribe", "From: reader5@example.com", "Subject: unsubscribe"),
	} {
		must(t, s.Deliver(raw))
	}
	if r := poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingMove))); r.Reported != 2 || r.Opened != 2 || r.Moved != 1 {
		t.Errorf("%+v", r)
	}
	got := cards(t, db)
	if got["tip: press release"].Category != "tip" {
		t.Errorf("the press release: %+v", got["tip: press release"])
	}
	if c := got["unsubscribe"]; c.Category != "other" || c.By != "rule" || len(c.Why) != 1 || c.Why[0] != "asks to unsubscribe" {
		t.Errorf("the wish to leave: %+v", c)
	}
	kinds := map[string]int{}
	for _, m := range messages(t, db) {
		kinds[m.Kind]++
		if m.Kind == "bounce" && !strings.Contains(string(m.Reports), `"recipient":"nobody@example.net"`) {
			t.Errorf("the bounce reports %s", m.Reports)
		}
	}
	for _, kind := range []string{"bounce", "auto_reply", "list", "unsubscribe"} {
		if kinds[kind] != 1 {
			t.Errorf("kinds: %v", kinds)
		}
	}
}

func TestASenderKeepsTheAliasAndAnotherKeyMakesOthers(t *testing.T) {
	ctx := within(t, time.Minute)
	s := startEmbedded(t, imaptest.Options{})
	must(t, s.Deliver(mail("one", "From: Reader <same@example.com>", "Subject: tip: one")))
	must(t, s.Deliver(mail("two", "From: SAME@Example.com", "Subject: gossip: two")))
	must(t, s.Deliver(mail("three", "From: other@example.com", "Subject: tip: three")))
	must(t, s.Deliver(mail("four", "Subject: tip: four")))
	must(t, s.Deliver(mail("five", "Subject: tip: five")))
	db := open(t)
	poll(t, ctx, options(t, db, loopback(s.Port(), imap.FilingLeave)))
	got := cards(t, db)
	alias := func(subject string) string { return got[subject].Alias }
	if alias("tip: one") != alias("gossip: two") || alias("tip: one") == alias("tip: three") || alias("tip: four") == alias("tip: five") {
		t.Errorf("%q %q %q %q %q", alias("tip: one"), alias("gossip: two"), alias("tip: three"), alias("tip: four"), alias("tip: five"))
	}
	if a, b, ok := strings.Cut(alias("tip: one"), "-"); !ok || a == "" || b == "" {
		t.Errorf("the alias %q", alias("tip: one"))
	}
	other, err := token.New([]byte(strings.Repeat("k", 32)))
	must(t, err)
	again := open(t)
	o := options(t, again, loopback(s.Port(), imap.FilingLeave))
	o.Keys = other
	poll(t, ctx, o)
	if cards(t, again)["tip: one"].Alias == alias("tip: one") {
		t.Error("the alias does not depend on the secret")
	}
}
