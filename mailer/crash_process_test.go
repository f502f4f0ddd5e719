package mailer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// maxWait bounds each wait for another process.
const maxWait = time.Minute

// A process is a child of the crash test: this test binary, run again.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // what it says; closed at its end
	said  bytes.Buffer
	ended chan error
	over  bool
}

func startProcess(t *testing.T, kind, text string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), lines: make(chan string, 64), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), "CRASH_CHILD="+kind, "CRASH_ORDER="+text)
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			p.lines <- lines.Text()
		}
		close(p.lines)
		p.ended <- p.cmd.Wait()
	}()
	return p
}

// kill is SIGKILL, and nothing is tidied up. It returns how the process ended.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // one that has ended already is no matter
}

// close ends a process that must not outlive the test.
func (p *process) close() {
	if p.over {
		return
	}
	p.kill()
	p.wait()
}

// wait drains what the process says and returns how it ended.
func (p *process) wait() (killed bool, code int) {
	for range p.lines {
	}
	<-p.ended
	p.over = true
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return status.Signaled() && status.Signal() == syscall.SIGKILL, status.ExitStatus()
}

// hear waits for a line that begins with the word and scans the rest. It reports false when the
// process ended first.
func (p *process) hear(t *testing.T, word string, into ...any) bool {
	t.Helper()
	late := time.NewTimer(maxWait)
	defer late.Stop()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return false
			}
			if first, rest, _ := strings.Cut(line, " "); first == word {
				if _, err := fmt.Sscan(rest, into...); err != nil && len(into) > 0 {
					t.Fatalf("%q: %v", line, err)
				}
				return true
			}
		case <-late.C:
			t.Fatalf("waited %v for %q", maxWait, word)
		}
	}
}

// A farEnd is the counter as its parent knows it.
type farEnd struct {
	*process
	wide, narrow int
}

func startFarEnd(t *testing.T) *farEnd {
	t.Helper()
	f := &farEnd{process: startProcess(t, "counter", "")}
	t.Cleanup(f.close)
	if !f.hear(t, "ports", &f.wide, &f.narrow) {
		t.Fatalf("the counter ended: %s", f.said.String())
	}
	return f
}

func (f *farEnd) order(t *testing.T, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(f.in, format+"\n", args...); err != nil {
		t.Fatalf("the counter is gone: %v: %s", err, f.said.String())
	}
}

// release lets what is held go on, and says how many connections had a transaction open when
// the sender died, and how many of these were in the middle of the content.
func (f *farEnd) release(t *testing.T) (inMail, inContent int) {
	t.Helper()
	f.order(t, "go")
	if !f.hear(t, "ended", &inMail, &inContent) {
		t.Fatalf("the counter ended: %s", f.said.String())
	}
	return inMail, inContent
}

// report is what was accepted, by recipient.
func (f *farEnd) report(t *testing.T) map[string]taken {
	t.Helper()
	f.order(t, "report")
	var text string
	if !f.hear(t, "report", &text) {
		t.Fatalf("the counter ended: %s", f.said.String())
	}
	all := map[string]taken{}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}
