package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/proof/postfix"
	"github.com/olomotimes/tipsheet/proof/root"
)

func realRelay(t *testing.T, o postfix.Options) *postfix.Postfix {
	t.Helper()
	root.Need(t)
	o.Domains = []string{"example.net", "xn--bcher-kva.example"}
	p, err := postfix.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// delivered waits for n mails in a Maildir and returns them.
func delivered(t *testing.T, maildir string, n int) [][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		files, err := filepath.Glob(filepath.Join(maildir, "new", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) >= n {
			var all [][]byte
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, data)
			}
			return all
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d mails", len(files), n)
		}
	}
}

func TestRealPostfixDeliversWhatWasSigned(t *testing.T) {
	ca, caFile := authority(t)
	certificate, err := ca.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile, err := smtptest.WriteCertificate(t.TempDir(), certificate)
	if err != nil {
		t.Fatal(err)
	}
	p := realRelay(t, postfix.Options{CertFile: certFile, KeyFile: keyFile, NeedsTLS: true})
	s := plain(p.Port())
	s.TLS, s.CAFile = dial.StartTLS, caFile
	c := connect(t, s, "")
	signer, records := keyPair(t)
	message := sign(t, signer, compose(t, digest()))
	send(t, c, Envelope{From: "bounces+abc@example.org", To: "zoe@example.net"}, message)
	send(t, c, Envelope{To: "zoe@bücher.example"}, message)
	c.Close()
	for maildir, sender := range map[string]string{p.Maildir("zoe@example.net"): "bounces+abc@example.org", p.Maildir("zoe@xn--bcher-kva.example"): "MAILER-DAEMON"} {
		got := delivered(t, maildir, 1)[0]
		onWire := bytes.ReplaceAll(got, []byte("\n"), []byte("\r\n"))
		if !bytes.HasSuffix(onWire, message) {
			t.Errorf("%s: the message is not there as it was sent:\n%s", maildir, got)
		}
		if !bytes.Contains(got, []byte("Return-Path: <"+sender)) && sender != "MAILER-DAEMON" {
			t.Errorf("%s: sender is not %s:\n%s", maildir, sender, got)
		}
		if good, all, err := verified(onWire, records); good != 2 || all != 2 {
			t.Errorf("%s: %d of %d signatures good: %v", maildir, good, all, err)
		}
	}
}

func TestRealPostfixTakesThousandMessagesOnOneConnection(t *testing.T) {
	p := realRelay(t, postfix.Options{})
	c := connect(t, plain(p.Port()), "")
	const n = 1000
	many := messages(t, n, Envelope{From: "b@example.org", To: "many@example.net"})
	for i := range n {
		if err := c.Offer(limited(t), many[i]); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if i < n-1 {
			if err := c.Follow(many[i+1]); err != nil {
				t.Fatalf("message %d: %v", i+1, err)
			}
		}
		if reply, err := c.Dot(limited(t)); err != nil || !reply.Accepted() || reply.Enhanced != "2.0.0" {
			t.Fatalf("message %d: %v %v", i, reply, err)
		}
	}
	if c.Sent() != n || !c.Usable() {
		t.Errorf("%d sent, usable %v", c.Sent(), c.Usable())
	}
	c.Close()
	seen := map[string]bool{}
	for _, mail := range delivered(t, p.Maildir("many@example.net"), n) {
		_, after, ok := strings.Cut(string(mail), "Subject: number ")
		number, _, _ := strings.Cut(after, "\n")
		if !ok || seen[number] || !strings.Contains(string(mail), "\n.\n..two dots\nbody "+number+"\n") {
			t.Fatalf("mail %q is damaged or twice", number)
		}
		seen[number] = true
	}
	if len(seen) != n {
		t.Errorf("%d different mails", len(seen))
	}
}

func TestRealPostfixRefusalsLeaveTheConnectionGood(t *testing.T) {
	p := realRelay(t, postfix.Options{Main: []string{"message_size_limit = 100000", "smtpd_error_sleep_time = 0"}})
	c := connect(t, plain(p.Port()), "")
	for i := range 5 {
		var refused *RefusedError
		err := offer(t, c, Envelope{From: "b@example.org", To: "a@elsewhere.example"}, words(i))
		if !errors.As(err, &refused) || refused.Reply.Step != StepRcpt || refused.Reply.Code != 554 || refused.Reply.Enhanced != "5.7.1" {
			t.Fatalf("foreign domain: %v", err)
		}
		if !c.Usable() {
			t.Fatal("not usable after a refused recipient")
		}
		send(t, c, Envelope{From: "b@example.org", To: "zoe@example.net"}, words(i))
	}
	big := bytes.Repeat([]byte("xxxxxxxx\r\n"), 20_000)
	if err := offer(t, c, Envelope{To: "zoe@example.net"}, big); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large message: %v", err)
	}
	delivered(t, p.Maildir("zoe@example.net"), 5)
}

func TestMessageWithoutDotNeverReachesTheReader(t *testing.T) {
	p := realRelay(t, postfix.Options{})
	for i := range 20 {
		c := connect(t, plain(p.Port()), "")
		if err := offer(t, c, Envelope{From: "b@example.org", To: "zoe@example.net"}, words(i)); err != nil {
			t.Fatal(err)
		}
		c.Abort()
	}
	c := connect(t, plain(p.Port()), "")
	send(t, c, Envelope{From: "b@example.org", To: "zoe@example.net"}, words(99))
	c.Close()
	got := delivered(t, p.Maildir("zoe@example.net"), 1)
	if len(got) != 1 || !bytes.Contains(got[0], []byte("body 99")) {
		t.Errorf("%d mails, the first %q", len(got), got[0])
	}
}

func TestPostfixThatForbidsBareNewlinesTakesEveryComposedMail(t *testing.T) {
	p := realRelay(t, postfix.Options{Main: []string{"smtpd_forbid_bare_newline = reject"}})
	c := connect(t, plain(p.Port()), "")
	nasty := []string{"\n.\r\n", "\r.\r\n", "\r\n.\r", "\r.\r", "\r\r\n.\r\r\n", "\n.\n", "\r\n.\r\n", ".\r\nMAIL FROM:<evil@example.com>\r\n"}
	for i, sequence := range nasty {
		m := digest()
		m.MessageID = fmt.Sprintf("<%d@example.org>", i)
		m.Text, m.HTML = "before"+sequence+"after\n", "<p>before"+sequence+"after</p>"
		send(t, c, Envelope{From: "b@example.org", To: "zoe@example.net"}, compose(t, m))
	}
	// A bare line feed is mended on the way, not passed on.
	send(t, c, Envelope{From: "b@example.org", To: "zoe@example.net"}, []byte("Subject: x\n\nx\n.\nMAIL FROM:<evil@example.com>\n"))
	c.Close()
	if got := delivered(t, p.Maildir("zoe@example.net"), len(nasty)+1); len(got) != len(nasty)+1 {
		t.Errorf("%d mails of %d", len(got), len(nasty)+1)
	}
}
