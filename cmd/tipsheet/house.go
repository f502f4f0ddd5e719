package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Which tipsheet this is", Args: takes(0, false),
		RunE: func(*cobra.Command, []string) error {
			version := "unknown"
			if b, ok := debug.ReadBuildInfo(); ok {
				version = b.Main.Version
			}
			newest, err := data.Newest()
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"version": version, "schema": newest})
			}
			_, err = fmt.Fprintf(a.out, "tipsheet %s, schema %d\n", version, newest)
			return err
		},
	}
}

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to date", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				v, err := p.db.Migrate(c.Context())
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "the database is at schema %d\n", v)
				return nil
			})
		},
	}
}

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the database to a new file while everything goes on", Args: takes(1, false),
		Long: "backup writes a consistent copy of the database. Copy the folder mail/ beside it afterwards: it holds the large\nmessages, which never change.",
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				if err := mkdirFor(args[0]); err != nil {
					return err
				}
				if err := p.db.Backup(c.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "backed up to %s\n", args[0])
				return nil
			})
		},
	}
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Print the config as it is understood, defaults included, secrets left out", Args: takes(0, false),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			for i := range c.Relay {
				c.Relay[i].Password = ""
			}
			for i := range c.Mailbox {
				c.Mailbox[i].Password = ""
			}
			text, err := toml.Marshal(c)
			if err != nil {
				return err
			}
			if a.json {
				tree := map[string]any{}
				if err := toml.Unmarshal(text, &tree); err != nil {
					return err
				}
				return a.printJSON(tree)
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

const firstConfig = `# tipsheet: see docs/config.md for every key.

[site]
name = "My Paper"
url = "https://paper.example.com"
contact = "contact@example.com"
from = "digest@example.com"
postal_address = "1 Example Street, Lagos"
time_zone = "Africa/Lagos"

[web]
listen = "127.0.0.1:8080"
url = "https://mail.paper.example.com"

[relay]
host = "smtp.example.com"
username = "digest@example.com"
password_file = "relay.password"

[mailbox]
provider = "gmail"
username = "contact@example.com"
password_file = "mailbox.password"
`

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init [FOLDER]", Short: "Make a config to start from, a secret and an empty database", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder := "."
			if len(args) == 1 {
				folder = args[0]
			}
			path := filepath.Join(folder, configName)
			if err := mkdirFor(path); err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return &data.UserError{Message: path + " exists already", Hint: "edit it, then run `tipsheet check`"}
			}
			if err != nil {
				return err
			}
			_, err = io.WriteString(f, firstConfig)
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
			a.config = path
			return a.with(c, func(*paper) error {
				fmt.Fprintf(a.out, "made %s, a secret and an empty database beside it\n\nNext:\n  1. fill in %s\n  2. tipsheet check\n"+
					"  3. tipsheet editor add YOU --role admin\n  4. tipsheet newsletter add daily --name \"The morning digest\"\n"+
					"  5. tipsheet story fetch https://YOUR-SITE/feeds/posts/default\n  6. tipsheet serve\n", path, path)
				return nil
			})
		},
	}
}

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Is all well? Exit code 3: something needs a person", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				return a.sayChecks(p.checks(c.Context()))
			})
		},
	}
}

// A checked thing is well where err is nil.
type checked struct {
	what string
	err  error
}

// sayChecks prints what was checked, and ends with code 3 where something is not well.
func (a *app) sayChecks(all []checked) error {
	bad := 0
	var rows [][]any
	for _, one := range all {
		said := ""
		if one.err != nil {
			bad++
			said = sentence(one.err)
		}
		rows = append(rows, []any{one.err == nil, one.what, said})
		if a.json {
			continue
		}
		if one.err == nil {
			fmt.Fprintf(a.out, "ok   %s\n", one.what)
		} else {
			fmt.Fprintf(a.out, "BAD  %s: %s\n", one.what, said)
		}
	}
	if a.json {
		if err := a.table([]string{"Ok", "What", "Said"}, rows); err != nil {
			return err
		}
	}
	if bad > 0 {
		return &exitError{exitPerson, fmt.Errorf("%d of these need a person", bad)}
	}
	return nil
}

func (p *paper) checks(ctx context.Context) []checked {
	all := []checked{{"the config and the database", nil}, {"sender and addresses", p.canSend()}}
	if p.Site.Templates != "" {
		all = append(all, checked{"own templates in " + p.Site.Templates, p.mailFault})
	}
	for _, r := range p.Relay {
		proof, err := p.proof(r)
		if err == nil {
			r.Settings.CAFile = p.beside(r.CAFile)
			err = checkRelay(ctx, r.Settings, proof)
		}
		all = append(all, checked{"relay " + r.Name + " at " + r.Host, err})
	}
	for _, m := range p.Mailbox {
		password, err := secret(m.Password, p.beside(m.PasswordFile), "mailbox.password_file")
		if err == nil {
			err = checkMailbox(ctx, m.Settings, password)
		}
		all = append(all, checked{"mailbox at " + m.Host, err})
	}
	all = append(all, checked{"the database's place, and the clock", p.keeper().compare(ctx)})
	alarms, err := p.db.Alarms(ctx)
	if err != nil {
		all = append(all, checked{"alarms", err})
	}
	for _, a := range alarms {
		if a.Kind == "instance" { // just told
			continue
		}
		all = append(all, checked{"alarm, " + a.Kind + " " + a.About, &data.UserError{Message: strings.TrimRight(a.Text, "."), Hint: a.Hint}})
	}
	return all
}

func checkRelay(ctx context.Context, s smtp.Settings, proof smtp.Secret) error {
	conn, err := smtp.Dial(ctx, s, proof)
	if err == nil {
		conn.Close()
	}
	return err
}

func checkMailbox(ctx context.Context, s imap.Settings, password string) error {
	session, err := imap.Dial(ctx, s, password)
	if err != nil {
		return err
	}
	defer session.Close()
	_, err = session.Folders(ctx)
	return err
}
