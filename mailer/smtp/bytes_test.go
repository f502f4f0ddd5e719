package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStuffedMessageReadsBackWithCRLF(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"a":               "a\r\n",
		"a\r":             "a\r\n",
		"a\nb":            "a\r\nb\r\n",
		".":               "..\r\n",
		".\r\n.\n..\r\n":  "..\r\n..\r\n...\r\n",
		"a\n.\r\nb\r\n.c": "a\r\n..\r\nb\r\n..c\r\n",
		"\n\n":            "\r\n\r\n",
	} {
		if got := string(stuff([]byte(in))); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// stuff is message as it goes over the wire after DATA.
func stuff(message []byte) []byte {
	p := &Prepared{}
	p.plain, p.dots = appendLines(nil, nil, message)
	return p.dotted()
}

func FuzzPreparedContent(f *testing.F) {
	for _, seed := range []string{"a\r\n.\r\nb", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\r\n.\r\r\n", ".\n.\n.", "a\x00", "\r\n.\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if Check(message) != nil {
			return
		}
		stuffed := stuff(message)
		if bytes.Contains(append([]byte("\r\n"), stuffed...), []byte("\r\n.\r\n")) {
			t.Fatalf("%q ends early", stuffed)
		}
		bare := bytes.ReplaceAll(stuffed, []byte("\r\n"), nil)
		if bytes.ContainsAny(bare, "\r\n\x00") || !bytes.HasSuffix(stuffed, []byte("\r\n")) {
			t.Fatalf("%q has a bare line end", stuffed)
		}
		back, err := io.ReadAll(textproto.NewReader(bufio.NewReader(bytes.NewReader(append(stuffed, ".\r\nQUIT\r\n"...)))).DotReader())
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(string(message), "\r\n", "\n")
		if !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if string(back) != want {
			t.Fatalf("%q reads back as %q", message, back)
		}
		for line := range bytes.SplitSeq(stuffed, []byte("\r\n")) {
			if len(line) > MaxLine+1 {
				t.Fatalf("a line of %d bytes", len(line))
			}
		}
	})
}

func TestRepliesAreReadAsTheyAreMeant(t *testing.T) {
	for in, want := range map[string]Reply{
		"250 2.0.0 ok\r\n":                   {StepDot, 250, "2.0.0", "ok"},
		"250\r\n":                            {StepDot, 250, "", ""},
		"250 ok\n":                           {StepDot, 250, "", "ok"},
		"550 4.1.1 odd\r\n":                  {StepDot, 550, "", "4.1.1 odd"},
		"550 5.1.1\r\n":                      {StepDot, 550, "5.1.1", ""},
		"550 5.1 x\r\n":                      {StepDot, 550, "", "5.1 x"},
		"550 5.1.1234 x\r\n":                 {StepDot, 550, "", "5.1.1234 x"},
		"550-5.1.1 no\r\n550 5.1.1 such\r\n": {StepDot, 550, "5.1.1", "no such"},
		"451 4.7.1 a\tb\x1b[2J\x00c \xff\u202ed\r\n": {StepDot, 451, "4.7.1", "a b [2J c \uFFFD d"},
	} {
		got, err := readReply(bufio.NewReader(strings.NewReader(in)), StepDot, &lastHeard{})
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{"hello\r\n", "25\r\n", "199 x\r\n", "600 x\r\n", "250x\r\n", "\r\n", "250-a\r\n550 b\r\n",
		strings.Repeat("250-a\r\n", 200), "250 " + strings.Repeat("x", 10_000) + "\r\n"} {
		if _, err := readReply(bufio.NewReader(strings.NewReader(in)), StepDot, &lastHeard{}); !errors.Is(err, errGarbage) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
	for _, in := range []string{"", "250 ok", "250-ok\r\n", "250-ok\r\n250 "} {
		if _, err := readReply(bufio.NewReader(strings.NewReader(in)), StepDot, &lastHeard{}); !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"250 2.0.0 ok\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "250-a\r\n", "421\n", "354 \x00\xff\r\n", "25"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		reply, err := readReply(bufio.NewReader(bytes.NewReader(in)), StepMail, &lastHeard{})
		if err != nil {
			return
		}
		if reply.Code < 200 || reply.Code > 599 || len(reply.Text) > maxReplyText || !utf8.ValidString(reply.Text) ||
			strings.ContainsAny(reply.Text, "\r\n\x00\x1b") {
			t.Fatalf("%q: %+v", in, reply)
		}
		if reply.Enhanced != "" && int(reply.Enhanced[0]-'0') != reply.Code/100 {
			t.Fatalf("%q: enhanced code of another class: %+v", in, reply)
		}
	})
}
