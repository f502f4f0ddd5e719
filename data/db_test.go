package data_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestMigrateMayRunTwice(t *testing.T) {
	db := datatest.Open(t, nil)
	first, err := db.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	newest, err := data.Newest()
	if err != nil {
		t.Fatal(err)
	}
	if first != newest {
		t.Fatalf("at version %d, want %d", first, newest)
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	noise := filepath.Join(dir, "noise.db")
	if err := os.WriteFile(noise, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	datatest.OpenAt(t, newer, nil)
	raw, err := sql.Open("sqlite3", newer)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		noise:                                "is not a tipsheet database",
		newer:                                "was written by a newer tipsheet",
		filepath.Join(dir, "no", "where.db"): "there is no folder",
	} {
		db, err := data.Open(t.Context(), name, data.Options{})
		var person *data.UserError
		if !errors.As(err, &person) || !strings.Contains(person.Message, want) || person.Hint == "" {
			t.Errorf("open %s: %v, want a sentence with %q", name, err, want)
		}
		if err == nil {
			db.Close()
		}
	}
}

func TestOneProcessPerRole(t *testing.T) {
	db := datatest.Open(t, nil)
	lock, err := db.TakeRole(data.RoleMailer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.TakeRole(data.RoleMailer); err == nil || !strings.Contains(err.Error(), "already has the role mailer") {
		t.Fatalf("second mailer: %v", err)
	}
	other, err := db.TakeRole(data.RoleInbox)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := db.TakeRole(data.RoleMailer)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}
