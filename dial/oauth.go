package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// ErrSignIn is what errors.Is finds when the provider no longer honours what the token file
// holds: it was revoked, it ran out, or the client is not known. A person must sign in again
// and write a new token file.
var ErrSignIn = errors.New("the provider no longer accepts the token file; sign in again and write a new one")

// ErrTokenEndpoint is what errors.Is finds when a token endpoint is not https, or http to this
// machine. Nothing was sent to it.
var ErrTokenEndpoint = errors.New("the token endpoint must be an https address")

const (
	tokenTimeout = 30 * time.Second // for one request to the token endpoint
	tokenMargin  = time.Minute      // a token is renewed so long before it ends
	tokenYoung   = time.Minute      // one so young is not renewed for being refused
)

// Tokens gives out OAuth 2 access tokens (RFC 6749) for a relay or a mailbox, from a file that
// keeps them over a restart. It may be used by many goroutines, and many processes may use one
// file: whoever renews holds a lock, and the others take what it has written.
//
// A provider may answer a renewal with a new refresh token and forget the old one. Therefore a
// new one is in the file, and the file on the disk, before the access token that came with it
// is given out.
type Tokens struct {
	path   string
	client oauthClient
	http   *http.Client
	now    func() time.Time
	turn   chan struct{} // held by who reads or changes what is below
	held   tokenFile
	since  time.Time // when this process had the access token made
	unkept bool      // the file has not been written since
}

// OpenTokens reads a token file: JSON with refresh_token, access_token, expiry (RFC 3339), and
// client_id, client_secret and token_uri unless clientFile has those, in the same form or as
// Google hands it out. clientFile may be empty. Fields that are not ours stay as they are.
// Nothing is sent yet.
func OpenTokens(path, clientFile string) (*Tokens, error) {
	t := &Tokens{path: path, now: time.Now, turn: make(chan struct{}, 1)}
	t.http = HTTPClient(Guard{AllowPrivate: true}, tokenTimeout)
	// A redirect would carry the client's secret to somewhere else.
	t.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var err error
	if t.held, err = readTokenFile(path); err != nil {
		return nil, err
	}
	t.client = t.held.client()
	if clientFile != "" {
		if t.client, err = readClientFile(clientFile); err != nil {
			return nil, err
		}
	}
	if err := t.client.check(); err != nil {
		return nil, err
	}
	if t.held.RefreshToken == "" && t.held.AccessToken == "" {
		return nil, fmt.Errorf("token_file %s holds no refresh_token", path)
	}
	return t, nil
}

// check refuses what could not work, and what would send the secret in plain text.
func (c oauthClient) check() error {
	if c.ID == "" {
		return errors.New("the OAuth client has no client_id")
	}
	u, err := url.Parse(c.TokenURI)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && IsLoopback(u.Hostname())) {
		return fmt.Errorf("token_uri: %w", ErrTokenEndpoint)
	}
	return nil
}

// Token is an access token that is good for another minute at least, made new where that is
// needed. The error is ErrSignIn when a person must act; any other may heal by itself.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	return t.get(ctx, func() bool { return t.good() })
}

// Renew is an access token in place of one that was refused although it should be good. It asks
// the provider once; when another process or goroutine has had it renewed since, it asks nobody.
// A token that is less than a minute old comes back as it is: the fault then lies elsewhere.
func (t *Tokens) Renew(ctx context.Context, refused string) (string, error) {
	return t.get(ctx, func() bool {
		return t.good() && (t.held.AccessToken != refused || t.now().Sub(t.since) < tokenYoung)
	})
}

// good says whether the access token has some time left. One without expiry is good until it
// is refused.
func (t *Tokens) good() bool {
	return t.held.AccessToken != "" && (t.held.Expiry.IsZero() || t.held.Expiry.Sub(t.now()) > tokenMargin)
}

// get gives out the access token, after renewing it unless enough says that it will do.
func (t *Tokens) get(ctx context.Context, enough func() bool) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the access token: %w", context.Cause(ctx))
	}
	if enough() && !t.unkept {
		return t.held.AccessToken, nil
	}
	release, err := lockTokenFile(ctx, t.path)
	if err != nil {
		return "", err
	}
	defer release()
	if !t.unkept {
		// Another process may have been here.
		if t.held, err = readTokenFile(t.path); err != nil {
			return "", err
		}
	}
	if !enough() {
		if err := t.renew(ctx); err != nil {
			return "", err
		}
	}
	if t.unkept {
		if err := t.held.write(t.path); err != nil {
			return "", err
		}
		t.unkept = false
	}
	return t.held.AccessToken, nil
}

// renew asks the provider once.
func (t *Tokens) renew(ctx context.Context) error {
	if t.held.RefreshToken == "" {
		return fmt.Errorf("token_file %s holds no refresh_token: %w", t.path, ErrSignIn)
	}
	config := oauth2.Config{
		ClientID: t.client.ID, ClientSecret: t.client.Secret,
		// In the body: the mail providers all take it there, and guessing would ask twice.
		Endpoint: oauth2.Endpoint{TokenURL: t.client.TokenURI, AuthStyle: oauth2.AuthStyleInParams},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, t.http)
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: t.held.RefreshToken}).Token()
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) && answer.ErrorCode != "" && answer.Response.StatusCode/100 == 4 && answer.Response.StatusCode != http.StatusTooManyRequests {
			return fmt.Errorf("renew the access token: %w (%s)", ErrSignIn, answer.ErrorCode)
		}
		if errors.As(err, &answer) {
			return fmt.Errorf("renew the access token: the provider answered %d", answer.Response.StatusCode)
		}
		return fmt.Errorf("renew the access token: %w", err)
	}
	t.held.AccessToken, t.held.Expiry = token.AccessToken, token.Expiry.UTC()
	if token.Expiry.IsZero() {
		t.held.Expiry = time.Time{}
	}
	if token.RefreshToken != "" {
		t.held.RefreshToken = token.RefreshToken
	}
	t.since, t.unkept = t.now(), true
	return nil
}
