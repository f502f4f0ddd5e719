package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/olomotimes/tipsheet/proof/sink"
)

// A sinkReport is what the server's process says of itself.
type sinkReport struct {
	Port   int
	Counts sink.Counts
	CPU    float64 // seconds since it began
}

// rate is messages a second between the first and the last.
func (r sinkReport) rate() float64 {
	span := r.Counts.Last.Sub(r.Counts.First).Seconds()
	if r.Counts.Messages < 2 || span <= 0 {
		return 0
	}
	return float64(r.Counts.Messages-1) / span
}

// runSink is the server's process. It answers each line at its input with a report, as one line,
// after "reset" counting anew, and ends with its input.
func runSink(args []string, in io.Reader, out, errs io.Writer) int {
	flags := flag.NewFlagSet("sink", flag.ContinueOnError)
	flags.SetOutput(errs)
	var o sink.Options
	flags.BoolVar(&o.Pipelining, "pipelining", false, "offer PIPELINING")
	flags.BoolVar(&o.Chunking, "chunking", false, "offer CHUNKING")
	flags.IntVar(&o.KeepEvery, "keep", 0, "keep one message in so many")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintf(errs, "sink: %v\n", err)
		return 1
	}
	s := sink.Serve(l, o)
	defer s.Close()
	for asked := bufio.NewScanner(in); asked.Scan(); {
		if asked.Text() == "reset" {
			s.Reset()
		}
		if err := json.NewEncoder(out).Encode(sinkReport{Port: s.Port(), Counts: s.Counts(), CPU: cpuSeconds()}); err != nil {
			fmt.Fprintf(errs, "sink: %v\n", err)
			return 1
		}
	}
	return 0
}

// cpuSeconds is what this process has used until now.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// An offer is what a server offers its clients.
type offer string

const (
	offersPipelining offer = "pipelining"
	offersChunking   offer = "chunking"
	offersNothing    offer = "plain"
)

// keepEvery is which messages are read after a run.
const keepEvery = 97

// A sinkProcess is the server, seen from here.
type sinkProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	port    int
}

func startSink(self string, o offer) (*sinkProcess, error) {
	args := []string{"sink", fmt.Sprintf("-keep=%d", keepEvery)}
	if o != offersNothing {
		args = append(args, "-pipelining")
	}
	if o == offersChunking {
		args = append(args, "-chunking")
	}
	c := exec.Command(self, args...)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the sink: %w", err)
	}
	p := &sinkProcess{command: c, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	r, err := p.ask("reset")
	p.port = r.Port
	return p, err
}

// ask asks for a report; "reset" has it count anew.
func (p *sinkProcess) ask(what string) (sinkReport, error) {
	var r sinkReport
	if _, err := io.WriteString(p.in, what+"\n"); err != nil {
		return r, fmt.Errorf("ask the sink: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("hear the sink: %w", err)
	}
	return r, json.Unmarshal(line, &r)
}

// quiet waits until nobody is connected, and has the sink count anew from there.
func (p *sinkProcess) quiet(ctx context.Context) (sinkReport, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		r, err := p.ask("report")
		if err != nil {
			return r, err
		}
		if r.Counts.Open == 0 {
			return p.ask("reset")
		}
		if !pause(ctx, 10*time.Millisecond) {
			return r, fmt.Errorf("%d connections to the sink stay open: %w", r.Counts.Open, ctx.Err())
		}
	}
}

// reaches waits until the sink has taken n messages.
func (p *sinkProcess) reaches(ctx context.Context, n int64) error {
	for {
		r, err := p.ask("report")
		if err != nil || r.Counts.Messages >= n {
			return err
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("the sink has %d messages and waits for %d: %w", r.Counts.Messages, n, ctx.Err())
		}
	}
}

func (p *sinkProcess) close() error {
	p.in.Close()
	return p.command.Wait()
}

// pause waits and reports whether the time is over, false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// lastLines is the end of what a process has said, for an error.
func lastLines(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
