package dial

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// MaxRedirects is how many redirects a client of HTTPClient follows for one request.
const MaxRedirects = 5

// ErrTooManyRedirects is returned when a server redirects more than MaxRedirects times.
var ErrTooManyRedirects = errors.New("more than 5 redirects")

// ErrScheme is returned when a redirect leads to something other than http or https.
var ErrScheme = errors.New("only http and https are followed")

const (
	maxHeaderBytes = 256 << 10
	idleConns      = 16
	idleTimeout    = 60 * time.Second
)

// HTTPClient makes a client for addresses that came from outside. timeout is for the whole of a request, from the first
// lookup to the last byte of the body; zero is no limit. Every hop is a new connection through g or one that g
// let through before. The client keeps no cookies, and uses no proxy from the environment: a proxy would connect on our behalf, past the guard.
func HTTPClient(g Guard, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			DialContext:            g.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connectTimeout,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConns:           idleConns,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        idleTimeout,
		},
	}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > MaxRedirects {
		return ErrTooManyRedirects
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirect to %q: %w", req.URL.Scheme, ErrScheme)
	}
	return nil
}
