package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// call runs one command line in this process.
func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

// refused: the command ends with that code and one line that has each of the words.
func refused(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	got, out, errs := call(t, args...)
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

// fine runs commands on a config, each of which must end well, and returns what the last said.
func fine(t *testing.T, config string, commands ...[]string) (out string) {
	t.Helper()
	for _, args := range commands {
		code, said, errs := call(t, append([]string{"-c", config}, args...)...)
		if code != exitDone {
			t.Fatalf("%v: %d, %s%s", args, code, said, errs)
		}
		out = said
	}
	return out
}

func TestMistypedFeedIsNotKept(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/feed" {
			w.Write(demo.Feed("http://blog.example.com", time.Now()))
			return
		}
		http.NotFound(w, r)
	}))
	defer site.Close()
	config := write(t, t.TempDir(), configName, sampleConfig+"\n[feeds]\nallow_private = true\n")
	refused(t, exitFailed, []string{"could not be read"}, "-c", config, "story", "fetch", site.URL+"/fed")
	if out := fine(t, config, []string{"story", "fetch", site.URL + "/feed"}); !strings.Contains(out, "24 new") {
		t.Errorf("the right address: %s", out)
	}
	if out := fine(t, config, []string{"story", "fetch"}); strings.Contains(out, "/fed ") {
		t.Errorf("the mistyped address was kept: %s", out)
	}
	fine(t, config, []string{"story", "fetch", "--remove", site.URL + "/feed"})
	if out := fine(t, config, []string{"story", "list"}); strings.Count(out, "\n") != 25 {
		t.Errorf("stories after the feed was removed: %s", out)
	}
	refused(t, exitFailed, []string{"no feed yet"}, "-c", config, "story", "fetch")
}
