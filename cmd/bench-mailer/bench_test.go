package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/proof/sink"
)

// The program starts itself as server and as mailer, and so does its test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "sink" || os.Args[1] == "child") {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// bench runs the program and returns what it printed.
func runBench(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "-limit", "2m", "-dir", filepath.Join(t.TempDir(), "bench"))
	if code := run(args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("bench-mailer %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

func TestShortRunPrintsWhatItMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends thousands of mails")
	}
	profile := filepath.Join(t.TempDir(), "cpu")
	out := runBench(t, "-only", "w32,plain,chunks,rtt20chunks", "-rounds", "1", "-n", "400", "-cpuprofile", profile)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := regexp.MustCompile(`^bench-mailer: w32=\d+\.\d+ w1c10=- w1c32=- plain=\d+\.\d+ cpu=\d+\.\d+ dkim_go=- dkim_openssl=- rtt20=- rtt20plain=- rss_mb=-$`)
	if !last.MatchString(lines[len(lines)-1]) {
		t.Errorf("the last line is %q", lines[len(lines)-1])
	}
	if info, err := os.Stat(profile + ".w32"); err != nil || info.Size() == 0 {
		t.Errorf("the profile of w32: %v", err)
	}
}

func TestLargeIssueIsKilledAndFolded(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends thousands of mails")
	}
	out := runBench(t, "-only", "rss_mb,fold", "-million", "5000")
	for _, want := range []string{"first mail after the due time", "first mail after a start", "folded beside the sending", "write transactions meanwhile", "a bare 4 KB write and fsync"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing is said of %q:\n%s", want, out)
		}
	}
}

func TestDigestHasTheSizeThatIsCompared(t *testing.T) {
	v, err := words(time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	size, err := composedSize(v, time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if size += headSize; size < 39_800 || size > 40_200 {
		t.Errorf("the digest has about %d bytes", size)
	}
}

func TestMailThatIsNotWholeIsFound(t *testing.T) {
	good := "To: reader1@example.com\r\nList-Unsubscribe: <" + siteURL + "/u/abc>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nNews. " + siteURL + "/u/abc\r\n--b\r\nContent-Type: text/html\r\n\r\n<html>News. " + siteURL + "/u/abc</html>\r\n--b--\r\n"
	if err := whole(sink.Message{To: "reader1@example.com", Data: []byte(good)}); err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]string{
		"cut off":            strings.Replace(good, "</html>", "", 1),
		"without a part":     strings.Split(good, "--b\r\nContent-Type: text/html")[0] + "--b--\r\n",
		"without its end":    strings.Replace(good, "--b--\r\n", "", 1),
		"another's":          strings.Replace(good, "reader1", "reader2", 1),
		"with a mark":        strings.Replace(good, "News.", "unsubscribe2unsubscribe2unsubscr", 1),
		"without a header":   strings.Replace(good, "List-Unsubscribe", "List-Un", 1),
		"with one part more": strings.Replace(good, "--b--", "--b\r\n\r\nmore\r\n--b--", 1),
	} {
		if err := whole(sink.Message{To: "reader1@example.com", Data: []byte(bad)}); err == nil {
			t.Errorf("a mail %s is taken for whole", what)
		}
	}
}

func TestMedianIsTheMiddleOne(t *testing.T) {
	for _, one := range []struct {
		all  []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2}} {
		if got := median(one.all); got != one.want {
			t.Errorf("median of %v: %v, want %v", one.all, got, one.want)
		}
	}
	var all []time.Duration
	for i := range 1000 {
		all = append(all, time.Duration(1000-i)*time.Millisecond)
	}
	if w := sumUp(all); w.P50 != 501*time.Millisecond || w.P99 != 991*time.Millisecond || w.Most != time.Second || w.N != 1000 {
		t.Errorf("waits: %+v", w)
	}
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	for _, args := range []string{"-only w33", "-rounds 0", "w32", "-no-such-flag"} {
		if code := run(strings.Fields(args), strings.NewReader(""), io.Discard, io.Discard); code != 2 {
			t.Errorf("%s: exit %d, want 2", args, code)
		}
	}
}

func TestFileSystemIsNamed(t *testing.T) {
	if fs := fileSystem("/proc/self"); fs != "proc" {
		t.Errorf("/proc/self lies on %s", fs)
	}
}
