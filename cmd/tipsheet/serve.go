package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/web"
)

const roleWeb = "web"

var allRoles = []string{roleWeb, string(data.RoleMailer), string(data.RoleInbox), string(data.RoleScheduler)}

func (a *app) serveCommand() *cobra.Command {
	var roles []string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the mail room: web pages, mailer, inbox, scheduler",
		Long: "serve runs until it is interrupted. Without --role it takes each role that the config makes possible:\n" +
			"the mailer needs a [relay], the inbox a [mailbox]. One process has a role; web pages may be served by several.",
		Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := a.open(c.Context(), slog.New(slog.NewTextHandler(a.err, nil)))
			if err != nil {
				return err
			}
			if roles, err = p.rolesFor(roles); err != nil {
				return errors.Join(err, p.close())
			}
			return errors.Join(p.serve(c.Context(), roles, nil), p.close())
		},
	}
	c.Flags().StringSliceVar(&roles, "role", nil, "roles of this process: web,mailer,inbox,scheduler")
	return c
}

// rolesFor checks the roles that were asked for, or names those that the config makes
// possible.
func (p *paper) rolesFor(asked []string) ([]string, error) {
	for _, r := range asked {
		if !slices.Contains(allRoles, r) {
			return nil, usage("there is no role %q; the roles are %s", r, strings.Join(allRoles, ", "))
		}
	}
	if len(asked) > 0 {
		return asked, nil
	}
	for _, r := range allRoles {
		switch {
		case r == string(data.RoleMailer) && len(p.Relay) == 0:
			p.log.Warn("nothing is sent: the config has no [relay]")
		case r == string(data.RoleInbox) && len(p.Mailbox) == 0:
			p.log.Warn("no mail is taken in: the config has no [mailbox]")
		default:
			asked = append(asked, r)
		}
	}
	return asked, nil
}

// A part is one role at work. It returns when its context ends.
type part struct {
	name string
	run  func(context.Context) error
}

// serve takes the roles' locks and runs them until ctx ends or one of them fails. ready, where
// given, is called with the web address once everything has begun.
func (p *paper) serve(ctx context.Context, roles []string, ready func(addr net.Addr)) error {
	var parts []part
	var locks []*data.RoleLock
	defer func() {
		for _, l := range locks {
			if err := l.Release(); err != nil {
				p.log.Error("role could not be released", "role", string(l.Role), "error", err)
			}
		}
	}()
	p.roles = roles
	var address net.Addr
	for _, r := range roles {
		if r == roleWeb {
			continue // last: where a role is taken, that is what there is to say
		}
		lock, err := p.db.TakeRole(data.Role(r))
		if err != nil {
			return err
		}
		locks = append(locks, lock)
		one, err := p.rolePart(data.Role(r))
		if err != nil {
			return err
		}
		parts = append(parts, one)
	}
	if slices.Contains(roles, roleWeb) {
		one, addr, err := p.webPart()
		if err != nil {
			return err
		}
		parts, address = append(parts, one), addr
	}
	if ready != nil {
		ready(address)
	}
	p.log.Info("serving", "roles", strings.Join(roles, ","))
	return p.runParts(ctx, parts)
}

func (p *paper) rolePart(r data.Role) (part, error) {
	switch r {
	case data.RoleMailer:
		m, err := p.mailer()
		if err != nil {
			return part{}, err
		}
		p.sending = m
		return part{"mailer", p.keeper().guard(m.Run)}, nil
	case data.RoleInbox:
		in, err := p.inbox()
		if err != nil {
			return part{}, err
		}
		return part{"inbox", in.Run}, nil
	}
	if err := p.canSend(); err != nil {
		return part{}, err
	}
	k := p.keeper()
	return part{"scheduler", k.guard(k.house(p.desk().Run))}, nil
}

// runParts runs the parts side by side. The first that fails ends the others.
func (p *paper) runParts(ctx context.Context, parts []part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	failed := make(chan error, len(parts))
	for _, one := range parts {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := one.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				failed <- fmt.Errorf("%s: %w", one.name, err)
				cancel()
			}
		}()
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// webPart listens at once, so that a port that is taken is told before anything else begins.
func (p *paper) webPart() (part, net.Addr, error) {
	handler, stop, err := p.pages()
	if err != nil {
		return part{}, nil, err
	}
	l, err := net.Listen("tcp", p.Web.Listen)
	if err != nil {
		return part{}, nil, &data.UserError{Message: fmt.Sprintf("the pages cannot be served at %s: %v", p.Web.Listen, err), Hint: "set another port in web.listen"}
	}
	server := web.NewServer(handler, p.log.With("room", "web"))
	run := func(ctx context.Context) error {
		stopped := context.AfterFunc(ctx, func() {
			stop()
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := server.Shutdown(grace); err != nil {
				p.log.Warn("pages were cut off at the stop", "error", errors.Join(err, server.Close()))
			}
		})
		defer stopped()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return part{"web", run}, l.Addr(), nil
}
