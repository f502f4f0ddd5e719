package feed_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/digest/feed"
)

// ways are how a site may hand out its feed. Whichever it takes, the same is read.
var ways = map[string]func(http.ResponseWriter, *http.Request, []byte){
	"plain": func(w http.ResponseWriter, _ *http.Request, body []byte) { w.Write(body) },
	"packed": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(pack(body))
	},
	"packed unasked": func(w http.ResponseWriter, _ *http.Request, body []byte) { w.Write(pack(body)) },
	"byte by byte": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		for at := 0; at < len(body); at += max(1, len(body)/40) {
			w.Write(body[at:min(len(body), at+max(1, len(body)/40))])
			w.(http.Flusher).Flush()
		}
	},
	"with the length": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	},
	"by the wrong name": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Type", "text/html")
		w.Write(body)
	},
	"over two stops": func(w http.ResponseWriter, r *http.Request, body []byte) {
		if step := strings.TrimPrefix(r.URL.Path, "/feed"); len(step) < 2 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		w.Write(body)
	},
	"as non-authoritative": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.WriteHeader(http.StatusNonAuthoritativeInfo)
		w.Write(body)
	},
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body)
	z.Close()
	return b.Bytes()
}

func TestEverySampleArrivesWhicheverWayItIsServed(t *testing.T) {
	for _, file := range samples(t) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range ways {
			at := site(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = nil
				way(w, r, body)
			})
			f := fetcher()
			f.MaxBytes = 1 << 20
			got, err := f.Fetch(t.Context(), at+"/feed", feed.Conditions{})
			if err != nil {
				t.Errorf("%s, %s: %v", file, name, err)
				continue
			}
			want, err := feed.Parse(body, "", at+"/feed")
			if err != nil {
				t.Fatal(err)
			}
			want.Warnings, got.Feed.Warnings = nil, nil // the way has warnings of its own
			if !reflect.DeepEqual(got.Feed, want) {
				t.Errorf("%s, %s: got %+v", file, name, got.Feed)
			}
		}
	}
}

func TestConditionsAreNotSentToWhereAFeedHasMoved(t *testing.T) {
	mux := http.NewServeMux()
	unchanged := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified) // a web page may say so as well
			return
		}
		fmt.Fprint(w, "<!doctype html><html><body>Buy this domain</body></html>")
	}
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/page", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/for-now", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/page", http.StatusFound) })
	mux.HandleFunc("/page", unchanged)
	at, c := site(t, mux.ServeHTTP), feed.Conditions{ETag: `"1"`, LastModified: "Thu, 01 Oct 2026 08:00:00 GMT"}
	if a, err := fetcher().Fetch(t.Context(), at+"/moved", c); err == nil || !strings.Contains(err.Error(), "web page") {
		t.Errorf("moved for good: %+v, %v", a, err)
	}
	if a, err := fetcher().Fetch(t.Context(), at+"/for-now", c); err != nil || !a.NotModified || a.MovedTo != "" {
		t.Errorf("moved for now: %+v, %v", a, err)
	}
}

func TestAddressesTellApartWhatTheyCan(t *testing.T) {
	got := feed.Addresses(feed.Feed{Link: "http://paper.example.com/home/", Items: []feed.Item{
		{ID: "1", Link: "http://paper.example.com/a/?utm_source=x"},
		{ID: "2", Link: "https://paper.example.com/both"}, {ID: "3", Link: "http://paper.example.com/both/"}, {ID: "2", Link: "https://paper.example.com/both"},
		{ID: "4", Link: "https://paper.example.com/home"}, {ID: "5", Link: "https://other.example.com/"}, {ID: "6", Link: "relative"}, {ID: "7"},
		{ID: "8", Link: "https://paper.example.com/?p=8"}, {ID: "8", Link: "https://paper.example.com/?p=8#x"},
	}})
	want := []string{"https://paper.example.com/a", "", "", "", "", "", "", "", "https://paper.example.com?p=8", "https://paper.example.com?p=8"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
