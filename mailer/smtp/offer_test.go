package smtp

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

func TestMessageArrivesAsItWasGiven(t *testing.T) {
	server := relay(t, smtptest.Options{})
	c := connect(t, plain(server.Port()), "")
	send(t, c, reader(1), words(1))
	send(t, c, Envelope{To: "reader@example.net"}, words(2))
	c.Close()
	got := server.Messages()
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	if got[0].From != reader(1).From || !slices.Equal(got[0].To, []string{reader(1).To}) || !bytes.Equal(got[0].Data, words(1)) {
		t.Errorf("first: %+v", got[0])
	}
	if got[1].From != "" {
		t.Errorf("null sender arrived as %q", got[1].From)
	}
	if c.Usable() {
		t.Error("usable after Close")
	}
}

func TestThousandMessagesGoOverOneConnection(t *testing.T) {
	for _, extensions := range [][]string{{"PIPELINING"}, {"SIZE 100000"}} {
		server := scripted(t, smtptest.Script{Extensions: extensions})
		c := connect(t, plain(server.Port()), "")
		for n := range 1000 {
			send(t, c, reader(n), words(n))
			if !c.Usable() {
				t.Fatalf("not usable after %d", n)
			}
		}
		c.Close()
		got := server.Messages()
		if len(got) != 1000 || c.Sent() != 1000 || server.Connections() != 1 {
			t.Fatalf("%d messages, %d sent, %d connections", len(got), c.Sent(), server.Connections())
		}
		for n, m := range got {
			if m.From != reader(n).From || m.To[0] != reader(n).To || !bytes.Equal(m.Data, stuff(words(n))) {
				t.Fatalf("message %d: %+v", n, m)
			}
		}
	}
}

func TestNextMessageRidesBehindTheDot(t *testing.T) {
	server := scripted(t, smtptest.Script{})
	s := plain(server.Port())
	s.Recycle = 40
	c := connect(t, s, "")
	many := messages(t, 41)
	for n := range 40 {
		if err := c.Offer(limited(t), many[n]); err != nil {
			t.Fatal(err)
		}
		if err := c.Follow(many[n+1]); err != nil {
			t.Fatal(err)
		}
		if reply, err := c.Dot(limited(t)); err != nil || !reply.Accepted() {
			t.Fatalf("dot %d: %v %v", n, reply, err)
		}
	}
	if c.Usable() {
		t.Error("usable after as many messages as it may carry")
	}
	c.Close()
	if got := server.Messages(); len(got) != 40 || got[39].To[0] != reader(39).To {
		t.Fatalf("%d messages", len(got))
	}
	if !bytes.Contains(server.Received(), []byte(".\r\nMAIL FROM:<"+reader(1).From)) {
		t.Error("nothing rode behind the first dot")
	}
	if !bytes.HasSuffix(server.Received(), []byte(".\r\nQUIT\r\n")) {
		t.Error("the last dot is not followed by QUIT")
	}
}

func TestAnotherMessageThanTheOneThatRodeIsNotSent(t *testing.T) {
	server := scripted(t, smtptest.Script{})
	c := connect(t, plain(server.Port()), "")
	if err := errors.Join(offer(t, c, reader(1), words(1)), c.Follow(prepared(t, reader(2), words(2)))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Dot(limited(t)); err != nil {
		t.Fatal(err)
	}
	var lost *LostError
	if err := offer(t, c, reader(3), words(3)); !errors.As(err, &lost) || lost.DotWritten || c.Usable() {
		t.Errorf("error %v, usable %v", err, c.Usable())
	}
}

func TestOneReadersRefusalDoesNotTouchTheNext(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		for _, stage := range []string{"MAIL", "RCPT", "DATA"} {
			for _, reply := range []string{"550-5.1.1 no such\r\n550 5.1.1 reader", "451 4.2.0 later"} {
				server := scripted(t, smtptest.Script{Extensions: extensions1(pipelining), Action: refuseOnce(stage, reply)})
				c := connect(t, plain(server.Port()), "")
				err := offer(t, c, reader(1), words(1))
				var refused *RefusedError
				if !errors.As(err, &refused) {
					t.Fatalf("%s %s: %v", stage, reply, err)
				}
				if string(refused.Reply.Step) != strings.ToLower(stage) || refused.Reply.Code/100 != int(reply[0]-'0') ||
					refused.Reply.Enhanced != reply[4:9] {
					t.Errorf("%s %s: reply %+v", stage, reply, refused.Reply)
				}
				if !c.Usable() {
					t.Fatalf("%s %s: connection dropped", stage, reply)
				}
				send(t, c, reader(2), words(2))
				if got := server.Messages(); len(got) != 1 || got[0].To[0] != reader(2).To {
					t.Errorf("%s %s: %+v", stage, reply, got)
				}
			}
		}
	}
}

func extensions1(pipelining bool) []string {
	if pipelining {
		return []string{"PIPELINING"}
	}
	return []string{"SIZE"}
}

// refuseOnce answers one command of the first message, and what follows from it, as a server
// with an open transaction does: another MAIL without RSET is refused.
func refuseOnce(stage, reply string) func(smtptest.Call) smtptest.Action {
	open, refused := false, false
	return func(c smtptest.Call) smtptest.Action {
		switch {
		case c.Command == "RSET":
			open, refused = false, false
		case c.Command == "MAIL" && open:
			return smtptest.Action{Reply: "503 5.5.1 nested MAIL"}
		case c.Command == "MAIL" && c.Message > 1:
			open, refused = true, false
		case c.Command == stage && c.Message == 1:
			refused = true
			return smtptest.Action{Reply: reply}
		case c.Command == "MAIL":
			open = true
		case refused && (c.Command == "RCPT" || c.Command == "DATA"):
			return smtptest.Action{Reply: "503 5.5.1 no transaction"}
		}
		return smtptest.Action{}
	}
}

func TestAnswerToTheDotIsTheOutcome(t *testing.T) {
	for _, reply := range []string{"554 5.7.1 spam", "451 4.3.0 disk", "250 2.0.0 queued as ABC"} {
		server := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "DOT" && c.Message == 1 {
				return smtptest.Action{Reply: reply}
			}
			return smtptest.Action{}
		}})
		c := connect(t, plain(server.Port()), "")
		if err := offer(t, c, reader(1), words(1)); err != nil {
			t.Fatal(err)
		}
		got, err := c.Dot(limited(t))
		if err != nil || got.String() != reply || got.Step != StepDot {
			t.Errorf("%q: %+v %v", reply, got, err)
		}
		send(t, c, reader(2), words(2))
	}
}

func TestUnfitMessageIsFoundBeforeAByteIsWritten(t *testing.T) {
	server := scripted(t, smtptest.Script{Extensions: []string{"PIPELINING", "SIZE 100"}})
	c := connect(t, plain(server.Port()), "")
	before := len(server.Received())
	ok := []byte("Subject: x\r\n\r\nx\r\n")
	for name, test := range map[string]struct {
		to      string
		message []byte
		want    error
	}{
		"empty":         {"a@example.net", nil, ErrMessage},
		"bare CR":       {"a@example.net", []byte("a\rb\r\n"), ErrMessage},
		"smuggled dot":  {"a@example.net", []byte("a\r\n.\rMAIL FROM:<x@example.com>\r\n"), ErrMessage},
		"NUL":           {"a@example.net", []byte("a\x00\r\n"), ErrMessage},
		"long line":     {"a@example.net", bytes.Repeat([]byte("x"), MaxLine+1), ErrMessage},
		"too large":     {"a@example.net", bytes.Repeat([]byte("xxxxxxx\r\n"), 12), ErrTooLarge},
		"8 bit":         {"a@example.net", []byte("é\r\n"), ErrNeeds8Bit},
		"UTF-8 local":   {"jörg@example.net", ok, ErrNeedsUTF8},
		"no domain":     {"reader", ok, ErrAddress},
		"injection":     {"a@example.net>\r\nRCPT TO:<b@example.net", ok, ErrAddress},
		"literal":       {"a@[127.0.0.1]", ok, ErrAddress},
		"space":         {"a b@example.net", ok, ErrAddress},
		"empty domain":  {"a@", ok, ErrAddress},
		"empty label":   {"a@example..net", ok, ErrAddress},
		"long label":    {"a@" + strings.Repeat("x", 64) + ".net", ok, ErrAddress},
		"long local":    {strings.Repeat("a", 65) + "@example.net", ok, ErrAddress},
		"quote inside":  {`"a"b"@example.net`, ok, ErrAddress},
		"second sender": {"a@example.net> SIZE=1", ok, ErrAddress},
	} {
		err := offer(t, c, Envelope{From: "b@example.org", To: test.to}, test.message)
		if !errors.Is(err, test.want) || !errors.Is(err, ErrUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(server.Received()); got != before {
		t.Errorf("%d bytes were written", got-before)
	}
	send(t, c, reader(1), ok)
}

func TestExtensionsAreUsedOnlyWhereNeeded(t *testing.T) {
	server := scripted(t, smtptest.Script{Extensions: []string{"PIPELINING", "SIZE 10000", "8BITMIME", "SMTPUTF8"}})
	c := connect(t, plain(server.Port()), "")
	ascii, eight := []byte("Subject: x\r\n\r\nx\r\n"), []byte("Subject: x\r\n\r\né\r\n")
	for _, m := range []struct {
		e    Envelope
		body []byte
		want string
	}{
		{Envelope{"", "a@bücher.example"}, ascii, "MAIL FROM:<> SIZE=17\r\nRCPT TO:<a@xn--bcher-kva.example>\r\nDATA\r\n"},
		{Envelope{"b@bücher.example", "a@example.net"}, eight, "MAIL FROM:<b@xn--bcher-kva.example> SIZE=18 BODY=8BITMIME\r\n"},
		{Envelope{"b@example.org", "jörg@bücher.example"}, ascii,
			"MAIL FROM:<b@example.org> SIZE=17 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<jörg@xn--bcher-kva.example>\r\n"},
		{Envelope{"b@example.org", `"two words"@example.net`}, ascii, `RCPT TO:<"two words"@example.net>`},
	} {
		before := len(server.Received())
		send(t, c, m.e, m.body)
		if got := string(server.Received()[before:]); !strings.Contains(got, m.want) {
			t.Errorf("%+v: said %q", m.e, got)
		}
	}
}

func TestCallsOutOfOrderAreErrorsAndWriteNothing(t *testing.T) {
	server := scripted(t, smtptest.Script{})
	c := connect(t, plain(server.Port()), "")
	if _, err := c.Dot(limited(t)); !errors.Is(err, errState) {
		t.Errorf("Dot without Offer: %v", err)
	}
	if err := c.Follow(prepared(t, reader(1), words(1))); !errors.Is(err, errState) {
		t.Errorf("Follow without Offer: %v", err)
	}
	if err := offer(t, c, reader(1), words(1)); err != nil {
		t.Fatal(err)
	}
	if err := offer(t, c, reader(2), words(2)); !errors.Is(err, errState) {
		t.Errorf("second Offer: %v", err)
	}
	if reply, err := c.Dot(limited(t)); err != nil || !reply.Accepted() {
		t.Errorf("Dot: %v %v", reply, err)
	}
}
