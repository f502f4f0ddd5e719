package token

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoSecrets is returned by ReadSecrets for a file in which no line holds a secret.
var ErrNoSecrets = errors.New("the file holds no secret")

// Secret makes a new random secret of 32 bytes.
func Secret() []byte {
	s := make([]byte, minSecret)
	// crypto/rand.Read never returns an error: it ends the process when the system has no randomness.
	rand.Read(s)
	return s
}

// ReadSecrets reads the secret file of an installation: one secret a line in hexadecimal, the signing one first.
// Empty lines and lines that begin with # are passed over. Errors name the line, never what is on it;
// a missing file is fs.ErrNotExist, a file without a secret is ErrNoSecrets, a short one ErrShortSecret.
func ReadSecrets(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret file: %w", err)
	}
	var secrets [][]byte
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := hex.DecodeString(line)
		if err != nil {
			// The decoder's own words would quote the secret.
			return nil, fmt.Errorf("secret file %s, line %d: not hexadecimal; write one secret a line as 64 hexadecimal digits", path, i+1)
		}
		if len(s) < minSecret {
			return nil, fmt.Errorf("secret file %s, line %d: %w", path, i+1, ErrShortSecret)
		}
		secrets = append(secrets, s)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("secret file %s: %w", path, ErrNoSecrets)
	}
	return secrets, nil
}

// CreateSecretFile writes a new secret to path, readable by its owner only, and on the disk for good before
// it returns. It never replaces a file: one that exists already is fs.ErrExist, because losing a secret
// breaks the links in all mail sent so far.
func CreateSecretFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the secret file: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(Secret()) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the secret file: %w", err), os.Remove(path))
	}
	return nil
}

// syncFolder makes the new name itself survive a power cut.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
