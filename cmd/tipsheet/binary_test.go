package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	buildOnce sync.Once
	built     string
	buildErr  error
)

// binary builds the real program once for all tests of this run.
func binary(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		var dir string
		if dir, buildErr = os.MkdirTemp("", "tipsheet-binary-"); buildErr != nil {
			return
		}
		built = filepath.Join(dir, "tipsheet")
		out, err := exec.Command("go", "build", "-o", built, ".").CombinedOutput()
		if err != nil {
			buildErr = fmt.Errorf("build: %w: %s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return built
}

// A child is a running tipsheet, ended by its process id.
type child struct {
	cmd  *exec.Cmd
	log  *lines
	done chan error
}

// lines collects what a child says; it may be read while the child writes.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// spawn starts tipsheet with the arguments. The test's end kills it.
func spawn(t *testing.T, args ...string) *child {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	c := &child{cmd: exec.CommandContext(ctx, binary(t), args...), log: &lines{}, done: make(chan error, 1)}
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	if err := c.cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		c.done <- c.cmd.Wait()
		close(c.done)
	}()
	t.Cleanup(func() {
		c.kill()
		cancel()
	})
	return c
}

// kill ends the child as a power cut would: SIGKILL, and nothing is tidied up.
func (c *child) kill() {
	c.cmd.Process.Signal(syscall.SIGKILL) // one that has ended already is no matter
	<-c.done
}

// stop asks the child to end, and fails the test when it does not end well.
func (c *child) stop(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-c.done:
		if err != nil {
			t.Errorf("stopped with %v: %s", err, c.log)
		}
	case <-time.After(30 * time.Second):
		t.Error("it did not stop within 30 s")
	}
}

// tipsheet runs one command and returns what it printed; a failure fails the test.
func tipsheet(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("tipsheet %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// until waits for something that another process brings about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.NewTimer(90 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			t.Fatalf("waited 90 s for %s", what)
		case <-tick.C:
		}
	}
}

// write puts a file into a folder and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// match is the first group of a pattern in a text; its absence fails the test.
func match(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in: %s", pattern, text)
	}
	return m[1]
}
