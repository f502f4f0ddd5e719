package feed

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

const (
	// MaxBytes is how large a feed may be, after it was unpacked.
	MaxBytes = 10 << 20
	// Timeout is how long a site may take for its whole answer.
	Timeout = 30 * time.Second

	maxValidator = 1 << 10 // bytes of an ETag or Last-Modified worth keeping
	accept       = "application/atom+xml, application/rss+xml, application/feed+json;q=0.9, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)

// Conditions are what the site said about the feed when it last sent it. Handed back, they let it answer "nothing new"
// in a few bytes. Empty ones are not sent.
type Conditions struct {
	ETag         string
	LastModified string
}

// Answer is what a site sent.
type Answer struct {
	NotModified  bool   // nothing new since the conditions; Feed is empty then
	Feed         Feed   // what was read
	ETag         string // for the next Conditions; on NotModified the ones that were sent, or newer
	LastModified string
	MovedTo      string // where the feed has moved for good (301, 308), empty when it has not; ask there from now on
}

// Fetcher asks sites for their feeds. Only Client need be set, and that should come from dial.HTTPClient. A Fetcher may be used by many goroutines at once.
type Fetcher struct {
	Client    *http.Client  // nil: one that reaches public addresses only
	UserAgent string        // empty: tipsheet
	MaxBytes  int64         // 0: MaxBytes
	Timeout   time.Duration // 0: Timeout
}

// Fetch asks for the feed at address, and reads it. The error is a *StatusError when the site refused, a *NotFeedError when it
// sent something else, a *FetchError when it could not be reached, was too slow or sent too much; each reads as one sentence for an
// editor. Nothing is retried here.
func (f Fetcher) Fetch(ctx context.Context, address string, c Conditions) (Answer, error) {
	f = f.withDefaults()
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return Answer{}, &FetchError{Message: "the address of the feed is not a web address", Hint: "write it in full, with https:// in front", Err: err}
	}
	whole, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	moved := ""
	resp, err := f.following(&moved).Do(f.request(whole, u, c))
	if err != nil {
		return Answer{}, f.unreachable(ctx, u.Hostname(), err)
	}
	defer resp.Body.Close()

	a := Answer{MovedTo: moved, ETag: validator(resp, "ETag"), LastModified: validator(resp, "Last-Modified")}
	if resp.StatusCode == http.StatusNotModified && c != (Conditions{}) && moved == "" {
		a.NotModified = true
		a.ETag, a.LastModified = first(a.ETag, c.ETag), first(a.LastModified, c.LastModified)
		return a, nil
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return Answer{}, &StatusError{Code: resp.StatusCode, RetryAfter: retryAfter(resp)}
	}
	body, err := f.read(resp)
	if err != nil {
		return Answer{}, f.unreachable(ctx, u.Hostname(), err)
	}
	a.Feed, err = Parse(body, resp.Header.Get("Content-Type"), resp.Request.URL.String())
	if err != nil {
		return Answer{}, err
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && !isFeedType(kind) {
		a.Feed.Warnings = append(a.Feed.Warnings, fmt.Sprintf("the site calls its feed %.40q, but it is a feed", kind))
	}
	return a, nil
}

func (f Fetcher) withDefaults() Fetcher {
	if f.UserAgent == "" {
		f.UserAgent = "tipsheet"
	}
	if f.MaxBytes <= 0 {
		f.MaxBytes = MaxBytes
	}
	if f.Timeout <= 0 {
		f.Timeout = Timeout
	}
	if f.Client == nil {
		f.Client = dial.HTTPClient(dial.Guard{}, f.Timeout)
	}
	return f
}

func (f Fetcher) request(ctx context.Context, u *url.URL, c Conditions) *http.Request {
	req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	req.Header.Set("User-Agent", f.UserAgent)
	req.Header.Set("Accept", accept)
	if c.ETag != "" {
		req.Header.Set("If-None-Match", c.ETag)
	}
	if c.LastModified != "" {
		req.Header.Set("If-Modified-Since", c.LastModified)
	}
	return req
}

// following is the client with a note taken of where permanent redirects lead. One that comes after a temporary one says
// nothing about the address that was asked for.
func (f Fetcher) following(moved *string) *http.Client {
	client := *f.Client
	rule, lasting := client.CheckRedirect, true
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if rule != nil {
			if err := rule(req, via); err != nil {
				return err
			}
		} else if len(via) > dial.MaxRedirects {
			return dial.ErrTooManyRedirects
		}
		code := req.Response.StatusCode
		lasting = lasting && (code == http.StatusMovedPermanently || code == http.StatusPermanentRedirect)
		if lasting {
			*moved = req.URL.String()
			// The conditions are about what stood at the old address: a "nothing new" at the new one would say nothing.
			req.Header.Del("If-None-Match")
			req.Header.Del("If-Modified-Since")
		}
		return nil
	}
	return &client
}

// read takes the body, unpacked, up to the limit. The transport undoes the compression that it asked for; some
// sites pack once more, or unasked.
func (f Fetcher) read(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > f.MaxBytes {
		return nil, errTooLarge
	}
	in := bufio.NewReader(resp.Body)
	var body io.Reader = in
	if start, err := in.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpack the feed: %w", err)
		}
		body = z
	}
	all, err := io.ReadAll(io.LimitReader(body, f.MaxBytes+1))
	if int64(len(all)) > f.MaxBytes {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	return all, nil
}

var errTooLarge = errors.New("the body is larger than the limit")

func validator(resp *http.Response, name string) string {
	if v := resp.Header.Get(name); len(v) <= maxValidator {
		return v
	}
	return ""
}

func isFeedType(kind string) bool {
	return strings.Contains(kind, "xml") && !strings.Contains(kind, "html") || strings.Contains(kind, "json") || kind == "text/plain" || kind == "application/octet-stream"
}
