package feed

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Gone asks for the page of a story, and reports whether the site says that there is none any more (404, 410), within the
// Fetcher's limits of time and addresses. The page is not read. Any other answer, and none at all, is no word on it: false, and an error
// unless the page was there.
func (f Fetcher) Gone(ctx context.Context, address string) (bool, error) {
	f = f.withDefaults()
	u, err := url.Parse(address)
	if err != nil || !isWebAddress(address) {
		return false, errors.New("the story has no web address")
	}
	whole, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(whole)
	req.Header.Set("User-Agent", f.UserAgent)
	req.Header.Set("Accept", "text/html, */*;q=0.5")
	resp, err := f.Client.Do(req)
	if err != nil {
		return false, f.unreachable(ctx, u.Hostname(), err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return false, nil
	}
	refused := &StatusError{Code: resp.StatusCode, RetryAfter: retryAfter(resp)}
	if refused.Gone() {
		return true, nil
	}
	return false, refused
}
