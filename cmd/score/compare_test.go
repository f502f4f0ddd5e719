package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWordsAreComparedAtNinetyFivePercent(t *testing.T) {
	twenty := strings.Repeat("word ", 20)
	for _, c := range []struct {
		got, want string
		same      bool
	}{
		{"a b c", "c\u00a0b\n a", true}, {"a b", "a b c", false}, {"a b c", "a b", false}, {"", "", true}, {"", "a", false},
		{twenty[:95], twenty, true}, {twenty[:90], twenty, false}, {twenty + "more", twenty, true},
		{strings.Repeat("w ", 3000), strings.Repeat("w ", 1990), true}, // the expected text was cut
	} {
		if got := sameWords(c.got, c.want); got != c.same {
			t.Errorf("%.20q and %.20q: got %v", c.got, c.want, got)
		}
	}
}

func TestSetsIgnoreOrderCaseAndDoubles(t *testing.T) {
	if !sameSet([]string{"B@x.example", "a@x.example", "a@x.example"}, []string{"a@x.example", "b@x.example"}) {
		t.Error("the same set was told apart")
	}
	if sameSet([]string{"a@x.example"}, nil) {
		t.Error("an empty set is not the same")
	}
	if sameNames([]string{"a", "a"}, []string{"a"}) || !sameNames([]string{"b", "a"}, []string{"a", "b"}) {
		t.Error("names are counted, in any order")
	}
}

func TestRepliesAreComparedAsTheirRowSays(t *testing.T) {
	s := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		got  string
		want expected
		same bool
	}{
		"exact":      {"a \nb\n", expected{Reply: s("a\nb")}, true},
		"not folded": {"a b", expected{Reply: s("a\nb")}, false},
		"folded":     {"a b", expected{Reply: s("a\nb"), Compare: "white space folded"}, true},
		"marks":      {"a b", expected{Reply: s("*a*\n> b"), Compare: "folded; Markdown marks ignored"}, true},
		"no space":   {"a b", expected{NoSpace: s("ab")}, true},
		"fragment":   {"a b c", expected{FirstFragment: s("a b")}, true},
		"regex":      {"a b", expected{ContainsRegex: []string{"a.b", "^a"}}, true},
		"no regex":   {"a b", expected{ContainsRegex: []string{"c"}}, false},
		"must not":   {"a b", expected{ContainsRegex: []string{"a"}, MustNot: []string{"b"}}, false},
	} {
		if got := sameReply(c.got, c.want); got != c.same {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// fixtures writes one set with one row and gives its folder.
func fixtures(t *testing.T, set, row, mail string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{"index.jsonl": row, "files/a.eml": mail} {
		path = filepath.Join(dir, set, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const mimeRow = `{"file":"files/a.eml","kind":"eml","expected":{"subject":"Hello","from":["a@x.example"],"text":"skipped"},"score":{"subject":"explicit","from":"consensus","text":"explicit(unconfirmed)"}}`

func TestScoreCountsWhatIsWorthScoring(t *testing.T) {
	dir := fixtures(t, "mime", mimeRow, "From: a@x.example\nSubject: Hello\n\nother words\n")
	var out, errs bytes.Buffer
	if code := run([]string{"-fixtures", dir}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	want := "score: mime parsed 1/1 100.0%\nscore: mime subject 1/1 100.0%\nscore: mime from 1/1 100.0%\n"
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
}

func TestScoreFailsBelowAFloorAndNamesTheFile(t *testing.T) {
	dir := fixtures(t, "mime", mimeRow, "From: a@x.example\nSubject: Other\n\n")
	var out, errs bytes.Buffer
	if code := run([]string{"-fixtures", dir, "-v"}, &out, &errs); code != 1 {
		t.Fatalf("exit %d", code)
	}
	if !strings.Contains(out.String(), "subject 0/1 0.0%\n  files/a.eml\n") || !strings.Contains(errs.String(), "mime subject: 0.0% is below the floor") {
		t.Errorf("got %s%s", out.String(), errs.String())
	}
}

func TestScoreSaysWhenThereIsNothingToScore(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		var out, errs bytes.Buffer
		if code := run([]string{"-fixtures", dir}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "-fixtures") {
			t.Errorf("exit %d: %s", code, errs.String())
		}
	}
}

func TestFeedparsersNamesAreFoundInOurFeed(t *testing.T) {
	dir := fixtures(t, "feeds", `{"file":"files/a.eml","kind":"feed","expected":{"values":[[["feed","title"],"A <b>site</b>"],[["entries",0,"link"],"https://x.example/1"],[["entries",0,"published_parsed"],[2026,10,6,8,15,0,1,279,0]],[["entries",0,"author"],"nobody asks"]]}}`,
		`<rss version="2.0"><channel><title>A site</title><item><title>One</title><link>https://x.example/1</link><pubDate>Tue, 06 Oct 2026 09:15:00 +0100</pubDate></item></channel></rss>`)
	var out, errs bytes.Buffer
	if code := run([]string{"-fixtures", dir}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out.String(), errs.String())
	}
	for _, line := range []string{"titles 1/1", "links 1/1", "dates 1/1", "no_crash 1/1"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no %q in %s", line, out.String())
		}
	}
}
