package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/digest/feed"
)

const small = `<rss version="2.0"><channel><title>Small</title><link>/home</link><item><title>One</title><link>/1</link><pubDate>Thu, 01 Oct 2026 08:00:00 GMT</pubDate></item></channel></rss>`

// fetcher reaches this machine.
func fetcher() feed.Fetcher {
	return feed.Fetcher{Client: dial.HTTPClient(dial.Guard{AllowPrivate: true}, time.Minute), UserAgent: "tipsheet-test", MaxBytes: 64 << 10, Timeout: 30 * time.Second}
}

func site(t *testing.T, h http.HandlerFunc) (address string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestFeedIsFetchedAndRemembered(t *testing.T) {
	at := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "tipsheet-test" || !strings.Contains(r.Header.Get("Accept"), "application/atom+xml") {
			t.Errorf("asked with %q, %q", r.UserAgent(), r.Header.Get("Accept"))
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Thu, 01 Oct 2026 08:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") == "Thu, 01 Oct 2026 08:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if len(r.Header["If-None-Match"])+len(r.Header["If-Modified-Since"]) != 0 {
			t.Error("conditions were sent that nobody gave")
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, small)
	})
	a, err := fetcher().Fetch(t.Context(), at+"/feed", feed.Conditions{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Feed.Title != "Small" || a.Feed.Link != at+"/home" || a.Feed.Items[0].Link != at+"/1" || len(a.Feed.Warnings) != 0 || a.NotModified || a.MovedTo != "" {
		t.Errorf("got %+v", a)
	}
	b, err := fetcher().Fetch(t.Context(), at+"/feed", feed.Conditions{ETag: a.ETag, LastModified: a.LastModified})
	if err != nil || !b.NotModified || b.ETag != `"v1"` || b.LastModified != a.LastModified || len(b.Feed.Items) != 0 {
		t.Errorf("got %+v, %v", b, err)
	}
}

func TestPermanentMoveIsReported(t *testing.T) {
	mux := http.NewServeMux()
	for path, step := range map[string]struct {
		to   string
		code int
	}{
		"/old": {"/older", 301}, "/older": {"/feed", 308}, "/for-now": {"/old", 302}, "/half": {"/then", 301}, "/then": {"/feed", 307},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, step.to, step.code) })
	}
	mux.HandleFunc("/feed", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, small) })
	at := site(t, mux.ServeHTTP)
	for path, want := range map[string]string{"/old": at + "/feed", "/for-now": "", "/half": at + "/then", "/feed": ""} {
		a, err := fetcher().Fetch(t.Context(), at+path, feed.Conditions{})
		if err != nil || a.MovedTo != want || a.Feed.Title != "Small" {
			t.Errorf("%s: moved to %q, want %q (%v)", path, a.MovedTo, want, err)
		}
	}
}

// zeros is the body of a gzip bomb: n bytes that pack a thousandfold.
func zeros(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte(" "), n))
	z.Close()
	return b.Bytes()
}

func TestMisbehavingSitesGiveOneSentence(t *testing.T) {
	bomb := zeros(8 << 20)
	cases := []struct {
		name string
		do   http.HandlerFunc
		says string
	}{
		{"redirect loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, "on to another address, without end"},
		{"redirect to a file", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}, "something that is no web page"},
		{"gzip bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		}, "larger than"},
		{"gzip bomb without a header", func(w http.ResponseWriter, r *http.Request) { w.Write(bomb) }, "larger than"},
		{"endless body", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
					return
				}
			}
		}, "larger than"},
		{"500 MB", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "524288000")
			w.WriteHeader(http.StatusOK)
		}, "larger than"},
		{"broken off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, small)
		}, "broke off"},
		{"damaged gzip", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "\x1f\x8b\x08garbage that unpacks to nothing")
		}, "broke off"},
		{"web page", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<!doctype html><link rel="alternate" type="application/atom+xml" href="/atom">`)
		}, "/atom, use that"},
		{"empty body", func(w http.ResponseWriter, r *http.Request) {}, "empty page"},
		{"no content", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }, "empty page"},
		{"a picture", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			fmt.Fprint(w, "\x89PNG\r\n\x1a\n\x00")
		}, "too broken"},
		{"304 without being asked", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) }, "without having been asked"},
	}
	for _, c := range cases {
		_, err := fetcher().Fetch(t.Context(), site(t, c.do), feed.Conditions{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
			continue
		}
		checkSentence(t, c.name, err)
	}
}

func TestSlowSitesAreGivenUp(t *testing.T) {
	for name, do := range map[string]http.HandlerFunc{
		"slow bytes":    func(w http.ResponseWriter, r *http.Request) { drip(w, r, "<rss>") },
		"never answers": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		f := fetcher()
		f.Timeout = 300 * time.Millisecond
		_, err := f.Fetch(t.Context(), site(t, do), feed.Conditions{})
		if err == nil || !strings.Contains(err.Error(), "did not send its feed within 300ms") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkSentence(t, name, err)
	}
}

func drip(w http.ResponseWriter, r *http.Request, what string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			fmt.Fprint(w, what)
			w.(http.Flusher).Flush()
		}
	}
}

func TestRefusalsSayWhatTheyMean(t *testing.T) {
	cases := []struct {
		code  int
		after string
		wait  time.Duration
		says  string
	}{
		{401, "", 0, "wants a password"}, {403, "", 0, "bot filter"}, {404, "", 0, "no feed at that address"}, {410, "", 0, "no feed at that address"},
		{418, "", 0, "open the address in a browser"}, {429, "120", 2 * time.Minute, "left alone for 2m0s"}, {500, "", 0, "in trouble"},
		{503, "Thu, 01 Oct 2026 09:00:00 GMT", time.Hour, "1h0m0s"}, {503, "99999999", 7 * 24 * time.Hour, "168h0m0s"}, {503, "-5", 0, "later"}, {503, "soon", 0, "later"},
	}
	for _, c := range cases {
		at := site(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Thu, 01 Oct 2026 08:00:00 GMT")
			if c.after != "" {
				w.Header().Set("Retry-After", c.after)
			}
			w.WriteHeader(c.code)
			fmt.Fprint(w, small)
		})
		_, err := fetcher().Fetch(t.Context(), at, feed.Conditions{ETag: `"x"`})
		var status *feed.StatusError
		if !errors.As(err, &status) || status.Code != c.code || status.RetryAfter != c.wait || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %s: got %v", c.code, c.after, err)
			continue
		}
		if status.Gone() != (c.code == 404 || c.code == 410) {
			t.Errorf("%d: gone is %v", c.code, status.Gone())
		}
		checkSentence(t, fmt.Sprint(c.code), err)
	}
}

func TestUnreachableSitesSayWhy(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	self := httptest.NewUnstartedServer(http.NotFoundHandler())
	self.Config.ErrorLog = log.New(io.Discard, "", 0)
	self.StartTLS()
	defer self.Close()
	plain := site(t, func(w http.ResponseWriter, r *http.Request) {})
	guarded := fetcher()
	guarded.Client = nil
	cases := []struct {
		name, at, says string
		f              feed.Fetcher
	}{
		{"nobody there", closed.URL, "failed or broke off", fetcher()},
		{"a certificate nobody vouches for", self.URL, "certificate of 127.0.0.1", fetcher()},
		{"private address", plain, "allow_private", guarded},
		{"https where there is none", strings.Replace(plain, "http:", "https:", 1), "does not speak https", fetcher()},
		{"not an address", "paper.example.com/feed", "not a web address", fetcher()},
		{"another scheme", "feed://paper.example.com/feed", "not a web address", fetcher()},
		{"broken address", "http://[::1", "not a web address", fetcher()},
	}
	for _, c := range cases {
		_, err := c.f.Fetch(t.Context(), c.at, feed.Conditions{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		checkSentence(t, c.name, err)
	}
	if _, err := guarded.Fetch(t.Context(), plain, feed.Conditions{}); !errors.Is(err, dial.ErrPrivateAddress) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestErrorsDoNotShowThePasswordInTheAddress(t *testing.T) {
	at := strings.Replace(site(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "http://", "http://desk:hunter2@", 1)
	f := fetcher()
	f.Timeout = 100 * time.Millisecond
	_, err := f.Fetch(t.Context(), at+"/secret-path", feed.Conditions{})
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("got %v", err)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	at := site(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := fetcher().Fetch(ctx, at, feed.Conditions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOddButGoodAnswersAreRead(t *testing.T) {
	packed := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(s))
		z.Close()
		return b.String()
	}
	cases := []struct {
		name, kind, encoding, body string
		warned                     bool
	}{
		{"wrong content type", "text/html; charset=utf-8", "", small, true},
		{"no content type", "", "", small, false},
		{"packed", "text/xml", "gzip", packed(small), false},
		{"packed without saying so", "application/octet-stream", "", packed(small), false},
		{"packed twice", "text/xml", "gzip", packed(packed(small)), false},
	}
	for _, c := range cases {
		at := site(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			if c.kind != "" {
				w.Header().Set("Content-Type", c.kind)
			}
			if c.encoding != "" {
				w.Header().Set("Content-Encoding", c.encoding)
			}
			fmt.Fprint(w, c.body)
		})
		a, err := fetcher().Fetch(t.Context(), at, feed.Conditions{})
		if err != nil || a.Feed.Title != "Small" || (len(a.Feed.Warnings) > 0) != c.warned {
			t.Errorf("%s: %q, warnings %q, %v", c.name, a.Feed.Title, a.Feed.Warnings, err)
		}
	}
}

func TestLimitIsCountedAfterUnpacking(t *testing.T) {
	f := fetcher()
	f.MaxBytes = 0
	f.Timeout = 0
	bomb := zeros(feed.MaxBytes + 1)
	at := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb)
	})
	if len(bomb) > feed.MaxBytes/100 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if _, err := f.Fetch(t.Context(), at, feed.Conditions{}); err == nil || !strings.Contains(err.Error(), "larger than 10 MB") {
		t.Errorf("got %v", err)
	}
}
