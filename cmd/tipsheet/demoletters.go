package main

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"

	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

var letterList = template.Must(template.New("letters").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mail sent</title>
<h1>Mail sent, besides the digest</h1>{{if .}}<ul>{{range .}}<li><a href="/mail/{{.N}}">{{.Subject}}</a> to {{.To}}</li>{{end}}</ul>{{else}}<p>None yet. Subscribe on the public site, or answer a message at the desk, and the letter stands here.</p>{{end}}</html>`))

var letterText = template.Must(template.New("letter").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A letter</title><pre>{{.}}</pre></html>`))

type demoLetter struct {
	N           int
	Subject, To string
}

func isDigest(m smtptest.Message) bool {
	return bytes.Contains(m.Data, []byte("\r\nList-Unsubscribe:"))
}

// listLetters lists confirmations, replies and test letters, the newest first.
func (w *demoWorld) listLetters(out http.ResponseWriter, _ *http.Request) {
	all := w.relay.Messages()
	var rows []demoLetter
	for i := len(all) - 1; i >= 0; i-- {
		if !isDigest(all[i]) {
			rows = append(rows, demoLetter{i, message.Parse(all[i].Data).Subject, all[i].To[0]})
		}
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	letterList.Execute(out, rows) // a browser that has gone needs no answer
}

// showLetter shows one mail as its reader would see it.
func (w *demoWorld) showLetter(out http.ResponseWriter, r *http.Request) {
	all := w.relay.Messages()
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(all) {
		http.NotFound(out, r)
		return
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	if page, err := htmlPart(all[n].Data); err == nil {
		out.Write(page)
		return
	}
	letterText.Execute(out, message.Parse(all[n].Data).Text)
}
