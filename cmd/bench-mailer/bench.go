package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/olomotimes/tipsheet/proof/slowlink"
)

// runLimit bounds one run of the mailer; the large issue has its own.
const runLimit = 2 * time.Minute

// A bench is one whole measurement.
type bench struct {
	o       options
	out     io.Writer
	self    string
	dir     string
	source  string // smtp-source
	stock   *stock
	sinks   map[offer]*sinkProcess
	keyFile string
	key     *rsa.PrivateKey

	results map[string]*series
	large   *largeResult
}

// A series is what was measured in the rounds of one setup.
type series struct {
	values  []float64 // of the figure
	rates   []float64 // messages a second
	yards   []float64 // the yardstick's
	cpu     []float64 // CPU-seconds of the mailer per 1,000 messages
	sinkCPU []float64 // of the server
	byCPU   []float64 // the yardstick's CPU-seconds over the mailer's
	peak    []float64 // MB
	why     string    // there are no values
}

func newBench(o options, out io.Writer) (*bench, error) {
	b := &bench{o: o, out: out, dir: o.dir, sinks: map[offer]*sinkProcess{}, results: map[string]*series{}}
	var err error
	if b.source, err = findSource(); err != nil {
		return nil, err
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir == "" {
		if b.dir, err = workFolder(); err != nil {
			return nil, err
		}
	} else if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return nil, err
	}
	fs := fileSystem(b.dir)
	if inMemory[fs] {
		return nil, errors.Join(fmt.Errorf("%s lies in memory (%s); name a folder on a disk with -dir", b.dir, fs), b.close())
	}
	b.keyFile = filepath.Join(b.dir, "dkim.pem")
	if b.key, err = makeKey(b.keyFile); err != nil {
		return nil, errors.Join(err, b.close())
	}
	if b.stock, err = newStock(b.dir, b.self); err != nil {
		return nil, errors.Join(err, b.close())
	}
	fmt.Fprintf(out, "%s/%s, %d cores, %s; database on %s with synchronous=FULL\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), fs)
	return b, nil
}

// close ends the servers and removes what it made.
func (b *bench) close() error {
	var err error
	for _, s := range b.sinks {
		err = errors.Join(err, s.close())
	}
	if b.o.dir == "" {
		return errors.Join(err, os.RemoveAll(b.dir))
	}
	return err
}

// measure goes through the rounds, then the large issue, and prints what it found. When the time is
// up it prints what there is.
func (b *bench) measure(ctx context.Context) error {
	err := b.rounds(ctx)
	if err == nil && (b.o.wants("rss_mb") || b.o.wants("fold")) {
		b.large, err = b.measureLarge(ctx)
	}
	b.print()
	return err
}

func (b *bench) rounds(ctx context.Context) error {
	all := b.o.wanted()
	for round := range b.o.rounds {
		for _, s := range all {
			result := b.results[s.name]
			if result == nil {
				result = &series{}
				b.results[s.name] = result
			}
			if result.why != "" {
				continue
			}
			if err := b.measureOnce(ctx, s, result); errors.Is(err, errNoOpenSSL) {
				result.why = err.Error()
			} else if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		fmt.Fprintf(b.out, "round %d of %d is done\n", round+1, b.o.rounds)
	}
	return nil
}

// measureOnce is one setup in one round: the yardstick, the mailer, the yardstick again.
func (b *bench) measureOnce(ctx context.Context, s setup, into *series) error {
	if s.signer == signsWithOpenSSL && !opensslThere() {
		return errNoOpenSSL
	}
	server, err := b.sink(s.offer)
	if err != nil {
		return err
	}
	i, err := b.stock.take(ctx, s.messages, s.connections)
	if err != nil {
		return err
	}
	var yard pace
	turn := func() error {
		if s.yard == nil {
			return nil
		}
		p, err := s.yard(ctx, b, server)
		yard.rate, yard.cpu = yard.rate+p.rate/2, yard.cpu+p.cpu/2
		return err
	}
	if err := turn(); err != nil {
		return err
	}
	r, err := b.send(ctx, s, server, i)
	if err != nil {
		return err
	}
	if err := turn(); err != nil {
		return err
	}
	into.add(s, r, yard)
	return nil
}

// add notes a round.
func (all *series) add(s setup, r sending, yard pace) {
	value := r.rate
	switch {
	case s.perConnection:
		value /= float64(s.connections)
	case yard.rate > 0:
		value /= yard.rate
	}
	all.values, all.rates, all.yards = append(all.values, value), append(all.rates, r.rate), append(all.yards, yard.rate)
	all.cpu, all.sinkCPU, all.peak = append(all.cpu, r.cpu), append(all.sinkCPU, r.sinkCPU), append(all.peak, r.peak)
	all.byCPU = append(all.byCPU, yard.cpu/r.cpu)
}

func (b *bench) sink(o offer) (*sinkProcess, error) {
	if s := b.sinks[o]; s != nil {
		return s, nil
	}
	s, err := startSink(b.self, o)
	if s != nil {
		b.sinks[o] = s
	}
	return s, err
}

// A sending is what one run of the mailer came to.
type sending struct {
	rate, cpu, sinkCPU, peak float64
}

// send has the mailer send an issue, and checks that each reader's mail came through once.
func (b *bench) send(ctx context.Context, s setup, server *sinkProcess, i issue) (sending, error) {
	port := server.port
	if s.delay > 0 {
		link, err := slowlink.Listen(fmt.Sprintf("127.0.0.1:%d", port), s.delay)
		if err != nil {
			return sending{}, err
		}
		defer link.Close()
		port = link.Port()
	}
	before, err := server.quiet(ctx)
	if err != nil {
		return sending{}, err
	}
	child, err := startChild(b.self, b.order(s, i, port), i.Due, 0)
	if err != nil {
		return sending{}, err
	}
	report, err := child.wait(ctx)
	if err != nil {
		return sending{}, err
	}
	after, err := server.ask("report")
	if err != nil {
		return sending{}, err
	}
	if err := b.check(i, s, report, after.Counts, int64(i.Readers)); err != nil {
		return sending{}, err
	}
	thousands := float64(i.Readers) / 1000
	return sending{rate: after.rate(), cpu: report.CPU / thousands, sinkCPU: (after.CPU - before.CPU) / thousands, peak: report.PeakMB}, nil
}

func (b *bench) order(s setup, i issue, port int) order {
	o := order{Database: i.Database, Mailing: i.Mailing, Port: port, Connections: s.connections, Window: s.window, Limit: runLimit}
	if s.signer != "" {
		o.Key, o.Signer = b.keyFile, s.signer
	}
	if b.o.cpuProfile != "" {
		o.CPUProfile = b.o.cpuProfile
		if len(b.o.only) != 1 {
			o.CPUProfile += "." + s.name
		}
	}
	return o
}
