package dovecot

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	startWait = 20 * time.Second
	stopWait  = 10 * time.Second
	mailUser  = 5000 // owns the mail when root starts Dovecot; it needs no line in /etc/passwd
)

// Options says what Dovecot serves. The zero value serves an empty mailbox to tips@example.org with the password "secret".
type Options struct {
	Username string
	Password string
	Maildir  string // an existing or future Maildir, such as Postfix's virtual mailbox; empty: one in the private folder
	UID, GID int    // who owns the mail; zero: 5000 for root, ourselves otherwise
	CertFile string // offers STARTTLS, and TLS from the first byte on AddrTLS
	KeyFile  string
	Prefix   string // the personal namespace's prefix, such as "INBOX."; folders are separated by "." then, else by "/"

	NoMove    bool // does not offer MOVE
	NoUIDPlus bool // does not offer UIDPLUS
	NoIdle    bool // does not offer IDLE
}

// A Dovecot is a running server.
type Dovecot struct {
	Username, Password string
	layout             layout
	options            Options
	cmd                *exec.Cmd
	exited             chan struct{} // closed when the process has ended
	exitErr            error
	deliveries         atomic.Int64 // makes the names of delivered files unique
	stop               sync.Once
	stopErr            error
}

// Installed returns nil, or an error that says what to install.
func Installed() error {
	if _, err := binary(); err != nil {
		return err
	}
	return nil
}

func binary() (string, error) {
	for _, path := range []string{"dovecot", "/usr/sbin/dovecot"} {
		if found, err := exec.LookPath(path); err == nil {
			if _, err := os.Stat("/usr/lib/dovecot/imap"); err != nil {
				return "", errors.New("dovecot speaks no IMAP here: install it with apt-get install dovecot-imapd")
			}
			return found, nil
		}
	}
	return "", errors.New("dovecot is not installed: install it with apt-get install dovecot-imapd")
}

// Start runs Dovecot and waits until it greets, at most 20 seconds.
func Start(o Options) (*Dovecot, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	o = o.filled()
	var last error
	// A free port may be taken by somebody else before Dovecot has it.
	for range 3 {
		d, err := start(path, o)
		if err == nil {
			return d, nil
		}
		last = err
	}
	return nil, fmt.Errorf("start dovecot: %w", last)
}

func (o Options) filled() Options {
	if o.Username == "" {
		o.Username = "tips@example.org"
	}
	if o.Password == "" {
		o.Password = "secret"
	}
	if o.UID == 0 {
		o.UID = mailUser
		if os.Geteuid() != 0 {
			o.UID = os.Getuid()
		}
	}
	if o.GID == 0 {
		o.GID = mailUser
		if os.Geteuid() != 0 {
			o.GID = os.Getgid()
		}
	}
	return o
}

func start(path string, o Options) (*Dovecot, error) {
	d := &Dovecot{Username: o.Username, Password: o.Password, options: o, exited: make(chan struct{})}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.layout.dir))
	}
	d.cmd = exec.Command(path, "-F", "-c", d.layout.conf)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	// What is wrong with the configuration is said here, before there is a log.
	said, err := os.Create(filepath.Join(d.layout.dir, "stderr"))
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	defer said.Close()
	d.cmd.Stdout, d.cmd.Stderr = said, said
	started := make(chan error, 1)
	go func() {
		// The signal on our death is tied to the thread that starts the child: keep that thread as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := d.cmd.Start()
		started <- err
		if err == nil {
			d.exitErr = d.cmd.Wait()
		}
		close(d.exited)
	}()
	err = <-started
	if err == nil {
		err = d.awaitGreeting()
	}
	if err != nil {
		log := d.Log()
		return nil, errors.Join(fmt.Errorf("%w; its log: %s", err, strings.TrimSpace(log)), d.Stop())
	}
	return d, nil
}

// prepare makes the private folder, the Maildir and the configuration.
func (d *Dovecot) prepare() error {
	dir, err := os.MkdirTemp("", "dovecot-")
	if err != nil {
		return err
	}
	l := layout{
		dir: dir, conf: filepath.Join(dir, "dovecot.conf"), users: filepath.Join(dir, "users"),
		log: filepath.Join(dir, "dovecot.log"), maildir: d.options.Maildir,
	}
	if l.maildir == "" {
		l.maildir = filepath.Join(dir, "home", "Maildir")
	}
	d.layout = l
	// Dovecot's own users must get through to their files.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if d.layout.port, err = freePort(); err != nil {
		return err
	}
	if d.layout.tlsPort, err = freePort(); err != nil {
		return err
	}
	for _, made := range []string{filepath.Join(dir, "home"), l.maildir} {
		if err := d.makeOwned(made); err != nil {
			return err
		}
	}
	conf, err := d.options.config(d.layout)
	if err != nil {
		return err
	}
	users := d.Username + ":{PLAIN}" + d.Password + "\n"
	return errors.Join(os.WriteFile(l.conf, []byte(conf), 0o644), os.WriteFile(l.users, []byte(users), 0o644))
}

// makeOwned makes a folder for the mail's owner; one that exists is left as it is.
func (d *Dovecot) makeOwned(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, d.options.UID, d.options.GID)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func (d *Dovecot) awaitGreeting() error {
	give := time.NewTimer(startWait)
	defer give.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if err := greets(d.Addr()); err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-d.exited:
			return fmt.Errorf("dovecot ended at once: %w", d.exitErr)
		case <-give.C:
			return fmt.Errorf("dovecot did not greet within %v", startWait)
		}
	}
}

func greets(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	greeting, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(greeting, "* OK") {
		err = fmt.Errorf("it greets with %q", greeting)
	}
	return err
}

// Addr is host:port for plain IMAP, and STARTTLS with a certificate.
func (d *Dovecot) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.layout.port)) }

// AddrTLS is host:port for TLS from the first byte; it serves only with a certificate.
func (d *Dovecot) AddrTLS() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.layout.tlsPort))
}

// Port is the port of Addr.
func (d *Dovecot) Port() int { return d.layout.port }

// PortTLS is the port of AddrTLS.
func (d *Dovecot) PortTLS() int { return d.layout.tlsPort }

// Maildir is where the mail lies.
func (d *Dovecot) Maildir() string { return d.layout.maildir }

// PID is the master process.
func (d *Dovecot) PID() int { return d.cmd.Process.Pid }

// Log is what Dovecot has logged so far, and what it said before it had a log.
func (d *Dovecot) Log() string {
	var log strings.Builder
	for _, path := range []string{filepath.Join(d.layout.dir, "stderr"), d.layout.log} {
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "no log: " + err.Error()
		}
		log.Write(text)
	}
	return log.String()
}

// Stop ends Dovecot, by SIGTERM and after ten seconds by SIGKILL to the process group that Start made, and removes the private folder. A Maildir given in
// the options stays. It may be called twice.
func (d *Dovecot) Stop() error {
	d.stop.Do(func() {
		if d.cmd != nil && d.cmd.Process != nil {
			d.stopErr = d.end()
		}
		d.stopErr = errors.Join(d.stopErr, os.RemoveAll(d.layout.dir))
	})
	return d.stopErr
}

func (d *Dovecot) end() error {
	select {
	case <-d.exited:
		return nil
	default:
	}
	// The whole group at once, because the master alone waits seconds for its children; and again, because on a busy machine it may
	// have started one anew before it saw its own signal.
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	give := time.NewTimer(stopWait)
	defer give.Stop()
	for waiting := true; waiting; {
		if err := syscall.Kill(-d.PID(), syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop dovecot: %w", err)
		}
		select {
		case <-d.exited:
			return nil
		case <-again.C:
		case <-give.C:
			waiting = false
		}
	}
	if err := syscall.Kill(-d.PID(), syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill dovecot: %w", err)
	}
	<-d.exited
	return nil
}
