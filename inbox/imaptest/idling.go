package imaptest

import (
	"time"

	"github.com/emersion/go-imap/v2/imapserver"
)

const idleLook = 20 * time.Millisecond // how often an idling session looks for news

// A session is the library's, but for IDLE: the library's forgets news that comes between its "+ idling" and its first look.
type session struct{ imapserver.SessionIMAP4rev2 }

// Idle tells the client what is new until stop is closed.
func (s session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	look := time.NewTicker(idleLook)
	defer look.Stop()
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-stop:
			return nil
		}
	}
}
