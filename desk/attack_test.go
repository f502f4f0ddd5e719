package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/web"
)

// atOnce posts the same form n times at the same time and counts the answers by status.
func (b *browser) atOnce(n int, path string, fields url.Values) map[int]int {
	b.f.t.Helper()
	statuses := make(chan int)
	for range n {
		req := b.request(http.MethodPost, path, fields.Encode())
		go func() {
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				statuses <- 0
				return
			}
			res.Body.Close()
			statuses <- res.StatusCode
		}()
	}
	counts := map[int]int{}
	for range n {
		counts[<-statuses]++
	}
	return counts
}

func TestAResortPressedManyTimesTeachesOnce(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	got := f.as("ada").atOnce(16, fmt.Sprintf("/desk/conversation/%d/category", id), url.Values{"category": {"gossip"}})
	if got[http.StatusSeeOther] != 16 {
		t.Errorf("answers %v", got)
	}
	if n, err := f.DB.CountCorrections(t.Context()); err != nil || n != 1 {
		t.Errorf("%d corrections (%v), want 1", n, err)
	}
}

func TestOfManyWhoPressAButtonOneDoesItAndTheOthersAreTold(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	got := f.as("ada").atOnce(16, fmt.Sprintf("/desk/conversation/%d/status", id), url.Values{"status": {"done"}})
	if got[http.StatusSeeOther] != 1 || got[http.StatusConflict] != 15 {
		t.Errorf("answers %v", got)
	}
}

// An editor may find the tip in an advert while sales has it open, or even after the request of
// sales was let in.
func TestSalesPressingLateReachesNoTip(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	sam, err := f.DB.Editor(t.Context(), f.ids["sam"])
	if err != nil {
		t.Fatal(err)
	}
	f.want(f.as("ada").post(fmt.Sprintf("/desk/conversation/%d/category", id), "category", "tip"), http.StatusSeeOther)
	f.unchanged("sales pressing late", func() {
		if _, err := f.correct(t.Context(), sam, id, "advert"); !errors.Is(err, data.ErrNotFound) {
			t.Errorf("a tip was sorted by sales: %v", err)
		}
		if done, err := f.advance(t.Context(), sam, id, "done"); done || !errors.Is(err, data.ErrNotFound) {
			t.Errorf("a tip was moved by sales: %v, %v", done, err)
		}
	})
}

// A link in a mail must not make the desk say that something was done, with a button beside it.
func TestALinkFromElsewherePutsNoWordsIntoTheDesksMouth(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	path := fmt.Sprintf("/desk/inbox?in=advert&did=sorted.spam&about=%d", id)
	b := f.as("ada")
	for site, says := range map[string]bool{"same-origin": true, "": true, "cross-site": false, "same-site": false, "none": false} {
		b.header = http.Header{}
		if site != "" {
			b.header.Set("Sec-Fetch-Site", site)
		}
		a := b.get(path)
		f.want(a, http.StatusOK)
		if strings.Contains(a.body, "Back to spam") != says {
			t.Errorf("opened from %q, the button back is there: %v", site, !says)
		}
	}
}

func TestAStreamOutlivesTheDeadlinesOfTheServer(t *testing.T) {
	f := newDesk(t)
	server := web.NewServer(f.Handler(), slog.New(slog.DiscardHandler))
	server.ReadTimeout, server.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-served })
	f.url = "http://" + l.Addr().String()
	s := f.as("ada").stream(f.livePath("tip"))
	s.until(t, "new 0")
	late := time.After(400 * time.Millisecond)
	for going := true; going; {
		select {
		case e, ok := <-s.events:
			if !ok {
				t.Fatalf("the stream ended by itself, after %q", e)
			}
		case <-late:
			going = false
		}
	}
	f.arrive(tip())
	s.until(t, "new 1")
}

// An editor's new role is for a new stream: the old one must not go on telling.
func TestAStreamEndsWhenItsEditorIsRemoved(t *testing.T) {
	f := newDesk(t)
	s := f.as("ada").stream(f.livePath("tip"))
	s.until(t, "new 0")
	if err := f.DB.RemoveEditor(t.Context(), f.ids["ada"]); err != nil {
		t.Fatal(err)
	}
	for e := s.next(t); e != ""; {
		e = s.next(t)
	}
}

func TestPathsOfStrangersReachNoFileAndNoOtherHost(t *testing.T) {
	f := newDesk(t)
	b := f.as("admin")
	for _, path := range []string{
		"/desk/static/../../go.mod", "/desk/static/..%2f..%2fgo.mod", "/desk/static/%2e%2e/%2e%2e/go.mod", "/desk//evil.test/", "/desk/%5cevil.test",
		"/desk/message/../../etc/passwd", "/desk/message/1%2f..%2f2/raw", "/desk/message/-1/raw", "/desk/message/9223372036854775808/raw",
		"/desk/conversation/%00", "/desk/conversation/1e3", "/desk/issues/0x1", "/desk/inbox?in=tip%00", "/desk/inbox?before=9223372036854775807.9223372036854775807",
		"/desk/stories?page=9223372036854775807", "/desk/subscribers?before=-5&id=1%27", "/desk/live%2f",
	} {
		a := b.get(path)
		if a.status >= 500 {
			t.Errorf("%s: %d", path, a.status)
		}
		if to := a.header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`)) {
			t.Errorf("%s leads to %s", path, to)
		}
		if strings.Contains(a.body, "olomotimes") || strings.Contains(a.body, "root:") {
			t.Errorf("%s shows a file", path)
		}
	}
}

// Whatever is posted without a valid form must change nothing.
func TestBrokenFormsChangeNothing(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	i := datatest.ClosedIssue(t, f.DB, datatest.Newsletter(t, f.DB, "daily", 1), 10)
	b := f.as("admin")
	f.unchanged("broken forms", func() {
		for _, path := range []string{"category", "status", "reply"} {
			path = fmt.Sprintf("/desk/conversation/%d/%s", id, path)
			for _, body := range []string{"%zz=1", "category=%", "text=" + strings.Repeat("x", 70<<10), strings.Repeat("text=&", 9000)} {
				if a := b.do(http.MethodPost, path, body); a.status < 400 || a.status >= 500 {
					t.Errorf("POST %s %.20s: %d", path, body, a.status)
				}
				// A body whose length is not said is cut off while it is read.
				req := b.request(http.MethodPost, path, "")
				req.Body, req.ContentLength = io.NopCloser(strings.NewReader("category=spam&status=done&text=x&y="+strings.Repeat("x", 70<<10))), -1
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					continue // the server hung up while we were still sending
				}
				res.Body.Close()
				if res.StatusCode < 400 || res.StatusCode >= 500 {
					t.Errorf("POST %s without a length: %d", path, res.StatusCode)
				}
			}
			// Fields in the address are not a form.
			if a := b.post(path + "?category=spam&status=done&text=hello"); a.status < 400 {
				t.Errorf("POST %s with fields in the address: %d", path, a.status)
			}
		}
		if a := b.post(fmt.Sprintf("/desk/issues/%d/approve", i.ID)); a.status != http.StatusConflict {
			t.Errorf("approving a closed issue: %d", a.status)
		}
	})
}

// doorless keeps no new session.
type doorless struct{ *data.DB }

func (doorless) CreateSession(context.Context, []byte, int64, time.Time, time.Time) error {
	return errors.New("the disk is full")
}

// A page never says that nothing was changed when something was.
func TestAPasswordThatWasChangedIsNotDenied(t *testing.T) {
	f := newDesk(t)
	b := f.as("ada")
	f.sessions = web.NewSessions(doorless{f.DB}, false, f.Now)
	const fresh = "seven herons over the lagoon"
	a := b.post("/desk/settings/password", "old", password, "new", fresh)
	f.want(a, http.StatusSeeOther)
	if to := a.header.Get("Location"); to != "/desk/sign-in" {
		t.Errorf("sent to %s", to)
	}
	f.sessions = web.NewSessions(f.DB, false, f.Now)
	f.want(f.browser().post("/desk/sign-in", "login", "ada", "password", fresh), http.StatusSeeOther)
}
