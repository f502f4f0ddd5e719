package smtp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// fault is one thing that a relay does wrong, and what must be known about the message then.
type fault struct {
	name       string
	action     func(smtptest.Call) smtptest.Action
	step       Step
	dotWritten bool
	atDot      bool // Offer goes well
}

func at(command string, a smtptest.Action) func(smtptest.Call) smtptest.Action {
	return func(c smtptest.Call) smtptest.Action {
		if c.Command == command {
			return a
		}
		return smtptest.Action{}
	}
}

func TestLostLinkTellsWhetherTheDotMayBeOnTheWire(t *testing.T) {
	drop := smtptest.Action{Drop: true}
	for _, f := range []fault{
		{name: "drop at MAIL", action: at("MAIL", drop), step: StepMail},
		{name: "drop at RCPT", action: at("RCPT", drop), step: StepRcpt},
		{name: "drop at DATA", action: at("DATA", drop), step: StepData},
		{name: "drop after the dot", action: at("DOT", drop), step: StepDot, dotWritten: true, atDot: true},
		{name: "half an answer to the dot", action: at("DOT", smtptest.Action{Reply: "250-queued", Drop: true}),
			step: StepDot, dotWritten: true, atDot: true},
		{name: "garbage at MAIL", action: answering("MAIL", "ready when you are"), step: StepMail},
		{name: "garbage at RCPT", action: answering("RCPT", "25"), step: StepRcpt},
		{name: "garbage at DATA", action: answering("DATA", "99 go"), step: StepData},
		{name: "yes without a wait at DATA", action: answering("DATA", "250 done"), step: StepData},
		{name: "354 at MAIL", action: answering("MAIL", "354 go on"), step: StepMail},
		{name: "334 at RCPT", action: answering("RCPT", "334 more"), step: StepRcpt},
		{name: "garbage after the dot", action: answering("DOT", "OK"), step: StepDot, dotWritten: true, atDot: true},
		{name: "354 after the dot", action: answering("DOT", "354 more"), step: StepDot, dotWritten: true, atDot: true},
		{name: "two codes after the dot", action: answering("DOT", "250-a\r\n550 b"), step: StepDot, dotWritten: true, atDot: true},
	} {
		for _, pipelining := range []bool{true, false} {
			server := scripted(t, smtptest.Script{Action: f.action, Extensions: extensions1(pipelining)})
			c := connect(t, plain(server.Port()), "")
			err := offer(t, c, reader(1), words(1))
			if f.atDot {
				if err != nil {
					t.Fatalf("%s: offer: %v", f.name, err)
				}
				_, err = c.Dot(limited(t))
			}
			var lost *LostError
			if !errors.As(err, &lost) || lost.Step != f.step || lost.DotWritten != f.dotWritten {
				t.Errorf("%s, pipelining %v: %#v", f.name, pipelining, err)
			}
			if c.Usable() {
				t.Errorf("%s: still usable", f.name)
			}
			c.Close()
		}
	}
}

func Test421ClosesTheConnectionAndIsNotTheMessagesFault(t *testing.T) {
	for _, command := range []string{"MAIL", "RCPT", "DATA", "DOT"} {
		server := scripted(t, smtptest.Script{Action: at(command, smtptest.Action{Reply: "421 4.3.2 closing", Drop: true})})
		c := connect(t, plain(server.Port()), "")
		err := offer(t, c, reader(1), words(1))
		var refused *RefusedError
		reply := Reply{}
		if command == "DOT" {
			reply, err = c.Dot(limited(t))
		} else if errors.As(err, &refused) {
			reply, err = refused.Reply, nil
		}
		if err != nil || !reply.Closing() || !reply.Deferred() || c.Usable() {
			t.Errorf("%s: %v %v usable %v", command, reply, err, c.Usable())
		}
	}
}

func TestNoDotForAMessageWithoutRecipient(t *testing.T) {
	for _, command := range []string{"MAIL", "RCPT"} {
		server := scripted(t, smtptest.Script{Action: answering(command, "550 5.1.1 no")})
		c := connect(t, plain(server.Port()), "")
		var refused *RefusedError
		if err := offer(t, c, reader(1), words(1)); !errors.As(err, &refused) || refused.Reply.Code != 550 {
			t.Fatalf("%s: %v", command, err)
		}
		if c.Usable() {
			t.Errorf("%s: usable though the relay waits for content", command)
		}
		c.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if got := server.Received(); !bytes.HasSuffix(got, []byte("DATA\r\n")) || len(server.Messages()) != 0 {
			t.Errorf("%s: said %q", command, got)
		}
	}
}

func TestAbortAndCloseAfterOfferLeaveNoDot(t *testing.T) {
	for name, end := range map[string]func(*Conn){"abort": (*Conn).Abort, "close": (*Conn).Close} {
		server := scripted(t, smtptest.Script{})
		c := connect(t, plain(server.Port()), "")
		if err := offer(t, c, reader(1), words(1)); err != nil {
			t.Fatal(err)
		}
		end(c)
		end(c)
		if _, err := c.Dot(limited(t)); !isLost(err, false) {
			t.Errorf("%s: Dot afterwards: %v", name, err)
		}
		if err := offer(t, c, reader(1), words(1)); !isLost(err, false) {
			t.Errorf("%s: Offer afterwards: %v", name, err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if bytes.Contains(server.Received(), []byte("\r\n.\r\n")) || bytes.Contains(server.Received(), []byte("QUIT")) {
			t.Errorf("%s: said %q", name, server.Received())
		}
	}
}

func isRefused(err error, code int) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Reply.Code == code
}

func isLost(err error, dotWritten bool) bool {
	var lost *LostError
	return errors.As(err, &lost) && lost.DotWritten == dotWritten
}

func TestRelayThatTiredOfWaitingGetsNoDot(t *testing.T) {
	hangUp := make(chan struct{})
	listener, port := rawRelay(t, func(conn net.Conn, read func(string)) {
		read("DATA\r\n")
		_, _ = io.WriteString(conn, "250 ok\r\n250 ok\r\n354 go on\r\n")
		read("body 1\r\n")
		<-hangUp
		_, _ = io.WriteString(conn, "421 4.4.2 timeout\r\n")
	})
	c := connect(t, plain(port), "")
	if err := offer(t, c, reader(1), words(1)); err != nil {
		t.Fatal(err)
	}
	close(hangUp)
	<-listener // the relay's words and its end are on the way
	_, err := c.Dot(limited(t))
	var refused *RefusedError
	if !isLost(err, false) || !errors.As(err, &refused) || refused.Reply.Code != 421 {
		t.Errorf("error %v", err)
	}
}

// rawRelay is a relay that is a function. read waits until what came ends as given; done is
// closed when the connection is.
func rawRelay(t *testing.T, talk func(conn net.Conn, read func(string))) (done <-chan struct{}, port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		read := func(end string) {
			var got []byte
			one := make([]byte, 1)
			for !bytes.HasSuffix(got, []byte(end)) {
				if _, err := conn.Read(one); err != nil {
					return
				}
				got = append(got, one...)
			}
		}
		_, _ = io.WriteString(conn, "220 hi\r\n")
		read("\r\n")
		_, _ = io.WriteString(conn, "250-hi\r\n250 PIPELINING\r\n")
		talk(conn, read)
	}()
	t.Cleanup(func() {
		listener.Close()
		<-over
	})
	return over, listener.Addr().(*net.TCPAddr).Port
}

func TestRelayThatClosedInTheMeantimeIsNotUsable(t *testing.T) {
	leave := make(chan struct{})
	done, port := rawRelay(t, func(net.Conn, func(string)) { <-leave })
	c := connect(t, plain(port), "")
	if !c.Usable() {
		t.Error("not usable from the start")
	}
	close(leave)
	<-done
	if c.Usable() {
		t.Error("usable after the relay has closed")
	}
	if err := offer(t, c, reader(1), words(1)); !isLost(err, false) {
		t.Errorf("offer: %v", err)
	}
}

func TestEndOfContextClosesTheConnection(t *testing.T) {
	never := make(chan struct{})
	for _, command := range []string{"MAIL", "RCPT", "DATA", "DOT"} {
		asked := make(chan struct{})
		server := scripted(t, smtptest.Script{Action: func(c smtptest.Call) smtptest.Action {
			if c.Command == command {
				close(asked)
				return smtptest.Action{Wait: never}
			}
			return smtptest.Action{}
		}})
		c := connect(t, plain(server.Port()), "")
		ctx, cancel := context.WithCancel(limited(t))
		go func() {
			<-asked
			cancel()
		}()
		err := c.Offer(ctx, prepared(t, reader(1), words(1)))
		if command == "DOT" {
			_, err = c.Dot(ctx)
		}
		if !isLost(err, command == "DOT") || !errors.Is(err, context.Canceled) || c.Usable() {
			t.Errorf("%s: %v, usable %v", command, err, c.Usable())
		}
	}
}

func TestContextThatEndedBeforeTheDotKeepsIt(t *testing.T) {
	server := scripted(t, smtptest.Script{})
	c := connect(t, plain(server.Port()), "")
	ctx, cancel := context.WithCancel(limited(t))
	cancel()
	if err := c.Offer(ctx, prepared(t, reader(1), words(1))); !errors.Is(err, context.Canceled) || !c.Usable() {
		t.Errorf("offer: %v, usable %v", err, c.Usable())
	}
	if err := offer(t, c, reader(1), words(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Dot(ctx); !isLost(err, false) || !errors.Is(err, context.Canceled) {
		t.Errorf("dot: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if len(server.Messages()) != 0 {
		t.Error("the message went out")
	}
}

func TestSilentRelayIsLeftAtTheStepsDeadline(t *testing.T) {
	for _, command := range []string{"MAIL", "RCPT", "DATA", "DOT"} {
		server := scripted(t, smtptest.Script{
			Extensions: extensions1(false), Action: at(command, smtptest.Action{Silent: true})})
		s := plain(server.Port())
		wait := Duration(50 * time.Millisecond)
		s.Timeouts.Mail, s.Timeouts.Rcpt, s.Timeouts.Data, s.Timeouts.Dot = wait, wait, wait, wait
		c := connect(t, s, "")
		err := offer(t, c, reader(1), words(1))
		if command == "DOT" {
			_, err = c.Dot(limited(t))
		}
		if !isLost(err, command == "DOT") || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestDropInTheContentIsCertainlyNotHandedOver(t *testing.T) {
	big := bytes.Repeat([]byte("a line of content that is neither long nor short\r\n"), 400_000)
	server := scripted(t, smtptest.Script{Action: at("CONTENT", smtptest.Action{Drop: true, After: 10_000})})
	c := connect(t, plain(server.Port()), "")
	err := offer(t, c, reader(1), big)
	if err == nil {
		_, err = c.Dot(limited(t))
	}
	if !isLost(err, false) || c.Usable() {
		t.Errorf("error %v", err)
	}
}
