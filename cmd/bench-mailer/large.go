package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// A largeResult is what the large issue came to.
type largeResult struct {
	readers, small         int
	peakSmall, peak        float64 // MB
	rate                   float64
	sent                   int64
	first                  time.Duration // from the due time to the first mail
	killedAt               int64         // mails, when the second issue's mailer was killed
	again                  time.Duration // from its start to the first mail of the next mailer
	repeated               int64         // mails of the second issue that came twice, if it was sent to its end
	aside                  *aside
	peakAside, made, close float64
	half                   bool // the second issue was not measured
}

const (
	largeLimit = 5 * time.Minute // for a run of the large issue
	dueIn      = 2 * time.Second // after the mailer has started
)

var largeSetup = setup{name: "large", connections: 10, window: 32, offer: offersPipelining}

// measureLarge sends a small issue, then a large one, and then, where that is asked for, another
// large one whose mailer is killed on the way, while the first is folded.
func (b *bench) measureLarge(ctx context.Context) (*largeResult, error) {
	r := &largeResult{readers: b.o.million, small: b.o.small, half: true}
	server, err := b.sink(largeSetup.offer)
	if err != nil {
		return nil, err
	}
	small, err := b.stock.take(ctx, r.small, largeSetup.connections)
	if err != nil {
		return nil, err
	}
	sent, err := b.send(ctx, largeSetup, server, small)
	if err != nil {
		return nil, fmt.Errorf("an issue of %d: %w", r.small, err)
	}
	r.peakSmall = sent.peak
	began := time.Now()
	i, err := b.stock.take(ctx, r.readers, largeSetup.connections)
	if err != nil {
		return nil, err
	}
	r.made = time.Since(began).Seconds()
	fmt.Fprintf(b.out, "an issue of %d was closed in %.0f s\n", r.readers, r.made)
	if err := b.sendLarge(ctx, server, i, r); err != nil {
		return r, fmt.Errorf("an issue of %d: %w", r.readers, err)
	}
	fmt.Fprintf(b.out, "it was sent, %.0f a second\n", r.rate)
	if !b.o.wants("fold") {
		return r, nil
	}
	if err := b.killAndFold(ctx, server, i.Database, r); err != nil {
		return r, fmt.Errorf("a second issue of %d: %w", r.readers, err)
	}
	r.half = false
	return r, nil
}

// sendLarge starts the mailer before the issue is due and has all of it sent.
func (b *bench) sendLarge(ctx context.Context, server *sinkProcess, i issue, r *largeResult) error {
	if _, err := server.quiet(ctx); err != nil {
		return err
	}
	o := b.order(largeSetup, i, server.port)
	o.Limit, o.Partly = largeLimit, true
	child, err := startChild(b.self, o, i.Due, dueIn)
	if err != nil {
		return err
	}
	report, err := child.wait(ctx)
	if err != nil {
		return err
	}
	taken, err := server.ask("report")
	if err != nil {
		return err
	}
	r.peak, r.rate, r.first = report.PeakMB, taken.rate(), taken.Counts.First.Sub(child.began.Add(dueIn))
	if r.sent = taken.Counts.Messages; report.State != data.MailingComplete {
		return fmt.Errorf("only %d mails were sent in %v", r.sent, largeLimit)
	}
	return b.check(i, largeSetup, report, taken.Counts, int64(i.Readers))
}

// killAndFold closes a second issue in the same database, kills its mailer after a tenth of it, and
// has the next one go on while the first issue is folded.
func (b *bench) killAndFold(ctx context.Context, server *sinkProcess, path string, r *largeResult) error {
	began := time.Now()
	i, err := secondIssue(ctx, path, r.readers)
	if err != nil {
		return err
	}
	r.close = time.Since(began).Seconds()
	if _, err := server.quiet(ctx); err != nil {
		return err
	}
	o := b.order(largeSetup, i, server.port)
	o.Limit, o.Partly = largeLimit, true
	child, err := startChild(b.self, o, i.Due, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(server.reaches(ctx, int64(r.readers/10)), child.kill()); err != nil {
		return err
	}
	before, err := b.countQuiet(ctx, server)
	if err != nil {
		return err
	}
	r.killedAt = before
	due := i.Due.Add(time.Since(child.began)) // the clock goes on
	o.Fold = true
	if child, err = startChild(b.self, o, due, 0); err != nil {
		return err
	}
	report, err := child.wait(ctx)
	if err != nil {
		return err
	}
	after, err := server.ask("report")
	if err != nil {
		return err
	}
	r.again, r.aside, r.peakAside = after.Counts.First.Sub(child.began), report.Aside, report.PeakMB
	if report.State == data.MailingComplete {
		r.repeated = before + after.Counts.Messages - int64(i.Readers)
	}
	if most := int64(largeSetup.connections * largeSetup.window); r.repeated < 0 || r.repeated > most {
		return fmt.Errorf("%d mails came twice, and at most %d may have been uncertain", r.repeated, most)
	}
	return b.checkMails(largeSetup, after.Counts)
}

// countQuiet is what the server has when all connections have ended; it counts anew from there.
func (b *bench) countQuiet(ctx context.Context, server *sinkProcess) (int64, error) {
	for {
		r, err := server.ask("report")
		if err != nil {
			return 0, err
		}
		if r.Counts.Open == 0 {
			_, err := server.ask("reset")
			return r.Counts.Messages, err
		}
		if !pause(ctx, 5*time.Millisecond) {
			return 0, ctx.Err()
		}
	}
}

// secondIssue closes one more issue for the same readers.
func secondIssue(ctx context.Context, path string, readers int) (i issue, err error) {
	db, err := data.Open(ctx, path, data.Options{Clock: func() time.Time { return time.Now().Add(48 * time.Hour) }})
	if err != nil {
		return i, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	nl, err := db.NewsletterBySlug(ctx, "morning")
	if err != nil {
		return i, err
	}
	return closeIssue(ctx, db, nl.ID, readers, largestChunk)
}
