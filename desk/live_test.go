package desk

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stream is an open event stream. next is the following event: "new 1", "counts {…}"; empty
// once the stream has ended.
type stream struct {
	status int
	events chan string
	stop   func()
}

func (b *browser) stream(path string) *stream {
	b.f.t.Helper()
	ctx, cancel := context.WithCancel(b.f.t.Context())
	res, err := http.DefaultTransport.RoundTrip(b.request(http.MethodGet, path, "").WithContext(ctx))
	if err != nil {
		cancel()
		b.f.t.Fatal(err)
	}
	s := &stream{status: res.StatusCode, events: make(chan string, 100), stop: cancel}
	b.f.t.Cleanup(cancel)
	go func() {
		defer res.Body.Close()
		defer close(s.events)
		name := ""
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = v
			} else if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.events <- name + " " + v
			}
		}
	}()
	return s
}

func (s *stream) next(t *testing.T) string {
	t.Helper()
	select {
	case e := <-s.events:
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		return ""
	}
}

// until reads on to an event and fails when the stream ends before it.
func (s *stream) until(t *testing.T, want string) {
	t.Helper()
	for {
		switch e := s.next(t); e {
		case want:
			return
		case "":
			t.Fatalf("the stream ended before %q", want)
		}
	}
}

func (f *fixture) livePath(lane string) string {
	return fmt.Sprintf("/desk/live?in=%s&since=%d", lane, f.DB.Now().UnixMilli())
}

func TestNewMailWaitsBehindAButton(t *testing.T) {
	f := newDesk(t)
	f.arrive(advert())
	s := f.as("ada").stream(f.livePath("advert"))
	s.until(t, "new 0")
	s.until(t, `counts {"advert":1,"checking":0,"gossip":0,"other":0,"spam":0,"tip":0,"unsorted":0}`)
	f.arrive(tip()) // of another lane: only its figure changes
	s.until(t, `counts {"advert":1,"checking":0,"gossip":0,"other":0,"spam":0,"tip":1,"unsorted":0}`)
	first, _ := f.arrive(advert())
	s.until(t, "new 1")
	again := advert()
	again.into = first
	f.arrive(again) // the same conversation
	f.arrive(advert())
	s.until(t, "new 2")
}

func TestSalesHearOfAdvertsOnly(t *testing.T) {
	f := newDesk(t)
	b := f.as("sam")
	s := b.stream(f.livePath("advert"))
	s.until(t, `counts {"advert":0,"checking":0}`)
	f.arrive(tip())
	f.arrive(advert())
	s.until(t, "new 1")
	s.until(t, `counts {"advert":1,"checking":0}`)
	tips := b.stream(f.livePath("tip"))
	if e := tips.next(t); strings.HasPrefix(e, "new") {
		t.Errorf("a stream of tips told sales %q", e)
	}
}

func TestAStreamEndsWithItsSessionAndDoesNotKeepItAlive(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	s := b.stream(f.livePath("tip"))
	s.until(t, "new 0")
	f.clock.Add(11 * time.Hour)
	f.arrive(tip())
	s.until(t, "new 1") // the page is open and looked at, the session not used
	f.clock.Add(2 * time.Hour)
	for e := s.next(t); e != ""; {
		e = s.next(t)
	}
	f.want(b.get("/desk/inbox"), http.StatusSeeOther)
	b = f.as("ada")
	s = b.stream(f.livePath("tip"))
	s.until(t, "new 0")
	f.want(b.post("/desk/sign-out"), http.StatusSeeOther)
	for e := s.next(t); e != ""; {
		e = s.next(t)
	}
}

func TestStreamsAreBoundedAndEndWhenTheDeskCloses(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	var all []*stream
	for range maxStreams {
		s := b.stream(f.livePath("tip"))
		s.until(t, "new 0")
		all = append(all, s)
	}
	if s := b.stream(f.livePath("tip")); s.status != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", s.status)
	}
	f.Close()
	f.Close()
	for _, s := range all {
		for e := s.next(t); e != ""; {
			e = s.next(t)
		}
	}
}
