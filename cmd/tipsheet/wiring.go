package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/desk"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/sorter"
	"github.com/olomotimes/tipsheet/site"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/web"
)

// inbox makes the inbox with its mailboxes and the sorter.
func (p *paper) inbox() (*inbox.Inbox, error) {
	o, err := p.inboxOptions()
	if err != nil {
		return nil, err
	}
	for _, m := range p.Mailbox {
		password, err := secret(m.Password, p.beside(m.PasswordFile), "mailbox.password_file")
		if err != nil {
			return nil, err
		}
		m.Settings.CAFile = p.beside(m.CAFile)
		o.Mailboxes = append(o.Mailboxes, inbox.Mailbox{Settings: m.Settings, Password: password})
	}
	return inbox.New(o)
}

// sortingInbox files what is in the database already, and reads no mailbox.
func (p *paper) sortingInbox() (*inbox.Inbox, error) {
	o, err := p.inboxOptions()
	if err != nil {
		return nil, err
	}
	return inbox.New(o)
}

func (p *paper) inboxOptions() (inbox.Options, error) {
	model, err := sorter.Load()
	if err != nil {
		return inbox.Options{}, err
	}
	o := inbox.Options{DB: p.db, Settings: p.Inbox, Keys: p.keys, Model: model.With(p.Sorter), Log: p.log.With("room", "inbox")}
	for _, address := range []string{p.Site.From, p.Site.Contact} {
		if address != "" {
			o.Own = append(o.Own, address)
		}
	}
	return o, nil
}

// pages is everything that this process answers by HTTP. stop ends its event streams.
func (p *paper) pages() (handler http.Handler, stop func(), err error) {
	if err := p.canSend(); err != nil { // confirmations and replies are letters
		return nil, nil, err
	}
	all, err := templates.New()
	if err != nil {
		return nil, nil, err
	}
	trusted, err := web.ParsePrefixes(p.Web.TrustedProxies)
	if err != nil {
		return nil, nil, err
	}
	zone, err := time.LoadLocation(p.Site.TimeZone)
	if err != nil {
		return nil, nil, err
	}
	secure := strings.HasPrefix(p.publicURL(), "https://")
	letter := p.header()
	letter.Automatic, letter.ReplyTo = true, ""
	public, err := site.New(site.Options{DB: p.db, Pages: all, Mail: p.mail, Keys: p.keys, Site: p.brand(), Header: letter,
		Log: p.log.With("room", "site"), Trusted: trusted, Secure: secure})
	if err != nil {
		return nil, nil, err
	}
	reply := p.header()
	reply.From = firstOf(p.Site.Contact, p.Site.From) // the answer comes back to the mailbox that is watched
	reply.ReplyTo, reply.Domain = "", domainOf(reply.From)
	if checkSender(reply.From, p.Relay) != nil {
		reply.From, reply.ReplyTo, reply.Domain = p.Site.From, p.Site.Contact, domainOf(p.Site.From)
	}
	editors, err := desk.New(desk.Options{DB: p.db, Pages: all, Mail: p.mail, Keys: p.keys, Site: p.brand(), Header: reply,
		Log: p.log.With("room", "desk"), Trusted: trusted, Secure: secure, Location: zone, Preview: p.desk()})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", public.Handler())
	mux.Handle("/desk/", editors.Handler())
	mux.Handle("/desk", http.RedirectHandler("/desk/inbox", http.StatusSeeOther))
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", p.readyz)
	mux.Handle("GET /metrics", &metrics{paper: p, trusted: trusted, started: time.Now()})
	return mux, editors.Close, nil
}
