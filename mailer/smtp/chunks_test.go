package smtp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/proof/postfix"
)

// chunked is a scripted server and a connection to it on which every message goes by BDAT.
func chunked(t *testing.T, pipelining bool, action func(smtptest.Call) smtptest.Action) (*smtptest.Scripted, *Conn) {
	w := way{"on", pipelining}
	server := scripted(t, smtptest.Script{Extensions: w.extensions(), Action: action})
	return server, w.open(t, server.Port())
}

func TestChunkedMessageWaitsForItsLastChunk(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		server, c := chunked(t, pipelining, nil)
		many := messages(t, 10)
		for n, p := range many {
			if err := c.Offer(limited(t), p); err != nil {
				t.Fatal(err)
			}
			if len(server.Messages()) != n {
				t.Fatalf("message %d is there before its last chunk", n)
			}
			if n+1 < len(many) {
				if err := c.Follow(many[n+1]); err != nil || (c.next != nil) != pipelining {
					t.Fatalf("pipelining %v: rides %v: %v", pipelining, c.next != nil, err)
				}
			}
			if reply, err := c.Dot(limited(t)); err != nil || !reply.Accepted() || reply.Step != StepDot {
				t.Fatalf("message %d: %v %v", n, reply, err)
			}
		}
		if err := c.Offer(limited(t), many[0]); err != nil {
			t.Fatal(err)
		}
		c.Abort()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		got := server.Messages()
		if len(got) != len(many) || bytes.Contains(server.Received(), []byte("DATA")) {
			t.Fatalf("pipelining %v: %d messages", pipelining, len(got))
		}
		for n, m := range got {
			if m.From != reader(n).From || !bytes.Equal(m.Data, words(n)) {
				t.Errorf("message %d: %+v", n, m)
			}
		}
	}
}

func TestRefusalBeforeAChunkKeepsTheConnection(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		for _, stage := range []string{"MAIL", "RCPT", "BDAT"} {
			refuse := strict(stage, "550 5.1.1 no", 1)
			server, c := chunked(t, pipelining, func(call smtptest.Call) smtptest.Action {
				if call.Command == "DOT" && call.Message == 1 {
					t.Errorf("%s: a last chunk for a refused message", stage)
				}
				return refuse(call)
			})
			err := offer(t, c, reader(1), words(1))
			if !isRefused(err, 550) || !c.Usable() {
				t.Fatalf("pipelining %v, %s: %v, usable %v", pipelining, stage, err, c.Usable())
			}
			send(t, c, reader(2), words(2))
			if got := server.Messages(); len(got) != 1 || got[0].From != reader(2).From {
				t.Errorf("%s: %+v", stage, got)
			}
		}
	}
}

func TestAcceptedFirstChunkOfARefusedMessageClosesTheConnection(t *testing.T) {
	server, c := chunked(t, true, answering("RCPT", "550 5.1.1 no"))
	if err := offer(t, c, reader(1), words(1)); !isRefused(err, 550) || c.Usable() {
		t.Errorf("%v, usable %v", err, c.Usable())
	}
	c.Close()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if len(server.Messages()) != 0 {
		t.Error("the message went out")
	}
}

func TestNoDotInABurstForAMessageWithoutRecipient(t *testing.T) {
	server := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
		if c.Message == 2 && c.Command == "RCPT" {
			return smtptest.Action{Reply: "550 5.1.1 no"}
		}
		return smtptest.Action{}
	}})
	c := connect(t, plain(server.Port()), "")
	a := &answers{t: t}
	left, err := c.Burst(limited(t), messages(t, 4), a.said)
	if !isLost(err, false) || left != 0 || a.codes() != "250dot 550rcpt" || c.Usable() {
		t.Errorf("%s: %d %v", a.codes(), left, err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if !bytes.HasSuffix(server.Received(), []byte("DATA\r\n")) || len(server.Messages()) != 1 {
		t.Errorf("said %q", server.Received())
	}
}

func TestRealPostfixTakesBurstsByDotAndByChunk(t *testing.T) {
	p := realRelay(t, postfix.Options{})
	for _, chunking := range []string{"off", "on"} {
		s := plain(p.Port())
		s.Chunking = chunking
		c := connect(t, s, "")
		if !c.offers.chunking || !c.offers.pipelining {
			t.Fatalf("Postfix offers %+v", c.offers)
		}
		many := messages(t, 300, Envelope{From: "b@example.org", To: "many@example.net"})
		// In the middle, one whose recipient Postfix refuses.
		many[150] = prepared(t, Envelope{From: "b@example.org", To: "nobody@elsewhere.example"}, words(150))
		a := &answers{t: t}
		left, err := c.Burst(limited(t), many, a.said)
		if err != nil || left != 0 || c.Sent() != 299 || !c.Usable() {
			t.Fatalf("chunking %s: %d sent, %d left: %v", chunking, c.Sent(), left, err)
		}
		for i, r := range a.replies {
			if want := i != 150; r.Accepted() != want || !want && r.Step != StepRcpt {
				t.Errorf("chunking %s, message %d: %s %v", chunking, i, r.Step, r)
			}
		}
		send(t, c, Envelope{From: "b@example.org", To: "many@example.net"}, words(150))
	}
	times := map[string]int{}
	for _, mail := range delivered(t, p.Maildir("many@example.net"), 600) {
		_, after, _ := strings.Cut(string(mail), "Subject: number ")
		number, _, _ := strings.Cut(after, "\n")
		if !strings.Contains(string(mail), "\n.\n..two dots\nbody "+number+"\n") {
			t.Fatalf("mail %q is damaged", number)
		}
		times[number]++
	}
	for number, n := range times {
		if n != 2 || len(times) != 300 {
			t.Errorf("mail %s came %d times", number, n)
		}
	}
}
