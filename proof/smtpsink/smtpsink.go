// Package smtpsink runs Debian's smtp-sink for tests: an SMTP server that takes any mail and,
// told so by its switches, misbehaves as relays do (Postfix; smtp-sink(1)).
//
// Start takes a free port of this machine, starts smtp-sink on it, which listens on loopback
// only, and returns when it answers. Every message that came with its final dot is kept in a
// file of its own, so that the far end can be counted. Stop ends exactly that process by its
// id; Restart puts another one, with other switches, in its place on the same port, as a relay
// that heals.
//
// What is missing, the package or the user that smtp-sink drops to, is said in the error.
package smtpsink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startTries = 3                // another process may take the port that was free
	startWait  = 10 * time.Second // until it listens
	lookAgain  = 5 * time.Millisecond
	stopWait   = 5 * time.Second // before it is killed
)

// A Sink is a running smtp-sink.
type Sink struct {
	dir    string
	port   int
	run    int // counts the starts
	child  *exec.Cmd
	exited chan struct{}
}

// Start starts smtp-sink with switches of smtp-sink(1), such as "-q", ".". The caller must Stop
// it.
func Start(switches ...string) (*Sink, error) {
	dir, err := os.MkdirTemp("", "smtp-sink")
	if err != nil {
		return nil, fmt.Errorf("start smtp-sink: %w", err)
	}
	s := &Sink{dir: dir}
	if err = os.Chmod(dir, 0o777); err == nil { // it drops its privileges
		for range startTries {
			if s.port, err = freePort(); err == nil {
				err = s.begin(switches)
			}
			if err == nil {
				return s, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("start smtp-sink: %w", err), os.RemoveAll(dir))
}

// Restart ends the process and starts one with other switches on the same port. What came
// before stays counted. It serves, too, where the process has ended by itself ("-M", "-n").
func (s *Sink) Restart(switches ...string) error {
	if err := s.end(); err != nil {
		return fmt.Errorf("restart smtp-sink: %w", err)
	}
	if err := s.begin(switches); err != nil {
		return fmt.Errorf("restart smtp-sink: %w", err)
	}
	return nil
}

// Port is the port that it listens on.
func (s *Sink) Port() int { return s.port }

// Exited is closed when the process that runs now has ended.
func (s *Sink) Exited() <-chan struct{} { return s.exited }

// Stop ends the process and removes what it kept. It may be called twice.
func (s *Sink) Stop() error {
	if err := errors.Join(s.end(), os.RemoveAll(s.dir)); err != nil {
		return fmt.Errorf("stop smtp-sink: %w", err)
	}
	return nil
}

// Recipients are the envelope recipients of all messages that came with their final dot,
// whatever it answered; one that got two stands twice.
func (s *Sink) Recipients() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, "mail.*"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range files {
		kept, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read what smtp-sink kept: %w", err)
		}
		// It writes the file as the message comes in; the last header of its own is X-Rcpt-Args.
		for line := range strings.Lines(string(kept)) {
			if address, ok := strings.CutPrefix(line, "X-Rcpt-Args: <"); ok {
				address, _, _ = strings.Cut(address, ">")
				all = append(all, address)
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

func (s *Sink) begin(switches []string) error {
	path, err := exec.LookPath("smtp-sink")
	if err != nil {
		return errors.New("there is no smtp-sink here; install the package postfix (apt-get install postfix)")
	}
	s.run++
	args := []string{"-d", filepath.Join(s.dir, fmt.Sprintf("mail.%d.", s.run))}
	if os.Geteuid() == 0 {
		if _, err := user.Lookup("nobody"); err != nil {
			return fmt.Errorf("smtp-sink drops to the user nobody: %w", err)
		}
		args = append(args, "-u", "nobody")
	}
	args = append(append(args, switches...), net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), "100")
	said := &said{}
	s.child = exec.Command(path, args...)
	s.child.Dir, s.child.Stdout, s.child.Stderr = s.dir, io.Discard, said
	s.child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.child.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	s.exited = exited
	child := s.child
	go func() {
		defer close(exited)
		_ = child.Wait() // how it ended shows in what it said
	}()
	if err := s.awaitPort(); err != nil {
		_ = s.end() // the first error says what is wrong
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// awaitPort returns when something listens. It asks the kernel and does not connect: a
// connection would count ("-n").
func (s *Sink) awaitPort() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		up, err := listens(s.port)
		if up || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not listen within %v", startWait)
		}
	}
}

// end ends the process, if it still runs, and waits for it.
func (s *Sink) end() error {
	if s.child == nil || s.child.Process == nil {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := s.child.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("signal process %d: %w", s.child.Process.Pid, err)
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(stopWait):
		}
	}
	return fmt.Errorf("process %d does not end", s.child.Process.Pid)
}
