package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata expect; read the diff")

// Each script drives the real command in a folder of its own. Besides what testscript brings
// there are
//
//	refused CODE ARG…   tipsheet must end with that code and one line on standard error
//	until PATTERN ARG…  tipsheet with these arguments, again and again, until a line matches
//	site FOLDER         a web site, which $SITE then names (see startSite)
//	relay               an SMTP server, which TIPSHEET_RELAY_… then name
//	mail ADDRESS FILE   wait for the first mail to an address at that relay, and put it into FILE
//	later DURATION      as if that long had gone by while nothing ran
//
// What the relay says depends on the reader's name: refused@ is unknown to it, full@ is to come
// again, blocked@ gets a no to the mail itself, at vanish@ it hangs up after the dot, and at
// silent@ it says nothing more. All others are fine.
func TestCommandLineDoesWhatTheScriptsSay(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(scripts) < 10 {
		t.Fatalf("found %d scripts: %v", len(scripts), err)
	}
	path := filepath.Dir(binary(t)) + string(os.PathListSeparator)
	testscript.Run(t, testscript.Params{
		Files: scripts, UpdateScripts: *update, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", path+e.Getenv("PATH"))
			e.Values[relayKey{}] = &scriptRelay{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"refused": scriptRefused, "until": scriptUntil, "relay": startRelay, "mail": firstMail, "site": startSite, "later": scriptLater,
		},
	})
}

func scriptRefused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("write it as refused CODE ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec("tipsheet", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if said := ts.ReadFile("stderr"); code != want || strings.Count(said, "\n") != 1 {
		ts.Fatalf("exit code %d, want %d and one line: %s", code, want, said)
	}
}

// scriptUntil is for what another process brings about.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("write it as until PATTERN ARG…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ts.Check(ts.Exec("tipsheet", args[1:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-deadline.C:
			ts.Fatalf("waited 60 s for %s", args[0])
		case <-tick.C:
		}
	}
}

// verdictOn is what a script's relay says to a mail. over is closed at the script's end.
func verdictOn(e smtptest.Event, over <-chan struct{}) *smtptest.Refusal {
	reader, _, _ := strings.Cut(e.To, "@")
	switch e.Stage + " " + reader {
	case smtptest.StageRcpt + " refused":
		return &smtptest.Refusal{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "No such user here"}
	case smtptest.StageRcpt + " full":
		return &smtptest.Refusal{Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "The mailbox is full"}
	case smtptest.StageDot + " blocked":
		return &smtptest.Refusal{Code: 554, Enhanced: [3]int{5, 7, 1}, Text: "This looks like an advert"}
	case smtptest.StageDot + " vanish":
		return &smtptest.Refusal{Code: 451, Drop: true}
	case smtptest.StageDot + " silent":
		<-over
		return &smtptest.Refusal{Code: 451, Drop: true}
	}
	return nil
}

// A scriptRelay is the SMTP server of one script, once it has asked for it.
type scriptRelay struct{ *smtptest.Server }

type relayKey struct{}

func startRelay(ts *testscript.TestScript, _ bool, _ []string) {
	over := make(chan struct{})
	server, err := smtptest.Start(smtptest.Options{Verdict: func(e smtptest.Event) *smtptest.Refusal { return verdictOn(e, over) }})
	ts.Check(err)
	ts.Defer(func() {
		close(over)
		server.Close()
	})
	ts.Value(relayKey{}).(*scriptRelay).Server = server
	ts.Setenv("TIPSHEET_RELAY_HOST", "127.0.0.1")
	ts.Setenv("TIPSHEET_RELAY_PORT", strconv.Itoa(server.Port()))
	ts.Setenv("TIPSHEET_RELAY_TLS", "none")
}

func firstMail(ts *testscript.TestScript, _ bool, args []string) {
	relay := ts.Value(relayKey{}).(*scriptRelay)
	if relay.Server == nil || len(args) != 2 {
		ts.Fatalf("write it as mail ADDRESS FILE, after relay")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for n := 1; ; n++ {
		ts.Check(relay.Wait(ctx, n))
		if m := relay.Messages()[n-1]; slices.Contains(m.To, args[0]) {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), m.Data, 0o600))
			return
		}
	}
}
