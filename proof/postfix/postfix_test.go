package postfix

import (
	"context"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/proof/root"
)

func start(t *testing.T, o Options) *Postfix {
	t.Helper()
	root.Need(t)
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// await polls for what another process does, which no channel can tell.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		}
	}
}

func TestMailLandsInTheMaildirOfItsRecipient(t *testing.T) {
	p := start(t, Options{Domains: []string{"example.org", "example.net"}})
	elsewhere := filepath.Join(p.dir, "elsewhere")
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		dir := filepath.Join(elsewhere, sub)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Link("tips@example.org", elsewhere); err != nil {
		t.Fatal(err)
	}
	to := []string{"Ada@example.org", "bola+news@example.net", "tips@example.org", "tips+abc@example.org"}
	for _, address := range to {
		body := "From: desk@example.org\r\nTo: " + address + "\r\nSubject: hello\r\n\r\nhello\r\n"
		if err := smtp.SendMail(p.Addr(), nil, "desk@example.org", []string{address}, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	for dir, n := range map[string]int{p.Maildir("ada@example.org"): 1, p.Maildir("bola+news@example.net"): 1, elsewhere: 2} {
		await(t, "mail in "+dir, func() bool {
			files, _ := filepath.Glob(filepath.Join(dir, "new", "*"))
			return len(files) == n
		})
	}
}

func TestNothingIsTakenForForeignDomains(t *testing.T) {
	p := start(t, Options{Domains: []string{"example.org"}})
	err := smtp.SendMail(p.Addr(), nil, "desk@example.org", []string{"ada@example.com"}, []byte("Subject: x\r\n\r\nx\r\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "554") {
		t.Errorf("foreign recipient: %v", err)
	}
}

func TestStopLeavesNoProcessAndNoFolder(t *testing.T) {
	root.Need(t)
	p, err := Start(Options{Domains: []string{"example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	if conn, err := net.Dial("tcp", p.Addr()); err == nil {
		conn.Close()
		t.Error("still listening")
	}
	if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
		t.Errorf("folder: %v", err)
	}
}

func TestTwoServersRunSideBySide(t *testing.T) {
	a := start(t, Options{Domains: []string{"example.org"}})
	b := start(t, Options{Domains: []string{"example.org"}})
	if a.Port() == b.Port() || a.PID() == b.PID() {
		t.Errorf("ports %d %d, processes %d %d", a.Port(), b.Port(), a.PID(), b.PID())
	}
}

func TestFolderThatIsClosedToOthersIsRefusedWithASentence(t *testing.T) {
	root.Need(t)
	_, err := Start(Options{Domains: []string{"example.org"}, Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "closed to other users") {
		t.Errorf("error: %v", err)
	}
}
