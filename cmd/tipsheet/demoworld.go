package main

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/web"
)

const (
	demoMailboxUser     = "contact@harmattanpost.test"
	demoMailboxPassword = "a-password-for-the-demo"
)

// demoWorld is what lies around tipsheet: a relay, a mailbox, a blog, and a page that shows what
// readers got.
type demoWorld struct {
	relay     *smtptest.Server
	mailbox   *imaptest.Server
	blog      string // address of the blog
	delivered string // address of the page with the mail as delivered
	servers   []*http.Server
}

func newDemoWorld() (w *demoWorld, err error) {
	w = &demoWorld{}
	if w.relay, err = smtptest.Start(smtptest.Options{}); err != nil {
		return nil, err
	}
	if w.mailbox, err = imaptest.Start(imaptest.Options{Username: demoMailboxUser, Password: demoMailboxPassword}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	for _, m := range demo.Messages(time.Now()) {
		if err := w.mailbox.Append("INBOX", m.Raw, m.Date); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	if w.blog, err = w.serve(demo.Handler(time.Now)); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if w.delivered, err = w.serve(w.mailPages()); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *demoWorld) serve(h http.Handler) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("serve the demo: %w", err)
	}
	s := web.NewServer(h, slog.New(slog.DiscardHandler))
	w.servers = append(w.servers, s)
	go s.Serve(l) // it ends with close
	return "http://" + l.Addr().String(), nil
}

func (w *demoWorld) close() error {
	var errs []error
	for _, s := range w.servers {
		errs = append(errs, s.Close())
	}
	if w.relay != nil {
		errs = append(errs, w.relay.Close())
	}
	if w.mailbox != nil {
		errs = append(errs, w.mailbox.Close())
	}
	return errors.Join(errs...)
}

var noMail = template.Must(template.New("none").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Not delivered yet</title><p>No digest has been delivered yet. This page looks again by itself.</p></html>`))

// mailPages show what the relay took: the newest digest at /, everything else at /mail/.
func (w *demoWorld) mailPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.show)
	mux.HandleFunc("GET /mail/{$}", w.listLetters)
	mux.HandleFunc("GET /mail/{n}", w.showLetter)
	return mux
}

// show answers with the newest digest that the relay took, as its reader would see it.
func (w *demoWorld) show(out http.ResponseWriter, _ *http.Request) {
	all := w.relay.Messages()
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	for i := len(all) - 1; i >= 0; i-- {
		page, err := htmlPart(all[i].Data)
		if err == nil && isDigest(all[i]) {
			out.Write(page) // a browser that has gone needs no answer
			return
		}
	}
	noMail.Execute(out, nil)
}

// htmlPart is the decoded HTML part of a multipart/alternative mail.
func htmlPart(raw []byte) ([]byte, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			return io.ReadAll(quotedprintable.NewReader(p))
		}
	}
}
