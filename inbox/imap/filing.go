package imap

import (
	"context"
	"errors"
	"strings"
	"time"

	goimap "github.com/emersion/go-imap/v2"
)

// Append puts a message into a folder, with date as its INTERNALDATE (zero: the server's now). A missing folder is ErrNoFolder
// where the server says so; the session is of no more use after a refusal. It is not idempotent: after ErrNetwork or ErrSilent the message may be there.
func (s *Session) Append(ctx context.Context, folder string, raw []byte, date time.Time) error {
	return s.step(ctx, "put a message into a folder", func() error {
		cmd := s.client.Append(folder, int64(len(raw)), &goimap.AppendOptions{Time: date})
		_, writeErr := cmd.Write(raw)
		closeErr := cmd.Close()
		_, err := cmd.Wait()
		if writeErr == nil && closeErr == nil {
			return err
		}
		// The server said NO instead of asking for the bytes. The library has closed the line over it.
		if said := asServerError(err); said != nil {
			s.fail(said)
			return err
		}
		return errors.Join(writeErr, closeErr)
	})
}

// takesKeyword reports whether the open folder lets the keyword be set for good (PERMANENTFLAGS, RFC 3501, 7.1).
func (s *Session) takesKeyword(name string) bool {
	if s.keywords {
		return true
	}
	for _, flag := range s.known {
		// Servers change the case of keywords: compare without it.
		if strings.EqualFold(string(flag), name) {
			return true
		}
	}
	return false
}

// isKeyword keeps to letters, digits and "$-_.": an atom on every server, and never a system flag.
func isKeyword(name string) bool {
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("$-_.", r)) {
			return false
		}
	}
	return name != ""
}
