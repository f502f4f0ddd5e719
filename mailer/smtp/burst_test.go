package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/proof/sink"
)

// way is one of the four ways that a burst can take.
type way struct {
	chunking   string
	pipelining bool
}

var ways = []way{{"off", true}, {"off", false}, {"on", true}, {"on", false}, {"auto", true}}

func (w way) String() string {
	return fmt.Sprintf("chunking %s, pipelining %v", w.chunking, w.pipelining)
}

func (w way) extensions() []string {
	if w.pipelining {
		return []string{"PIPELINING", "CHUNKING", "SIZE 0"}
	}
	return []string{"CHUNKING", "SIZE 0"}
}

// open connects to a server that offers what the way needs.
func (w way) open(t testing.TB, port int) *Conn {
	s := plain(port)
	s.Chunking = w.chunking
	return connect(t, s, "")
}

// answers is what a burst said, in order.
type answers struct {
	t       testing.TB
	replies []Reply
}

func (a *answers) said(i int, r Reply) {
	if i != len(a.replies) {
		a.t.Errorf("answer to %d comes as number %d", i, len(a.replies))
	}
	a.replies = append(a.replies, r)
}

// listing is the answers' codes.
func (a *answers) codes() string {
	var all []string
	for _, r := range a.replies {
		all = append(all, fmt.Sprint(r.Code, r.Step))
	}
	return strings.Join(all, " ")
}

func TestBurstHandsOverEachMessageOnceAndInOrder(t *testing.T) {
	const n = 200
	for _, w := range ways {
		s := scripted(t, smtptest.Script{Extensions: w.extensions()})
		c := w.open(t, s.Port())
		a := &answers{t: t}
		left, err := c.Burst(limited(t), messages(t, n), a.said)
		if err != nil || left != 0 || len(a.replies) != n || c.Sent() != n || !c.Usable() {
			t.Fatalf("%s: %d answers, %d sent, usable %v: %d %v", w, len(a.replies), c.Sent(), c.Usable(), left, err)
		}
		for i, r := range a.replies {
			if !r.Accepted() || r.Step != StepDot || r.Enhanced != "2.0.0" || r.Text != "queued" {
				t.Fatalf("%s: answer %d: %+v", w, i, r)
			}
		}
		c.Close()
		got := s.Messages()
		for i := range n {
			want := words(i)
			if w.chunking == "off" {
				want = stuff(want)
			}
			if len(got) != n || got[i].From != reader(i).From || got[i].To[0] != reader(i).To || !bytes.Equal(got[i].Data, want) {
				t.Fatalf("%s: message %d of %d: %+v", w, i, len(got), got[i])
			}
		}
	}
}

func TestWellBehavedRelayTakesBurstsOfLargeMessages(t *testing.T) {
	big := bytes.Repeat([]byte(".a line that is neither long nor short\r\n"), 16_000) // 640 KB
	for _, w := range []way{{"off", true}, {"on", true}} {
		server := relay(t, smtptest.Options{})
		c := w.open(t, server.Port())
		var ps []*Prepared
		for i := range 6 {
			ps = append(ps, prepared(t, reader(i), big[:len(big)*(i+1)/6]), prepared(t, reader(i), words(i)))
		}
		a := &answers{t: t}
		if _, err := c.Burst(limited(t), ps, a.said); err != nil {
			t.Fatalf("%s: %v", w, err)
		}
		send(t, c, reader(99), words(99))
		got := server.Messages()
		if len(got) != 13 || len(a.replies) != 12 {
			t.Fatalf("%s: %d messages, answers %s", w, len(got), a.codes())
		}
		for i, p := range ps {
			if !bytes.Equal(got[i].Data, p.plain) {
				t.Errorf("%s: message %d has %d bytes", w, i, len(got[i].Data))
			}
		}
	}
}

// strict is a relay that, like Postfix, does not take a MAIL while a transaction is open, and
// that refuses one command of one message.
func strict(stage, reply string, message int) func(smtptest.Call) smtptest.Action {
	open, closed := false, false
	return func(c smtptest.Call) smtptest.Action {
		switch {
		case c.Command == "RSET":
			open, closed = false, false
		case c.Command == "MAIL" && open:
			return smtptest.Action{Reply: "503 5.5.1 nested MAIL"}
		case c.Command == stage && c.Message == message:
			closed = true
			open = open && stage != "DOT"
			return smtptest.Action{Reply: reply}
		case c.Command == "MAIL":
			open, closed = true, false
		case closed && c.Command != "CONTENT":
			return smtptest.Action{Reply: "503 5.5.1 no transaction"}
		case c.Command == "DOT":
			open = false
		}
		return smtptest.Action{}
	}
}

func TestOneReadersRefusalInABurstTouchesNobodyElse(t *testing.T) {
	for _, w := range ways {
		for _, stage := range []string{"MAIL", "RCPT", "DATA", "DOT"} {
			for _, reply := range []string{"550 5.1.1 no such reader", "452 4.2.2 full"} {
				for _, message := range []int{1, 3, 5} {
					if stage == "DATA" && w.chunking != "off" {
						continue
					}
					server := scripted(t, smtptest.Script{Extensions: w.extensions(), Action: strict(stage, reply, message)})
					c := w.open(t, server.Port())
					a := &answers{t: t}
					left, err := c.Burst(limited(t), messages(t, 5), a.said)
					if err != nil || left != 0 || len(a.replies) != 5 || !c.Usable() {
						t.Fatalf("%s, %s %s: %s: %d %v", w, stage, reply, a.codes(), left, err)
					}
					for i, r := range a.replies {
						if want := i != message-1; r.Accepted() != want || !want && (r.String() != reply || string(r.Step) != strings.ToLower(stage)) {
							t.Errorf("%s, %s: answer %d: %+v", w, stage, i, r)
						}
					}
					send(t, c, reader(9), words(9))
					for _, m := range server.Messages() {
						// Sender and recipient carry the same number.
						if strings.TrimPrefix(m.From[:len("bounces+0")], "bounces+") != m.To[0][len("reader"):len("reader0")] {
							t.Errorf("%s, %s: the mail to %s went out from %s", w, stage, m.To, m.From)
						}
					}
				}
			}
		}
	}
}

func Test421InABurstLeavesNothingBehindItUncertain(t *testing.T) {
	for _, w := range ways {
		for _, stage := range []string{"MAIL", "RCPT", "DOT", "RSET"} {
			if stage == "RSET" && (w.chunking == "off" || !w.pipelining) {
				continue
			}
			server := scripted(t, smtptest.Script{Extensions: w.extensions(), Action: func(c smtptest.Call) smtptest.Action {
				if c.Command == stage && c.Message == 3 {
					return smtptest.Action{Reply: "421 4.3.2 enough for today", Drop: true}
				}
				return smtptest.Action{}
			}})
			c := w.open(t, server.Port())
			a := &answers{t: t}
			left, err := c.Burst(limited(t), messages(t, 20), a.said)
			var refused *RefusedError
			want := 3
			if stage == "RSET" {
				want = 4
			}
			if !isLost(err, false) || !errors.As(err, &refused) || refused.Reply.Code != 421 || left != 0 || len(a.replies) != want || c.Usable() {
				t.Errorf("%s, %s: %s: %d %v", w, stage, a.codes(), left, err)
			}
			if len(a.replies) == want && a.replies[want-1].Code != 421 {
				t.Errorf("%s, %s: %s", w, stage, a.codes())
			}
		}
	}
}

func TestAcceptedChunkOfARefusedMessageClosesTheConnection(t *testing.T) {
	for _, stage := range []string{"MAIL", "RCPT"} {
		server := scripted(t, smtptest.Script{Extensions: ways[2].extensions(), Action: func(c smtptest.Call) smtptest.Action {
			switch {
			case c.Message == 2 && c.Command == stage:
				return smtptest.Action{Reply: "550 5.1.1 no"}
			case c.Message == 2 && c.Command == "DOT":
				return smtptest.Action{Reply: "250 2.0.0 thank you all the same"}
			}
			return smtptest.Action{}
		}})
		c := ways[2].open(t, server.Port())
		a := &answers{t: t}
		left, err := c.Burst(limited(t), messages(t, 5), a.said)
		// A refused sender and an accepted message leave open what it took; a refused recipient does not.
		answered, unsure := 1, 4
		if stage == "RCPT" {
			answered, unsure = 2, 3
		}
		if !isLost(err, true) || len(a.replies) != answered || left != unsure || c.Usable() {
			t.Errorf("%s: %s: %d %v", stage, a.codes(), left, err)
		}
	}
}

func TestBurstWithAnUnfitMessageWritesNothing(t *testing.T) {
	for _, w := range ways {
		server := scripted(t, smtptest.Script{Extensions: append(w.extensions()[:1:1], "CHUNKING", "SIZE 200")})
		c := w.open(t, server.Port())
		before := len(server.Received())
		ps := append(messages(t, 3), prepared(t, reader(3), bytes.Repeat([]byte("too long\r\n"), 30)))
		if left, err := c.Burst(limited(t), ps, (&answers{t: t}).said); !errors.Is(err, ErrTooLarge) || left != 0 || !c.Usable() {
			t.Errorf("%s: %d %v", w, left, err)
		}
		if got := len(server.Received()); got != before {
			t.Errorf("%s: %d bytes were written", w, got-before)
		}
		if err := c.Fits(ps[0]); err != nil {
			t.Errorf("a short one: %v", err)
		}
	}
}

func TestEndOfContextEndsABurst(t *testing.T) {
	for _, w := range ways {
		asked, never := make(chan struct{}), make(chan struct{})
		server := scripted(t, smtptest.Script{Extensions: w.extensions(), Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == "DOT" && c.Message == 2 {
				close(asked)
				return smtptest.Action{Wait: never}
			}
			return smtptest.Action{}
		}})
		c := w.open(t, server.Port())
		ctx, cancel := context.WithCancel(limited(t))
		go func() {
			<-asked
			cancel()
		}()
		a := &answers{t: t}
		left, err := c.Burst(ctx, messages(t, 4), a.said)
		good := len(a.replies) == 1 && left == 1
		if w.chunking != "off" && w.pipelining {
			// The end may come before all four are written, and before the first answer is read.
			good = len(a.replies) <= 1 && len(a.replies)+left >= 2
		}
		if !isLost(err, true) || !errors.Is(err, context.Canceled) || !good || c.Usable() {
			t.Errorf("%s: %s: %d %v", w, a.codes(), left, err)
		}
	}
}

func TestBurstIsNotForAConnectionWithAMessageOnIt(t *testing.T) {
	server := scripted(t, smtptest.Script{})
	c := connect(t, plain(server.Port()), "")
	ps := messages(t, 2)
	if err := errors.Join(c.Offer(limited(t), ps[0]), c.Follow(ps[1])); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Burst(limited(t), ps, nil); !errors.Is(err, errState) {
		t.Errorf("while offered: %v", err)
	}
	if _, err := c.Dot(limited(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Burst(limited(t), ps, nil); !errors.Is(err, errState) {
		t.Errorf("while riding: %v", err)
	}
	if err := c.Offer(limited(t), ps[1]); err != nil {
		t.Error(err)
	}
	c.Abort()
	if left, err := c.Burst(limited(t), ps, nil); !isLost(err, false) || left != 0 {
		t.Errorf("after Abort: %v", err)
	}
}

func TestBurstNeedsNoNewMemoryPerMessage(t *testing.T) {
	for _, w := range ways {
		c := w.open(t, light(t, sink.Options{Pipelining: w.pipelining, Chunking: true}))
		const n = 32
		ps := messages(t, n)
		once := func() {
			if _, err := c.Burst(context.Background(), ps, func(int, Reply) {}); err != nil {
				t.Fatal(err)
			}
		}
		if each := testing.AllocsPerRun(20, once) / n; each > 0.1 {
			t.Errorf("%s: %.2f pieces of memory a message", w, each)
		}
		c.Close()
	}
}

func TestBurstGoesOverTLS(t *testing.T) {
	ca, caFile := authority(t)
	config, err := ca.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	for _, chunking := range []string{"off", "on"} {
		server := relay(t, smtptest.Options{TLSConfig: config})
		s := plain(server.Port())
		s.TLS, s.CAFile, s.Chunking = dial.StartTLS, caFile, chunking
		c := connect(t, s, "")
		a := &answers{t: t}
		many := append(messages(t, 40), prepared(t, reader(40), bytes.Repeat([]byte(".line\r\n"), 50_000)))
		if left, err := c.Burst(limited(t), many, a.said); err != nil || left != 0 || !c.Usable() {
			t.Fatalf("chunking %s: %d %v", chunking, left, err)
		}
		got := server.Messages()
		for i := range many {
			if len(got) != len(many) || !got[i].TLS || !bytes.Equal(got[i].Data, many[i].plain) {
				t.Fatalf("chunking %s: message %d of %d is another", chunking, i, len(got))
			}
		}
	}
}
