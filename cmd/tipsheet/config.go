package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/digest"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/sorter"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/web"
)

// config is the whole config file: each room's settings under their TOML names.
type config struct {
	Site     siteConfig           `toml:"site" doc:"who the paper is"`
	Database databaseConfig       `toml:"database" doc:"where everything is kept"`
	Web      webConfig            `toml:"web" doc:"the public pages and the desk"`
	Relay    []relayConfig        `toml:"relay" doc:"SMTP servers that mail is handed to"`
	DKIM     dkimConfig           `toml:"dkim" doc:"our own signature; leave it out where the relay signs"`
	Mailbox  []mailboxConfig      `toml:"mailbox" doc:"IMAP mailboxes that are watched"`
	Feeds    digest.FeedSettings  `toml:"feeds" doc:"how feeds are read"`
	Issues   digest.IssueSettings `toml:"issues" doc:"how issues are made"`
	Bounces  bouncesConfig        `toml:"bounces" doc:"where bounces come back to"`
	Inbox    inbox.Settings       `toml:"inbox" doc:"how mail is taken in and sorted"`
	Sorter   sorter.Settings      `toml:"sorter" doc:"when the sorter is sure"`
	Ledger   mailer.Settings      `toml:"ledger" doc:"how deliveries are kept account of"`
	Keep     retentionConfig      `toml:"retention" doc:"how long things are kept in full"`

	path  string // of the file; empty: none was read
	given bool   // a file or a variable said something
}

type siteConfig struct {
	Name          string `toml:"name" doc:"what readers call the paper"`
	URL           string `toml:"url" doc:"the paper's own site, with https://"`
	Contact       string `toml:"contact" doc:"the address that tips, gossip and adverts go to"`
	From          string `toml:"from" doc:"the address that digests come from; best one of the paper's own domain"`
	ReplyTo       string `toml:"reply_to" doc:"where replies to digests go; empty: the contact address"`
	PostalAddress string `toml:"postal_address" doc:"one line for the foot of each digest, as the law asks in many places"`
	TimeZone      string `toml:"time_zone" doc:"IANA time zone of the newsroom, such as Africa/Lagos"`
	Language      string `toml:"language" doc:"language of the pages and digests"`
	Accent        string `toml:"accent" doc:"the paper's colour, as #rrggbb"`
	Logo          string `toml:"logo" doc:"https address of a picture about 40 pixels high; empty shows the name in type"`
	Templates     string `toml:"templates" doc:"folder with own files for mails (docs/digest.md), checked before use; empty uses ours"`
	SecretFile    string `toml:"secret_file" doc:"file with the secrets that links are signed with; made by tipsheet init"`
}

type databaseConfig struct {
	URL string `toml:"url" doc:"path of the database file"`
}

type webConfig struct {
	Listen         string   `toml:"listen" doc:"address and port that the pages are served at"`
	URL            string   `toml:"url" doc:"the public address of these pages, which links in mails begin with; empty: site.url"`
	TrustedProxies []string `toml:"trusted_proxies" doc:"networks of the proxies in front, whose word on a visitor's address is taken"`
	Metrics        string   `toml:"metrics" doc:"who may read /metrics: loopback (programs on this machine), all, or off"`
}

type relayConfig struct {
	smtp.Settings
	Password string `toml:"password,omitempty" env:"only" doc:"only as a variable; in the file it is password_file"`
}

type mailboxConfig struct {
	imap.Settings
	Password string `toml:"password,omitempty" env:"only" doc:"only as a variable; in the file it is password_file"`
}

type dkimConfig struct {
	Domain   string `toml:"domain" doc:"the domain that signs; empty signs nothing"`
	Selector string `toml:"selector" doc:"the name of the key in DNS"`
	KeyFile  string `toml:"key_file" doc:"PEM file with the private key"`
	// A second signature, such as ed25519's beside rsa's, and keys of the past.
	Second  string   `toml:"second" doc:"a second key that signs too, as selector:file, such as an Ed25519 one beside an RSA one"`
	Earlier []string `toml:"earlier" doc:"keys that signed before, each selector:file, or both as selector:file+selector:file: mail that must be sent again keeps its bytes"`
}

type bouncesConfig struct {
	Address string `toml:"address" doc:"bounces come to this address, with +token before the @; it must reach a watched mailbox. Empty: to site.from"`
}

// defaults is the config without a file. Elements of relay and mailbox start from the rooms'
// own defaults when they are decoded.
func defaults() config {
	return config{
		Site:     siteConfig{TimeZone: "UTC", Language: "en", Accent: "#a3221b", SecretFile: "tipsheet.secret"},
		Database: databaseConfig{URL: "tipsheet.db"},
		Web:      webConfig{Listen: "127.0.0.1:8080", Metrics: metricsLoopback},
		Feeds:    digest.DefaultFeedSettings(),
		Issues:   digest.DefaultIssueSettings(),
		Inbox:    inbox.DefaultSettings(),
		Sorter:   sorter.DefaultSettings(),
		Ledger:   mailer.DefaultSettings(),
		Keep:     defaultRetention(),
	}
}

// publicURL is where links in mails begin, without a slash at its end.
func (c config) publicURL() string {
	if c.Web.URL != "" {
		return strings.TrimRight(c.Web.URL, "/")
	}
	return strings.TrimRight(c.Site.URL, "/")
}

// beside is a path of the config, relative to the config file's folder.
func (c config) beside(path string) string {
	if path == "" || filepath.IsAbs(path) || c.path == "" {
		return path
	}
	return filepath.Join(filepath.Dir(c.path), path)
}

var accent = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// validate returns every mistake, each a sentence that begins with its key.
func (c config) validate() []error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	under := func(section string, mistakes []error) {
		for _, m := range mistakes {
			if strings.HasPrefix(m.Error(), section+".") {
				wrong = append(wrong, m)
			} else {
				say("%s.%w", section, m)
			}
		}
	}
	under("site", c.Site.validate())
	under("web", c.Web.validate())
	under("dkim", c.DKIM.validate())
	under("feeds", c.Feeds.Validate())
	under("issues", c.Issues.Validate())
	under("inbox", c.Inbox.Validate())
	under("sorter", c.Sorter.Validate())
	under("ledger", c.Ledger.Validate())
	under("retention", c.Keep.validate())
	if c.Bounces.Address != "" {
		if _, err := data.NormalAddress(c.Bounces.Address); err != nil {
			say("bounces.address: %w", err)
		}
	}
	if c.Database.URL == "" {
		say("database.url: name a file, such as tipsheet.db")
	} else if strings.Contains(c.Database.URL, "://") {
		say("database.url: %q is not a path; this version keeps everything in a SQLite file", c.Database.URL)
	}
	names := map[string]bool{}
	for i, r := range c.Relay {
		under(numbered("relay", i, len(c.Relay)), r.Settings.Validate())
		if names[r.Name] {
			say("relay.name: two relays are called %q; give each its own name", r.Name)
		}
		names[r.Name] = true
	}
	for i, m := range c.Mailbox {
		under(numbered("mailbox", i, len(c.Mailbox)), m.Settings.Validate())
	}
	return wrong
}

func numbered(section string, i, n int) string {
	if n == 1 {
		return section
	}
	return fmt.Sprintf("%s[%d]", section, i+1)
}

func (s siteConfig) validate() []error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if s.URL != "" && !isWebAddress(s.URL) {
		say("url: %q is not a web address; write it with https:// in front", s.URL)
	}
	for key, address := range map[string]string{"contact": s.Contact, "from": s.From, "reply_to": s.ReplyTo} {
		if address == "" {
			continue
		}
		if _, err := data.NormalAddress(address); err != nil {
			say("%s: %w", key, err)
		}
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" {
		say("time_zone: there is no time zone %q; write one such as Africa/Lagos", s.TimeZone)
	}
	if s.Accent != "" && !accent.MatchString(s.Accent) {
		say("accent: %q is not a colour; write it as #rrggbb", s.Accent)
	}
	if s.Logo != "" && !isWebAddress(s.Logo) {
		say("logo: %q is not a web address", s.Logo)
	}
	return wrong
}

func (w webConfig) validate() []error {
	var wrong []error
	if !validListen(w.Listen) {
		wrong = append(wrong, fmt.Errorf("listen: %q is not an address with a port from 0 to 65535; write it such as 127.0.0.1:8080", w.Listen))
	}
	if w.URL != "" && !isWebAddress(w.URL) {
		wrong = append(wrong, fmt.Errorf("url: %q is not a web address; write it with https:// in front", w.URL))
	}
	if _, err := web.ParsePrefixes(w.TrustedProxies); err != nil {
		wrong = append(wrong, fmt.Errorf("trusted_proxies: %w", err))
	}
	if err := validMetrics(w.Metrics); err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}

func (d dkimConfig) validate() []error {
	if d.Domain == "" && d.Selector == "" && d.KeyFile == "" {
		return nil
	}
	if d.Domain == "" || d.Selector == "" || d.KeyFile == "" {
		return []error{fmt.Errorf("domain: domain, selector and key_file go together; set all three or none")}
	}
	var wrong []error
	for _, one := range append([]string{d.Second}, d.Earlier...) {
		for _, k := range strings.Split(one, "+") {
			if selector, file, ok := strings.Cut(k, ":"); one != "" && (!ok || selector == "" || file == "") {
				wrong = append(wrong, fmt.Errorf("second, earlier: %q is not a key as selector:file", k))
			}
		}
	}
	return wrong
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
