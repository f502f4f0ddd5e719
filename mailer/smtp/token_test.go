package smtp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// wallet is a source of tokens, one after the other.
type wallet struct {
	tokens  []string
	renewed int
	err     error
}

func (w *wallet) Token(context.Context) (string, error) {
	return w.tokens[min(w.renewed, len(w.tokens)-1)], w.err
}

func (w *wallet) Renew(ctx context.Context, _ string) (string, error) {
	w.renewed++
	return w.Token(ctx)
}

// tokenRelay is a relay that takes one token.
func tokenRelay(t *testing.T, mechanism, token string) (*smtptest.Server, Settings) {
	server := relay(t, smtptest.Options{Username: "news@example.org", Mechanisms: []string{mechanism, "PLAIN"},
		Token: func(got string) bool { return got == token }})
	s := plain(server.Port())
	s.Auth, s.Username, s.TokenFile = "xoauth2", "news@example.org", "relay.token"
	return server, s
}

func TestRefusedTokenIsRenewedOnceAndTheLoginTriedOnceMore(t *testing.T) {
	for _, mechanism := range []string{"XOAUTH2", "OAUTHBEARER"} {
		for _, test := range []struct {
			tokens  []string
			good    bool
			renewed int
		}{
			{[]string{"right"}, true, 0},
			{[]string{"stale", "right"}, true, 1},
			{[]string{"stale", "stale as well", "right"}, false, 1},
			{[]string{"stale"}, false, 1}, // Renew knows no better
		} {
			server, s := tokenRelay(t, mechanism, "right")
			w := &wallet{tokens: test.tokens}
			c, err := Dial(limited(t), s, Secret{Password: "never used", Tokens: w})
			if (err == nil) != test.good || w.renewed != test.renewed {
				t.Fatalf("%s, %v: %v, renewed %d times", mechanism, test.tokens, err, w.renewed)
			}
			var login *LoginError
			if !test.good {
				if !errors.As(err, &login) || login.Reply.Code != 535 {
					t.Errorf("%s, %v: %v", mechanism, test.tokens, err)
				}
				continue
			}
			send(t, c, reader(1), words(1))
			c.Close()
			if m := server.Messages(); len(m) != 1 || m[0].User != "news@example.org" {
				t.Errorf("%s: %+v", mechanism, m)
			}
		}
	}
}

func TestNoTokenMeansNoConnection(t *testing.T) {
	server := scripted(t, smtptest.Script{Extensions: []string{"AUTH XOAUTH2"}})
	s := plain(server.Port())
	s.Auth, s.Username = "xoauth2", "news@example.org"
	for name, test := range map[string]struct {
		tokens Tokens
		login  bool
	}{
		"none":             {nil, true},
		"sign in again":    {&wallet{tokens: []string{""}, err: fmt.Errorf("renew: %w", dial.ErrSignIn)}, true},
		"provider is away": {&wallet{tokens: []string{""}, err: errors.New("no route")}, false},
	} {
		_, err := Dial(limited(t), s, Secret{Tokens: test.tokens})
		if errors.Is(err, ErrLogin) != test.login || !test.login && !isLost(err, false) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if server.Connections() != 0 {
		t.Errorf("%d connections", server.Connections())
	}
}

func TestOtherErrorsThanABadLoginRenewNothing(t *testing.T) {
	for _, reply := range []string{"454 4.7.0 later", "534 5.7.9 use the web", "421 4.3.2 closing"} {
		server := scripted(t, smtptest.Script{Extensions: []string{"AUTH XOAUTH2"}, Action: answering("AUTH", reply)})
		s := plain(server.Port())
		s.Auth, s.Username = "xoauth2", "news@example.org"
		w := &wallet{tokens: []string{"a", "b"}}
		if _, err := Dial(limited(t), s, Secret{Tokens: w}); err == nil || w.renewed != 0 || server.Connections() != 1 {
			t.Errorf("%s: %v, renewed %d times, %d connections", reply, err, w.renewed, server.Connections())
		}
	}
}

func TestExpiredTokenOfAFileIsRenewedOnceForManyConnections(t *testing.T) {
	var asked atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"fresh-%d","token_type":"Bearer","expires_in":3600,"refresh_token":"next"}`, asked.Add(1))
	}))
	defer provider.Close()
	path := filepath.Join(t.TempDir(), "relay.token")
	content := fmt.Sprintf(`{"client_id":"x","token_uri":%q,"refresh_token":"first","access_token":"old","expiry":%q}`,
		provider.URL, time.Now().Add(-time.Hour).Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := dial.OpenTokens(path, "")
	if err != nil {
		t.Fatal(err)
	}
	_, s := tokenRelay(t, "XOAUTH2", "fresh-1")
	for range 5 {
		c, err := Dial(limited(t), s, Secret{Tokens: tokens})
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	if kept, err := os.ReadFile(path); err != nil || !strings.Contains(string(kept), `"next"`) {
		t.Errorf("file %s: %v", kept, err)
	}
}

func TestTokenSettingsGoTogether(t *testing.T) {
	s := plain(587)
	s.Auth, s.Username, s.TokenFile = "xoauth2", "news@example.org", "relay.token"
	if wrong := s.Validate(); len(wrong) != 0 {
		t.Errorf("good settings: %v", wrong)
	}
	s.TokenFile = ""
	if wrong := s.Validate(); len(wrong) != 1 {
		t.Errorf("no token_file: %v", wrong)
	}
	s = plain(587)
	s.OAuthClient, s.Chunking = "client.json", "sometimes"
	if wrong := s.Validate(); len(wrong) != 2 {
		t.Errorf("client without xoauth2, odd chunking: %v", wrong)
	}
}
