package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/imap"
)

// The roles of watched folders, as data keeps them.
const (
	roleInbox    = string(imap.RoleInbox)
	roleJunk     = string(imap.RoleJunk)
	roleSent     = string(imap.RoleSent)
	roleCategory = "category"
	rolePlain    = ""
)

// watched is a folder that is read.
type watched struct{ name, role string }

// watch lists the folders to read, in this order: INBOX, where conversations begin, before Sent, where they are
// answered. Absent category folders are made when the first message goes there; an absent folder of the config is
// a mistake that a person must hear of.
func (b *box) watch(ctx context.Context, s *imap.Session) ([]watched, error) {
	listed, err := s.Folders(ctx)
	if err != nil {
		return nil, err
	}
	all := []watched{{"INBOX", roleInbox}}
	add := func(name, role string) {
		if !slices.ContainsFunc(all, func(w watched) bool { return sameFolder(w.name, name) }) {
			all = append(all, watched{name, role})
		}
	}
	for _, name := range b.in.Settings.Folders.All() {
		if full, there, err := b.find(ctx, s, listed, name); err != nil {
			return nil, err
		} else if there {
			add(full, roleCategory)
		}
	}
	byRole := func(role imap.Role, as string) {
		for _, f := range listed {
			if f.Role == role {
				add(f.Name, as)
			}
		}
	}
	byRole(imap.RoleJunk, roleJunk)
	var sent []watched
	for _, name := range b.settings.Folders {
		full, there, err := b.find(ctx, s, listed, name)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(listed, func(f imap.Folder) bool { return sameFolder(f.Name, full) })
		switch {
		case !there:
			if err := b.folderMissing(ctx, full); err != nil {
				return nil, err
			}
		case listed[i].Role == imap.RoleSent:
			sent = append(sent, watched{full, roleSent})
		default:
			add(full, rolePlain)
		}
	}
	byRole(imap.RoleSent, roleSent)
	for _, w := range sent {
		add(w.name, w.role)
	}
	return all, nil
}

// find looks for a folder of the config among those listed, by its name or by the one the server wants it to have.
func (b *box) find(ctx context.Context, s *imap.Session, listed []imap.Folder, name string) (full string, there bool, err error) {
	has := func(name string) bool {
		return slices.ContainsFunc(listed, func(f imap.Folder) bool { return sameFolder(f.Name, name) })
	}
	if has(name) {
		return name, true, nil
	}
	full, err = s.FullName(ctx, name)
	return full, err == nil && has(full), err
}

// folderMissing raises the alarm about a folder of the config that the mailbox does not have.
func (b *box) folderMissing(ctx context.Context, name string) error {
	return b.folderAlarm(ctx, name, fmt.Sprintf("The mailbox at %s has no folder %q, so nothing is read there.", b.about, name),
		"correct folders of this [[mailbox]], or make the folder in a mail app")
}

// folderFails raises the alarm about one folder that the server does not let us read; the others are read all the same.
func (b *box) folderFails(ctx context.Context, w watched, said *imap.ServerError) error {
	b.in.Log.Warn("a folder could not be read", "mailbox", b.n, "folder", b.rows[w.name], "code", said.Code)
	return b.folderAlarm(ctx, w.name, fmt.Sprintf("The folder %q of the mailbox at %s cannot be read: %v.", w.name, b.about, said),
		"look at its permissions in a mail app; it is tried again by itself")
}

func (b *box) folderAlarm(ctx context.Context, name, text, hint string) error {
	about := b.about + " / " + name
	b.troubled[about] = true
	_, err := b.in.DB.RaiseAlarm(ctx, data.Alarm{Kind: "mailbox", About: about, Text: text, Hint: hint})
	return err
}

// clearFolders ends the alarms about folders that this pass had no trouble with.
func (b *box) clearFolders(ctx context.Context) error {
	standing, err := b.in.DB.Alarms(ctx)
	for _, a := range standing {
		if err == nil && a.Kind == "mailbox" && strings.HasPrefix(a.About, b.about+" / ") && !b.troubled[a.About] {
			_, err = b.in.DB.ClearAlarm(ctx, a.Kind, a.About)
		}
	}
	return err
}

// row returns the id of a folder's row, made when it is seen first.
func (b *box) row(ctx context.Context, w watched) (int64, error) {
	if id, ok := b.rows[w.name]; ok {
		return id, nil
	}
	f, err := b.in.DB.KeepFolder(ctx, b.name, w.name, w.role)
	if err != nil {
		return 0, err
	}
	b.rows[w.name] = f.ID
	return f.ID, nil
}

// pass reads every watched folder to its end.
func (b *box) pass(ctx context.Context) (Result, error) {
	var all Result
	s, err := b.connect(ctx)
	if err != nil {
		return all, err
	}
	clear(b.troubled)
	folders, err := b.watch(ctx, s)
	if err != nil {
		return all, err
	}
	for _, w := range folders {
		r, err := b.readUnlessQuiet(ctx, w)
		all.add(r)
		var said *imap.ServerError
		if errors.As(err, &said) && w.role != roleInbox && b.open() {
			err = b.folderFails(ctx, w, said)
		}
		if err != nil {
			return all, err
		}
	}
	all.Mailboxes = 1
	return all, errors.Join(b.well(ctx), b.clearFolders(ctx))
}

func sameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}
