package demo

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

const pageTime = "Monday 2 January, 15:04"

type storyView struct {
	Paper, Contact, Date string
	Story                Story
	Paragraphs           []paragraph
}

type paragraph struct {
	Text    string
	Heading bool
}

type frontView struct {
	Paper, Contact string
	Entries        []frontEntry
}

type frontEntry struct {
	Story      Story
	Path, Date string
}

// Handler serves the demo's paper: the feed at /feeds/posts/default, a front page, each story's page
// and the pictures below /img/. Now is asked once, for a real feed does not date its stories anew at
// each visit. The feed carries an ETag and answers a conditional request with 304.
func Handler(now func() time.Time) http.Handler {
	at := now()
	pages := template.Must(template.ParseFS(pageFiles, "pages/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /feeds/posts/default", func(w http.ResponseWriter, r *http.Request) {
		serveFeed(w, r, at)
	})
	mux.HandleFunc("GET /img/{size}/{file}", servePicture)
	mux.HandleFunc("GET /{year}/{month}/{page}", func(w http.ResponseWriter, r *http.Request) {
		for _, s := range Stories() {
			if s.Path(at) == r.URL.Path {
				servePage(w, pages, "story.html", viewStory(s, at))
				return
			}
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		servePage(w, pages, "front.html", viewFront(at))
	})
	return mux
}

func serveFeed(w http.ResponseWriter, r *http.Request, at time.Time) {
	body := Feed("http://"+r.Host, at)
	w.Header().Set("Content-Type", "application/atom+xml; charset=UTF-8")
	w.Header().Set("Cache-Control", "private, max-age=0")
	w.Header().Set("ETag", fmt.Sprintf(`W/"%016x"`, hash(string(body))))
	http.ServeContent(w, r, "", Stories()[0].Updated(at), bytes.NewReader(body))
}

// servePage renders before it answers, so that a page that cannot be rendered is a 500 and not half a
// page.
func servePage(w http.ResponseWriter, pages *template.Template, name string, view any) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, view); err != nil {
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w) // an error says that the visitor has gone, and nobody is left to tell
}

func viewStory(s Story, at time.Time) storyView {
	v := storyView{Paper: Paper, Contact: Contact, Date: s.Published(at).Format(pageTime), Story: s}
	for _, p := range s.Paragraphs {
		text, heading := strings.CutPrefix(p, "### ")
		v.Paragraphs = append(v.Paragraphs, paragraph{Text: text, Heading: heading})
	}
	return v
}

func viewFront(at time.Time) frontView {
	v := frontView{Paper: Paper, Contact: Contact}
	for _, s := range Stories() {
		v.Entries = append(v.Entries, frontEntry{Story: s, Path: s.Path(at), Date: s.Published(at).Format(pageTime)})
	}
	return v
}
