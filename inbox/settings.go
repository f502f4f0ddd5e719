package inbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
)

// Settings are those of the intake as a whole. What differs by mailbox (host, filing, triage_since …) is in
// imap.Settings, and when the sorter is sure in sorter.Settings.
type Settings struct {
	Folders       CategoryFolders `toml:"folders" doc:"The mailbox folders that sorted messages are moved to."`
	Keyword       string          `toml:"keyword" doc:"The keyword that marks a message as being at the desk, where filing is keyword."`
	Poll          imap.Duration   `toml:"poll" doc:"How often all watched folders are looked into, whatever the server announces."`
	Idle          imap.Duration   `toml:"idle" doc:"How long one IDLE lasts at most before it is begun anew."`
	Look          imap.Duration   `toml:"look" doc:"How often requests, re-sortings and imports of other processes are looked for."`
	Retry         imap.Duration   `toml:"retry" doc:"The first pause after a mailbox could not be read; it doubles from there."`
	RetryAtMost   imap.Duration   `toml:"retry_at_most" doc:"The longest such pause."`
	RetryLogin    imap.Duration   `toml:"retry_login" doc:"The first pause after the server refused the password or the certificate did not check."`
	AlarmAfter    imap.Duration   `toml:"alarm_after" doc:"How long the line or the server may fail before an alarm is raised; a refused password raises it at once."`
	UnreadAlarm   imap.Duration   `toml:"unread_alarm" doc:"How long a mailbox may go unread, for whatever reason, before an alarm is raised."`
	ParseTimeout  imap.Duration   `toml:"parse_timeout" doc:"How long reading one message may take before it is shown as unreadable."`
	BatchMessages int             `toml:"batch_messages" doc:"How many messages are fetched and committed together."`
	BatchMB       int             `toml:"batch_mb" doc:"How many megabytes are fetched and committed together; a larger message comes alone."`
	WholeMB       int             `toml:"whole_mb" doc:"The size in megabytes up to which a message is fetched."`
}

// CategoryFolders names a folder for each category whose messages are moved. An empty name: they stay.
type CategoryFolders struct {
	Tip    string `toml:"tip" doc:"The folder of news tips."`
	Gossip string `toml:"gossip" doc:"The folder of gossip."`
	Advert string `toml:"advert" doc:"The folder of advert requests."`
}

const maxWholeMB = 100 // imap.MaxBatch leaves room for servers that estimate sizes

// DefaultSettings look every 60 s and begin IDLE anew every 5 min.
func DefaultSettings() Settings {
	return Settings{
		Folders:       CategoryFolders{Tip: "Tips", Gossip: "Gossip", Advert: "Adverts"},
		Keyword:       "$TipsheetDone",
		Poll:          imap.Duration(time.Minute),
		Idle:          imap.Duration(5 * time.Minute),
		Look:          imap.Duration(time.Second),
		Retry:         imap.Duration(2 * time.Second),
		RetryAtMost:   imap.Duration(5 * time.Minute),
		RetryLogin:    imap.Duration(2 * time.Minute),
		AlarmAfter:    imap.Duration(5 * time.Minute),
		UnreadAlarm:   imap.Duration(time.Hour),
		ParseTimeout:  imap.Duration(10 * time.Second),
		BatchMessages: 100,
		BatchMB:       16,
		WholeMB:       maxWholeMB,
	}
}

// Validate returns every mistake as a sentence that names the key.
func (s Settings) Validate() []error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("inbox."+format, args...)) }
	for _, d := range []struct {
		key  string
		long imap.Duration
	}{
		{"poll", s.Poll}, {"idle", s.Idle}, {"look", s.Look}, {"retry", s.Retry}, {"retry_at_most", s.RetryAtMost}, {"retry_login", s.RetryLogin},
		{"unread_alarm", s.UnreadAlarm}, {"parse_timeout", s.ParseTimeout},
	} {
		if d.long <= 0 {
			add("%s must be longer than nothing, such as 60s", d.key)
		}
	}
	if s.AlarmAfter < 0 {
		add("alarm_after %s is in the past: write a length of time like 5m", s.AlarmAfter)
	}
	if s.Idle > imap.Duration(28*time.Minute) {
		add("idle %s is too long: servers end an IDLE after 29 minutes (RFC 2177); write 5m", s.Idle)
	}
	if s.BatchMessages < 1 || s.BatchMessages > 500 {
		add("batch_messages %d must lie between 1 and 500", s.BatchMessages)
	}
	if s.BatchMB < 1 || s.BatchMB > 64 {
		add("batch_mb %d must lie between 1 and 64", s.BatchMB)
	}
	if s.WholeMB < 1 || s.WholeMB > maxWholeMB {
		add("whole_mb %d must lie between 1 and %d", s.WholeMB, maxWholeMB)
	}
	return append(wrong, s.validateNames()...)
}

func (s Settings) validateNames() []error {
	var wrong []error
	seen := map[string]string{}
	for _, f := range []struct{ key, name string }{{"tip", s.Folders.Tip}, {"gossip", s.Folders.Gossip}, {"advert", s.Folders.Advert}} {
		name := strings.ToLower(f.name)
		switch {
		case f.name == "":
		case strings.ContainsAny(f.name, "\r\n\x00*%") || strings.TrimSpace(f.name) != f.name:
			wrong = append(wrong, fmt.Errorf("inbox.folders.%s %q is not a folder's name", f.key, f.name))
		case name == "inbox":
			wrong = append(wrong, fmt.Errorf("inbox.folders.%s is INBOX, where the messages come from: name another folder, or leave it empty", f.key))
		case seen[name] != "":
			wrong = append(wrong, fmt.Errorf("inbox.folders.%s and inbox.folders.%s are the same folder: give each category its own", seen[name], f.key))
		default:
			seen[name] = f.key
		}
	}
	if !strings.HasPrefix(s.Keyword, "$") || strings.ContainsAny(s.Keyword, " (){}*%\\\"]") {
		wrong = append(wrong, fmt.Errorf("inbox.keyword %q must begin with $ and hold letters and digits only, such as $TipsheetDone", s.Keyword))
	}
	return wrong
}

// Of is the folder of a category, empty where its messages stay.
func (c CategoryFolders) Of(category string) string {
	switch category {
	case "tip":
		return c.Tip
	case "gossip":
		return c.Gossip
	case "advert":
		return c.Advert
	}
	return ""
}

// All are the folders that have a name.
func (c CategoryFolders) All() []string {
	var names []string
	for _, name := range []string{c.Tip, c.Gossip, c.Advert} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
