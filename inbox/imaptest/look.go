package imaptest

import (
	"bytes"
	"fmt"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Messages returns what lies in a folder, in order, with flags. It looks through a connection of its own, because the server in
// memory shows its messages to connections alone; it changes no flag.
func (s *Server) Messages(folder string) ([]Message, error) {
	options := &imapclient.Options{}
	client, err := imapclient.DialInsecure(s.Addr(), options)
	if err != nil {
		return nil, fmt.Errorf("look into %q: %w", folder, err)
	}
	defer client.Close()
	if err := client.Login(s.username, s.password).Wait(); err != nil {
		return nil, fmt.Errorf("look into %q: %w", folder, err)
	}
	selected, err := client.Select(folder, &goimap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, fmt.Errorf("look into %q: %w", folder, err)
	}
	if selected.NumMessages == 0 {
		return nil, nil
	}
	everything := goimap.SeqSet{{Start: 1, Stop: 0}}
	section := &goimap.FetchItemBodySection{Peek: true}
	fetched, err := client.Fetch(everything, &goimap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, BodySection: []*goimap.FetchItemBodySection{section},
	}).Collect()
	if err != nil {
		return nil, fmt.Errorf("look into %q: %w", folder, err)
	}
	messages := make([]Message, 0, len(fetched))
	for _, f := range fetched {
		m := Message{UID: uint32(f.UID), Date: f.InternalDate, Raw: bytes.Clone(f.FindBodySection(section))}
		for _, flag := range f.Flags {
			switch {
			case flag == goimap.FlagSeen:
				m.Seen = true
			case flag == goimap.FlagDeleted:
				m.Deleted = true
			case !strings.HasPrefix(string(flag), `\`):
				m.Keywords = append(m.Keywords, string(flag))
			}
		}
		messages = append(messages, m)
	}
	return messages, nil
}
