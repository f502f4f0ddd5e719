package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
	"github.com/olomotimes/tipsheet/data"
)

// run serves until ctx ends or, with once, until everything has happened.
func (d *demonstration) run(ctx context.Context, once bool) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	told := make(chan error, 1)
	ready := func(address net.Addr) {
		d.sayAddresses(address)
		go func() {
			err := d.tell(ctx)
			if once {
				stop()
			} else if err != nil && ctx.Err() == nil {
				fmt.Fprintln(d.out, "missing   "+err.Error())
			}
			told <- err
		}()
	}
	err := d.paper.serve(ctx, allRoles, ready)
	if err != nil {
		return err
	}
	if err := <-told; once {
		return err
	}
	fmt.Fprintln(d.out, "stopped")
	return nil
}

func (d *demonstration) sayAddresses(address net.Addr) {
	fmt.Fprintf(d.out, "readers   %d of the daily digest\nmail      %d messages lie in %s\n", len(demo.Subscribers()), len(demo.Messages(time.Now())), demo.Contact)
	fmt.Fprintf(d.out, "issue     due in %d seconds\n\n", int(demoDue.Seconds()))
	fmt.Fprintf(d.out, "  the desk                 http://%s/desk/   sign in as %s, password %s\n", address, demoUser, d.password)
	fmt.Fprintf(d.out, "  the public site          http://%s/\n", address)
	fmt.Fprintf(d.out, "  the digest as delivered  %s/\n", d.world.delivered)
	fmt.Fprintf(d.out, "  other mail sent          %s/mail/\n", d.world.delivered)
	fmt.Fprintf(d.out, "  the blog                 %s/\n", d.world.blog)
	fmt.Fprintf(d.out, "  other commands           %s -c %s/%s message list\n\nCtrl-C ends it.\n\n", ownName(), d.folder, configName)
}

// ownName is how this program can be called again: by its name where that is in the path, else
// as `go run` does it, whose own binary nobody could name.
func ownName() string {
	if _, err := exec.LookPath("tipsheet"); err == nil {
		return "tipsheet"
	}
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/tipsheet"
	}
	return os.Args[0]
}

// tell says in plain words what happens, as it happens. It returns nil when all was delivered
// and sorted, else what is missing.
func (d *demonstration) tell(ctx context.Context) error {
	deadline := time.NewTimer(demoWait)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	closed, sent, filed := false, false, false
	for {
		i, err := d.paper.db.Issue(ctx, d.issue)
		if err != nil {
			return err
		}
		if !closed && i.MailingID != 0 && i.State != data.IssueClosing {
			closed = true
			fmt.Fprintf(d.out, "issue     closed for %d readers: %s\n", i.Audience, i.Subject)
		}
		if !sent && i.State == data.IssueComplete {
			sent = true
			fmt.Fprintf(d.out, "digest    %d of %d delivered\n", d.world.relay.Count(), i.Audience)
		}
		if !filed {
			sum, done, err := d.sortedMail(ctx)
			if err != nil {
				return err
			}
			if done {
				filed = true
				fmt.Fprintln(d.out, "mail      "+sum)
			}
		}
		if sent && filed {
			return d.missing(ctx)
		}
		select {
		case <-ctx.Done():
			return errors.New("it was stopped before all had happened")
		case <-deadline.C:
			return d.missing(ctx)
		case <-tick.C:
		}
	}
}

// sortedMail says how the messages were sorted, and whether all of them were.
func (d *demonstration) sortedMail(ctx context.Context) (string, bool, error) {
	states, err := d.paper.db.CountMessages(ctx)
	if err != nil {
		return "", false, err
	}
	filed, machine := states[data.MessageFiled], states[data.MessageReported]
	if filed+machine < len(demo.Messages(time.Now())) {
		return "", false, nil
	}
	piles, err := d.paper.db.CountConversations(ctx, data.Pile{})
	if err != nil {
		return "", false, err
	}
	var words []string
	for _, c := range data.Categories {
		words = append(words, fmt.Sprintf("%d %s", piles[c], c))
	}
	return fmt.Sprintf("%d sorted: %s (conversations), %d unsure; %d machine mails kept out of triage",
		filed+machine, strings.Join(words, ", "), piles["unsure"], machine), true, nil
}

// missing compares what happened with what should have.
func (d *demonstration) missing(ctx context.Context) error {
	var lacks []string
	got := map[string]int{}
	for _, m := range d.world.relay.Messages() {
		got[strings.ToLower(m.To[0])]++
	}
	for _, s := range demo.Subscribers() {
		if n := got[strings.ToLower(s.Address)]; n != 1 {
			lacks = append(lacks, fmt.Sprintf("%s got %d digests", s.Address, n))
		}
	}
	states, err := d.paper.db.CountMessages(ctx)
	if err != nil {
		return err
	}
	if n, want := states[data.MessageFiled]+states[data.MessageReported], len(demo.Messages(time.Now())); n != want {
		lacks = append(lacks, fmt.Sprintf("%d of %d messages were sorted", n, want))
	}
	if len(lacks) > 0 {
		return &data.UserError{Message: strings.Join(lacks, ", ")}
	}
	return nil
}
