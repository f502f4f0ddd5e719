package message

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bombTime is how long any mail may take, however it is made.
const bombTime = 20 * time.Second // not a measure of speed: what is not bounded would take hours

func bombs() map[string]string {
	var nested, sameBoundary, forwarded strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		sameBoundary.WriteString("Content-Type: multipart/mixed; boundary=b\n\n--b\n")
	}
	for range 200 {
		forwarded.WriteString("Content-Type: message/rfc822\n\n")
	}
	plain := "Subject: x\nContent-Type: text/plain\n\n"
	html := "Subject: x\nContent-Type: text/html\n\n"
	return map[string]string{
		"nested 10,000 deep":         nested.String() + "\ntext",
		"nested in one boundary":     sameBoundary.String() + "\ntext",
		"200,000 parts":              "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 200000),
		"200 forwarded mails":        forwarded.String() + "Subject: x\n\ntext",
		"a quoted address of 2 MB":   "From: \"" + strings.Repeat("a\\\"", 700000) + "\" <a@example.org>\n\ntext",
		"2 MB of addresses":          "To: " + strings.Repeat("a@example.org, ", 140000) + "\n\ntext",
		"comments in comments":       "To: " + strings.Repeat("(", 100000) + "\n\ntext",
		"a header of 20 MB":          "Subject: " + strings.Repeat("x\n ", 7<<20) + "\n\ntext",
		"8,000,000 fields of parts":  "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n"+strings.Repeat("a:\n", 80000)+"\nx\n", 100),
		"1,000,000 header fields":    strings.Repeat("a: b\n", 1000000) + "\ntext",
		"unclosed encoded words":     "Subject: " + strings.Repeat("=?u?q? ", 36000) + "\n\ntext",
		"bare openings of words":     "Subject: " + strings.Repeat("=?", 120000) + "\n\ntext",
		"parameters without end":     "Content-Type: text/plain; " + strings.Repeat("a*0*=", 50000) + "\n\ntext",
		"60 MB of base64":            "Content-Transfer-Encoding: base64\nContent-Type: application/pdf\n\n" + strings.Repeat("QUJD", 15<<20),
		"damaged base64":             "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("QUJD!", 2<<20),
		"HTML 300,000 deep":          html + strings.Repeat("<div><blockquote>", 150000) + "x",
		"closing tags of nothing":    html + strings.Repeat("<b>", 1000) + strings.Repeat("</i>", 400000),
		"a tag without end":          html + "<a " + strings.Repeat("x=y ", 400000),
		"quotes without end":         plain + strings.Repeat("> x\n", 400000),
		"attributions without end":   plain + strings.Repeat("On Mon, 1 Jan 2024 at 10:00, A wrote\n", 50000),
		"signatures without end":     plain + strings.Repeat("--\n", 400000),
		"header blocks without end":  plain + strings.Repeat("From: a\nFrom: b\n\n", 100000),
		"one line of 2 MB":           plain + strings.Repeat("On 2024 wrote <a@b> ", 100000),
		"blank lines":                plain + strings.Repeat("\n", 2<<20) + "x",
		"forwarded marks":            "Subject: Fwd: x\n\n" + strings.Repeat("Begin forwarded message:\n", 80000),
		"a file of blanks":           strings.Repeat(" \n", 5<<20),
		"mbox lines":                 strings.Repeat("From x\n", 1<<20),
		"boundary guessed in dashes": "Content-Type: multipart/mixed\n\n" + strings.Repeat("--aaaa\n--bbbb\n", 100000),
	}
}

func TestNoMailTakesLong(t *testing.T) {
	if testing.Short() {
		t.Skip("timing is for the ordinary run, not for the race detector")
	}
	for name, raw := range bombs() {
		m, took := timed(raw)
		if took > bombTime { // the machine may have been busy: once more
			m, took = timed(raw)
		}
		if took > bombTime {
			t.Errorf("%s: took %v", name, took)
		}
		t.Logf("%v %s", took.Round(time.Millisecond), name)
		if len(m.Leaves) > maxParts {
			t.Errorf("%s: %d leaves", name, len(m.Leaves))
		}
	}
}

func timed(raw string) (Message, time.Duration) {
	start := time.Now()
	m := Parse([]byte(raw))
	return m, time.Since(start)
}

func TestManyTextsAreNoLongerThanOne(t *testing.T) {
	for _, kind := range []string{"text/plain", "text/html"} {
		part := "--b\nContent-Type: " + kind + "\n\n" + strings.Repeat("a line of text\n", 50000)
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat(part, 20)))
		if len(m.Text) > maxText || len(m.HTML) > 2*maxText || !strings.Contains(strings.Join(m.Warnings, "; "), "longer than 2 MB") {
			t.Errorf("%s: %d bytes of text, %d of HTML, %q", kind, len(m.Text), len(m.HTML), m.Warnings)
		}
	}
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	for name, want := range map[string]string{
		"nested 10,000 deep":        "nested deeper than 50",
		"200,000 parts":             "after the first 1000",
		"a header of 20 MB":         "longer than 256 KB",
		"60 MB of base64":           "more than 50 MB",
		"8,000,000 fields of parts": "fields after the first 100,000",
		"quotes without end":        "", // 1.6 MB is read whole
	} {
		raw, ok := bombs()[name]
		if !ok {
			t.Fatalf("no bomb %q", name)
		}
		got := strings.Join(Parse([]byte(raw)).Warnings, "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: warnings %q, want %q", name, got, want)
		}
	}
}
