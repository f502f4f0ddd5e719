package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// A childProcess is the mailer, seen from here.
type childProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     bytes.Buffer
	said    bytes.Buffer
	began   time.Time
}

// startChild starts the mailer on an issue that becomes due after dueIn.
func startChild(self string, o order, due time.Time, dueIn time.Duration) (*childProcess, error) {
	p := &childProcess{began: time.Now()}
	o.Shift = due.Sub(p.began.Add(dueIn))
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p.command = exec.Command(self, "child", string(text))
	p.command.Stdout, p.command.Stderr = &p.out, &p.said
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start the mailer: %w", err)
	}
	return p, nil
}

// wait waits for its report. It is killed when ctx ends.
func (p *childProcess) wait(ctx context.Context) (childReport, error) {
	var r childReport
	stop := context.AfterFunc(ctx, func() { p.command.Process.Kill() })
	defer stop()
	err := p.command.Wait()
	p.in.Close()
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("the mailer was stopped: %w", ctx.Err())
	case err != nil:
		return r, fmt.Errorf("the mailer ended: %w\n%s", err, lastLines(p.said.String()))
	}
	return r, json.Unmarshal(p.out.Bytes(), &r)
}

// kill ends it as a power cut would: with SIGKILL.
func (p *childProcess) kill() error {
	if err := p.command.Process.Kill(); err != nil {
		return err
	}
	defer p.in.Close()
	if err := p.command.Wait(); err == nil {
		return fmt.Errorf("the mailer had ended before it was killed:\n%s", lastLines(p.said.String()))
	}
	return nil
}
