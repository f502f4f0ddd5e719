package web

import (
	"mime"
	"net/http"
	"strings"
)

// Policy is a content security policy: what a browser may load for a page, and who may frame it.
type Policy string

// common to all our pages: no inline script or style, no plugin, no base, forms only to ourselves.
const ownPages = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "

const (
	// DeskPolicy lets a desk page load nothing but our own files: reading a stranger's mail must
	// not send a request to anywhere.
	DeskPolicy Policy = ownPages + "img-src 'self'"
	// SitePolicy also lets a public page show the paper's own pictures, wherever they are kept.
	SitePolicy Policy = ownPages + "img-src 'self' https: http:"

	documentPolicy = "default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
	filePolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"
)

// Headers sets the headers that every answer carries. https says that browsers reach us over TLS
// and adds HSTS for a year.
//
// The referrer policy is same-origin rather than no-referrer: nothing leaves for other sites with
// either, but with no-referrer a browser writes "Origin: null" on our own forms (Fetch standard,
// "serializing a request origin"), and where it sends no Sec-Fetch-Site, as over plain HTTP on a
// local network, [CrossOrigin] would have to refuse them.
func Headers(policy Policy, https bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", string(policy))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
		h.Set("X-DNS-Prefetch-Control", "off")
		h.Set("Cache-Control", "no-store")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// DocumentPolicy turns one answer into a mail of ours that is shown in a sandboxed frame of our
// own pages: its inline styles and remote pictures are allowed, scripts and forms are not. Call it
// before the first byte is written.
func DocumentPolicy(h http.Header) {
	h.Set("Content-Security-Policy", documentPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
}

// FilePolicy turns one answer into a stranger's file: saved, never shown, whatever it claims to
// be. Call it before the first byte is written.
func FilePolicy(h http.Header, filename string) {
	name := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || strings.ContainsRune(`/\:*?"<>|`, c) {
			return '_'
		}
		return c
	}, filename)
	if name = strings.TrimLeft(name, ". "); name == "" {
		name = "file"
	}
	// RFC 6266: FormatMediaType writes names beyond ASCII as filename*.
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Security-Policy", filePolicy)
}
