package sink

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, o Options) *Sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// contents are messages that are hard on whoever looks for the end of data.
var contents = []string{
	"",
	"\r\n",
	".\r\n",
	"..\r\n.\r\n",
	"Subject: one\r\n\r\nHello.\r\n",
	"Subject: dots\r\n\r\n.hidden\r\n..\r\n...\r\nend .\r\n.\r\n",
	"Subject: bare\r\n\r\na\n.\nb\r.\rc\r\n.\n\r\n",
	"Subject: line ends\r\n\r\n\r\n\r\n\r\n",
	"Subject: long\r\n\r\n" + strings.Repeat("all work and no play.\r\n.", 30000) + "\r\n",
}

func stuffed(content string) string {
	return strings.ReplaceAll("\r\n"+content, "\r\n.", "\r\n..")[2:]
}

// check compares what a sink has kept, in any order.
func check(t *testing.T, s *Sink, want []string, size int64) {
	t.Helper()
	c := s.Counts()
	if c.Messages != int64(len(want)) || c.Bytes != size {
		t.Errorf("counted %d messages of %d bytes, want %d of %d", c.Messages, c.Bytes, len(want), size)
	}
	if len(c.Kept) != len(want) {
		t.Fatalf("kept %d messages, want %d", len(c.Kept), len(want))
	}
	for i, content := range want {
		if got := string(c.Kept[i].Data); got != content {
			t.Errorf("message %d: kept %.60q (%d bytes), want %.60q (%d bytes)", i, got, len(got), content, len(content))
		}
		if to := fmt.Sprintf("reader%d@b.test", i); c.Kept[i].To != to {
			t.Errorf("message %d is for %q, want %q", i, c.Kept[i].To, to)
		}
	}
	if c.First.IsZero() || c.Last.Before(c.First) {
		t.Errorf("the first came at %v and the last at %v", c.First, c.Last)
	}
}

func TestOrdinaryClientIsTaken(t *testing.T) {
	s := start(t, Options{KeepEvery: 1})
	c, err := smtp.Dial(fmt.Sprintf("127.0.0.1:%d", s.Port()))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	size := 0
	for i := range 3 {
		content := fmt.Sprintf("Subject: %d\r\n\r\n.dot\r\n..dots\r\n.\r\nend\r\n", i)
		if err := smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", s.Port()), nil, "a@a.test", []string{fmt.Sprintf("reader%d@b.test", i)}, []byte(content)); err != nil {
			t.Fatal(err)
		}
		want, size = append(want, content), size+len(stuffed(content))
	}
	if ok, _ := c.Extension("PIPELINING"); ok {
		t.Error("PIPELINING is offered and was not asked for")
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	check(t, s, want, int64(size))
}

// wire is a session over a pipe: each write at this end is exactly one read at the other.
func wire(t *testing.T, s *Sink) (net.Conn, *bufio.Reader) {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		newSession(s, there).run()
		there.Close()
		close(done)
	}()
	t.Cleanup(func() {
		here.Close()
		<-done
	})
	if err := here.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return here, bufio.NewReader(here)
}

// send writes pieces while the answers are read, and returns the codes of n answers.
func send(t *testing.T, c net.Conn, r *bufio.Reader, pieces []string, n int) (codes string) {
	t.Helper()
	failed := make(chan error, 1)
	go func() {
		for _, p := range pieces {
			if _, err := io.WriteString(c, p); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for n > 0 {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", codes, err)
		}
		if line[3] == ' ' {
			codes += line[:3] + " "
			n--
		}
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestEndOfDataIsFoundHoweverReadsAreCut(t *testing.T) {
	for _, content := range contents[:len(contents)-1] {
		before := "MAIL FROM:<a@a.test>\r\nRCPT TO:<reader0@b.test>\r\nDATA\r\n"
		middle := stuffed(content) + ".\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<reader1@b.test>\r\nDATA\r\n"
		whole := before + middle + stuffed(content) + ".\r\n"
		for cut := 1; cut < len(whole); cut++ {
			for _, second := range []int{cut + 1, cut + 2, cut + 4} {
				s := &Sink{o: Options{Pipelining: true, KeepEvery: 1}}
				c, r := wire(t, s)
				pieces := []string{"EHLO a.test\r\n", whole[:cut], whole[cut:]}
				if second < len(whole) {
					pieces = []string{"EHLO a.test\r\n", whole[:cut], whole[cut:second], whole[second:]}
				}
				if got, want := send(t, c, r, pieces, 10), "220 250 250 250 354 250 250 250 354 250 "; got != want {
					t.Fatalf("%q cut at %d and %d: answers %q, want %q", content, cut, second, got, want)
				}
				check(t, s, []string{content, content}, int64(2*len(stuffed(content))))
			}
		}
	}
}

func TestPipelinedMessagesAreCounted(t *testing.T) {
	s := start(t, Options{Pipelining: true, Chunking: true, KeepEvery: 1})
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all strings.Builder
	all.WriteString("EHLO a.test\r\n")
	size := 0
	for i, content := range contents {
		fmt.Fprintf(&all, "MAIL FROM:<a@a.test>\r\nRCPT TO:<reader%d@b.test>\r\nDATA\r\n%s.\r\n", i, stuffed(content))
		size += len(stuffed(content))
	}
	want := "220 250 " + strings.Repeat("250 250 354 250 ", len(contents))
	if got := send(t, c, bufio.NewReader(c), []string{all.String()}, 2+4*len(contents)); got != want {
		t.Errorf("answers %q, want %q", got, want)
	}
	check(t, s, contents, int64(size))
	s.Reset()
	if c := s.Counts(); c.Messages != 0 || c.Bytes != 0 || len(c.Kept) != 0 || !c.First.IsZero() {
		t.Errorf("after Reset: %+v", c)
	}
}

func TestChunksAreCounted(t *testing.T) {
	s := start(t, Options{Pipelining: true, Chunking: true, KeepEvery: 1})
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all bytes.Buffer
	all.WriteString("EHLO a.test\r\n")
	size := 0
	for i, content := range contents {
		fmt.Fprintf(&all, "MAIL FROM:<a@a.test>\r\nRCPT TO:<reader%d@b.test>\r\n", i)
		half := len(content) / 2
		fmt.Fprintf(&all, "BDAT %d\r\n%sBDAT %d LAST\r\n%s", half, content[:half], len(content)-half, content[half:])
		size += len(content)
	}
	want := "220 250 " + strings.Repeat("250 250 250 250 ", len(contents))
	if got := send(t, c, bufio.NewReader(c), []string{all.String()}, 2+4*len(contents)); got != want {
		t.Errorf("answers %q, want %q", got, want)
	}
	check(t, s, contents, int64(size))
}

func TestOneInSoManyIsKept(t *testing.T) {
	s := &Sink{o: Options{KeepEvery: 3}}
	c, r := wire(t, s)
	pieces := []string{"HELO a.test\r\n"}
	for i := range 10 {
		pieces = append(pieces, "MAIL FROM:<>\r\n", fmt.Sprintf("RCPT TO:<reader%d@b.test>\r\n", i), "DATA\r\n", fmt.Sprintf("Subject: %d\r\n\r\n.\r\n", i))
	}
	send(t, c, r, pieces, 42)
	var kept []string
	for _, m := range s.Counts().Kept {
		kept = append(kept, m.To+" "+strings.TrimSpace(string(m.Data)))
	}
	want := "reader3@b.test Subject: 3; reader6@b.test Subject: 6; reader9@b.test Subject: 9"
	if got := strings.Join(kept, "; "); got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestBrokenProtocolIsRefused(t *testing.T) {
	for _, one := range []struct{ said, want string }{
		{"MAIL FROM:<a@a.test>\r\n", "220 503 "},
		{"EHLO a.test\r\nDATA\r\n", "220 250 503 "},
		{"EHLO a.test\r\nBDAT 3 LAST\r\n", "220 250 501 "},
		{"EHLO a.test\nNOOP\r\n", "220 500 "},
		{"EHLO a.test\r\nMAIL FROM:<>\r\nRSET\r\nRCPT TO:<b@b.test>\r\n", "220 250 250 250 503 "},
		{"EHLO a.test\r\nWHAT\r\nNOOP\r\nQUIT\r\n", "220 250 500 250 221 "},
	} {
		s := &Sink{}
		c, r := wire(t, s)
		if got := send(t, c, r, []string{one.said}, strings.Count(one.want, " ")); got != one.want {
			t.Errorf("%q: answers %q, want %q", one.said, got, one.want)
		}
		if n := s.Counts().Messages; n != 0 {
			t.Errorf("%q: counted %d messages", one.said, n)
		}
	}
}
