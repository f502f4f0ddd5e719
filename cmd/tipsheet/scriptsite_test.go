package main

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// startSite serves a folder of the script as a web site, whose address is $SITE from then on, and lets feeds be read from this
// machine. A file feed.301 makes /feed a redirect with that status to the address that it contains (a path on the same
// site, or in full); feed.404 makes it a page with that status.
func startSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("write it as site FOLDER")
	}
	folder := ts.MkAbs(args[0])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := folder + path.Clean("/"+r.URL.Path)
		for _, code := range []int{301, 302, 403, 404, 410, 500} {
			to, err := os.ReadFile(name + "." + strconv.Itoa(code))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if code < 400 {
				w.Header().Set("Location", strings.TrimSpace(string(to)))
			}
			w.WriteHeader(code)
			return
		}
		http.ServeFile(w, r, name)
	}))
	ts.Defer(server.Close)
	ts.Setenv("SITE", server.URL)
	ts.Setenv("TIPSHEET_FEEDS_ALLOW_PRIVATE", "true")
}
