package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// An order is what the mailer's process is to do.
type order struct {
	Database    string
	Mailing     int64
	Shift       time.Duration // from the real time to that of the database's clock
	Port        int
	Connections int
	Window      int
	Key         string // file of the DKIM key; empty: unsigned
	Signer      string // go or openssl
	CPUProfile  string
	Fold        bool // fold the issues that are complete, and time small writes, meanwhile
	Limit       time.Duration
	Partly      bool // when the time is up, report what was sent until then
}

// A childReport is what it says when the issue is complete.
type childReport struct {
	CPU    float64 // seconds
	PeakMB float64 // of resident memory
	State  data.MailingState
	Words  map[data.Word]int
	Aside  *aside // with Fold
}

// runChild is the mailer's process. It ends, without a report, when its input does: then whoever
// started it is gone.
func runChild(args []string, in io.Reader, out, errs io.Writer) int {
	var o order
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &o) != nil {
		fmt.Fprintln(errs, "child: wants one order")
		return 2
	}
	go func() {
		io.Copy(io.Discard, in)
		os.Exit(3)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), o.Limit)
	defer cancel()
	r, err := o.profiled(ctx, errs)
	if err == nil {
		err = json.NewEncoder(out).Encode(r)
	}
	if err != nil {
		fmt.Fprintf(errs, "child: %v\n", err)
		return 1
	}
	return 0
}

func (o order) profiled(ctx context.Context, errs io.Writer) (r childReport, err error) {
	if o.CPUProfile != "" {
		f, err := os.Create(o.CPUProfile)
		if err != nil {
			return r, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return r, err
		}
		defer pprof.StopCPUProfile()
	}
	return o.send(ctx, errs)
}

// send runs the mailer until the issue is complete.
func (o order) send(ctx context.Context, errs io.Writer) (r childReport, err error) {
	db, err := data.Open(ctx, o.Database, data.Options{Clock: func() time.Time { return time.Now().Add(o.Shift) }})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	role, err := db.TakeRole(data.RoleMailer)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, role.Release()) }()
	m, err := o.mailer(db, errs)
	if err != nil {
		return r, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- m.Run(running)
		stop()
	}()
	if o.Fold {
		r.Aside, err = workAside(running, db, o.Mailing)
	} else {
		err = untilComplete(running, db, o.Mailing)
	}
	if o.Partly && ctx.Err() != nil {
		err = nil
		ctx = context.WithoutCancel(ctx)
	}
	stop()
	if err = errors.Join(<-ended, err); err != nil {
		return r, err
	}
	r.CPU, r.PeakMB = cpuSeconds(), peakMB()
	return r, o.account(ctx, db, &r)
}

func (o order) account(ctx context.Context, db *data.DB, r *childReport) error {
	mailing, err := db.Mailing(ctx, o.Mailing)
	if err != nil {
		return err
	}
	account, err := db.Account(ctx, o.Mailing)
	r.State, r.Words = mailing.State, account.Words
	return err
}

func (o order) mailer(db *data.DB, errs io.Writer) (*mailer.Mailer, error) {
	keys, err := token.New(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		return nil, err
	}
	signer, err := o.signer()
	if err != nil {
		return nil, err
	}
	relay := smtp.DefaultSettings()
	relay.Name, relay.Host, relay.Port, relay.TLS, relay.HELO = "bench", "127.0.0.1", o.Port, dial.None, "src.test"
	relay.Connections = o.Connections
	s := mailer.DefaultSettings()
	s.Window = o.Window
	var signers *smtp.Signers
	if signer != nil {
		if signers, err = smtp.NewSigners(signer); err != nil {
			return nil, err
		}
	}
	return mailer.New(mailer.Options{DB: db, Keys: keys, Settings: s, Relays: []mailer.Relay{{Settings: relay}}, Signers: signers,
		Log: slog.New(slog.NewTextHandler(errs, nil))})
}

// untilComplete waits for the last word.
func untilComplete(ctx context.Context, db *data.DB, mailing int64) error {
	for {
		m, err := db.Mailing(ctx, mailing)
		if err != nil {
			return err
		}
		switch m.State {
		case data.MailingComplete:
			return nil
		case data.MailingClosed, data.MailingSending:
		default:
			return fmt.Errorf("the issue is %s: %s", m.State, m.Reason)
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("the issue is %s when the time is up: %w", m.State, ctx.Err())
		}
	}
}

// peakMB is the most memory that this process had, in 10^6 bytes. The kernel's getrusage would
// include what its parent had when it was started.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
				if kb, err := strconv.ParseFloat(f[1], 64); err == nil {
					return kb * 1024 / 1e6
				}
			}
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Maxrss) * 1024 / 1e6
}
