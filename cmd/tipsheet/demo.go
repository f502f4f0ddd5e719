package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
	"github.com/olomotimes/tipsheet/data"
)

const (
	demoDue  = 8 * time.Second  // from the start to the issue's due time
	demoWait = 28 * time.Second // until everything must have happened, with --once
	demoUser = "editor"
)

func (a *app) demoCommand() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "demo", Short: "Run the whole mail room on embedded servers with sample stories and mail", Args: takes(0, false),
		Long: "demo makes a temporary folder, an SMTP and an IMAP server, a blog with a feed, 40 readers and 30 messages, and runs\n" +
			"tipsheet on them until it is interrupted. With --once it returns when all was delivered and sorted.",
		RunE: func(c *cobra.Command, _ []string) (err error) {
			d, err := newDemo(a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.close()) }()
			return d.run(c.Context(), once)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "return when all was delivered and sorted")
	return c
}

// A demonstration is one run of the demo: its folder, its world of servers, its paper.
type demonstration struct {
	*app
	folder   string
	world    *demoWorld
	paper    *paper
	log      *os.File
	password string
	issue    int64
}

func newDemo(a *app) (d *demonstration, err error) {
	d = &demonstration{app: a}
	if d.folder, err = os.MkdirTemp("", "tipsheet-demo-"); err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if d.log, err = os.Create(filepath.Join(d.folder, "tipsheet.log")); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if d.world, err = newDemoWorld(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *demonstration) close() error {
	var errs []error
	if d.paper != nil {
		errs = append(errs, d.paper.close())
	}
	if d.world != nil {
		errs = append(errs, d.world.close())
	}
	if d.log != nil {
		errs = append(errs, d.log.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.folder))...)
}

// config is the demo's config. It is written to the folder too, so that every other command
// can be tried on it.
func (d *demonstration) config() (string, error) {
	listen, err := freeAddress("127.0.0.1:8080")
	if err != nil {
		return "", err
	}
	smtpHost, smtpPort, err := net.SplitHostPort(d.world.relay.Addr())
	if err != nil {
		return "", err
	}
	imapHost, imapPort, err := net.SplitHostPort(d.world.mailbox.Addr())
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf(`[site]
name = %q
url = %q
contact = %q
from = %q
postal_address = "1 Example Street, Lagos"
time_zone = %q

[web]
listen = %q
url = "http://%s"

[relay]
host = %q
port = %s
tls = "none"

[mailbox]
host = %q
port = %s
tls = "none"
username = %q
password_file = "mailbox.password"
filing = "move"

[feeds]
allow_private = true
`, demo.Paper, d.world.blog, demo.Contact, demo.From, demo.TimeZone, listen, listen, smtpHost, smtpPort, imapHost, imapPort, demoMailboxUser)
	if err := os.WriteFile(filepath.Join(d.folder, "mailbox.password"), []byte(demoMailboxPassword+"\n"), 0o600); err != nil {
		return "", err
	}
	path := filepath.Join(d.folder, configName)
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// freeAddress is want, or another port where that one is taken.
func freeAddress(want string) (string, error) {
	for _, address := range []string{want, "127.0.0.1:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		free := l.Addr().String()
		return free, l.Close()
	}
	return "", &data.UserError{Message: "no port is free on this machine", Hint: "end some other server first"}
}

// open sets everything up that a newsroom would have set up by now.
func (d *demonstration) open(ctx context.Context) error {
	path, err := d.config()
	if err != nil {
		return err
	}
	c, err := loadConfig(path, nil)
	if err != nil {
		return err
	}
	if d.paper, err = openPaper(ctx, c, slog.New(slog.NewTextHandler(d.log, nil))); err != nil {
		return err
	}
	var made bool
	if d.password, made, err = d.readPassword(false, demoUser); err != nil || !made {
		return fmt.Errorf("make up a password: %w", err)
	}
	if err := d.paper.addEditor(ctx, demoUser, "Demo Editor", data.RoleAdmin, d.password); err != nil {
		return err
	}
	return d.fill(ctx)
}

// fill adds the newsletter with its readers and stories, and the issue that is soon due.
func (d *demonstration) fill(ctx context.Context) error {
	db, now := d.paper.db, d.paper.db.Now()
	// The next scheduled issue is half a day away, so that it does not meet the one made by hand.
	zone, err := time.LoadLocation(demo.TimeZone)
	if err != nil {
		return err
	}
	n, err := db.AddNewsletter(ctx, data.Newsletter{
		Slug: "daily", Name: "The daily digest", Description: "The day's news, politics, business, sport and gossip in one mail.",
		Cron: fmt.Sprintf("0 %d * * *", now.Add(12*time.Hour).In(zone).Hour()), TimeZone: demo.TimeZone, Language: "en",
		Late: data.LateMerge, Grace: time.Duration(d.paper.Ledger.Grace),
	})
	if err != nil {
		return err
	}
	var readers []data.Import
	for _, s := range demo.Subscribers() {
		readers = append(readers, data.Import{Address: s.Address, Name: s.Name})
	}
	if _, err := db.ImportSubscribers(ctx, n.ID, readers, "demo"); err != nil {
		return err
	}
	if _, err := db.AddFeed(ctx, d.world.blog+"/feeds/posts/default"); err != nil {
		return err
	}
	polled, err := d.paper.desk().PollAll(ctx)
	if err != nil {
		return err
	}
	for _, p := range polled {
		if p.Err != nil {
			return p.Err
		}
		fmt.Fprintf(d.out, "stories   %d fetched from %s\n", p.Kept.New, p.Feed.URL)
	}
	d.issue, err = db.AddIssue(ctx, n.ID, now.Add(demoDue), now)
	return err
}
