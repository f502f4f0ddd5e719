package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
)

//go:embed site/*.html desk/*.html mail/*.html mail/*.txt mail/*.css words/*.toml static/*
var files embed.FS

// Page is one of this package's page structs.
type Page interface {
	// file names the template that shows the page.
	file() string
}

// Pages holds every page, parsed. It is safe for concurrent use.
type Pages struct {
	byFile map[string]*template.Template
	assets *assets
}

// shared names the files that every page of a folder is parsed with.
func shared(folder string) []string {
	if folder == "desk" {
		return []string{"desk/layout.html", "desk/parts.html", "desk/thread.html"}
	}
	return []string{"site/layout.html"}
}

// New parses all pages and names the file that does not parse.
func New() (*Pages, error) { return parsePages(files) }

func parsePages(from fs.FS) (*Pages, error) {
	a, err := newAssets(from)
	if err != nil {
		return nil, err
	}
	p := &Pages{byFile: map[string]*template.Template{}, assets: a}
	for _, pg := range allPages() {
		name := pg.file()
		folder := path.Dir(name)
		set := append(shared(folder), name)
		if folder == "." {
			return nil, fmt.Errorf("parse page %s: it lies in no folder", name)
		}
		t, err := template.New(name).Funcs(p.funcs()).Option("missingkey=error").ParseFS(from, set...)
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		p.byFile[name] = t
	}
	return p, nil
}

// allPages lists one empty value of each page; New parses exactly these.
func allPages() []Page {
	return []Page{
		Home{}, SubscribeDone{}, Confirm{}, Confirmed{}, Unsubscribe{}, Unsubscribed{}, Preferences{},
		Archive{}, ArchiveIssue{}, Message{}, NotFound{},
		SignIn{}, Inbox{}, ConversationPage{}, Issues{}, Issue{}, Stories{}, Subscribers{}, Deliveries{},
		Settings{}, DeskMessage{},
	}
}

func (Home) file() string             { return "site/home.html" }
func (SubscribeDone) file() string    { return "site/subscribe_done.html" }
func (Confirm) file() string          { return "site/confirm.html" }
func (Confirmed) file() string        { return "site/confirmed.html" }
func (Unsubscribe) file() string      { return "site/unsubscribe.html" }
func (Unsubscribed) file() string     { return "site/unsubscribed.html" }
func (Preferences) file() string      { return "site/preferences.html" }
func (Archive) file() string          { return "site/archive.html" }
func (ArchiveIssue) file() string     { return "site/archive_issue.html" }
func (Message) file() string          { return "site/message.html" }
func (NotFound) file() string         { return "site/not_found.html" }
func (SignIn) file() string           { return "desk/sign_in.html" }
func (Inbox) file() string            { return "desk/inbox.html" }
func (ConversationPage) file() string { return "desk/conversation.html" }
func (Issues) file() string           { return "desk/issues.html" }
func (Issue) file() string            { return "desk/issue.html" }
func (Stories) file() string          { return "desk/stories.html" }
func (Subscribers) file() string      { return "desk/subscribers.html" }
func (Deliveries) file() string       { return "desk/deliveries.html" }
func (Settings) file() string         { return "desk/settings.html" }
func (DeskMessage) file() string      { return "desk/message.html" }

// Render writes the page to w, or nothing and an error.
func (p *Pages) Render(w io.Writer, page Page) error {
	out, err := p.render(page)
	if err != nil {
		return err
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write page %s: %w", page.file(), err)
	}
	return nil
}

// Serve answers with the page under the given status. When the page cannot be rendered nothing is
// written, so that the caller may still answer with another.
func (p *Pages) Serve(w http.ResponseWriter, status int, page Page) error {
	out, err := p.render(page)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write page %s: %w", page.file(), err)
	}
	return nil
}

func (p *Pages) render(page Page) ([]byte, error) {
	t, ok := p.byFile[page.file()]
	if !ok {
		return nil, fmt.Errorf("render page %s: it was not parsed", page.file())
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, "page", page); err != nil {
		return nil, fmt.Errorf("render page %s: %w", page.file(), err)
	}
	return buf.Bytes(), nil
}
