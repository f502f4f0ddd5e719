package postfix

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// mainConfig is main.cf. Who connects is always this machine, so that the exclusions, which
// would make a bare line feed pass, are empty.
const mainConfig = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
virtual_mailbox_domains = %[2]s
virtual_mailbox_maps =
virtual_transport = maildir
maildir_destination_recipient_limit = 1
default_transport = error:this server delivers nothing outside
relay_transport = error:this server delivers nothing outside
local_transport = error:this server has no local users
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtpd_forbid_bare_newline = yes
smtpd_forbid_bare_newline_exclusions =
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_timeout = 60s
alias_maps =
alias_database =
append_dot_mydomain = no
local_header_rewrite_clients =
biff = no
message_size_limit = 52428800
in_flow_delay = 0
`

// tlsConfig follows where there is a certificate.
const tlsConfig = `smtpd_tls_cert_file = %s
smtpd_tls_key_file = %s
smtpd_tls_security_level = %s
`

// masterConfig is master.cf. What is not listed cannot run; there is no smtp client in it.
const masterConfig = `127.0.0.1:%d inet n - n - 100 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
maildir unix - n n - 20 pipe
  flags=DORuh user=%s argv=/bin/sh %s/deliver %s/mail ${recipient} ${queue_id}
`

// deliver writes one message into the Maildir of its recipient, making it at need. Postfix's
// own virtual(8) must know every mailbox beforehand. 75 has Postfix try again, 65 is final.
const deliver = `umask 022
case $2 in */*|.*) exit 65 ;; esac
dir=$1/$2
case $2 in *+*) [ -d "$1/${2%%+*}@${2##*@}" ] && dir=$1/${2%%+*}@${2##*@} ;; esac
[ -d "$dir/new" ] || mkdir -p "$dir/tmp" "$dir/new" "$dir/cur" || exit 75
cat >"$dir/tmp/$3.$$" && mv "$dir/tmp/$3.$$" "$dir/new/$3.$$" || exit 75
`

// configure writes the folder's content. Postfix makes the rest of its queue itself.
func (p *Postfix) configure() error {
	daemon, err := lookup("postfix")
	if err != nil {
		return err
	}
	owner, err := lookup(p.options.User)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		name string
		ids  ids
	}{{"", ids{}}, {"etc", ids{}}, {"queue", ids{}}, {"data", daemon}, {"mail", owner}} {
		if err := os.MkdirAll(p.path(d.name), 0o755); err != nil {
			return err
		}
		if d.name == "" && !p.ownDir {
			continue
		}
		if err := os.Chmod(p.path(d.name), 0o755); err != nil {
			return err
		}
		if err := os.Chown(p.path(d.name), d.ids.uid, d.ids.gid); err != nil {
			return err
		}
	}
	main := fmt.Sprintf(mainConfig, p.dir, strings.Join(p.options.Domains, " "))
	if p.options.CertFile != "" {
		level := "may"
		if p.options.NeedsTLS {
			level = "encrypt"
		}
		main += fmt.Sprintf(tlsConfig, p.options.CertFile, p.options.KeyFile, level)
	}
	main += strings.Join(p.options.Main, "\n") + "\n"
	for _, f := range []struct{ name, text string }{
		{"etc/main.cf", main},
		{"etc/master.cf", fmt.Sprintf(masterConfig, p.port, p.options.User, p.dir, p.dir)},
		{"deliver", deliver},
	} {
		if err := os.WriteFile(p.path(f.name), []byte(f.text), 0o644); err != nil {
			return err
		}
	}
	return p.passable()
}

// ids is who owns a folder; the zero value is root.
type ids struct{ uid, gid int }

func lookup(name string) (ids, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return ids{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return ids{}, fmt.Errorf("user %s: %w", name, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return ids{}, fmt.Errorf("user %s: %w", name, err)
	}
	return ids{uid, gid}, nil
}

// passable makes sure that Postfix's users, who are not root, get to the folder.
func (p *Postfix) passable() error {
	for dir := p.dir; dir != "/" && dir != "."; {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s is closed to other users; give a folder that they can pass through, or none", dir)
		}
		dir = dir[:strings.LastIndexByte(dir, '/')]
		if dir == "" {
			break
		}
	}
	return nil
}
