package data_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestARestoredBackupIsWholeAndHeld(t *testing.T) {
	clock := datatest.NewClock()
	dir, away := t.TempDir(), t.TempDir()
	path, backup := filepath.Join(dir, "tipsheet.db"), filepath.Join(away, "backup.db")
	db := datatest.OpenAt(t, path, clock)
	datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 3), 10)
	ours(t, db)
	if err := db.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	raw := bytes.Repeat([]byte("a large message\r\n"), 20000)
	for sum, text := range map[string][]byte{data.SumOf(raw): raw, strings.Repeat("0", 64): []byte("damaged")} {
		name := filepath.Join(away, "mail", sum[:2], sum)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addLetter(t, db, data.LetterReply, "later@example.com")
	var person *data.UserError
	if _, err := data.Restore(t.Context(), backup, path, data.Options{Clock: clock.Now}); !errors.As(err, &person) || !strings.Contains(person.Message, "has tipsheet.db open") {
		t.Fatalf("restore beside a running process: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := data.Restore(t.Context(), backup, path, data.Options{Clock: clock.Now})
	if err != nil || r.Messages != 1 || r.Damaged != 1 || r.Replaced == "" {
		t.Fatalf("restored: %+v, %v", r, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "mail", data.SumOf(raw)[:2], data.SumOf(raw))); err != nil || !bytes.Equal(got, raw) {
		t.Fatalf("the large message: %d bytes, %v", len(got), err)
	}
	again := datatest.OpenAt(t, path, clock)
	if got := states(t, again); got != "closed" {
		t.Fatalf("states: %s", got)
	}
	differs(t, again, "one", "it is a copy")
	if got := states(t, again); got != "held" {
		t.Fatalf("states: %s", got)
	}
	if got := states(t, datatest.OpenAt(t, r.Replaced, clock)); got != "closed closed" {
		t.Fatalf("states in the one that was replaced: %s", got)
	}
}

func TestADamagedDatabaseCanBeReplaced(t *testing.T) {
	clock := datatest.NewClock()
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "tipsheet.db"), filepath.Join(dir, "backup.db")
	db := datatest.OpenAt(t, path, clock)
	if err := db.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("noise"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := data.Restore(t.Context(), backup, path, data.Options{}); err != nil || r.Replaced == "" {
		t.Fatalf("restored: %+v, %v", r, err)
	}
	differs(t, datatest.OpenAt(t, path, clock), "one", "it is a copy")
}

func TestRestoreTakesOnlyAWholeBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tipsheet.db")
	db := datatest.OpenAt(t, path, nil)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noise, empty := filepath.Join(dir, "noise"), filepath.Join(dir, "empty")
	for name, text := range map[string]string{noise: strings.Repeat("not a database ", 100), empty: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{noise, empty, filepath.Join(dir, "nowhere")} {
		_, err := data.Restore(t.Context(), name, path, data.Options{})
		var person *data.UserError
		if !errors.As(err, &person) || person.Hint == "" {
			t.Errorf("restore %s: %v", name, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database that lay there was changed, %v", err)
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
