package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// assets are the style sheets, the script and the icon, each under a name that holds a hash of its
// bytes, so that a browser may keep it for ever.
type assets struct {
	byPath map[string]asset  // by the path it is served under
	paths  map[string]string // by file name
}

type asset struct {
	kind string
	body []byte
}

// tokensFile holds the colours and the few rules that both style sheets begin with.
const tokensFile = "static/tokens.css"

// accentPrefix starts the path of the style sheets that only set an accent.
const accentPrefix = "/static/accent-"

func newAssets(from fs.FS) (*assets, error) {
	a := &assets{byPath: map[string]asset{}, paths: map[string]string{}}
	entries, err := fs.ReadDir(from, "static")
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	tokens, err := fs.ReadFile(from, tokensFile)
	if err != nil {
		return nil, fmt.Errorf("read static file: %w", err)
	}
	for _, e := range entries {
		if "static/"+e.Name() == tokensFile {
			continue
		}
		body, err := fs.ReadFile(from, "static/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file %s: %w", e.Name(), err)
		}
		ext := path.Ext(e.Name())
		kind, ok := map[string]string{
			".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
		}[ext]
		if !ok {
			return nil, fmt.Errorf("static file %s: no content type is known for %q", e.Name(), ext)
		}
		if ext == ".css" {
			body = append(bytes.Clone(tokens), body...)
		}
		sum := sha256.Sum256(body)
		stem := strings.TrimSuffix(e.Name(), ext)
		folder := "/static/"
		if strings.HasPrefix(stem, "desk") {
			folder = "/desk/static/"
		}
		p := folder + stem + "." + hex.EncodeToString(sum[:6]) + ext
		a.byPath[p] = asset{kind, body}
		a.paths[e.Name()] = p
	}
	return a, nil
}

// path is where the named file is served; a page that asks for an unknown one fails to render.
func (a *assets) path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("static file %s does not exist", name)
	}
	return p, nil
}

func accentPath(c colour) string { return accentPrefix + c.String()[1:] + ".css" }

// accentSheet is the style sheet that sets the accent named by p, which is data from outside: only
// six hexadecimal digits are taken from it.
func accentSheet(p string) (asset, bool) {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(p, accentPrefix), ".css")
	c, valid := parseColour("#" + digits)
	if !ok || !valid {
		return asset{}, false
	}
	css := fmt.Sprintf(":root{--accent:%s;--on-accent:%s}\n@media(prefers-color-scheme:dark){:root{--accent:%s;--on-accent:%s}}\n",
		c.onLight(lightHover), white, c.onDark(darkHover), colour{0x15, 0x14, 0x12})
	return asset{"text/css; charset=utf-8", []byte(css)}, true
}

// Assets serves the static files under /static/ and /desk/static/. An unknown name is 404.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := p.assets.byPath[r.URL.Path]
		if !ok && strings.HasPrefix(r.URL.Path, accentPrefix) {
			a, ok = accentSheet(r.URL.Path)
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		if r.Method == http.MethodHead {
			return
		}
		// The reader went away: there is nobody left to tell.
		_, _ = w.Write(a.body)
	})
}
