package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// A pace is how fast something went: units a second, and CPU-seconds per 1,000 (0: not known).
type pace struct{ rate, cpu float64 }

// A yardstick is what a run is measured against: its pace right before the run and right after.
type yardstick func(ctx context.Context, b *bench, s *sinkProcess) (pace, error)

// yardMessages is how many messages smtp-source sends a turn.
const yardMessages = 10_000

// smtpSource is Debian's smtp-source with that many sessions, which it keeps open. It does not
// pipeline, and is one thread.
func smtpSource(sessions int) yardstick {
	return func(ctx context.Context, b *bench, s *sinkProcess) (pace, error) {
		if _, err := s.quiet(ctx); err != nil {
			return pace{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		messages := yardMessages
		if b.o.messages > 0 {
			messages = min(messages, max(b.o.messages, 10*sessions))
		}
		c := exec.CommandContext(ctx, b.source, "-d", "-s", strconv.Itoa(sessions), "-m", strconv.Itoa(messages), "-l", strconv.Itoa(mailSize),
			"-f", "a@x.test", "-t", "b@x.test", "-M", "src.test", fmt.Sprintf("127.0.0.1:%d", s.port))
		if out, err := c.CombinedOutput(); err != nil {
			return pace{}, fmt.Errorf("smtp-source: %w\n%s", err, lastLines(string(out)))
		}
		r, err := s.ask("report")
		if err != nil {
			return pace{}, err
		}
		if r.Counts.Messages != int64(messages) {
			return pace{}, fmt.Errorf("the sink counts %d messages of smtp-source's %d", r.Counts.Messages, messages)
		}
		if size := float64(r.Counts.Bytes) / float64(messages); !near(size, mailSize) {
			return pace{}, fmt.Errorf("smtp-source's messages have %.0f bytes", size)
		}
		used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		return pace{rate: r.rate(), cpu: used.Seconds() / float64(messages) * 1000}, nil
	}
}

func signingInGo(_ context.Context, b *bench, _ *sinkProcess) (pace, error) { return bareGo(b.key) }

func signingInOpenSSL(ctx context.Context, _ *bench, _ *sinkProcess) (pace, error) {
	return bareOpenSSL(ctx)
}

// findSource is where smtp-source is: Debian puts it beside the daemons.
func findSource() (string, error) {
	for _, name := range []string{"smtp-source", "/usr/sbin/smtp-source"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no smtp-source on this machine; it comes with Debian's package postfix (make deps)")
}

// near says whether a size is what it should be.
func near(got, want float64) bool {
	return got > want*(1-tolerance) && got < want*(1+tolerance)
}
