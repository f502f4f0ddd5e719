package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
)

// A Role is what a folder is for, as far as the inbox cares.
type Role string

// The roles. Drafts and archives are "other": the inbox does not read them.
const (
	RoleInbox Role = "inbox"
	RoleJunk  Role = "junk"
	RoleSent  Role = "sent"
	RoleTrash Role = "trash"
	RoleAll   Role = "all"
	RoleOther Role = "other"
)

// A Folder is one mailbox of the account that can be opened.
type Folder struct {
	Name  string // in full, decoded from modified UTF-7
	Role  Role
	Delim rune // between the parts of a name; zero where the server has no hierarchy
}

// Folders lists every folder that can be opened. Roles come from SPECIAL-USE (RFC 6154); a role that the server gives to none
// goes to the folders with a well-known name.
func (s *Session) Folders(ctx context.Context) ([]Folder, error) {
	var options *goimap.ListOptions
	if s.caps.Has(goimap.CapSpecialUse) && s.caps.Has(goimap.CapListExtended) {
		options = &goimap.ListOptions{ReturnSpecialUse: true}
	}
	var listed []*goimap.ListData
	err := s.step(ctx, "list the folders", func() (err error) {
		listed, err = s.client.List("", "*", options).Collect()
		return err
	})
	if err != nil {
		return nil, err
	}
	var folders []Folder
	given := map[Role]bool{}
	for _, data := range listed {
		if slices.Contains(data.Attrs, goimap.MailboxAttrNoSelect) || slices.Contains(data.Attrs, goimap.MailboxAttrNonExistent) {
			continue
		}
		f := Folder{Name: data.Mailbox, Role: roleByUse(data), Delim: data.Delim}
		given[f.Role] = true
		folders = append(folders, f)
	}
	for i, f := range folders {
		if f.Role != RoleOther {
			continue
		}
		if r := roleByName(f.Name, f.Delim); !given[r] {
			folders[i].Role = r
		}
	}
	return folders, nil
}

func roleByUse(data *goimap.ListData) Role {
	if isInbox(data.Mailbox) {
		return RoleInbox
	}
	for _, attr := range data.Attrs {
		switch attr {
		case goimap.MailboxAttrJunk:
			return RoleJunk
		case goimap.MailboxAttrSent:
			return RoleSent
		case goimap.MailboxAttrTrash:
			return RoleTrash
		case goimap.MailboxAttrAll:
			return RoleAll
		}
	}
	return RoleOther
}

// roleByName knows the names that providers and mail apps give, for servers without SPECIAL-USE. Only the top level, INBOX's
// children and Gmail's own branch count: "2019/Sent" is somebody's archive.
func roleByName(name string, delim rune) Role {
	last, above := strings.ToLower(name), ""
	if delim != 0 {
		if i := strings.LastIndex(last, string(delim)); i >= 0 {
			above, last = last[:i], last[i+len(string(delim)):]
		}
	}
	switch above {
	case "", "inbox", "[gmail]", "[google mail]":
	default:
		return RoleOther
	}
	switch last {
	case "junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk", "bulk mail":
		return RoleJunk
	case "sent", "sent items", "sent messages", "sent mail", "sent-mail":
		return RoleSent
	case "trash", "deleted", "deleted items", "deleted messages", "bin":
		return RoleTrash
	case "all mail":
		return RoleAll
	}
	return RoleOther
}

// CreateFolder makes the folder and subscribes to it, so that mail apps show it. A folder that is already there is no error.
func (s *Session) CreateFolder(ctx context.Context, name string) error {
	err := s.step(ctx, "create a folder", func() error { return s.client.Create(name, nil).Wait() })
	var said *ServerError
	if errors.As(err, &said) {
		there, lookErr := s.exists(ctx, name)
		if lookErr != nil {
			return lookErr
		}
		if there {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	err = s.step(ctx, "subscribe to a folder", func() error { return s.client.Subscribe(name).Wait() })
	if errors.As(err, &said) {
		// A server without subscriptions says NO; the folder itself is there and takes mail.
		return nil
	}
	return err
}

func (s *Session) exists(ctx context.Context, name string) (bool, error) {
	var listed []*goimap.ListData
	err := s.step(ctx, "look for a folder", func() (err error) {
		listed, err = s.client.List("", name, nil).Collect()
		return err
	})
	for _, data := range listed {
		if sameFolder(data.Mailbox, name) && !slices.Contains(data.Attrs, goimap.MailboxAttrNonExistent) {
			return true, err
		}
	}
	return false, err
}

// A Standing is what STATUS says of a folder without opening it. UIDValidity and UIDNext are zero where the server does not say.
type Standing struct {
	UIDValidity uint32
	UIDNext     uint32
	Messages    uint32
}

// Status asks for a folder's standing (RFC 3501, 6.3.10): a changed UIDNext means new mail, a changed UIDValidity that
// every UID known for the folder is void. A missing folder is ErrNoFolder where the server says so.
func (s *Session) Status(ctx context.Context, name string) (Standing, error) {
	if isInbox(name) {
		name = "INBOX"
	}
	var data *goimap.StatusData
	err := s.step(ctx, "ask for a folder's standing", func() (err error) {
		data, err = s.client.Status(name, &goimap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}).Wait()
		return err
	})
	if err != nil {
		return Standing{}, err
	}
	if data.NumMessages == nil {
		return Standing{}, fmt.Errorf("ask for a folder's standing: %w: the server did not answer about it", ErrProtocol)
	}
	return Standing{UIDValidity: data.UIDValidity, UIDNext: uint32(data.UIDNext), Messages: *data.NumMessages}, nil
}

func isInbox(name string) bool { return strings.EqualFold(name, "INBOX") }

// sameFolder compares names as IMAP does: exactly, but for INBOX (RFC 3501, 5.1).
func sameFolder(a, b string) bool { return a == b || isInbox(a) && isInbox(b) }
