package dovecot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folderDir is where a folder lies in the Maildir++ layout; the prefix of the namespace is not part of it.
func (d *Dovecot) folderDir(folder string) string {
	if strings.EqualFold(folder, "INBOX") {
		return d.layout.maildir
	}
	name := strings.TrimPrefix(folder, d.options.Prefix)
	return filepath.Join(d.layout.maildir, "."+strings.ReplaceAll(name, d.options.separator(), "."))
}

// ResetUIDValidity takes Dovecot's memory of a folder away: its list of UIDs and its index. At the next look it gives the folder a new
// UIDVALIDITY and its messages UIDs from 1 on, as after a restored backup. Sessions that have the folder open should be closed first.
func (d *Dovecot) ResetUIDValidity(folder string) error {
	dir := d.folderDir(folder)
	if err := os.Remove(filepath.Join(dir, "dovecot-uidlist")); err != nil {
		return fmt.Errorf("reset the uidvalidity of %q: %w", folder, err)
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "dovecot.index*"))
	if err != nil {
		return fmt.Errorf("reset the uidvalidity of %q: %w", folder, err)
	}
	// The list of folders keeps a copy of each folder's numbers.
	lists, err := filepath.Glob(filepath.Join(d.layout.maildir, "dovecot.list.index*"))
	if err != nil {
		return fmt.Errorf("reset the uidvalidity of %q: %w", folder, err)
	}
	for _, file := range append(indexes, lists...) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reset the uidvalidity of %q: %w", folder, err)
		}
	}
	return nil
}

// Deliver puts a message into a folder as a delivery agent does: into tmp, then new. The folder must exist, but for INBOX.
func (d *Dovecot) Deliver(folder string, raw []byte) error {
	dir := d.folderDir(folder)
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := d.makeOwned(filepath.Join(dir, sub)); err != nil {
			return fmt.Errorf("deliver to %q: %w", folder, err)
		}
	}
	name := fmt.Sprintf("%d.P%dQ%d.localhost", time.Now().Unix(), d.PID(), d.deliveries.Add(1))
	tmp := filepath.Join(dir, "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("deliver to %q: %w", folder, err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(tmp, d.options.UID, d.options.GID); err != nil {
			return fmt.Errorf("deliver to %q: %w", folder, err)
		}
	}
	if err := os.Rename(tmp, filepath.Join(dir, "new", name)); err != nil {
		return fmt.Errorf("deliver to %q: %w", folder, err)
	}
	return nil
}

// RawMessages returns the bytes of every message file in a folder, in the order of their names, with the line ends of the disk. A message
// flagged \Deleted but not expunged is among them.
func (d *Dovecot) RawMessages(folder string) ([][]byte, error) {
	var raws [][]byte
	for _, sub := range []string{"cur", "new"} {
		dir := filepath.Join(d.folderDir(folder), sub)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look into %q: %w", folder, err)
		}
		for _, entry := range entries {
			raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				return nil, fmt.Errorf("look into %q: %w", folder, err)
			}
			raws = append(raws, raw)
		}
	}
	return raws, nil
}
