// Command tipsheet is the mail room of a small newsroom: it sends digests of new stories to
// subscribers and sorts what reaches the contact address into gossip, tips and adverts.
//
// Here is how it starts: flags, config, the wiring of the rooms, and the command line. Each
// command is in the file of its noun. An error is one line on standard error: what, why, what
// to do; the exit code is 0 when all was done, 1 when something failed, 2 for a wrong call or
// config, 3 when a person is needed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a single binary must know the time zones
)

func main() { os.Exit(mainCode()) }

// mainCode is main with its exit code: os.Exit runs nothing that is deferred.
func mainCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
}
