package amnesia_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/olomotimes/tipsheet/proof/amnesia"
	"github.com/olomotimes/tipsheet/proof/root"
)

func mount(t *testing.T, d *amnesia.Disk) string {
	t.Helper()
	m, err := d.Mount(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m.Dir
}

func create(t *testing.T, path string, content []byte) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // a second close is an error of no interest
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func syncFolder(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyWhatWasSyncedOutlivesACut(t *testing.T) {
	root.Need(t)
	d := amnesia.New()
	dir := mount(t, d)
	f := create(t, filepath.Join(dir, "kept"), []byte("first"))
	must(t, f.Sync())
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o755))
	syncFolder(t, dir)
	_, err := f.WriteAt([]byte("SECOND"), 0)
	must(t, err)
	g := create(t, filepath.Join(dir, "nameless"), []byte("its folder was not synced"))
	must(t, g.Sync())
	create(t, filepath.Join(dir, "in", "empty"), bytes.Repeat([]byte("x"), 100000))
	syncFolder(t, filepath.Join(dir, "in"))
	must(t, os.Rename(filepath.Join(dir, "kept"), filepath.Join(dir, "renamed")))
	if now, err := os.ReadFile(filepath.Join(dir, "renamed")); err != nil || string(now) != "SECOND" {
		t.Fatalf("before the cut: %q (%v)", now, err)
	}

	after := mount(t, d.Cut(nil))
	if got, err := os.ReadFile(filepath.Join(after, "kept")); err != nil || string(got) != "first" {
		t.Errorf("kept: %q (%v)", got, err)
	}
	if got, err := os.ReadFile(filepath.Join(after, "in", "empty")); err != nil || len(got) != 0 {
		t.Errorf("empty: %d bytes (%v)", len(got), err)
	}
	for _, name := range []string{"nameless", "renamed"} {
		if _, err := os.Stat(filepath.Join(after, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a sync after the cut: %v", err)
	}
	if _, err := f.Write([]byte("late")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a write after the cut: %v", err)
	}
}

func TestChanceTearsUnsyncedWritesAndNothingElse(t *testing.T) {
	root.Need(t)
	old, young := bytes.Repeat([]byte("o"), 64<<10), bytes.Repeat([]byte("y"), 64<<10)
	d := amnesia.New()
	dir := mount(t, d)
	f := create(t, filepath.Join(dir, "f"), old)
	must(t, f.Sync())
	syncFolder(t, dir)
	_, err := f.WriteAt(young, 32<<10)
	must(t, err)
	got, err := os.ReadFile(filepath.Join(mount(t, d.Cut(rand.New(rand.NewPCG(1, 2)))), "f"))
	must(t, err)
	if len(got) != 64<<10 && len(got) != 96<<10 {
		t.Fatalf("%d bytes", len(got))
	}
	if !bytes.Equal(got[:32<<10], old[:32<<10]) {
		t.Error("synced bytes were changed")
	}
	olds, youngs := 0, 0
	for lo := 32 << 10; lo < 64<<10; lo += 512 {
		switch one := got[lo : lo+512]; {
		case bytes.Equal(one, old[:512]):
			olds++
		case bytes.Equal(one, young[:512]):
			youngs++
		default:
			t.Errorf("the sector at %d is neither old nor new", lo)
		}
	}
	if olds == 0 || youngs == 0 {
		t.Errorf("%d old sectors, %d new ones", olds, youngs)
	}
}

func TestMappedMemoryIsSharedAndSyncedWithItsFile(t *testing.T) {
	root.Need(t)
	d := amnesia.New()
	dir := mount(t, d)
	f := create(t, filepath.Join(dir, "shm"), make([]byte, 32<<10))
	must(t, f.Sync())
	syncFolder(t, dir)
	g, err := os.OpenFile(filepath.Join(dir, "shm"), os.O_RDWR, 0)
	must(t, err)
	defer g.Close()
	var maps [2][]byte
	for i, file := range []*os.File{f, g} {
		maps[i], err = syscall.Mmap(int(file.Fd()), 0, 32<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		must(t, err)
		defer func(m []byte) { must(t, syscall.Munmap(m)) }(maps[i])
	}
	maps[0][5000] = 'a'
	if maps[1][5000] != 'a' {
		t.Fatal("two maps of one file differ")
	}
	must(t, g.Sync())
	maps[0][5001] = 'b'
	got, err := os.ReadFile(filepath.Join(mount(t, d.Cut(nil)), "shm"))
	must(t, err)
	if got[5000] != 'a' || got[5001] != 0 {
		t.Errorf("after the cut: %v", got[5000:5002])
	}
}

func TestFailedSyncKeepsNothingAndTheNextOneLies(t *testing.T) {
	root.Need(t)
	d := amnesia.New()
	dir := mount(t, d)
	f := create(t, filepath.Join(dir, "f"), []byte("first"))
	must(t, f.Sync())
	syncFolder(t, dir)
	_, err := f.WriteAt([]byte("again"), 0)
	must(t, err)
	d.FailSync(1)
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the sync that fails: %v", err)
	}
	if err := f.Sync(); err != nil {
		t.Fatalf("the sync after it: %v", err)
	}
	if d.Syncs() != 4 {
		t.Errorf("%d syncs", d.Syncs())
	}
	if got, err := os.ReadFile(filepath.Join(mount(t, d.Cut(nil)), "f")); err != nil || string(got) != "first" {
		t.Errorf("after the cut: %q (%v)", got, err)
	}
}

func TestFullDiskRefusesUntilThereIsRoom(t *testing.T) {
	root.Need(t)
	d := amnesia.New()
	dir := mount(t, d)
	f := create(t, filepath.Join(dir, "f"), make([]byte, 8192))
	d.Limit(d.Used() + 10)
	if _, err := f.WriteAt(make([]byte, 8192), 0); err != nil {
		t.Errorf("in place: %v", err)
	}
	if _, err := f.WriteAt(make([]byte, 11), 8192); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("one byte too many: %v", err)
	}
	if d.Refused() != 1 {
		t.Errorf("%d refused", d.Refused())
	}
	d.Limit(-1)
	if _, err := f.WriteAt(make([]byte, 11), 8192); err != nil {
		t.Errorf("with room: %v", err)
	}
}
