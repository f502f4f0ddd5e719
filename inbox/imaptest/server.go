package imaptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Options says who may log in and what the server can do. The zero value lets in tips@example.org with the password "secret".
type Options struct {
	Username  string
	Password  string
	Folders   []string    // more folders beside INBOX, Junk and Sent
	TLSConfig *tls.Config // offers STARTTLS with it
	NoMove    bool        // no MOVE (RFC 6851)
	NoUIDPlus bool        // no UIDPLUS (RFC 4315)
	Log       *slog.Logger
}

// A Server is one running server with one user. Its methods may be called from any goroutine.
type Server struct {
	listener *tracker
	imap     *imapserver.Server
	user     *imapmemserver.User
	username string
	password string
	served   chan struct{}

	mu     sync.Mutex // one change of the folders themselves at a time
	closed bool
}

// Start listens on a free port of 127.0.0.1.
func Start(o Options) (*Server, error) {
	if o.Username == "" {
		o.Username = "tips@example.org"
	}
	if o.Password == "" {
		o.Password = "secret"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	user := imapmemserver.NewUser(o.Username, o.Password)
	for _, name := range append([]string{"INBOX", "Junk", "Sent"}, o.Folders...) {
		if err := user.Create(name, nil); err != nil {
			return nil, fmt.Errorf("create folder %q: %w", name, err)
		}
		if err := user.Subscribe(name); err != nil {
			return nil, fmt.Errorf("subscribe to folder %q: %w", name, err)
		}
	}
	memory := imapmemserver.New()
	memory.AddUser(user)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for IMAP: %w", err)
	}
	s := &Server{
		listener: &tracker{Listener: listener},
		user:     user,
		username: o.Username,
		password: o.Password,
		served:   make(chan struct{}),
		imap: imapserver.New(&imapserver.Options{
			NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
				return session{memory.NewSession().(imapserver.SessionIMAP4rev2)}, nil, nil
			},
			Caps:         o.caps(),
			Logger:       printer{o.Log},
			TLSConfig:    o.TLSConfig,
			InsecureAuth: true,
		}),
	}
	go func() {
		defer close(s.served)
		if err := s.imap.Serve(s.listener); err != nil {
			o.Log.Error("the embedded mail server stopped", "err", err)
		}
	}()
	return s, nil
}

func (o Options) caps() goimap.CapSet {
	caps := goimap.CapSet{}
	for _, c := range []goimap.Cap{
		goimap.CapIMAP4rev1, goimap.CapNamespace, goimap.CapUIDPlus, goimap.CapESearch, goimap.CapListExtended,
		goimap.CapListStatus, goimap.CapMove, goimap.CapStatusSize, goimap.CapChildren,
	} {
		caps[c] = struct{}{}
	}
	if o.NoMove {
		delete(caps, goimap.CapMove)
	}
	if o.NoUIDPlus {
		delete(caps, goimap.CapUIDPlus)
	}
	return caps
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port is the port on 127.0.0.1.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Username is what the login takes.
func (s *Server) Username() string { return s.username }

// Password is what the login takes.
func (s *Server) Password() string { return s.password }

// Append puts a message into a folder with date as its INTERNALDATE; zero means now. The folder must exist.
func (s *Server) Append(folder string, raw []byte, date time.Time) error {
	if _, err := s.user.Append(folder, bytes.NewReader(raw), &goimap.AppendOptions{Time: date}); err != nil {
		return fmt.Errorf("append to %q: %w", folder, err)
	}
	return nil
}

// Deliver puts a message into INBOX as if it had just come.
func (s *Server) Deliver(raw []byte) error { return s.Append("INBOX", raw, time.Now()) }

// CreateFolder makes one more folder; one that is there is an error.
func (s *Server) CreateFolder(name string) error {
	if err := s.user.Create(name, nil); err != nil {
		return fmt.Errorf("create folder %q: %w", name, err)
	}
	return nil
}

// Count is how many messages lie in a folder, or -1 where there is no such folder.
func (s *Server) Count(folder string) int {
	status, err := s.user.Status(folder, &goimap.StatusOptions{NumMessages: true})
	if err != nil {
		return -1
	}
	return int(*status.NumMessages)
}

// UIDValidity is the folder's, or 0 where there is no such folder.
func (s *Server) UIDValidity(folder string) uint32 {
	status, err := s.user.Status(folder, &goimap.StatusOptions{UIDValidity: true})
	if err != nil {
		return 0
	}
	return status.UIDValidity
}

// Renumber gives a folder a new UIDVALIDITY and its messages new UIDs from 1 on, as a repaired mail server does. Flags are lost.
func (s *Server) Renumber(folder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, err := s.Messages(folder)
	if err != nil {
		return err
	}
	if err := errors.Join(s.user.Delete(folder), s.user.Create(folder, nil)); err != nil {
		return fmt.Errorf("renumber %q: %w", folder, err)
	}
	for _, m := range messages {
		if err := s.Append(folder, m.Raw, m.Date); err != nil {
			return err
		}
	}
	return nil
}

// Close ends every connection and stops listening; it waits until all are gone. It may be called twice.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.listener.Close()
	s.listener.closeAll()
	err = errors.Join(err, s.imap.Close())
	<-s.served
	s.listener.closeAll() // one may have been taken in between
	s.listener.wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Sessions is how many connections are open.
func (s *Server) Sessions() int { return s.listener.count() }

// CutAll cuts every open connection without a word; new ones are taken.
func (s *Server) CutAll() { s.listener.closeAll() }

// A Message is one message as it lies in a folder.
type Message struct {
	UID      uint32
	Date     time.Time // INTERNALDATE
	Raw      []byte
	Seen     bool
	Deleted  bool
	Keywords []string // in the lower case that the server keeps
}

// RawMessages returns the bytes of every message in a folder, in order. It is nil for a folder that does not exist.
func (s *Server) RawMessages(folder string) [][]byte {
	messages, err := s.Messages(folder)
	if err != nil {
		return nil
	}
	var raws [][]byte
	for _, m := range messages {
		raws = append(raws, m.Raw)
	}
	return raws
}

// HasKeyword reports whether the message carries it.
func (m Message) HasKeyword(name string) bool { return slices.Contains(m.Keywords, name) }
