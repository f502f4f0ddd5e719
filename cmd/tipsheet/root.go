package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

// The exit codes. Scripts rely on them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitPerson = 3 // something needs a person
)

// An exitError carries its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// errSaid ends a command whose words are already printed.
var errSaid = errors.New("said already")

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// app is one call of the program.
type app struct {
	streams
	config string // path of the config file
	json   bool
	zone   *time.Location // the newsroom's, once a config is read; nil: this machine's
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, s streams) int {
	a := &app{streams: s}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(s.err, "tipsheet: "+sentence(err))
	}
	return codeOf(err)
}

func codeOf(err error) int {
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}

// sentence is an error as a person reads it, on one line.
func sentence(err error) string {
	var person *data.UserError
	text := err.Error()
	if errors.As(err, &person) {
		text = person.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "tipsheet",
		Short: "Digests out, tips in: the mail room of a small newsroom",
		Long: "tipsheet sends digests of a site's new stories to its subscribers, and sorts what reaches its\n" +
			"contact address into gossip, tips and adverts.\n\nExit codes: 0 done, 1 failed, 2 wrong call or config, 3 something needs a person.",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs, RunE: noSuchCommand,
	}
	root.PersistentFlags().StringVarP(&a.config, "config", "c", "", "config file (default tipsheet.toml here, or TIPSHEET_CONFIG)")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print tables as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(a.demoCommand(), a.initCommand(), a.serveCommand(), a.checkCommand(), a.configCommand(), a.migrateCommand(),
		a.backupCommand(), a.restoreCommand(), a.adoptCommand(), a.versionCommand(), a.storyCommand(), a.newsletterCommand(), a.issueCommand(), a.deliveryCommand(),
		a.subscriberCommand(), a.messageCommand(), a.editorCommand())
	return root
}

// group is a command that only holds others. Called with an unknown one it says so.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: noSuchCommand,
	}
	c.AddCommand(commands...)
	return c
}

// noSuchCommand shows the help of a command that only holds others, or names what was meant.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return usage("there is no command %q under %s; see `%s --help`", args[0], c.CommandPath(), c.CommandPath())
}

// takes checks the number of arguments: exactly n, or at least n when open.
func takes(n int, open bool) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n || (open && len(args) > n) {
			return nil
		}
		return usage("write it as `%s`; see `%s --help`", strings.TrimSuffix(c.UseLine(), " [flags]"), c.CommandPath())
	}
}
