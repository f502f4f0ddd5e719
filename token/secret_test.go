package token_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/token"
)

func TestCreatedSecretFileIsPrivateAndReadsBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := token.CreateSecretFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode().Perm())
	}
	secrets, err := token.ReadSecrets(path)
	if err != nil || len(secrets) != 1 || len(secrets[0]) != 32 {
		t.Fatalf("got %d secrets, %v", len(secrets), err)
	}
	keys(t, secrets...)
	if bytes.Equal(token.Secret(), token.Secret()) {
		t.Error("two new secrets are the same")
	}
}

func TestSecretFileIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := token.CreateSecretFile(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.CreateSecretFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second creation: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the secret changed (%v)", err)
	}
}

func TestSecretFileHoldsSeveralSecrets(t *testing.T) {
	first, second := hex.EncodeToString(secret(1)), hex.EncodeToString(secret(2))
	path := filepath.Join(t.TempDir(), "secret")
	text := "\ufeff# made in May\r\n" + first + "\r\n\r\n  " + strings.ToUpper(second) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := token.ReadSecrets(path)
	if err != nil || len(got) != 2 || !bytes.Equal(got[0], secret(1)) || !bytes.Equal(got[1], secret(2)) {
		t.Errorf("got %d secrets, %v", len(got), err)
	}
}

func TestUnreadableSecretFileSaysWhereButNotWhat(t *testing.T) {
	good := hex.EncodeToString(secret(1))
	cases := []struct{ name, text, want string }{
		{"empty", "\n# nothing\n", "no secret"},
		{"short", good + "\nabcd\n", "line 2"},
		{"not hexadecimal", "hunter2hunter2hunter2hunter2hunter2\n", "line 1"},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := token.ReadSecrets(path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "abcd") {
			t.Errorf("%s: the error shows the secret: %v", c.name, err)
		}
	}
	if _, err := token.ReadSecrets(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
