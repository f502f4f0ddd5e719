package desk

import (
	"bytes"
	"context"
	"fmt"
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
	"github.com/olomotimes/tipsheet/web"
)

const password = "a quiet harbour at dawn"

// hashed is made once: hashing is slow on purpose.
var hashed = sync.OnceValues(func() (string, error) {
	return web.NewPasswords().Hash(context.Background(), password)
})

// fixture is a desk on a database of its own, with three editors: admin, ada and sam (sales).
type fixture struct {
	*Server
	t     testing.TB
	url   string
	clock *datatest.Clock
	log   *lockedBuffer
	ids   map[string]int64 // editors by login
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newDesk(t testing.TB) *fixture {
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
	f := &fixture{t: t, clock: datatest.NewClock(), log: &lockedBuffer{}, ids: map[string]int64{}}
	f.Server, err = New(Options{
		DB: datatest.Open(t, f.clock), Pages: pages, Mail: mail, Keys: keys, Now: f.clock.Now,
		Site:   templates.Site{Name: "The Oke Courier", URL: "https://news.example.com", Contact: "desk@news.example.com"},
		Header: data.Header{From: "desk@news.example.com", FromName: "The Oke Courier", Domain: "news.example.com", SiteURL: "https://mail.news.example.com"},
		Log:    slog.New(slog.NewTextHandler(f.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.liveEvery = 5 * time.Millisecond
	hash, err := hashed()
	if err != nil {
		t.Fatal(err)
	}
	for login, role := range map[string]string{"admin": data.RoleAdmin, "ada": data.RoleEditor, "sam": data.RoleSales} {
		id, err := f.DB.AddEditor(t.Context(), data.Editor{Login: login, Name: "Editor " + login, Role: role, Password: hash})
		if err != nil {
			t.Fatal(err)
		}
		f.ids[login] = id
	}
	server := httptest.NewServer(f.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(f.Close)
	f.url = server.URL
	return f
}

// got is a response that was read to its end.
type got struct {
	status int
	header http.Header
	body   string
}

// browser keeps cookies and follows no redirect.
type browser struct {
	f       *fixture
	cookies map[string]string
	header  http.Header
}

func (f *fixture) browser() *browser {
	return &browser{f: f, cookies: map[string]string{}, header: http.Header{}}
}

// as is a browser that is signed in, without the work that a password makes.
func (f *fixture) as(login string) *browser {
	f.t.Helper()
	w := httptest.NewRecorder()
	if err := f.sessions.SignIn(w, httptest.NewRequest(http.MethodPost, "/desk/sign-in", nil), f.ids[login]); err != nil {
		f.t.Fatal(err)
	}
	b := f.browser()
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return b
}

func (b *browser) request(method, path, body string) *http.Request {
	b.f.t.Helper()
	req, err := http.NewRequestWithContext(b.f.t.Context(), method, b.f.url+path, strings.NewReader(body))
	if err != nil {
		b.f.t.Fatal(err)
	}
	for k, v := range b.header {
		req.Header[k] = v
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return req
}

func (b *browser) do(method, path, body string) got {
	b.f.t.Helper()
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(b.request(method, path, body))
	if err != nil {
		b.f.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		b.f.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return got{res.StatusCode, res.Header, string(all)}
}

func (b *browser) get(path string) got {
	b.f.t.Helper()
	return b.do(http.MethodGet, path, "")
}

// post sends fields, given as name, value, name, value.
func (b *browser) post(path string, fields ...string) got {
	b.f.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, v.Encode())
}

func (f *fixture) want(a got, status int, words ...string) {
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

// mail is one message from outside as a test wants it sorted.
type mail struct {
	data.Reading
	sorting data.Sorting
	into    int64 // a conversation to join; 0: a new one
}

var sequence struct {
	sync.Mutex
	n int
}

// arrive stores, reads and files a message and returns its conversation and its id.
func (f *fixture) arrive(m mail) (conversation, message int64) {
	f.t.Helper()
	ctx := f.t.Context()
	sequence.Lock()
	sequence.n++
	raw := fmt.Sprintf("From: %s\r\nSubject: raw %d\r\n\r\n%s\r\n", m.FromAddress, sequence.n, m.NewText)
	sequence.Unlock()
	f.clock.Add(time.Second)
	message, _, err := f.DB.ImportMessage(ctx, []byte(raw), f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	if m.Kind == "" {
		m.Kind = "message"
	}
	if m.Text == "" {
		m.Text = m.NewText
	}
	if err := f.DB.RecordReading(ctx, message, m.Reading); err != nil {
		f.t.Fatal(err)
	}
	if m.into != 0 {
		if err := f.DB.FileInto(ctx, message, m.into); err != nil {
			f.t.Fatal(err)
		}
		return m.into, message
	}
	if m.sorting.By == "" {
		m.sorting.By = "sorter"
	}
	conversation, err = f.DB.FileNew(ctx, message, data.NewConversation{Sorting: m.sorting, Alias: "Source amber-heron", Subject: m.Subject})
	if err != nil {
		f.t.Fatal(err)
	}
	return conversation, message
}

// The words of the sample mails: each says whom it could give away.
const (
	tipName, tipAddress, tipSubject, tipText = "Ngozi Whistler", "ngozi@clinic.example.org", "Wards closed since Monday", "I work at the clinic and three wards are closed."
)

func tip() mail {
	return mail{
		Reading: data.Reading{FromName: tipName, FromAddress: tipAddress, Subject: tipSubject, NewText: tipText, MessageID: "<tip-1@clinic.example.org>"},
		sorting: data.Sorting{Category: "tip", Confidence: 0.97, Why: []string{"wards", "closed since"}, Scores: map[string]float64{"tip": 0.97}},
	}
}

func advert() mail {
	return mail{
		Reading: data.Reading{FromName: "Zinny Foods", FromAddress: "sales@zinny.example.com", Subject: "Banner for our new branch", NewText: "What is your rate card?", MessageID: "<ad-1@zinny.example.com>"},
		sorting: data.Sorting{Category: "advert", Confidence: 0.99, Why: []string{"rate card"}},
	}
}

// unchanged fails when do changes anything in the database but the use of sessions.
func (f *fixture) unchanged(what string, do func()) {
	f.t.Helper()
	before := datatest.Contents(f.t, f.DB, "session")
	do()
	if after := datatest.Contents(f.t, f.DB, "session"); after != before {
		f.t.Errorf("%s changed the database:\n%s\n-- before:\n%s", what, after, before)
	}
}

// letters are the mailings of the letters that wait to be sent.
func (f *fixture) letters() []data.Mailing {
	f.t.Helper()
	open, err := f.DB.OpenMailings(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var all []data.Mailing
	for _, m := range open {
		if m.Kind == "letter" {
			all = append(all, m)
		}
	}
	return all
}
