package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// call runs one command line in this process.
func call(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &o, err: &e})
	return code, o.String(), e.String()
}

// refused: the command ends with that code and one line that has each of the words.
func refused(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	got, out, errs := call(t, "", args...)
	if got != code || strings.Count(errs, "\n") != 1 {
		t.Errorf("%v: exit code %d, want %d and one line: %s", args, got, code, errs)
	}
	for _, w := range words {
		if !strings.Contains(errs+out, w) {
			t.Errorf("%v: no %q in: %s%s", args, w, out, errs)
		}
	}
}

func TestBadConfigGetsASentence(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		words []string
	}{
		"an unknown key names the nearest": {"[site]\nnaem = \"x\"\n", []string{"site.naem", "did you mean name?"}},
		"an unknown section too":           {"[fedes]\nevery = \"1m\"\n", []string{"fedes", "did you mean feeds?"}},
		"a key below":                      {"[relay]\nhost = \"h\"\n[relay.timeouts]\ndott = \"1m\"\n", []string{"relay.timeouts.dott", "did you mean dot?"}},
		"a wrong port":                     {"[web]\nlisten = \"127.0.0.1:99999\"\n", []string{"web.listen", "65535"}},
		"a wrong port of a relay":          {"[relay]\nhost = \"smtp.example.com\"\nport = 70000\n", []string{"relay.", "70000"}},
		"a wrong type":                     {"[relay]\nhost = \"h\"\nport = \"many\"\n", []string{"relay.port"}},
		"a password in the file":           {"[relay]\nhost = \"h\"\npassword = \"secret\"\n", []string{"relay.password", "did you mean password_file?"}},
		"an unknown key hides no other":    {"[site]\nnaem = \"x\"\ntime_zone = \"Mars\"\n", []string{"2 mistakes", "site.naem", "site.time_zone"}},
		"all mistakes at once":             {"[site]\naccent = \"red\"\ntime_zone = \"Mars\"\n[web]\nlisten = \"x\"\n", []string{"3 mistakes", "site.accent", "site.time_zone", "web.listen"}},
		"what is not TOML says where":      {"[site\n", []string{"line 1"}},
		"plain text to another machine":    {"[relay]\nhost = \"smtp.example.com\"\ntls = \"none\"\n", []string{"relay.tls"}},
		"a database that is not a file":    {"[database]\nurl = \"postgres://x\"\n", []string{"database.url"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), configName, c.text)
			refused(t, exitUsage, c.words, "-c", path, "config")
		})
	}
}

func TestVariablesWinOverTheFile(t *testing.T) {
	path := write(t, t.TempDir(), configName, "[site]\nname = \"File\"\n[[relay]]\nhost = \"one.example.com\"\n[[relay]]\nhost = \"two.example.com\"\n")
	c, err := loadConfig(path, []string{"TIPSHEET_SITE_NAME=Variable", "TIPSHEET_RELAY_2_HOST=three.example.com", "TIPSHEET_RELAY_PASSWORD=pw", "TIPSHEET_FEEDS_ALLOW_PRIVATE=true"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Site.Name != "Variable" || len(c.Relay) != 2 || c.Relay[0].Host != "one.example.com" || c.Relay[1].Host != "three.example.com" || c.Relay[0].Password != "pw" || !c.Feeds.AllowPrivate {
		t.Errorf("config: %+v", c)
	}
	if _, err := loadConfig(path, []string{"TIPSHEET_SITE_NAEM=x"}); err == nil || !strings.Contains(err.Error(), "did you mean TIPSHEET_SITE_NAME?") {
		t.Errorf("a variable that names no key: %v", err)
	}
}

func TestBadCallsGetASentence(t *testing.T) {
	dir := t.TempDir()
	config := write(t, dir, configName, sampleConfig+"\n[relay]\nhost = \"smtp.example.com\"\n")
	refused(t, exitUsage, []string{"missing.toml", "tipsheet init"}, "-c", filepath.Join(dir, "missing.toml"), "config")
	refused(t, exitUsage, []string{"no command", "nonsense"}, "issue", "nonsense")
	refused(t, exitUsage, []string{"no command", "nonsense", "--help"}, "nonsense")
	refused(t, exitUsage, []string{"write it as", "issue status ID"}, "issue", "status")
	refused(t, exitFailed, []string{"no newsletter", "nope"}, "-c", config, "issue", "preview", "nope")
	refused(t, exitUsage, []string{"--nonsense"}, "issue", "list", "--nonsense")
	refused(t, exitUsage, []string{"five fields"}, "-c", config, "newsletter", "add", "daily", "--cron", "TZ=UTC")
	refused(t, exitFailed, []string{"no such issue", "issue list"}, "-c", config, "issue", "show", "77")
	refused(t, exitFailed, []string{"not a feed"}, "story", "parse", write(t, dir, "page.html", "<!doctype html><html><body><p>Please log in</p></body></html>"))
	gmail := write(t, t.TempDir(), configName, strings.Replace(sampleConfig, "digest@example.com", "paper@gmail.com", 1)+"\n[relay]\nhost = \"smtp.example.com\"\n")
	refused(t, exitFailed, []string{"gmail.com", "reply_to"}, "-c", gmail, "newsletter", "add", "daily")
}

func TestDatabaseOfANewerVersionGetsASentence(t *testing.T) {
	dir := t.TempDir()
	config := write(t, dir, configName, sampleConfig)
	datatest.OpenAt(t, filepath.Join(dir, "tipsheet.db"), nil)
	db, err := sql.Open("sqlite3", filepath.Join(dir, "tipsheet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	refused(t, exitFailed, []string{"newer tipsheet", "restore a backup"}, "-c", config, "newsletter", "list")
}

func TestCheckSaysWhichPasswordIsWrong(t *testing.T) {
	relay, err := smtptest.Start(smtptest.Options{Username: "u", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	mailbox, err := imaptest.Start(imaptest.Options{Username: "contact@example.com", Password: "right one 123"})
	if err != nil {
		t.Fatal(err)
	}
	defer mailbox.Close()
	dir := t.TempDir()
	write(t, dir, "password", "wrong\n")
	config := write(t, dir, configName, sampleConfig+relayConfigText(relay.Port())+"username = \"u\"\npassword_file = \"password\"\n"+
		fmt.Sprintf("\n[mailbox]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nusername = \"contact@example.com\"\npassword_file = \"password\"\n", mailbox.Port()))
	refused(t, exitPerson, []string{"BAD  relay main", "refused the login", "BAD  mailbox", "2 of these need a person"}, "-c", config, "check")
}

func TestMessageParseKeepsTheContract(t *testing.T) {
	mail := "From: Ada <ada@example.org>\r\nTo: contact@example.com\r\nSubject: Bridge\r\nDate: Mon, 2 Mar 2026 06:00:00 +0100\r\n\r\nThe bridge is down.\r\n"
	code, out, errs := call(t, mail, "message", "parse", "-")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	keys(t, out, "file", "n", "kind", "from", "to", "cc", "reply_to", "in_reply_to", "references", "subject", "date", "message_id", "text", "new_text", "html", "attachments", "original", "reports", "warnings")
	code, out, _ = call(t, "", "message", "parse", write(t, t.TempDir(), "noise.eml", "\x7fELF\x00\x01\x02\x03\x00\x00\xff\xfe"))
	if code != exitDone || keys(t, out, "kind")["kind"] != "unreadable" {
		t.Errorf("what is not mail: %d, %s", code, out)
	}
}

func TestMessageSortKeepsTheContract(t *testing.T) {
	row := `{"id":"1","from":"a@example.org","subject":"Banner for two weeks","body":"We are Zinny Foods and want a banner in your newsletter for 2 weeks, our budget is N120k. Call 0803 555 0142.","attachments":[]}`
	code, out, errs := call(t, "", "message", "sort", write(t, t.TempDir(), "rows.jsonl", row+"\n"))
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	got := keys(t, out, "id", "category", "confidence", "unsure", "scores", "why", "also", "facts", "missing")
	facts, _ := got["facts"].(map[string]any)
	budget, _ := facts["budget"].(map[string]any)
	if got["category"] != "advert" || budget["text"] != "N120k" || len(facts) != 8 {
		t.Errorf("sorted: %s", out)
	}
	labelled := strings.Replace(row, `"id":"1"`, `"id":"1","label":"advert"`, 1)
	if code, out, errs = call(t, labelled, "message", "score", "-"); code != exitDone || !strings.Contains(strings.ToLower(out), "macro-f1") {
		t.Errorf("score: %d, %s%s", code, out, errs)
	}
}

// keys checks that a JSON object has each of the names.
func keys(t *testing.T, out string, names ...string) map[string]any {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("not a JSON object: %v: %s", err, out)
	}
	for _, n := range names {
		if _, ok := got[n]; !ok {
			t.Errorf("no %q in %s", n, out)
		}
	}
	return got
}

func TestADayAtTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	config := write(t, dir, configName, sampleConfig)
	must := func(want string, args ...string) string {
		t.Helper()
		code, out, errs := call(t, "", append([]string{"-c", config}, args...)...)
		if code != exitDone || !strings.Contains(out, want) {
			t.Fatalf("%v: %d, %s%s, want %q", args, code, out, errs, want)
		}
		return out
	}
	must("password: ", "editor", "add", "ada", "--role", "admin")
	must("ada", "--json", "editor", "list")
	must("the first issue is due", "newsletter", "add", "daily", "--name", "The daily", "--since", "2025-01-01")
	must("1 added", "subscriber", "add", "reader@example.org")
	must("2 added", "subscriber", "import", write(t, dir, "readers.csv", "\ufeffemail;name\na@example.org;Ade\nb@example.org;Bola\na@example.org;Ade\n"))
	must("unsubscribed", "subscriber", "unsubscribe", "a@example.org")
	must("3 known already", "subscriber", "import", filepath.Join(dir, "readers.csv"), "--newsletter", "daily")
	must("erased", "subscriber", "erase", "b@example.org")
	must("never to be written to", "subscriber", "add", "b@example.org")
	must("story 1 added", "story", "add", "--title", "Bridge reopens", "--link", "https://post.example.com/bridge", "--category", "News")
	must("Bridge reopens", "issue", "preview", "daily")
	must("<html", "issue", "preview", "daily", "--format", "html")
	must("List-Unsubscribe: <https://mail.post.example.com/u/", "issue", "preview", "daily", "--format", "eml")
	must("issue 1 of daily", "issue", "compose", "daily", "--due", "+1h")
	must("Bridge reopens", "issue", "show", "1")
	must("cancelled", "issue", "cancel", "1")
	must("1 taken in", "message", "import", write(t, dir, "tip.eml", "From: Ada <ada@example.org>\r\nTo: contact@example.com\r\nSubject: Wards closed\r\nDate: "+time.Now().Format(time.RFC1123Z)+"\r\n\r\nThree wards of the general hospital are closed for want of diesel, I work there and have photos.\r\n"))
	if out := must("Wards closed", "message", "list"); strings.Contains(out, "ada@example.org") {
		t.Errorf("the list names the source of a tip: %s", out)
	}
	must("backed up", "backup", filepath.Join(dir, "copies", "backup.db"))
	must("schema", "version")
	must("schema", "migrate")
}
