package digest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/digest"
)

// A feedSite is a news site whose feeds and pages a test sets, and that counts what it is asked for.
type feedSite struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]http.HandlerFunc
	asked map[string]int
}

func newSite(t *testing.T) *feedSite { return newSiteAt(t, "127.0.0.1:0") }

func newSiteAt(t *testing.T, address string) *feedSite {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &feedSite{pages: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		page := s.pages[r.URL.Path]
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		if page == nil {
			http.NotFound(w, r)
			return
		}
		page(w, r)
	}))
	s.Server.Listener.Close()
	s.Server.Listener = listener
	s.Server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *feedSite) set(path string, page http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = page
}

func (s *feedSite) times(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func (s *feedSite) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.asked {
		n += times
	}
	return n
}

// feed serves entries as an RSS feed.
func (s *feedSite) feed(path string, entries ...string) {
	s.set(path, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<rss version="2.0"><channel><title>Paper</title><link>%s/</link>%s</channel></rss>`, s.URL, strings.Join(entries, ""))
	})
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// add keeps a feed, which must be readable.
func add(t *testing.T, d *digest.Desk, address string) digest.Polled {
	t.Helper()
	p, err := d.AddFeed(t.Context(), address)
	if err != nil || p.Err != nil {
		t.Fatalf("add %s: %v, %v", address, err, p.Err)
	}
	return p
}

// pollAll polls every feed and gives the first's result.
func pollAll(t *testing.T, d *digest.Desk) digest.Polled {
	t.Helper()
	p, err := d.PollAll(t.Context())
	if err != nil || len(p) == 0 {
		t.Fatalf("polled %d feeds: %v", len(p), err)
	}
	return p[0]
}

// states are the stories that are kept, by title, with their state.
func states(t *testing.T, db *data.DB) map[string]data.StoryState {
	t.Helper()
	all, err := db.Stories(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]data.StoryState{}
	for _, s := range all {
		if _, twice := found[s.Title]; twice {
			t.Errorf("%q is kept twice", s.Title)
		}
		found[s.Title] = s.State
	}
	return found
}

// guardedDesk is a desk that reaches public addresses only; 127.0.0.1 plays one. Names are looked up in names alone.
func guardedDesk(t *testing.T, db *data.DB, names map[string]string) *digest.Desk {
	t.Helper()
	return digest.New(digest.Options{
		DB: db, SiteURL: "https://news.example.com", Feeds: digest.DefaultFeedSettings(), Issues: digest.DefaultIssueSettings(),
		Guard: dial.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Resolver: resolver(t, names)},
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

// resolver answers from names alone, over a DNS server in this process.
func resolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			ip, ok := names[strings.TrimSuffix(q.Name.String(), ".")]
			if !ok {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
				}}
			}
			if reply, err := m.Pack(); err == nil {
				server.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}
