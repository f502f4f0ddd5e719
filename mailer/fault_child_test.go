package mailer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// The processes that are refused, stopped and killed: this test binary, run again with what it
// shall do. It ends when the parent does.
const (
	faultChild = "FAULT_CHILD"
	childHolds = "hold" // takes the mailer's role and keeps it
	childSends = "send" // sends over two connections under a short lease
)

const (
	shortDot   = 2 * time.Second
	shortLease = 4500 * time.Millisecond // over the dot's wait and the margin
)

// runFaultChild does what the environment asks for, and then does not return.
func runFaultChild() {
	work := os.Getenv(faultChild)
	if work == "" {
		return
	}
	go func() { // the parent holds the other end
		_, _ = io.Copy(io.Discard, os.Stdin) // however it ends, it is over
		os.Exit(3)
	}()
	err := map[string]func(context.Context, []string) error{childHolds: holdRole, childSends: sendAsChild}[work](context.Background(), os.Args[1:])
	var said *data.UserError
	if errors.As(err, &said) {
		fmt.Println(said.Message)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func holdRole(ctx context.Context, args []string) error {
	db, err := data.Open(ctx, args[0], data.Options{})
	if err != nil {
		return err
	}
	lock, err := db.TakeRole(data.RoleMailer)
	if err != nil {
		return err
	}
	fmt.Println("it has the role")
	<-ctx.Done()
	return lock.Release()
}

// sendAsChild sends until it is ended, and says so once when an intent was refused.
func sendAsChild(ctx context.Context, args []string) error {
	db, err := data.Open(ctx, args[0], data.Options{})
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	k, err := token.New(secret)
	if err != nil {
		return err
	}
	s := plain("main", port)
	s.Connections, s.Timeouts.Dot = 2, smtp.Duration(shortDot)
	o := mailer.Options{DB: db, Keys: k, Settings: mailer.DefaultSettings(), Relays: []mailer.Relay{{Settings: s}},
		Log: slog.New(slog.NewTextHandler(&teller{}, nil))}
	o.Settings.Lease, o.Settings.Uncertain = smtp.Duration(shortLease), data.PolicyHold
	m, err := mailer.New(o)
	if err != nil {
		return err
	}
	return m.Run(ctx)
}

// A teller tells the parent, once, that an intent was refused.
type teller struct{ once sync.Once }

func (l *teller) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "delivery stopped before its intent") && strings.Contains(string(p), "lease_lost=true") {
		l.once.Do(func() { fmt.Println("an intent was refused") })
	}
	return len(p), nil
}

// A child is a running one.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
	waited sync.Once
}

func startChild(t *testing.T, work string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), faultChild+"="+work)
	c.cmd.Stderr = io.Discard
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin, c.stdout = stdin, bufio.NewReader(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		c.end()
	})
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// line is the next that it says; it waits at most 20 s.
func (c *child) line() string {
	c.t.Helper()
	said := make(chan string, 1)
	go func() {
		line, _ := c.stdout.ReadString('\n') // at its end, what there is
		said <- strings.TrimSpace(line)
	}()
	select {
	case line := <-said:
		return line
	case <-time.After(20 * time.Second):
		_ = c.cmd.Process.Kill() // which ends the reading
		return "nothing for 20 s; " + <-said
	}
}

// end waits for its end and returns its exit code.
func (c *child) end() int {
	c.waited.Do(func() {
		_ = c.cmd.Wait() // the code tells
		_ = c.stdin.Close()
	})
	return c.cmd.ProcessState.ExitCode()
}
