package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/digest"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// A paper is the program with its config read and its database open.
type paper struct {
	config
	db   *data.DB
	keys token.Keys
	mail *templates.Mail
	log  *slog.Logger

	mailFault error // why the files of site.templates are not used

	roles   []string       // that this process has, once it serves
	sending *mailer.Mailer // where it has that one
}

// load reads the config.
func (a *app) load() (config, error) { return loadConfig(a.config, os.Environ()) }

// open reads the config, opens the database and brings its schema up to date.
func (a *app) open(ctx context.Context, log *slog.Logger) (*paper, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	if !c.given {
		return nil, usage("there is no config file %s here; make one with `tipsheet init`, or name it with --config", configName)
	}
	return openPaper(ctx, c, log)
}

func openPaper(ctx context.Context, c config, log *slog.Logger) (*paper, error) {
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	keys, err := openKeys(c.beside(c.Site.SecretFile))
	if err != nil {
		return nil, err
	}
	own := c.Site.Templates
	if own != "" {
		own = c.beside(own)
	}
	mail, fault, err := openMail(own, log)
	if err != nil {
		return nil, err
	}
	db, err := data.Open(ctx, c.beside(c.Database.URL), data.Options{})
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &paper{config: c, db: db, keys: keys, mail: mail, mailFault: fault, log: log}, nil
}

// openKeys reads the secrets, and makes one at the very first start.
func openKeys(path string) (token.Keys, error) {
	secrets, err := token.ReadSecrets(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = token.CreateSecretFile(path); err == nil || errors.Is(err, fs.ErrExist) {
			secrets, err = token.ReadSecrets(path)
		}
	}
	if err != nil {
		return token.Keys{}, usage("site.secret_file: %v", err)
	}
	return token.New(secrets...)
}

func (p *paper) close() error { return p.db.Close() }

// brand is what every page and mail shows of the paper.
func (p *paper) brand() templates.Site {
	s := p.Site
	return templates.Site{Name: s.Name, URL: s.URL, Contact: s.Contact, PostalAddress: s.PostalAddress, Accent: s.Accent, Logo: s.Logo, Language: s.Language}
}

// header is the sender's profile of a mailing.
func (p *paper) header() data.Header {
	replyTo := p.Site.ReplyTo
	if replyTo == "" {
		replyTo = p.Site.Contact
	}
	if replyTo == p.Site.From {
		replyTo = ""
	}
	return data.Header{
		From: p.Site.From, FromName: p.Site.Name, ReplyTo: replyTo, Domain: domainOf(p.Site.From), Bounce: p.Bounces.Address,
		SiteURL: p.publicURL(), Site: p.Site.Name, Contact: p.Site.Contact,
	}
}

// listHeader is the profile of a newsletter's issues.
func (p *paper) listHeader(n data.Newsletter) data.Header {
	h := p.header()
	h.FromName = firstOf(p.Site.Name, n.Name)
	h.List, h.ListID, h.Archive = n.Name, n.Slug+"."+h.Domain, h.SiteURL+"/archive/"
	return h
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndex(address, "@")+1:])
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// desk makes the digest's desk.
func (p *paper) desk() *digest.Desk {
	connections := 0
	for _, r := range p.Relay {
		connections += r.Connections
	}
	return digest.New(digest.Options{
		DB: p.db, Mail: p.mail, Site: p.brand(), SiteURL: p.publicURL(), Header: p.listHeader,
		Feeds: p.Feeds, Issues: p.Issues, Connections: connections, Log: p.log.With("room", "digest"),
	})
}

// canSend says what is missing before mail can go out, as one sentence.
func (p *paper) canSend() error {
	switch {
	case p.Site.From == "":
		return &data.UserError{Message: "digests have no sender", Hint: "set site.from in the config"}
	case p.publicURL() == "":
		return &data.UserError{Message: "links in digests would lead nowhere", Hint: "set web.url, the public address of tipsheet's pages, in the config"}
	}
	return checkSender(p.Site.From, p.Relay)
}

// mailer makes the mailer with its relays.
func (p *paper) mailer() (*mailer.Mailer, error) {
	if err := p.canSend(); err != nil {
		return nil, err
	}
	o := mailer.Options{DB: p.db, Keys: p.keys, Settings: p.Ledger, Log: p.log.With("room", "mailer")}
	for _, r := range p.Relay {
		proof, err := p.proof(r)
		if err != nil {
			return nil, err
		}
		r.Settings.CAFile = p.beside(r.CAFile)
		o.Relays = append(o.Relays, mailer.Relay{Settings: r.Settings, Password: proof.Password, Tokens: proof.Tokens})
	}
	var err error
	if o.Signers, err = p.signers(); err != nil {
		return nil, err
	}
	return mailer.New(o)
}

// signers are the DKIM keys of the config; nil: the relay signs.
func (p *paper) signers() (*smtp.Signers, error) {
	d := p.DKIM
	if d.Domain == "" {
		return nil, nil
	}
	current := d.Selector + ":" + d.KeyFile
	if d.Second != "" {
		current += "+" + d.Second
	}
	var all []*smtp.Signer
	for _, names := range append([]string{current}, d.Earlier...) {
		var signer *smtp.Signer
		for _, name := range strings.Split(names, "+") {
			selector, file, _ := strings.Cut(name, ":")
			key, err := smtp.ReadKey(p.beside(file))
			switch {
			case err != nil:
			case signer == nil:
				signer, err = smtp.NewSigner(d.Domain, selector, key)
			default:
				signer, err = signer.WithKey(selector, key)
			}
			if err != nil {
				return nil, usage("dkim: key %s: %v", name, err)
			}
		}
		all = append(all, signer)
	}
	signers, err := smtp.NewSigners(all[0], all[1:]...)
	if err != nil {
		return nil, usage("%v", err)
	}
	return signers, nil
}

// proof is what a relay is logged in to with: a password, or the tokens of a file.
func (p *paper) proof(r relayConfig) (smtp.Secret, error) {
	if r.Auth == "xoauth2" {
		tokens, err := dial.OpenTokens(p.beside(r.TokenFile), p.beside(r.OAuthClient))
		if err != nil {
			return smtp.Secret{}, usage("relay.token_file: %v", err)
		}
		return smtp.Secret{Tokens: tokens}, nil
	}
	password, err := secret(r.Password, p.beside(r.PasswordFile), "relay.password_file")
	return smtp.Secret{Password: password}, err
}

// secret is a password given as a variable, or the first line of its file.
func secret(given, file, key string) (string, error) {
	if given != "" || file == "" {
		return given, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", usage("%s: %v", key, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimRight(line, "\r"), nil
}

// freeMail are providers whose addresses only their own servers may send from: others reject
// or hide such mail (DMARC), and no reader would see the digest.
var freeMail = map[string]string{
	"gmail.com": "google", "googlemail.com": "google",
	"yahoo.com": "yahoo", "yahoo.co.uk": "yahoo", "ymail.com": "yahoo", "aol.com": "yahoo",
	"outlook.com": "microsoft", "hotmail.com": "microsoft", "live.com": "microsoft", "msn.com": "microsoft",
	"icloud.com": "apple", "me.com": "apple",
	"proton.me": "proton", "protonmail.com": "proton", "gmx.com": "gmx", "gmx.net": "gmx", "zoho.com": "zoho",
}

// relayOwners are the hosts at which those providers take mail.
var relayOwners = map[string]string{
	"gmail.com": "google", "google.com": "google", "googlemail.com": "google", "yahoo.com": "yahoo", "aol.com": "yahoo",
	"office365.com": "microsoft", "outlook.com": "microsoft", "me.com": "apple", "icloud.com": "apple",
	"proton.me": "proton", "protonmail.ch": "proton", "gmx.com": "gmx", "gmx.net": "gmx", "zoho.com": "zoho",
}

// checkSender refuses a sender at a free-mail provider through a foreign relay.
func checkSender(from string, relays []relayConfig) error {
	owner, free := freeMail[domainOf(from)]
	if !free {
		return nil
	}
	for _, r := range relays {
		labels := strings.Split(strings.ToLower(r.Host), ".")
		if len(labels) >= 2 && relayOwners[strings.Join(labels[len(labels)-2:], ".")] == owner {
			continue
		}
		return &data.UserError{
			Message: fmt.Sprintf("mail from an address at %s through the relay %s would be rejected", domainOf(from), r.Host),
			Hint:    "set site.from to an address of your own domain and site.reply_to to the other one",
		}
	}
	return nil
}

// mkdirFor makes the folder that a new file is to lie in.
func mkdirFor(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return nil
}
