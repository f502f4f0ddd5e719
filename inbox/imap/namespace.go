package imap

import (
	"context"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
)

// FullName is what the server calls the folder that the config calls name, where parts are separated by "/": many
// shared hosts want every folder below "INBOX." (the personal namespace, RFC 2342). A name that has the prefix already, and INBOX, stay
// as they are, and so does every name on a server without namespaces.
func (s *Session) FullName(ctx context.Context, name string) (string, error) {
	if isInbox(name) || !s.caps.Has(goimap.CapNamespace) {
		return name, nil
	}
	var data *goimap.NamespaceData
	err := s.step(ctx, "ask for the folders' prefix", func() (err error) {
		data, err = s.client.Namespace().Wait()
		return err
	})
	if err != nil || len(data.Personal) == 0 {
		return name, err
	}
	personal := data.Personal[0]
	if personal.Prefix != "" && strings.HasPrefix(name, personal.Prefix) {
		return name, nil
	}
	if personal.Delim != 0 {
		name = strings.ReplaceAll(name, "/", string(personal.Delim))
	}
	return personal.Prefix + name, nil
}
