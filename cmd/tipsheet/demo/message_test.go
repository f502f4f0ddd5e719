package demo

import (
	"bytes"
	"errors"
	"image"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
)

var (
	address  = regexp.MustCompile(`[\p{L}\p{M}\d.+_-]+@([\w-]+(?:\.[\w-]+)+)`)
	reserved = regexp.MustCompile(`(^|\.)example\.(com|org|net)$|\.test$`)
)

func TestMessagesAreThirtyOfTheirKinds(t *testing.T) {
	want := map[string]int{"gossip": 8, "tip": 9, "advert": 6, "other": 3, "spam": 2, LabelBounce: 1, LabelAutoReply: 1}
	got := map[string]int{}
	names := map[string]bool{}
	for _, m := range Messages(noon) {
		got[m.Label]++
		names[m.Name] = true
	}
	for label, n := range want {
		if got[label] != n {
			t.Errorf("%d of %s, want %d", got[label], label, n)
		}
	}
	if len(names) != 30 {
		t.Errorf("%d names, want 30", len(names))
	}
	files, err := messageFiles.ReadDir("messages")
	if err != nil || len(files) != 30 {
		t.Errorf("%d files beside the index: %v", len(files), err)
	}
}

func TestMessagesAreMailOfTheLastEighteenHours(t *testing.T) {
	ids := map[string]bool{}
	var last time.Time
	for _, m := range Messages(noon) {
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		date, err := parsed.Header.Date()
		if err != nil || !date.Equal(m.Date) {
			t.Errorf("%s: dated %v, want %v: %v", m.Name, date, m.Date, err)
		}
		if !date.Before(noon) || noon.Sub(date) > 18*time.Hour || !date.After(last) {
			t.Errorf("%s: %v is not in order within the 18 hours before %v", m.Name, date, noon)
		}
		last = date
		if _, err := parsed.Header.AddressList("From"); err != nil {
			t.Errorf("%s: From: %v", m.Name, err)
		}
		id := parsed.Header.Get("Message-ID")
		if id == "" || ids[id] {
			t.Errorf("%s: Message-ID %q", m.Name, id)
		}
		ids[id] = true
	}
}

func TestMessagesGoOverTheWireAsTheyAre(t *testing.T) {
	for _, m := range Messages(noon) {
		for i, line := range strings.SplitAfter(string(m.Raw), "\n") {
			if line == "" {
				continue
			}
			text, ok := strings.CutSuffix(line, "\r\n")
			if !ok || strings.ContainsAny(text, "\r\x00") || len(text) > 998 {
				t.Errorf("%s: line %d is not a line of RFC 5322: %q", m.Name, i+1, line)
			}
		}
		head, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
		for _, b := range head {
			if b > 127 {
				t.Errorf("%s: header is not ASCII", m.Name)
				break
			}
		}
		if bytes.Contains(m.Raw, []byte("{{")) || bytes.Contains(m.Raw, []byte("<no value>")) {
			t.Errorf("%s: a date was not filled in", m.Name)
		}
	}
}

func TestEveryPartCanBeRead(t *testing.T) {
	kinds, charsets, encodings := map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range Messages(noon) {
		entity, err := gomessage.Read(bytes.NewReader(m.Raw))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if subject := entity.Header.Get("Subject"); strings.Contains(subject, "=?") {
			kinds["encoded subject"]++
			if _, err := new(mime.WordDecoder).DecodeHeader(subject); err != nil {
				t.Errorf("%s: subject: %v", m.Name, err)
			}
		}
		err = entity.Walk(func(_ []int, part *gomessage.Entity, err error) error {
			if err != nil {
				return err
			}
			kind, params, err := part.Header.ContentType()
			if err != nil {
				return err
			}
			kinds[kind]++
			charsets[strings.ToLower(params["charset"])]++
			encodings[part.Header.Get("Content-Transfer-Encoding")]++
			return readable(kind, part)
		})
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
	atLeast(t, kinds, map[string]int{
		"image/jpeg": 3, "application/pdf": 4, "multipart/alternative": 5, "encoded subject": 5,
		"multipart/report": 1, "message/delivery-status": 1,
	})
	atLeast(t, charsets, map[string]int{"utf-8": 10, "iso-8859-1": 1, "windows-1252": 2, "us-ascii": 1})
	atLeast(t, encodings, map[string]int{"base64": 5, "quoted-printable": 5, "7bit": 3, "8bit": 1})
}

// readable reads a part to its end and looks into pictures and documents.
func readable(kind string, part *gomessage.Entity) error {
	if strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	content, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	switch kind {
	case "image/jpeg":
		_, _, err = image.Decode(bytes.NewReader(content))
	case "application/pdf":
		if !bytes.HasPrefix(content, []byte("%PDF-1.4\n")) || !bytes.HasSuffix(content, []byte("%%EOF\n")) {
			err = errors.New("not a whole PDF")
		}
	}
	return err
}

func atLeast(t *testing.T, got, want map[string]int) {
	t.Helper()
	for name, n := range want {
		if got[name] < n {
			t.Errorf("%d parts with %s, want at least %d", got[name], name, n)
		}
	}
}

func TestThreadsPointAtEarlierMail(t *testing.T) {
	ids := map[string]bool{}
	var known, ours int
	for _, m := range Messages(noon) {
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		if ref := parsed.Header.Get("References"); ids[ref] {
			known++
		} else if strings.HasSuffix(ref, "@harmattanpost.test>") {
			ours++
		}
		ids[parsed.Header.Get("Message-ID")] = true
	}
	if known != 1 || ours != 2 {
		t.Errorf("%d answers to the demo's mail and %d to a digest, want 1 and 2", known, ours)
	}
}

func TestNobodyRealIsAddressed(t *testing.T) {
	var checked int
	check := func(where, text string) {
		for _, found := range address.FindAllStringSubmatch(text, -1) {
			checked++
			if !reserved.MatchString(found[1]) {
				t.Errorf("%s: %s", where, found[0])
			}
		}
	}
	addresses := map[string]bool{}
	for _, s := range Subscribers() {
		if _, err := mail.ParseAddress(s.Address); err != nil || s.Name == "" || addresses[s.Address] {
			t.Errorf("%q <%s>: %v", s.Name, s.Address, err)
		}
		addresses[s.Address] = true
		check("subscriber", s.Address)
	}
	if len(addresses) != 40 || checked != 40 {
		t.Errorf("%d subscribers, %d addresses, want 40", len(addresses), checked)
	}
	for _, m := range Messages(noon) {
		check(m.Name, string(m.Raw))
		entity, err := gomessage.Read(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		err = entity.Walk(func(_ []int, part *gomessage.Entity, err error) error {
			kind, _, _ := part.Header.ContentType()
			if err != nil || !strings.HasPrefix(kind, "text/") {
				return err
			}
			content, err := io.ReadAll(part.Body)
			check(m.Name, string(content))
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
	check("constants", Contact+" "+From)
	if checked < 150 {
		t.Errorf("only %d addresses were found to check", checked)
	}
}
