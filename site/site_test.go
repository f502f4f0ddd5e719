package site

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

const home = "https://mail.news.example.com"

// fixture is a site on a database of its own.
type fixture struct {
	*Server
	t     testing.TB
	url   string
	clock *datatest.Clock
	log   *lockedBuffer
	held  []time.Duration // how long each answer to the form was held back
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newSite(t testing.TB) *fixture {
	t.Helper()
	pages, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	mail, err := templates.NewMail()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.New(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, clock: datatest.NewClock(), log: &lockedBuffer{}}
	f.Server, err = New(Options{
		DB: datatest.Open(t, f.clock), Pages: pages, Mail: mail, Keys: keys, Now: f.clock.Now,
		Site:   templates.Site{Name: "The Oke Courier", URL: "https://news.example.com", Contact: "desk@news.example.com"},
		Header: data.Header{From: "desk@news.example.com", FromName: "The Oke Courier", Domain: "news.example.com", SiteURL: home + "/"},
		Log:    slog.New(slog.NewTextHandler(f.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.pause = func(_ *http.Request, until time.Time) error {
		f.held = append(f.held, time.Until(until))
		return nil
	}
	server := httptest.NewServer(f.Handler())
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request without following redirects, without cookies.
func (f *fixture) do(method, path string, header http.Header, body string) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(all)}
}

func (f *fixture) get(path string) answer { return f.do(http.MethodGet, path, nil, "") }

var urlencoded = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

func (f *fixture) post(path string, form url.Values) answer {
	return f.do(http.MethodPost, path, urlencoded, form.Encode())
}

func (f *fixture) want(a answer, status int, words ...string) {
	f.t.Helper()
	if a.status != status {
		f.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			f.t.Fatalf("the page does not say %q: %s", w, a.body)
		}
	}
}

// subscription is that of an address on a newsletter.
func (f *fixture) subscription(address string, newsletter int64) data.Subscription {
	f.t.Helper()
	who, err := f.DB.SubscriberByAddress(f.t.Context(), address)
	if err != nil {
		f.t.Fatal(err)
	}
	all, err := f.DB.SubscriptionsOf(f.t.Context(), who.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, u := range all {
		if u.NewsletterID == newsletter {
			return u
		}
	}
	f.t.Fatalf("no subscription to newsletter %d", newsletter)
	return data.Subscription{}
}

// letters are the subjects and texts of the letters that wait to be sent, by mailing.
func (f *fixture) letters() []data.Variant {
	f.t.Helper()
	open, err := f.DB.OpenMailings(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var all []data.Variant
	for _, m := range open {
		if m.Kind != "letter" {
			continue
		}
		v, err := f.DB.Variants(f.t.Context(), m.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, v...)
	}
	return all
}

// unchanged fails when do changes anything in the database.
func (f *fixture) unchanged(what string, do func()) {
	f.t.Helper()
	before := datatest.Contents(f.t, f.DB)
	do()
	if after := datatest.Contents(f.t, f.DB); after != before {
		f.t.Errorf("%s changed the database:\n%s\n-- before:\n%s", what, after, before)
	}
}

func (f *fixture) pathOf(p token.Purpose, prefix string, a, b int64) string {
	return prefix + f.Keys.Sign(p, a, b)
}
