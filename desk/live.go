package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	maxStreams  = 64               // open event streams; the next one is asked to come back later
	streamLife  = 15 * time.Minute // then the browser opens a new one by itself
	streamQuiet = 20 * time.Second // a sign of life, so that a dead line is noticed
	streamRetry = 10 * time.Second // how long a browser waits before it comes again
)

// peeking looks up sessions without noting a use: an open page alone does not keep its editor
// signed in.
type peeking struct{ *data.DB }

func (p peeking) FindSession(ctx context.Context, tokenHash []byte, now time.Time) (int64, bool, error) {
	return p.PeekSession(ctx, tokenHash, now)
}

// seen is what a page was last told.
type seen struct {
	fresh  int
	counts map[string]int
}

// live tells an open page what is new, by server-sent events: "new" is how many conversations
// of its lane came since it was made, "counts" the figures beside the lanes. It looks every
// two seconds, and ends with the session.
func (s *Server) live(w http.ResponseWriter, r *http.Request, e data.Editor) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Too many pages are open. This one goes on without live figures.", http.StatusServiceUnavailable)
		return
	}
	pile, follows := pileOf(e, r.URL.Query().Get("in"))
	since := time.UnixMilli(number(r.URL.Query().Get("since"))).UTC()
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		s.fail(w, r, e, fmt.Errorf("lift the deadline of a stream: %w", err))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep the events back
	if _, err := fmt.Fprintf(w, "retry: %d\n\n", streamRetry.Milliseconds()); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamLife)
	defer cancel()
	tick := time.NewTicker(s.liveEvery)
	defer tick.Stop()
	told, spoke := seen{fresh: -1}, time.Now()
	for {
		now, ok, err := s.look(ctx, r, e, pile, follows, since)
		if err != nil || !ok {
			s.streamEnded(ctx, e, err)
			return
		}
		text := events(told, now, follows)
		if text == "" && time.Since(spoke) > streamQuiet {
			text = ": still here\n\n"
		}
		if text != "" {
			if err := speak(w, control, text); err != nil {
				return // the page is gone
			}
			told, spoke = now, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-s.closed:
			return
		}
	}
}

// look reads the figures; false where the session is over.
func (s *Server) look(ctx context.Context, r *http.Request, e data.Editor, pile data.CardPile, follows bool, since time.Time) (seen, bool, error) {
	now := seen{}
	id, ok, err := s.watch.Editor(r)
	if err != nil || !ok {
		return now, false, err
	}
	if still, err := s.DB.Editor(ctx, id); err != nil || still.ID != e.ID || still.Role != e.Role {
		return now, false, err // what a new role may see is for a new stream
	}
	if now.counts, err = s.counts(ctx, e); err != nil {
		return now, true, err
	}
	if follows {
		now.fresh, err = s.DB.CountCardsSince(ctx, pile, since)
	}
	return now, true, err
}

// events are what has changed since a page was told.
func events(told, now seen, follows bool) string {
	text := ""
	if follows && told.fresh != now.fresh {
		text += fmt.Sprintf("event: new\ndata: %d\n\n", now.fresh)
	}
	if !maps.Equal(told.counts, now.counts) {
		figures, err := json.Marshal(now.counts)
		if err != nil {
			panic(fmt.Sprintf("figures are not JSON: %v", err)) // a map of numbers always is
		}
		text += "event: counts\ndata: " + string(figures) + "\n\n"
	}
	return text
}

// speak writes at once, and gives up on a line that takes nothing.
func speak(w http.ResponseWriter, control *http.ResponseController, text string) error {
	if err := control.SetWriteDeadline(time.Now().Add(streamQuiet)); err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return control.Flush()
}

// streamEnded notes why, where it was not the page that left.
func (s *Server) streamEnded(ctx context.Context, e data.Editor, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.Log.Warn("a live stream ended; the page opens it again", "editor", e.ID, "err", err)
	default:
		s.Log.Info("a live stream ended with its session", "editor", e.ID)
	}
}
