package imap

import (
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

// How a message is marked in its mailbox once the desk has it (Settings.Filing).
const (
	FilingLeave   = "leave"   // nothing is changed in the mailbox
	FilingMove    = "move"    // it is moved to the folder of its category
	FilingKeyword = "keyword" // it gets a keyword where the folder allows keywords
)

// How the session proves who it is (Settings.Auth).
const (
	AuthAuto  = "auto"  // AUTHENTICATE PLAIN where offered, else LOGIN
	AuthPlain = "plain" // AUTHENTICATE PLAIN (RFC 4616)
	AuthLogin = "login" // the LOGIN command
)

// Settings is one [[mailbox]] of the config. The zero value is not usable; start from DefaultSettings.
type Settings struct {
	Provider     string       `toml:"provider" doc:"Fills host, port and tls for a known provider: gmail or outlook."`
	Host         string       `toml:"host" doc:"The IMAP server's name or address."`
	Port         int          `toml:"port" doc:"Its port: 993 with implicit TLS, 143 with STARTTLS."`
	TLS          dial.TLSMode `toml:"tls" doc:"implicit (TLS from the first byte), starttls (required, never skipped), or none (only to this machine)."`
	Auth         string       `toml:"auth" doc:"auto, plain or login: how the password is handed over."`
	Username     string       `toml:"username" doc:"The mailbox's user name, often its whole address."`
	PasswordFile string       `toml:"password_file" doc:"A file whose first line is the password (an app password where the provider asks for one)."`
	CAFile       string       `toml:"ca_file" doc:"Certificates (PEM) to trust instead of the system's, for a server with its own authority."`
	Folders      []string     `toml:"folders" doc:"Folders to watch beside INBOX and the junk folder."`
	Filing       string       `toml:"filing" doc:"What is done in the mailbox once a message is at the desk: leave, move or keyword."`
	TriageSince  Duration     `toml:"triage_since" doc:"At first sight of the mailbox, conversations without a message this young start as done."`
	Timeout      Duration     `toml:"timeout" doc:"How long the server may be silent within one step before the connection is given up."`
}

// DefaultSettings has everything but host, username and password: implicit TLS on port 993, mail left where it lies.
func DefaultSettings() Settings {
	return Settings{
		Port:        993,
		TLS:         dial.Implicit,
		Auth:        AuthAuto,
		Filing:      FilingLeave,
		TriageSince: Duration(14 * 24 * time.Hour),
		Timeout:     Duration(time.Minute),
	}
}

// providerHost names the server of a preset. Both want implicit TLS on port 993; Outlook takes no plain passwords
// from most accounts any more, Gmail only app passwords.
func providerHost(provider string) (string, bool) {
	switch strings.ToLower(provider) {
	case "":
		return "", true
	case "gmail":
		return "imap.gmail.com", true
	case "outlook":
		return "outlook.office365.com", true
	}
	return "", false
}

// Filled returns the settings with the provider's host, port and tls where they were left empty.
func (s Settings) Filled() Settings {
	host, ok := providerHost(s.Provider)
	if !ok || host == "" {
		return s
	}
	if s.Host == "" {
		s.Host = host
	}
	if s.Port == 0 {
		s.Port = 993
	}
	if s.TLS == "" {
		s.TLS = dial.Implicit
	}
	return s
}

// Validate returns every mistake as a sentence that names the key and what to write instead. A preset is applied first.
func (s Settings) Validate() []error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, ok := providerHost(s.Provider); !ok {
		wrong("mailbox.provider %q is not known: write gmail or outlook, or leave it out and set host", s.Provider)
	}
	s = s.Filled()
	if s.Host == "" {
		wrong(`mailbox.host is empty: write the IMAP server's name, or provider = "gmail" or "outlook"`)
	}
	if s.Port < 1 || s.Port > 65535 {
		wrong("mailbox.port %d is not a port: write 993 for implicit TLS or 143 for STARTTLS", s.Port)
	}
	switch s.TLS {
	case dial.Implicit, dial.StartTLS, dial.None:
		if err := dial.CheckPlain(s.TLS, s.Host); err != nil && s.Host != "" {
			wrong("mailbox.tls: %w", err)
		}
	default:
		wrong("mailbox.tls %q is not known: write implicit, starttls or none", s.TLS)
	}
	switch s.Auth {
	case AuthAuto, AuthPlain, AuthLogin:
	default:
		wrong("mailbox.auth %q is not known: write auto, plain or login", s.Auth)
	}
	switch s.Filing {
	case FilingLeave, FilingMove, FilingKeyword:
	default:
		wrong("mailbox.filing %q is not known: write leave, move or keyword", s.Filing)
	}
	if s.Username == "" {
		wrong("mailbox.username is empty: write the user name that the mail server knows, often the whole address")
	}
	for _, f := range s.Folders {
		if strings.TrimSpace(f) == "" || strings.ContainsAny(f, "\r\n\x00") {
			wrong("mailbox.folders holds %q, which is not a folder's name: write the names as the mail server lists them", f)
		}
	}
	if s.TriageSince < 0 {
		wrong("mailbox.triage_since %s is in the future: write a length of time like 14d", s.TriageSince)
	}
	if s.Timeout < Duration(time.Second) {
		wrong("mailbox.timeout %s is too short: write at least 1s; 60s is usual", s.Timeout)
	}
	return errs
}
