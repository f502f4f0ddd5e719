package web_test

import (
	"bytes"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/web"
)

func answer(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }

func TestOnlyOurOwnPagesMayPost(t *testing.T) {
	h := web.CrossOrigin(http.HandlerFunc(answer), "POST /u/{token}")
	for _, c := range []struct {
		method, path, site, origin string
		want                       int
	}{
		{"POST", "/desk/sign-out", "same-origin", "https://mail.example.com", 200},
		{"POST", "/desk/sign-out", "cross-site", "https://evil.example", 403},
		{"POST", "/desk/sign-out", "same-site", "https://other.example.com", 403},
		{"POST", "/desk/sign-out", "", "https://evil.example", 403},
		{"POST", "/desk/sign-out", "", "null", 403},
		{"POST", "/desk/sign-out", "", "https://mail.example.com", 200},
		{"POST", "/desk/sign-out", "", "", 200},
		{"PUT", "/desk/x", "cross-site", "", 403},
		{"DELETE", "/desk/x", "cross-site", "", 403},
		{"GET", "/desk/inbox", "cross-site", "https://evil.example", 200},
		{"HEAD", "/desk/inbox", "cross-site", "", 200},
		{"POST", "/u/abc", "cross-site", "https://evil.example", 200},
		{"POST", "/u/abc/more", "cross-site", "https://evil.example", 403},
		{"POST", "/confirm/abc", "cross-site", "https://evil.example", 403},
	} {
		r := httptest.NewRequest(c.method, "https://mail.example.com"+c.path, nil)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s with %q, %q is %d, want %d", c.method, c.path, c.site, c.origin, w.Code, c.want)
		}
	}
}

func TestEveryAnswerCarriesItsHeaders(t *testing.T) {
	for _, c := range []struct {
		policy web.Policy
		https  bool
	}{{web.DeskPolicy, true}, {web.SitePolicy, false}} {
		w := httptest.NewRecorder()
		web.Headers(c.policy, c.https, http.HandlerFunc(answer)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		h := w.Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("policy %q lacks %q", csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q allows inline code", csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("headers are %v", h)
		}
		if (h.Get("Strict-Transport-Security") != "") != c.https {
			t.Errorf("with TLS %v, HSTS is %q", c.https, h.Get("Strict-Transport-Security"))
		}
	}
	if strings.Contains(string(web.DeskPolicy), "http:") || strings.Contains(string(web.DeskPolicy), "data:") {
		t.Error("a desk page may load from elsewhere")
	}
}

func TestFramedMailMayNotRunAnything(t *testing.T) {
	h := http.Header{}
	web.DocumentPolicy(h)
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") || strings.Contains(csp, "same-origin") || h.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("headers are %v", h)
	}
}

func TestStrangersFilesAreSavedNeverShown(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg":            "photo.jpg",
		"../../etc/passwd":     "_.._etc_passwd",
		"a\r\nSet-Cookie: x=y": "a__Set-Cookie_ x=y",
		"":                     "file",
		"...":                  "file",
		"page.html":            "page.html",
		"Ọjọ́.pdf":             "Ọjọ́.pdf",
		`say "hi".svg`:         "say _hi_.svg",
		"C:\\Windows\\cmd.exe": "C__Windows_cmd.exe",
		"invoice.pdf\x00.exe":  "invoice.pdf_.exe",
	} {
		h := http.Header{}
		web.FilePolicy(h, name)
		kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != want {
			t.Errorf("%q is offered as %q, %q, %v; want %q", name, kind, params["filename"], err, want)
		}
		if h.Get("Content-Type") != "application/octet-stream" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("headers are %v", h)
		}
	}
}

func TestBodiesAreCapped(t *testing.T) {
	h := web.LimitBody(100, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "too much", http.StatusRequestEntityTooLarge)
		}
	}))
	for _, c := range []struct {
		body io.Reader
		want int
	}{
		{strings.NewReader(strings.Repeat("x", 100)), 200},
		{strings.NewReader(strings.Repeat("x", 101)), 413},
		{io.MultiReader(strings.NewReader(strings.Repeat("x", 101))), 413}, // no length said
		{nil, 200},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", c.body))
		if w.Code != c.want {
			t.Errorf("status %d, want %d", w.Code, c.want)
		}
	}
}

func TestClientAddressBelievesOnlyTrustedProxies(t *testing.T) {
	trusted, err := web.ParsePrefixes([]string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		remote, forwarded, want string
	}{
		{"192.0.2.7:4711", "", "192.0.2.7"},
		{"192.0.2.7:4711", "203.0.113.1", "192.0.2.7"},
		{"127.0.0.1:4711", "203.0.113.1", "203.0.113.1"},
		{"[::ffff:127.0.0.1]:4711", "203.0.113.1", "203.0.113.1"},
		{"127.0.0.1:4711", "1.2.3.4, 203.0.113.1", "203.0.113.1"},
		{"127.0.0.1:4711", "1.2.3.4, 203.0.113.1, 10.1.1.1", "203.0.113.1"},
		{"127.0.0.1:4711", "203.0.113.1:555", "203.0.113.1"},
		{"[fd00::1]:1", "2001:db8::5", "2001:db8::5"},
		{"127.0.0.1:4711", "", "127.0.0.1"},
		{"127.0.0.1:4711", "unknown", "127.0.0.1"},
		{"127.0.0.1:4711", "203.0.113.1, rubbish", "127.0.0.1"},
		{"127.0.0.1:4711", "10.2.2.2", "10.2.2.2"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := web.ClientAddress(r, trusted); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s via %q is %v, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "@"
	if got := web.ClientAddress(r, trusted); got.IsValid() {
		t.Errorf("an address that cannot be read is %v", got)
	}
	if _, err := web.ParsePrefixes([]string{"10.0.0.0/99"}); err == nil {
		t.Error("10.0.0.0/99 was read as a prefix")
	}
}

func TestLogHoldsNeitherPathNorAddress(t *testing.T) {
	var out bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /u/{token}", answer)
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic("secret@example.com") })
	h := web.Log(slog.New(slog.NewTextHandler(&out, nil)), web.Headers(web.SitePolicy, true, mux))
	for path, want := range map[string]int{"/u/tokentokentoken?q=secret": 200, "/broken": 500, "/nothing/secret": 404} {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = "203.0.113.77:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s is %d, want %d", path, w.Code, want)
		}
	}
	got := out.String()
	for _, bad := range []string{"tokentoken", "secret", "203.0.113"} {
		if strings.Contains(got, bad) {
			t.Errorf("the log holds %q:\n%s", bad, got)
		}
	}
	for _, want := range []string{`pattern="GET /u/{token}"`, "status=200", "status=500", "status=404", "request panicked"} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %q:\n%s", want, got)
		}
	}
}

func TestServerHasDeadlines(t *testing.T) {
	s := web.NewServer(http.HandlerFunc(answer), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("server is %+v", s)
	}
}

func TestEventStreamsCanBeFlushedThroughTheLog(t *testing.T) {
	h := web.Log(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "event: new\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if !w.Flushed {
		t.Error("nothing was flushed")
	}
}
