package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxRawRow is how large a raw message may be to lie in the database; larger ones lie in
// mail/ beside it, named by hash.
const maxRawRow = 256 << 10

// SumOf is what a message is known by: the SHA-256 of its raw bytes, in hex.
func SumOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func (db *DB) rawPath(sum string) string {
	return filepath.Join(filepath.Dir(db.path), "mail", sum[:2], sum)
}

// keepRawFile writes a large raw message to its place. The file and its folder are synced
// before it returns, so that the row that names it may be committed. It may be called twice.
func (db *DB) keepRawFile(sum string, raw []byte) (name string, err error) {
	path := db.rawPath(sum)
	name = filepath.Join("mail", sum[:2], sum)
	dir := filepath.Dir(path)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(raw)) {
		return name, db.syncMail(dir) // who put it there may have been killed before that
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep raw message: %w", err)
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return "", fmt.Errorf("keep raw message: %w", err)
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("keep raw message: %w", err), os.Remove(f.Name()))
	}
	return name, db.syncMail(dir)
}

// syncMail syncs a folder of mail/ and the folders that name it.
func (db *DB) syncMail(dir string) error {
	for _, d := range []string{dir, filepath.Dir(dir), filepath.Dir(db.path)} {
		if err := syncDir(d); err != nil {
			return fmt.Errorf("keep raw message: %w", err)
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Raw returns the raw bytes of a message, and an error when they are no longer those it was
// known by.
func (db *DB) Raw(ctx context.Context, message int64) ([]byte, error) {
	var raw []byte
	var file, sum string
	if err := db.row(ctx, `SELECT raw, raw_file, sha256 FROM message WHERE id = $1`, message).Scan(&raw, &file, &sum); err != nil {
		return nil, found(err, "read raw message %d", message)
	}
	if file != "" {
		var err error
		if raw, err = os.ReadFile(filepath.Join(filepath.Dir(db.path), file)); err != nil {
			return nil, fmt.Errorf("read raw message %d: %w", message, err)
		}
	}
	if SumOf(raw) != sum {
		return nil, fmt.Errorf("read raw message %d: its bytes were changed on the disk", message)
	}
	return raw, nil
}
