package demo

import (
	"bytes"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serveDemo starts the paper on loopback and returns a function that gets a path from it.
func serveDemo(t *testing.T) (string, func(path string) (*http.Response, []byte)) {
	t.Helper()
	server := httptest.NewServer(Handler(func() time.Time { return noon }))
	t.Cleanup(server.Close)
	return server.URL, func(path string) (*http.Response, []byte) {
		t.Helper()
		resp, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, body
	}
}

func TestFeedIsServedWithItsOwnAddress(t *testing.T) {
	url, get := serveDemo(t)
	resp, body := get("/feeds/posts/default")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if !bytes.Equal(body, Feed(url, noon)) {
		t.Error("the served feed is not Feed's")
	}
}

func TestFeedIsNotSentTwiceToWhoHasIt(t *testing.T) {
	url, get := serveDemo(t)
	first, _ := get("/feeds/posts/default")
	for header, value := range map[string]string{
		"If-None-Match":     first.Header.Get("ETag"),
		"If-Modified-Since": first.Header.Get("Last-Modified"),
	} {
		if value == "" {
			t.Fatalf("nothing to send as %s", header)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/feeds/posts/default", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %s, want 304", header, resp.Status)
		}
	}
}

func TestEveryStoryHasItsPage(t *testing.T) {
	_, get := serveDemo(t)
	_, front := get("/")
	for _, s := range Stories() {
		resp, body := get(s.Path(noon))
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", s.Path(noon), resp.Status)
		}
		if !bytes.Contains(body, []byte(s.Author)) || s.Image != "" && !bytes.Contains(body, []byte(s.Image)) {
			t.Errorf("%s: author or picture missing", s.Slug)
		}
		if !bytes.Contains(front, []byte(s.Path(noon))) {
			t.Errorf("%s is not on the front page", s.Slug)
		}
	}
	for _, path := range []string{"/2025/11/no-such-story.html", "/1999/01/sprinter.html", "/img/s640/no-such.jpg", "/img/s9/sprinter.jpg"} {
		if resp, _ := get(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, resp.Status)
		}
	}
}

func TestEveryPictureIsServedInItsSizeAndDiffers(t *testing.T) {
	_, get := serveDemo(t)
	served := func(path string, size image.Point) string {
		t.Helper()
		resp, body := get(path)
		img, format, err := image.Decode(bytes.NewReader(body))
		if err != nil || format != "jpeg" || img.Bounds().Size() != size {
			t.Errorf("%s: %s, %q: %v", path, resp.Status, format, err)
		}
		return string(body)
	}
	seen := map[string]string{}
	for _, s := range Stories() {
		if s.Image == "" {
			continue
		}
		// The large sizes are slow to draw under the race detector; three of them will do.
		if len(seen) < 3 {
			served(s.Image, image.Pt(640, 360))
		}
		thumbnail := served(sized(s.Image, "s72-c"), image.Pt(72, 72))
		if other, ok := seen[thumbnail]; ok {
			t.Errorf("%s and %s have the same picture", s.Slug, other)
		}
		seen[thumbnail] = s.Slug
	}
	if len(seen) < 18 {
		t.Errorf("only %d stories have a picture", len(seen))
	}
}

func TestPictureIsTheSameEachTime(t *testing.T) {
	a, b := Picture("sprinter", 320, 180).(*image.RGBA), Picture("sprinter", 320, 180).(*image.RGBA)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the same name gave two pictures")
	}
}
