package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/web"
)

func (a *app) editorCommand() *cobra.Command {
	return group("editor", "People with a login at the desk", a.editorList(), a.editorAdd(), a.editorPassword(), a.editorRemove())
}

func (a *app) editorList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The editors", Args: takes(0, false),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(p *paper) error {
				all, err := p.db.Editors(c.Context())
				if err != nil {
					return err
				}
				var rows [][]any
				for _, e := range all {
					rows = append(rows, []any{e.Login, e.Name, e.Role, e.AddedAt})
				}
				return a.table([]string{"Login", "Name", "Role", "Added"}, rows)
			})
		},
	}
}

// readPassword takes the first line of standard input where fromInput is true, and makes one
// up otherwise. A made-up one is printed once.
func (a *app) readPassword(fromInput bool, login string) (password string, made bool, err error) {
	if !fromInput {
		raw := make([]byte, 15)
		rand.Read(raw) // never fails
		return strings.ToLower(base32.StdEncoding.EncodeToString(raw)), true, nil
	}
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && line == "" {
		return "", false, usage("no password came on standard input; pipe it in as one line")
	}
	password = strings.TrimRight(line, "\r\n")
	return password, false, web.AcceptPassword(password, login)
}

func (a *app) editorAdd() *cobra.Command {
	var name, role string
	var stdin bool
	c := &cobra.Command{
		Use: "add LOGIN", Short: "Add an editor; the password is made up and printed once, or read from standard input", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			if role != data.RoleAdmin && role != data.RoleEditor && role != data.RoleSales {
				return usage("--role %q is not one of admin, editor, sales", role)
			}
			password, made, err := a.readPassword(stdin, args[0])
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				if err := p.addEditor(c.Context(), args[0], firstOf(name, args[0]), role, password); err != nil {
					return conflict(err, fmt.Sprintf("there is an editor %s already", args[0]))
				}
				fmt.Fprintf(a.out, "%s %s added\n", role, args[0])
				if made {
					fmt.Fprintf(a.out, "password: %s\n", password)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&name, "name", "", "how the desk calls them")
	c.Flags().StringVar(&role, "role", data.RoleEditor, "admin, editor, or sales (never sees tips)")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return c
}

func (p *paper) addEditor(ctx context.Context, login, name, role, password string) error {
	hash, err := web.NewPasswords().Hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = p.db.AddEditor(ctx, data.Editor{Login: login, Name: name, Role: role, Password: hash})
	return err
}

func (a *app) editorPassword() *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use: "password LOGIN", Short: "Set a new password; all sessions of that editor end", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			password, made, err := a.readPassword(stdin, args[0])
			if err != nil {
				return err
			}
			return a.with(c, func(p *paper) error {
				e, err := p.db.EditorByLogin(c.Context(), args[0])
				if err != nil {
					return err
				}
				hash, err := web.NewPasswords().Hash(c.Context(), password)
				if err != nil {
					return err
				}
				if err := p.db.SetPassword(c.Context(), e.ID, hash); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "password set")
				if made {
					fmt.Fprintf(a.out, "password: %s\n", password)
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return c
}

func (a *app) editorRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove LOGIN", Short: "End an editor's login; what they did stays", Args: takes(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(p *paper) error {
				e, err := p.db.EditorByLogin(c.Context(), args[0])
				if err != nil {
					return err
				}
				if err := p.lastAdmin(c.Context(), e); err != nil {
					return err
				}
				if err := p.db.RemoveEditor(c.Context(), e.ID); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s removed, and signed out everywhere\n", e.Login)
				return nil
			})
		},
	}
}

// lastAdmin refuses to remove the only admin: nobody could be one after that but by command.
func (p *paper) lastAdmin(ctx context.Context, e data.Editor) error {
	all, err := p.db.Editors(ctx)
	if err != nil || e.Role != data.RoleAdmin {
		return err
	}
	for _, o := range all {
		if o.ID != e.ID && o.Role == data.RoleAdmin {
			return nil
		}
	}
	return &data.UserError{Message: e.Login + " is the only admin", Hint: "add another one first: tipsheet editor add LOGIN --role admin"}
}
