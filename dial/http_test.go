package dial_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

// hop1 is the only address that the test lets through: it plays the public internet.
var hop1 = dial.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}

func TestRedirectToPrivateAddressIsRefusedOnEachHop(t *testing.T) {
	var reached atomic.Int32
	inside := serverAt(t, "127.0.0.2:0", func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		fmt.Fprint(w, "secret")
	})
	mux := http.NewServeMux()
	outside := serverAt(t, "127.0.0.1:0", mux.ServeHTTP)
	targets := []string{
		inside, "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::ffff:127.0.0.2]:1/", "http://[fd00::1]/",
		"https://192.168.0.1/", "http://100.64.0.1/", "http://[64:ff9b::7f00:2]/",
	}
	client := dial.HTTPClient(hop1, 10*time.Second)
	for i, target := range targets {
		for hops := range 4 {
			path := fmt.Sprintf("/%d/%d/", i, hops)
			for h := range hops {
				mux.HandleFunc(fmt.Sprintf("%s%d", path, h), redirectTo(fmt.Sprintf("%s%d", path, h+1)))
			}
			mux.HandleFunc(fmt.Sprintf("%s%d", path, hops), redirectTo(target))
			resp, err := client.Get(outside + path + "0")
			if err == nil {
				resp.Body.Close()
			}
			if !errors.Is(err, dial.ErrPrivateAddress) {
				t.Errorf("after %d redirects to %s: %v", hops, target, err)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the inside was reached %d times", n)
	}
}

func TestRedirectsAreCappedAtFive(t *testing.T) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	for i := range 20 {
		mux.HandleFunc(fmt.Sprintf("/%d", i), func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, fmt.Sprintf("/%d", i+1), http.StatusFound)
		})
	}
	mux.HandleFunc("/20", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })
	at := serverAt(t, "127.0.0.1:0", mux.ServeHTTP)
	client := dial.HTTPClient(hop1, 10*time.Second)

	resp, err := client.Get(at + "/15")
	if err != nil {
		t.Fatalf("five redirects: %v", err)
	}
	resp.Body.Close()
	asked.Store(0)
	if _, err := client.Get(at + "/14"); !errors.Is(err, dial.ErrTooManyRedirects) {
		t.Errorf("six redirects: %v", err)
	}
	if n := asked.Load(); n != 6 {
		t.Errorf("%d requests were made, want 6", n)
	}
}

func TestRedirectToOtherSchemesIsRefused(t *testing.T) {
	for _, target := range []string{"file:///etc/passwd", "gopher://127.0.0.1:70/", "ftp://127.0.0.1/", "javascript:alert(1)"} {
		at := serverAt(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusFound)
		})
		if _, err := dial.HTTPClient(hop1, 10*time.Second).Get(at); !errors.Is(err, dial.ErrScheme) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestProxyFromTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	transport, ok := dial.HTTPClient(dial.Guard{}, time.Second).Transport.(*http.Transport)
	if !ok || transport.Proxy != nil {
		t.Error("the client would go through a proxy, past the guard")
	}
}

func TestWholeRequestEndsInTime(t *testing.T) {
	release := make(chan struct{})
	at := serverAt(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	resp, err := dial.HTTPClient(hop1, 100*time.Millisecond).Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a body that never ends was read")
	}
}

func TestOldTLSIsRefusedByTheClient(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	defer s.Close()
	client := dial.HTTPClient(hop1, 10*time.Second)
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	resp, err := client.Get(s.URL)
	if err == nil {
		resp.Body.Close()
		t.Error("a server that speaks only TLS 1.1 was talked to")
	}
}

func redirectTo(target string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) }
}

func serverAt(t *testing.T, addr string, h http.HandlerFunc) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
