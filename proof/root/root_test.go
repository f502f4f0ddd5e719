package root

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNamesOfTestsThatNeedRootAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	for _, name := range []string{"TestOne", "TestTwo/sub"} {
		if err := note(path, name); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != "TestOne\nTestTwo/sub\n" {
		t.Errorf("list is %q", got)
	}
}

func TestListThatCannotBeWrittenIsAnError(t *testing.T) {
	if note(filepath.Join(t.TempDir(), "no", "such", "folder"), "TestOne") == nil {
		t.Error("no error")
	}
}

func TestNeedLetsRootPass(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Setenv(List, "")
	}
	Need(t)
	if os.Geteuid() != 0 {
		t.Error("the test went on without root")
	}
}
