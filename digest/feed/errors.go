package feed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

// maxRetryAfter caps what a site may ask for, so that one mistyped header does not silence a feed for good.
const maxRetryAfter = 7 * 24 * time.Hour

// FetchError says why a site could not be read, and what to do.
type FetchError struct {
	Message string // what is wrong; names the site's host, nothing else of the address
	Hint    string // what to do
	Err     error  // the cause, for errors.Is and the log; its text may contain the whole address
}

// Error is the message and the hint in one sentence.
func (e *FetchError) Error() string { return e.Message + "; " + e.Hint }

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// StatusError says that the site answered, but with a refusal.
type StatusError struct {
	Code       int           // the HTTP status
	RetryAfter time.Duration // how long the site asks to be left alone; 0 when it does not say, at most 7 days
}

// Gone reports whether the site says that there is no such page (404, 410).
func (e *StatusError) Gone() bool {
	return e.Code == http.StatusNotFound || e.Code == http.StatusGone
}

// Error says what the status means for a feed, and what to do.
func (e *StatusError) Error() string {
	name := strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
	again := "it is asked again by itself, later"
	if e.RetryAfter > 0 {
		again = "it asks to be left alone for " + e.RetryAfter.Round(time.Second).String() + ", and is asked again after that"
	}
	switch {
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusProxyAuthRequired:
		return "the site wants a password for the feed (" + name + "); make the feed public, or give an address that is"
	case e.Code == http.StatusForbidden:
		return "the site refuses to hand out the feed (" + name + "), often by a bot filter; ask whoever runs the site to let tipsheet through"
	case e.Gone():
		return "there is no feed at that address any more (" + name + "); look up the site's feed and enter its new address"
	case e.Code == http.StatusTooManyRequests:
		return "the site was asked too often (" + name + "); " + again
	case e.Code >= 500:
		return "the site itself is in trouble (" + name + "); " + again
	case e.Code == http.StatusNotModified:
		return "the site says that nothing is new without having been asked (" + name + "); ask whoever runs the site to look at its cache"
	default:
		return "the site answered with something other than the feed (" + name + "); open the address in a browser to see what it says"
	}
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds, or a date, which is compared with the site's own clock.
func retryAfter(resp *http.Response) time.Duration {
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// unreachable puts the errors of network, TLS and limits into a sentence. The end of the caller's own context stays what it is.
func (f Fetcher) unreachable(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("fetch the feed: %w", ctx.Err())
	}
	e := &FetchError{Err: err}
	var timeout net.Error
	var unknown *net.DNSError
	var cert *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, dial.ErrPrivateAddress):
		e.Message, e.Hint = "the address of the feed leads into a private network ("+host+")", "if that is meant, set allow_private = true under [feeds]"
	case errors.Is(err, dial.ErrTooManyRedirects):
		e.Message, e.Hint = host+" sends every request for the feed on to another address, without end", "open the address in a browser and enter the one that it ends at"
	case errors.Is(err, dial.ErrScheme):
		e.Message, e.Hint = host+" sends the request for the feed on to something that is no web page", "ask whoever runs the site"
	case errors.Is(err, errTooLarge):
		e.Message, e.Hint = fmt.Sprintf("the feed is larger than %s", size(f.MaxBytes)), "have the site put fewer stories, or only their summaries, into its feed"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Message, e.Hint = fmt.Sprintf("%s did not send its feed within %s", host, f.Timeout), "it is asked again by itself; if it stays so, ask whoever runs the site"
	case errors.As(err, &unknown) && unknown.IsNotFound:
		e.Message, e.Hint = "there is no site called "+host, "check the spelling of the address"
	case errors.As(err, &cert), errors.As(err, &authority):
		e.Message, e.Hint = "the certificate of "+host+" is not valid", "ask whoever runs the site to renew it"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &plain):
		e.Message, e.Hint = host+" does not speak https", "try the address with http:// in front"
	default:
		e.Message, e.Hint = "the connection to "+host+" failed or broke off", "it is asked again by itself; if it stays so, open the address in a browser"
	}
	return e
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
