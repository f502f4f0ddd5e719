package chromium_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/proof/chromium"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *chromium.Browser {
	t.Helper()
	b, err := chromium.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return b
}

const form = `<!doctype html><title>A form</title><style>
body{background:#fff;color:#000;margin:0;height:1500px} @media (prefers-color-scheme: dark){body{background:#000;color:#fff}}</style>
<h1>Hello</h1><form method="post" action="/answer"><input name="who" value="old"><button>Go</button></form>
<p id="script">no script</p><script>document.getElementById("script").textContent="script ran"</script>`

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, form) })
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<p id=said>%s came</p>", r.FormValue("who"))
	})
	mux.HandleFunc("/tracked", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><img src="http://pixel.example.com/a.gif"><iframe src="https://frame.example.net/"></iframe><link rel=preconnect href="https://ahead.example.org">`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func picture(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestABrowserShowsFillsClicksAndReads(t *testing.T) {
	b, server := start(t), serve(t)
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Open(server.URL); err != nil {
		t.Fatal(err)
	}
	if text, err := p.Text("h1"); err != nil || text != "Hello" {
		t.Errorf("h1 is %q, %v", text, err)
	}
	if text, err := p.Text("#script"); err != nil || text != "script ran" {
		t.Errorf("%q, %v", text, err)
	}
	if title, err := p.Title(); err != nil || title != "A form" {
		t.Errorf("title %q, %v", title, err)
	}
	if n, err := chromium.Eval[int](p, "Promise.resolve(6*7)"); err != nil || n != 42 {
		t.Errorf("script said %d, %v", n, err)
	}
	if err := p.Fill("input", "Ọmọ"); err != nil {
		t.Fatal(err)
	}
	if value, err := p.Value("input"); err != nil || value != "Ọmọ" {
		t.Errorf("field holds %q, %v", value, err)
	}
	if err := p.ClickThrough("button"); err != nil {
		t.Fatal(err)
	}
	if text, err := p.Text("#said"); err != nil || text != "Ọmọ came" {
		t.Errorf("answer %q, %v", text, err)
	}
	if at, err := p.Location(); err != nil || !strings.HasSuffix(at, "/answer") {
		t.Errorf("at %q, %v", at, err)
	}
	if err := p.Scripts(false); err != nil {
		t.Fatal(err)
	}
	if err := p.Open(server.URL); err != nil {
		t.Fatal(err)
	}
	if html, err := p.HTML(); err != nil || !strings.Contains(html, "no script</p>") {
		t.Errorf("without scripts: %s, %v", html, err)
	}
	if asked := b.Foreign(); len(asked) != 0 {
		t.Errorf("a page of our own made the browser ask %v", asked)
	}
}

func TestAPictureHasItsSizeAndItsColours(t *testing.T) {
	b, server := start(t), serve(t)
	for _, dark := range []bool{false, true} {
		data, err := b.Screenshot(server.URL, 390, 700, dark)
		img := picture(t, data, err)
		if size := img.Bounds().Size(); size != (image.Point{X: 390, Y: 700}) {
			t.Errorf("dark %v: %v", dark, size)
		}
		if r, _, _, _ := img.At(380, 690).RGBA(); (r == 0) != dark {
			t.Errorf("dark %v: the corner is %x red", dark, r)
		}
	}
	data, err := b.Screenshot(server.URL, 390, 0, false)
	if size := picture(t, data, err).Bounds().Size(); size.X != 390 || size.Y < 1500 {
		t.Errorf("the whole page: %v", size)
	}
}

func TestWhatAPageWantsFromElsewhereIsCountedAndRefused(t *testing.T) {
	b, server := start(t), serve(t)
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Open(server.URL + "/tracked"); err != nil {
		t.Fatal(err)
	}
	asked := b.Foreign()
	for _, host := range []string{"pixel.example.com", "frame.example.net", "ahead.example.org"} {
		if !slices.ContainsFunc(asked, func(a string) bool { return strings.HasPrefix(a, host) }) {
			t.Errorf("%s is not among the foreign hosts %v", host, asked)
		}
	}
	b.ForgetForeign()
	if asked := b.Foreign(); len(asked) != 0 {
		t.Errorf("after forgetting: %v", asked)
	}
}
