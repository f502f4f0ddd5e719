package dial

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// provider is a token endpoint that takes only the newest refresh token, and gives a new one
// each time.
type provider struct {
	mu      sync.Mutex
	asked   int
	refresh string
	status  int    // an answer other than 200
	problem string // its error code
	failing func() // called before an answer is written
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	w.Header().Set("Content-Type", "application/json")
	status, problem := p.status, p.problem
	if status == 0 && (r.FormValue("refresh_token") != p.refresh || r.FormValue("client_secret") != "s3cret" ||
		r.FormValue("client_id") != "tipsheet" || r.FormValue("grant_type") != "refresh_token") {
		status, problem = http.StatusBadRequest, "invalid_grant"
	}
	if p.failing != nil {
		p.failing()
	}
	if status != 0 {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": problem})
		return
	}
	p.refresh = fmt.Sprintf("refresh-%d", p.asked)
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprintf("access-%d", p.asked), "token_type": "Bearer",
		"expires_in": 3600, "refresh_token": p.refresh})
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// signedIn is a provider and a token file for it, whose access token ends at the given time.
func signedIn(t *testing.T, expiry time.Time) (*provider, string) {
	t.Helper()
	p := &provider{refresh: "refresh-0"}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "relay.token")
	content, err := json.Marshal(map[string]any{"type": "authorized_user", "client_id": "tipsheet", "client_secret": "s3cret",
		"token_uri": server.URL, "refresh_token": "refresh-0", "access_token": "access-0", "expiry": expiry})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return p, path
}

func open(t *testing.T, path string) *Tokens {
	t.Helper()
	tokens, err := OpenTokens(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func expect(t *testing.T, tokens *Tokens, want string) {
	t.Helper()
	if got, err := tokens.Token(t.Context()); got != want || err != nil {
		t.Errorf("token %q, want %q: %v", got, want, err)
	}
}

func TestExpiredTokenIsRenewedOnce(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(-time.Minute))
	tokens := open(t, path)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { expect(t, tokens, "access-1") })
	}
	all.Wait()
	if p.count() != 1 {
		t.Errorf("asked %d times", p.count())
	}
	// The next one is due when that one ends.
	tokens.now = func() time.Time { return time.Now().Add(time.Hour) }
	expect(t, tokens, "access-2")
}

func TestGoodTokenAsksNobody(t *testing.T) {
	for _, expiry := range []time.Time{time.Now().Add(time.Hour), {}} {
		p, path := signedIn(t, expiry)
		expect(t, open(t, path), "access-0")
		if p.count() != 0 {
			t.Errorf("expiry %v: asked %d times", expiry, p.count())
		}
	}
}

func TestRotatedTokenSurvivesARestart(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(-time.Minute))
	// While the provider's answer is not written, the old token is still what the file has.
	p.failing = func() {
		if f, err := readTokenFile(path); err != nil || f.RefreshToken != p.refresh {
			t.Errorf("in the middle the file has %+v: %v", f, err)
		}
	}
	expect(t, open(t, path), "access-1")
	f, err := readTokenFile(path)
	if err != nil || f.RefreshToken != "refresh-1" || f.AccessToken != "access-1" || time.Until(f.Expiry) < 50*time.Minute {
		t.Errorf("file %+v: %v", f, err)
	}
	if string(f.fields["type"]) != `"authorized_user"` || string(f.fields["client_secret"]) != `"s3cret"` {
		t.Errorf("the other fields became %s", f.fields)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: %v", info.Mode(), err)
	}
	again := open(t, path)
	expect(t, again, "access-1")
	again.now = func() time.Time { return time.Now().Add(time.Hour) }
	expect(t, again, "access-2")
	if p.count() != 2 {
		t.Errorf("asked %d times", p.count())
	}
}

func TestTokenThatCannotBeKeptIsNotUsed(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(-time.Minute))
	tokens := open(t, path)
	beside := filepath.Join(filepath.Dir(path), ".relay.token.new")
	// A folder in the place of the new file: root may write anywhere else.
	if err := os.MkdirAll(filepath.Join(beside, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if token, err := tokens.Token(t.Context()); err == nil || token != "" {
			t.Errorf("token %q: %v", token, err)
		}
	}
	if err := os.RemoveAll(beside); err != nil {
		t.Fatal(err)
	}
	expect(t, tokens, "access-1")
	if p.count() != 1 {
		t.Errorf("asked %d times", p.count())
	}
	expect(t, open(t, path), "access-1")
}

func TestCrashWhileWritingLeavesAUsableFile(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(-time.Minute))
	beside := filepath.Join(filepath.Dir(path), ".relay.token.new")
	if err := os.WriteFile(beside, []byte(`{"refresh_token":"refr`), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, path), "access-1")
	if _, err := os.Stat(beside); !errors.Is(err, os.ErrNotExist) || p.count() != 1 {
		t.Errorf("left over: %v, asked %d times", err, p.count())
	}

	// Whoever looks while it is written sees a whole file.
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(done)
		f, err := readTokenFile(path)
		for range 100 {
			if err = errors.Join(err, f.write(path)); err != nil {
				t.Error(err)
			}
		}
	})
	looked := 0
	for over := false; !over; looked++ {
		select {
		case <-done:
			over = true
		default:
		}
		if f, err := readTokenFile(path); err != nil || f.RefreshToken != "refresh-1" {
			t.Fatalf("file %+v: %v", f, err)
		}
	}
	all.Wait()
	if looked < 10 {
		t.Errorf("looked %d times", looked)
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(time.Hour))
	one, other := open(t, path), open(t, path)
	for _, step := range []struct {
		tokens        *Tokens
		refused, want string
		asked         int
	}{
		{one, "access-0", "access-1", 1},
		{one, "access-0", "access-1", 1},   // somebody else was refused the old one too
		{other, "access-0", "access-1", 1}, // so was another process
		{one, "access-1", "access-1", 1},   // brand new: the fault lies elsewhere
	} {
		got, err := step.tokens.Renew(t.Context(), step.refused)
		if got != step.want || err != nil || p.count() != step.asked {
			t.Errorf("%s refused: %q, %v, asked %d times", step.refused, got, err, p.count())
		}
	}
	one.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	if got, err := one.Renew(t.Context(), "access-1"); got != "access-2" || err != nil {
		t.Errorf("later: %q %v", got, err)
	}
}

func TestTwoProcessesRenewOneAfterTheOther(t *testing.T) {
	p, path := signedIn(t, time.Now().Add(-time.Minute))
	var all sync.WaitGroup
	for range 8 {
		tokens := open(t, path) // each with a lock of its own, as a process has
		all.Go(func() { expect(t, tokens, "access-1") })
	}
	all.Wait()
	if p.count() != 1 {
		t.Errorf("asked %d times", p.count())
	}
}

func TestProvidersNoIsForAPersonAndItsTroubleIsNot(t *testing.T) {
	for _, test := range []struct {
		status  int
		problem string
		person  bool
	}{{400, "invalid_grant", true}, {401, "invalid_client", true}, {500, "server_error", false}, {503, "", false}, {429, "slow_down", false}, {302, "", false}} {
		p, path := signedIn(t, time.Now().Add(-time.Minute))
		p.status, p.problem = test.status, test.problem
		_, err := open(t, path).Token(t.Context())
		if err == nil || errors.Is(err, ErrSignIn) != test.person {
			t.Errorf("%d %s: %v", test.status, test.problem, err)
		}
		if f, err := readTokenFile(path); err != nil || f.RefreshToken != "refresh-0" {
			t.Errorf("%d: the file became %+v: %v", test.status, f, err)
		}
		if p.count() != 1 {
			t.Errorf("%d: asked %d times", test.status, p.count())
		}
	}
}

func TestTokenEndpointIsHTTPSOrThisMachine(t *testing.T) {
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tokens := write(`{"refresh_token": "r"}`)
	for uri, ok := range map[string]bool{
		"https://accounts.example.com/token": true, "http://127.0.0.1:1/token": true, "http://localhost/token": true,
		"http://accounts.example.com/token": false, "http://10.0.0.1/token": false, "ftp://127.0.0.1/": false, "": false, "https://": false,
		"https://me:pw@accounts.example.com/token": false,
	} {
		for _, form := range []string{`{"client_id":"x","token_uri":%q}`, `{"installed":{"client_id":"x","token_uri":%q}}`, `{"web":{"client_id":"x","token_uri":%q}}`} {
			_, err := OpenTokens(tokens, write(fmt.Sprintf(form, uri)))
			if (err == nil) != ok || !ok && !errors.Is(err, ErrTokenEndpoint) {
				t.Errorf("%s: %v", uri, err)
			}
		}
	}
	good := write(`{"client_id":"x","token_uri":"https://accounts.example.com/token"}`)
	for _, content := range []string{"", "no", "{}", `{"refresh_token":1}`, `{"refresh_token":"r","expiry":"tomorrow"}`} {
		if _, err := OpenTokens(write(content), good); err == nil {
			t.Errorf("%q is taken", content)
		}
	}
	for _, content := range []string{"", "no", "{}", `{"client_id":7}`} {
		if _, err := OpenTokens(tokens, write(content)); err == nil {
			t.Errorf("client %q is taken", content)
		}
	}
}
