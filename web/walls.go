package web

import (
	"net/http"
)

// MaxBody is how much of a request's body is read: forms are small.
const MaxBody = 64 << 10

// LimitBody refuses bodies of more than n bytes: with 413 where the length is said, else by an
// error when the handler reads past it.
func LimitBody(n int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > n {
			w.Header().Set("Connection", "close")
			http.Error(w, "That is more than this page takes. Send less.", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, n)
		next.ServeHTTP(w, r)
	})
}

// CrossOrigin refuses, with 403, requests that change something and come from another site's page.
// Requests by no browser (no Origin, no Sec-Fetch-Site) pass: they carry no cookie of an editor.
// except names mux patterns that anybody may post to, such as the one-click unsubscribe of
// RFC 8058, which asks for no login. A pattern that does not parse is a mistake in the program.
func CrossOrigin(next http.Handler, except ...string) http.Handler {
	p := http.NewCrossOriginProtection()
	for _, pattern := range except {
		p.AddInsecureBypassPattern(pattern)
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "This button was pressed on another site's page, so nothing was done. Open the page here and press it again.", http.StatusForbidden)
	}))
	return p.Handler(next)
}
