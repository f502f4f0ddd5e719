package dovecot_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/proof/dovecot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestADovecotStartsServesAndIsGoneAfterStop(t *testing.T) {
	d, err := dovecot.Start(dovecot.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pid := d.PID()
	if err := d.Deliver("INBOX", []byte("Subject: one\n\nbody\n")); err != nil {
		t.Error(err)
	}
	raws, err := d.RawMessages("INBOX")
	if err != nil || len(raws) != 1 || !strings.Contains(string(raws[0]), "Subject: one") {
		t.Errorf("INBOX holds %q, %v", raws, err)
	}
	maildir := d.Maildir()
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
	if err := d.Stop(); err != nil {
		t.Error("a second Stop:", err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v, want no such process", pid, err)
	}
	if _, err := os.Stat(maildir); !os.IsNotExist(err) {
		t.Errorf("the private Maildir is still there: %v", err)
	}
}

func TestAGivenMaildirOutlivesStop(t *testing.T) {
	dir := t.TempDir() + "/reader"
	d, err := dovecot.Start(dovecot.Options{Maildir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Deliver("INBOX", []byte("Subject: kept\n\n")); err != nil {
		t.Error(err)
	}
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
	if raws, err := d.RawMessages("INBOX"); err != nil || len(raws) != 1 {
		t.Errorf("%d messages after Stop, %v", len(raws), err)
	}
}

func TestADovecotThatCannotStartSaysWhyFromItsLog(t *testing.T) {
	_, err := dovecot.Start(dovecot.Options{CertFile: "/nonexistent.pem", KeyFile: "/nonexistent.key"})
	if err == nil || !strings.Contains(err.Error(), "nonexistent") {
		t.Fatalf("error %v, want the missing certificate named", err)
	}
}
