package message

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func split(t *testing.T, path, stdin string) []Item {
	t.Helper()
	var items []Item
	err := Split(path, strings.NewReader(stdin), func(it Item) error {
		items = append(items, it)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const mbox = "From ada@example.org Tue Oct  6 09:15:00 2026\nSubject: one\n\ntext\n>From the market\n>>From quoted\n\nFrom here on it is still the first.\n\n" +
	"From - Tue Oct  6 09:16:00 2026\nSubject: two\n\ntext\n"

func TestMboxIsCutAtItsFromLines(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "box"), mbox)
	for _, items := range [][]Item{split(t, path, ""), split(t, "-", mbox)} {
		if len(items) != 2 || items[0].N != 1 || items[1].N != 2 {
			t.Fatalf("got %d messages", len(items))
		}
		if want := "Subject: one\n\ntext\nFrom the market\n>From quoted\n\nFrom here on it is still the first.\n"; string(items[0].Raw) != want {
			t.Errorf("got %q", items[0].Raw)
		}
		if string(items[1].Raw) != "Subject: two\n\ntext\n" {
			t.Errorf("got %q", items[1].Raw)
		}
	}
}

func TestAMailThatVanishesFromAMaildirKeepsNoOtherBack(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"cur", "new"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "cur", "1:2,S")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "cur", "2:2,S"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new", "3"), []byte("Subject: x\n\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := Split(dir, nil, func(Item) error { n++; return nil })
	if n != 1 || err == nil || !strings.Contains(err.Error(), "1:2,S") || !strings.Contains(err.Error(), "2:2,S is no file") {
		t.Errorf("%d read, %v", n, err)
	}
}

func TestNoSentenceCutsAnMboxAndNoOddStartHidesOne(t *testing.T) {
	const first, second = "From a@x.example Mon Jan  1 00:00:00 2024\nSubject: 1\n\nhi\n\n", "From c@x.example Mon Jan  1 00:00:00 2024\nSubject: 2\n\nx\n"
	loose := strings.Replace(second, "Mon Jan  1 00:00:00 2024", "1 Jan 2024 00:00:00 2024", 1)
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"a sentence with a time and a year": {first + "From here at 10:30 in 2024 we walked.\n\n" + second, []string{"hi\n\nFrom here at 10:30 in 2024 we walked.", "x"}},
		"a date in another form":            {first + loose, []string{"hi", "x"}},
		"a blank line first":                {"\n\r\n" + first + second, []string{"hi", "x"}},
		"a byte order mark first":           {"\xef\xbb\xbf" + first + second, []string{"hi", "x"}},
		"bare CR":                           {strings.ReplaceAll(first, "\n", "\r"), []string{"hi"}},
	} {
		var got []string
		err := Split("-", strings.NewReader(c.file), func(i Item) error {
			got = append(got, Parse(i.Raw).Text)
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestMaildirIsReadWhole(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cur", "1:2,S"), "Subject: a\n\n")
	write(t, filepath.Join(dir, "new", "2"), "Subject: b\n\n")
	write(t, filepath.Join(dir, "tmp", "3"), "Subject: c\n\n")
	items := split(t, dir, "")
	if len(items) != 2 || items[1].N != 2 || !strings.HasSuffix(items[1].File, filepath.Join("new", "2")) {
		t.Errorf("got %+v", items)
	}
	if err := Split(t.TempDir(), nil, nil); err == nil || !strings.Contains(err.Error(), "no Maildir") {
		t.Errorf("a plain folder: %v", err)
	}
}

func TestAnyFileIsOneMessage(t *testing.T) {
	for _, text := range []string{"", "Subject: x\n\ny", "\x00\x01"} {
		items := split(t, "-", text)
		if len(items) != 1 || string(items[0].Raw) != text {
			t.Errorf("%q: got %+v", text, items)
		}
	}
}

func TestSplitEndsWithTheErrorOfTheReceiver(t *testing.T) {
	stop := errors.New("stop")
	if err := Split("-", strings.NewReader(mbox), func(Item) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := Split(filepath.Join(t.TempDir(), "none"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestLongLinesOfAnMboxAreKept(t *testing.T) {
	long := strings.Repeat("From x ", 40000)
	items := split(t, "-", "From a@example.org Tue Oct  6 09:15:00 2026\nSubject: x\n\n"+long+"\n")
	if len(items) != 1 || !strings.Contains(string(items[0].Raw), long) {
		t.Errorf("got %d messages", len(items))
	}
}
