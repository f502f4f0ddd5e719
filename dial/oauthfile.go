package dial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// oauthClient is who we are to the provider.
type oauthClient struct {
	ID       string `json:"client_id"`
	Secret   string `json:"client_secret"`
	TokenURI string `json:"token_uri"`
}

// tokenFile is what a token file holds.
type tokenFile struct {
	RefreshToken string
	AccessToken  string
	Expiry       time.Time
	fields       map[string]json.RawMessage // all of it, ours and others'
}

// readTokenFile reads a token file. Its errors say nothing of what is in it.
func readTokenFile(path string) (tokenFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return tokenFile{}, fmt.Errorf("read token_file: %w", err)
	}
	f := tokenFile{}
	var known struct {
		RefreshToken string    `json:"refresh_token"`
		AccessToken  string    `json:"access_token"`
		Expiry       time.Time `json:"expiry,omitzero"`
	}
	if json.Unmarshal(content, &f.fields) != nil || json.Unmarshal(content, &known) != nil {
		return tokenFile{}, fmt.Errorf("token_file %s is not JSON with refresh_token, access_token and expiry (RFC 3339)", path)
	}
	f.RefreshToken, f.AccessToken, f.Expiry = known.RefreshToken, known.AccessToken, known.Expiry
	return f, nil
}

// client is the OAuth client of the token file; what is missing is empty.
func (f tokenFile) client() oauthClient {
	var c oauthClient
	for name, into := range map[string]*string{"client_id": &c.ID, "client_secret": &c.Secret, "token_uri": &c.TokenURI} {
		// A field of another type is as good as none, and check says so.
		_ = json.Unmarshal(f.fields[name], into)
	}
	return c
}

// readClientFile reads the client from a file of its own: flat, or in the "installed" or "web"
// that Google puts it in.
func readClientFile(path string) (oauthClient, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return oauthClient{}, fmt.Errorf("read oauth_client: %w", err)
	}
	var file struct {
		oauthClient
		Installed *oauthClient `json:"installed"`
		Web       *oauthClient `json:"web"`
	}
	if json.Unmarshal(content, &file) != nil {
		return oauthClient{}, fmt.Errorf("oauth_client %s is not JSON with client_id, client_secret and token_uri", path)
	}
	for _, inside := range []*oauthClient{file.Installed, file.Web} {
		if inside != nil {
			return *inside, nil
		}
	}
	return file.oauthClient, nil
}

// write puts the tokens into the file, for the owner alone to read. Whenever the process or the
// machine dies, the file is the old one or the new one, whole: the new one is written beside it,
// brought to the disk, and then takes its name.
func (f *tokenFile) write(path string) (err error) {
	for name, value := range map[string]any{"refresh_token": f.RefreshToken, "access_token": f.AccessToken, "expiry": f.Expiry} {
		if f.fields[name], err = json.Marshal(value); err != nil {
			return fmt.Errorf("write token_file: %w", err)
		}
	}
	if f.Expiry.IsZero() {
		delete(f.fields, "expiry")
	}
	content, err := json.MarshalIndent(f.fields, "", "  ")
	if err != nil {
		return fmt.Errorf("write token_file: %w", err)
	}
	folder := filepath.Dir(path)
	// Under the lock there is one writer, so one name will do, and what a crash has left is
	// overwritten.
	beside := filepath.Join(folder, "."+filepath.Base(path)+".new")
	if err := errors.Join(ignoreMissing(os.Remove(beside)), writeSynced(beside, append(bytes.TrimSpace(content), '\n'))); err != nil {
		return fmt.Errorf("write token_file: %w", err)
	}
	if err := os.Rename(beside, path); err != nil {
		return fmt.Errorf("write token_file: %w", err)
	}
	if err := syncFolder(folder); err != nil {
		return fmt.Errorf("write token_file: %w", err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// writeSynced makes a file that did not exist.
func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// lockTokenFile waits until no other process renews the tokens of this file. The lock lies in
// a file beside it, and ends with the process.
func lockTokenFile(ctx context.Context, path string) (release func(), err error) {
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock token_file: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			// Closing gives the lock back; nothing was written to that file.
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock token_file: %w", err), file.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock token_file: %w", context.Cause(ctx)), file.Close())
		}
	}
}
