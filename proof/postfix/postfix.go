// Package postfix runs a private, real Postfix for tests: an SMTP server on this machine that
// takes mail for a few domains and delivers it into Maildirs.
//
// Start makes a folder with a configuration, a queue and a data directory of its own, starts
// Postfix's master on it, and waits until it answers. It never touches a Postfix that the
// system runs: all paths, the port and the process are its own, and Stop ends exactly that
// process group. Nothing can leave the machine: there is no SMTP client in the configuration,
// every foreign domain is refused, and no name is looked up.
//
// It needs root, because Postfix drops its privileges itself. What is missing, a package, a
// user, the rights, is said in the error of Start together with what to do about it.
package postfix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startTries = 3                // another process may take the port that was free
	startWait  = 20 * time.Second // for the greeting
	stopWait   = 10 * time.Second // before the processes are killed
)

// Options says what kind of server to start. The zero value is not usable: it has no domain.
type Options struct {
	Dir      string   // keeps everything; empty makes one that Stop removes. Every user must be able to pass through it
	Domains  []string // mail to any address in them is accepted and delivered
	User     string   // who owns the Maildirs; empty is nobody
	CertFile string   // with KeyFile, offers STARTTLS (PEM)
	KeyFile  string
	NeedsTLS bool     // refuses mail before STARTTLS
	Main     []string // further lines for main.cf, which win over ours
}

// Postfix is a running server.
type Postfix struct {
	options Options
	dir     string
	ownDir  bool
	port    int
	master  *exec.Cmd
	exited  chan struct{}
}

// Start starts a server and returns when it answers. The caller must Stop it.
func Start(options Options) (*Postfix, error) {
	if options.User == "" {
		options.User = "nobody"
	}
	p := &Postfix{options: options, dir: options.Dir}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("start postfix: %w", err)
	}
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "postfix")
		if err != nil {
			return nil, fmt.Errorf("start postfix: %w", err)
		}
		p.dir, p.ownDir = dir, true
	}
	var err error
	for range startTries {
		if err = p.try(); err == nil {
			return p, nil
		}
		// The first error says what is wrong; one in stopping what never ran would hide it.
		_ = p.end()
	}
	if p.ownDir {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return nil, fmt.Errorf("start postfix: %w", err)
}

// check finds what is missing before anything is made.
func (p *Postfix) check() error {
	if os.Geteuid() != 0 {
		return errors.New("it needs root; run the tests as root or with sudo")
	}
	if len(p.options.Domains) == 0 {
		return errors.New("no domain to take mail for")
	}
	for _, name := range []string{"postfix", "postconf"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("there is no %s here; install the package postfix (apt-get install postfix)", name)
		}
	}
	for _, name := range []string{"postfix", p.options.User} {
		if _, err := user.Lookup(name); err != nil {
			return fmt.Errorf("there is no user %s here; install the package postfix (apt-get install postfix): %w", name, err)
		}
	}
	return nil
}

// try makes the folder's content, starts master, and waits for the greeting.
func (p *Postfix) try() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	p.port = port
	if err := p.configure(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "postfix", "-c", p.path("etc"), "check").CombinedOutput(); err != nil {
		return fmt.Errorf("postfix check: %w: %s", err, bytes.TrimSpace(out))
	}
	daemons, err := exec.CommandContext(ctx, "postconf", "-c", p.path("etc"), "-h", "daemon_directory").Output()
	if err != nil {
		return fmt.Errorf("ask for daemon_directory: %w", err)
	}
	output, err := os.Create(p.path("master.out"))
	if err != nil {
		return err
	}
	defer output.Close() // the child has its own copy
	p.master = exec.Command(filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-c", p.path("etc"), "-d")
	p.master.Stdout, p.master.Stderr, p.master.Dir = output, output, p.path("queue")
	// A group of its own, so that it can be ended with all its children and nothing else.
	p.master.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.master.Start(); err != nil {
		return err
	}
	p.exited = make(chan struct{})
	go func() {
		defer close(p.exited)
		_ = p.master.Wait() // how it ended shows in the log
	}()
	return p.awaitGreeting(ctx)
}

// awaitGreeting returns when the server says 220.
func (p *Postfix) awaitGreeting(ctx context.Context) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if greets(ctx, p.Addr()) {
			return nil
		}
		select {
		case <-again.C:
		case <-p.exited:
			return fmt.Errorf("master ended at once; its log: %s", p.Log())
		case <-ctx.Done():
			return fmt.Errorf("no greeting within %v; its log: %s", startWait, p.Log())
		}
	}
}

func greets(ctx context.Context, address string) bool {
	var dialler net.Dialer
	conn, err := dialler.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	code := make([]byte, 3)
	if conn.SetDeadline(time.Now().Add(startWait)) != nil {
		return false
	}
	n, err := conn.Read(code)
	return err == nil && string(code[:n]) == "220"
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func (p *Postfix) path(name string) string { return filepath.Join(p.dir, name) }

// Addr is where the server listens, as host:port.
func (p *Postfix) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Port is the port that the server listens on.
func (p *Postfix) Port() int { return p.port }

// PID is the process id of Postfix's master.
func (p *Postfix) PID() int { return p.master.Process.Pid }

// Maildir is where mail to address, in lower case, is delivered. It exists once something
// was. A plus and what follows it in the local part count only while there is no Maildir
// for the address without them.
func (p *Postfix) Maildir(address string) string {
	return p.path(filepath.Join("mail", strings.ToLower(address)))
}

// Link has mail to address, also with a plus and more in its local part, delivered into an
// existing Maildir elsewhere, which Options.User must be able to write to.
func (p *Postfix) Link(address, maildir string) error {
	if err := os.Symlink(maildir, p.Maildir(address)); err != nil {
		return fmt.Errorf("link %s: %w", address, err)
	}
	return nil
}

// Log is what the server has logged so far.
func (p *Postfix) Log() string {
	var all strings.Builder
	for _, name := range []string{"master.out", "log"} {
		// Either may not be there yet, which is an empty log.
		text, _ := os.ReadFile(p.path(name))
		all.Write(text)
	}
	return all.String()
}

// Stop ends the server and all its processes, and removes the folder if Start made it. It may
// be called twice.
func (p *Postfix) Stop() error {
	err := p.end()
	if p.ownDir {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	if err != nil {
		return fmt.Errorf("stop postfix: %w", err)
	}
	return nil
}

// end ends the process group that master leads.
func (p *Postfix) end() error {
	if p.exited == nil {
		return nil
	}
	group := -p.master.Process.Pid
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(group, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal process group %d: %w", -group, err)
		}
		select {
		case <-p.exited:
			return nil
		case <-time.After(stopWait):
		}
	}
	return fmt.Errorf("process group %d does not end", -group)
}
