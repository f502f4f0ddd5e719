package dovecot

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// capabilities is what Dovecot 2.3.19 offers by default, after the login.
var capabilities = []string{
	"IMAP4rev1", "SASL-IR", "LOGIN-REFERRALS", "ID", "ENABLE", "IDLE", "SORT", "SORT=DISPLAY", "THREAD=REFERENCES", "THREAD=REFS",
	"THREAD=ORDEREDSUBJECT", "MULTIAPPEND", "URL-PARTIAL", "CATENATE", "UNSELECT", "CHILDREN", "NAMESPACE", "UIDPLUS",
	"LIST-EXTENDED", "I18NLEVEL=1", "CONDSTORE", "QRESYNC", "ESEARCH", "ESORT", "SEARCHRES", "WITHIN", "CONTEXT=SEARCH",
	"LIST-STATUS", "BINARY", "MOVE", "SNIPPET=FUZZY", "PREVIEW=FUZZY", "PREVIEW", "STATUS=SIZE", "SAVEDATE", "LITERAL+", "NOTIFY", "SPECIAL-USE",
}

// offered is the capability list without what the options turn off, or empty where Dovecot may say what it likes.
func (o Options) offered() string {
	off := map[string]bool{"MOVE": o.NoMove, "UIDPLUS": o.NoUIDPlus, "IDLE": o.NoIdle}
	if !o.NoMove && !o.NoUIDPlus && !o.NoIdle {
		return ""
	}
	left := slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return off[c] })
	return strings.Join(left, " ")
}

// layout is where things lie in the private folder.
type layout struct {
	dir, conf, users, log, maildir string
	port, tlsPort                  int
}

func (o Options) config(l layout) (string, error) {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("base_dir = %s", filepath.Join(l.dir, "run"))
	say("state_dir = %s", filepath.Join(l.dir, "state"))
	say("log_path = %s", l.log)
	say("protocols = imap")
	say("listen = 127.0.0.1")
	say("mail_location = maildir:%s", l.maildir)
	say("mail_plugins =")
	say("auth_mechanisms = plain login")
	say("disable_plaintext_auth = no")
	say("auth_failure_delay = 0")
	say("mail_max_userip_connections = 50")
	say("maildir_stat_dirs = yes")
	if o.CertFile != "" {
		say("ssl = yes\nssl_cert = <%s\nssl_key = <%s", o.CertFile, o.KeyFile)
	} else {
		say("ssl = no")
	}
	say("passdb {\n driver = passwd-file\n args = scheme=PLAIN username_format=%%u %s\n}", l.users)
	say("userdb {\n driver = static\n args = uid=%d gid=%d home=%s\n}", o.UID, o.GID, filepath.Join(l.dir, "home"))
	say("first_valid_uid = %d\nfirst_valid_gid = %d", min(o.UID, 1), min(o.GID, 1))
	say("namespace inbox {\n inbox = yes\n separator = %s\n prefix = %s", o.separator(), o.Prefix)
	for _, special := range []string{"Junk", "Sent", "Trash"} {
		say(" mailbox %s {\n  auto = subscribe\n  special_use = \\%s\n }", special, special)
	}
	say("}")
	if caps := o.offered(); caps != "" {
		say("protocol imap {\n imap_capability = %s\n}", caps)
	}
	// Without this a refused login makes the next ones wait, 15 seconds in the end.
	say("service anvil {\n unix_listener anvil-auth-penalty {\n  mode = 0\n }\n}")
	loginChroot := "login"
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("find out who runs Dovecot: %w", err)
		}
		// Without root nothing can change its user or its root: every part runs as we do.
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return "", fmt.Errorf("find out who runs Dovecot: %w", err)
		}
		say("default_internal_user = %s\ndefault_internal_group = %s\ndefault_login_user = %s", me.Username, group.Name, me.Username)
		say("service anvil {\n chroot =\n}\nservice stats {\n chroot =\n}\nservice imap-urlauth-login {\n chroot =\n}\nservice submission-login {\n chroot =\n}")
		loginChroot = ""
	}
	say("service imap-login {\n chroot = %s\n inet_listener imap {\n  address = 127.0.0.1\n  port = %d\n }", loginChroot, l.port)
	say(" inet_listener imaps {\n  address = 127.0.0.1\n  port = %d\n  ssl = yes\n }\n}", l.tlsPort)
	return b.String(), nil
}

func (o Options) separator() string {
	if strings.HasSuffix(o.Prefix, ".") {
		return "."
	}
	return "/"
}
