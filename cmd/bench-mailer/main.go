// Command bench-mailer measures how fast the mailer hands over an issue, beside Debian's smtp-source
// with mails of the same size into the same server, and prints a table; its last line has all the
// figures for scripts. docs/perf.md says what each means.
//
// Its steps: close issues with 40 KB digests in databases on a real disk; then, round after round and
// figure after figure, start the mailer as a process of its own on a copy of such a database, with
// the yardstick's turns right before and after it; count at the server, in the ledger, and read a few
// of the mails that came through; last, once, an issue of a million. It starts the server and the
// mailer by running itself with "sink" or "child" as its first word.
//
// It exits 0 when everything was counted right, whatever the figures are, 1 when a mail was missing,
// doubled or not whole, or something did not run, 2 when it was asked wrongly. Each part is bounded in
// time, and so is the whole; what it started ends with it, and its folder is removed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, in io.Reader, out, errs io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "sink":
			return runSink(args[1:], in, out, errs)
		case "child":
			return runChild(args[1:], in, out, errs)
		}
	}
	o, err := readOptions(args, errs)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(errs, "bench-mailer: %v\n", err)
		}
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	b, err := newBench(o, out)
	if err == nil {
		err = errors.Join(b.measure(ctx), b.close())
	}
	if err != nil {
		fmt.Fprintf(errs, "bench-mailer: %v\n", err)
		return 1
	}
	return 0
}

// options are what the command line says.
type options struct {
	only       []string
	rounds     int
	messages   int // a run; 0: each figure's own number
	million    int // deliveries of the large issue
	small      int // deliveries that its memory is compared with
	dir        string
	cpuProfile string
	limit      time.Duration
}

func readOptions(args []string, errs io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench-mailer", flag.ContinueOnError)
	flags.SetOutput(errs)
	only := flags.String("only", "", "measure these figures alone, such as w32,plain; of those below, "+strings.Join(names(), ", "))
	quick := flags.Bool("quick", false, "three rounds, and an issue of 100,000 in place of the million")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each figure is measured; the median counts")
	flags.IntVar(&o.messages, "n", 0, "messages a run, in place of each figure's own number")
	flags.IntVar(&o.million, "million", 1_000_000, "deliveries of the large issue")
	flags.StringVar(&o.dir, "dir", "", "a folder on a real disk to work in; its databases are kept for the next run. Without it, one that is removed in the end")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "have the mailer's process write a CPU profile to this file (with the figure's name behind it where several are measured)")
	flags.DurationVar(&o.limit, "limit", 15*time.Minute, "stop after this time, with what was measured until then")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if *quick && !set["rounds"] {
		o.rounds = 3
	}
	if *quick && !set["million"] {
		o.million = 100_000
	}
	o.small = min(10_000, o.million)
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return o, fmt.Errorf("there is no figure %q; the figures are %s", name, strings.Join(names(), ", "))
		}
	}
	if o.rounds < 1 || o.messages < 0 || o.million < 1000 || flags.NArg() > 0 {
		return o, errors.New("-rounds is at least 1, -million at least 1000, and there are no further arguments")
	}
	return o, nil
}

// wants says whether a figure is to be measured.
func (o options) wants(name string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, name)
}
