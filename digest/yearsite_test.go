package digest_test

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data/datatest"
)

const feedWindow = 25 // as Blogger shows

// A yearSite is a news site that posts, edits and removes, and whose feed breaks now and then.
type yearSite struct {
	*httptest.Server
	rng   *rand.Rand
	clock *datatest.Clock
	quiet bool // it posts nothing any more, and works

	mu     sync.Mutex
	posts  []*post
	broken int // so many answers more are no feed
	last   time.Time
}

type post struct {
	n          int
	title      string
	at         time.Time
	gone, seen bool
}

func newYearSite(t *testing.T, rng *rand.Rand, clock *datatest.Clock) *yearSite {
	s := &yearSite{rng: rng, clock: clock, last: clock.Now()}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// live does what the site did since it was last asked: about eight posts a day.
func (s *yearSite) live() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	passed := now.Sub(s.last)
	s.last = now
	if s.quiet {
		return
	}
	for range s.rng.IntN(1 + min(int(2*passed/(3*time.Hour)), 10)) {
		at := now.Add(-time.Duration(s.rng.Int64N(int64(passed) + 1)))
		if s.rng.IntN(30) == 0 {
			at = now.Add(time.Duration(s.rng.IntN(20)) * time.Hour) // dated ahead
		}
		s.posts = append(s.posts, &post{n: len(s.posts) + 1, title: fmt.Sprintf("Story %d", len(s.posts)+1), at: at})
	}
	if len(s.posts) == 0 {
		return
	}
	recent := s.posts[len(s.posts)-1-s.rng.IntN(min(len(s.posts), 30))]
	switch s.rng.IntN(25) {
	case 0:
		recent.gone = true
	case 1, 2, 3:
		recent.title += ", mended"
	case 4:
		s.broken = s.rng.IntN(3)
	}
}

// seen is how many posts have been in the feed when somebody read it.
func (s *yearSite) seen() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.posts {
		if p.seen {
			n++
		}
	}
	return n
}

func (s *yearSite) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number, ok := strings.CutPrefix(r.URL.Path, "/s/"); ok {
		if n, err := strconv.Atoi(number); err != nil || n < 1 || n > len(s.posts) || s.posts[n-1].gone {
			http.NotFound(w, r)
		}
		return
	}
	if s.broken > 0 && !s.quiet {
		s.broken--
		http.Error(w, "<html>busy</html>", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/atom+xml")
	fmt.Fprintf(w, `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Year</title><id>urn:year</id><updated>%s</updated>`, s.clock.Now().Format(time.RFC3339))
	shown := 0
	for i := len(s.posts) - 1; i >= 0 && shown < feedWindow; i-- {
		p := s.posts[i]
		if p.gone {
			continue
		}
		shown++
		p.seen = true
		fmt.Fprintf(w, `<entry><id>urn:post:%d</id><title>`, p.n)
		_ = xml.EscapeText(w, []byte(p.title)) // the reader will say if it went wrong
		fmt.Fprintf(w, `</title><link href="%s/s/%d"/><published>%s</published><updated>%s</updated><category term="%s"/><summary>About %d.</summary></entry>`,
			s.URL, p.n, p.at.Format(time.RFC3339), p.at.Format(time.RFC3339), []string{"News", "Sport", "Weather"}[p.n%3], p.n)
	}
	fmt.Fprint(w, `</feed>`)
}
