// Package root lets a test say that it needs root.
//
// Need is the only function in the project that skips for that reason. Where the process is
// not root it appends the test's name to the file that NEEDS_ROOT names, so that the
// run can count and list what it left out, and skips. When that file cannot be written the
// test fails: a skip that nobody hears of is worse.
package root

import (
	"fmt"
	"os"
	"testing"
)

// List is the environment variable that names the file for the names of skipped tests.
const List = "NEEDS_ROOT"

// Need skips the test, after noting its name, unless the process is root.
func Need(t testing.TB) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if err := note(os.Getenv(List), t.Name()); err != nil {
		t.Fatal(err)
	}
	t.Skip("this test starts a system server or mounts something and needs root; run make test as root or with sudo")
}

// note appends a name as one line. Appending in one write keeps the lines of test processes
// that run side by side whole.
func note(path, name string) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("note test that needs root: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("note test that needs root: %w", cerr)
		}
	}()
	if _, err := f.WriteString(name + "\n"); err != nil {
		return fmt.Errorf("note test that needs root: %w", err)
	}
	return nil
}
