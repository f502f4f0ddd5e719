package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
)

func TestWithoutAConfigNothingIsMade(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	refused(t, exitUsage, []string{"no config file", "tipsheet init"}, "message", "list")
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// fine runs commands on a config, each of which must end well, and returns what the last said.
func fine(t *testing.T, config string, commands ...[]string) (out string) {
	t.Helper()
	for _, args := range commands {
		code, said, errs := call(t, "", append([]string{"-c", config}, args...)...)
		if code != exitDone {
			t.Fatalf("%v: %d, %s%s", args, code, said, errs)
		}
		out = said
	}
	return out
}

func TestDatabaseIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	fine(t, write(t, dir, configName, sampleConfig), []string{"newsletter", "list"})
	info, err := os.Stat(filepath.Join(dir, "tipsheet.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
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

func TestSendDoesNotStandInForAnApproval(t *testing.T) {
	config := write(t, t.TempDir(), configName, sampleConfig)
	fine(t, config,
		[]string{"newsletter", "add", "weekly", "--cron", "", "--approval"},
		[]string{"story", "add", "--title", "Bridge reopens", "--link", "https://post.example.com/bridge"},
		[]string{"issue", "compose", "weekly", "--due", "+1h"})
	refused(t, exitPerson, []string{"waits for an editor's word", "issue approve 1"}, "-c", config, "issue", "send", "1")
	if out := fine(t, config, []string{"issue", "list"}); !strings.Contains(out, "draft") {
		t.Errorf("after it: %s", out)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	config := write(t, t.TempDir(), configName, sampleConfig)
	fine(t, config, []string{"editor", "add", "ada", "--role", "admin"})
	refused(t, exitFailed, []string{"the only admin"}, "-c", config, "editor", "remove", "ada")
}

func TestEndedNewsletterCanBeTakenUpAgain(t *testing.T) {
	config := write(t, t.TempDir(), configName, sampleConfig)
	fine(t, config, []string{"newsletter", "add", "daily"}, []string{"newsletter", "remove", "daily"})
	refused(t, exitFailed, []string{"already", "--restart"}, "-c", config, "newsletter", "add", "daily")
	if out := fine(t, config, []string{"newsletter", "edit", "daily", "--restart"}, []string{"newsletter", "list"}); !strings.Contains(out, "daily") {
		t.Errorf("newsletters: %s", out)
	}
}
