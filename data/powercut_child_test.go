package data_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// The process that loses its power: this test binary, run again with what it shall do, where,
// and a seed. It prints a line for whatever it was told is kept, after it was told so.
const (
	childWork = "POWERCUT_CHILD"
	childPath = "POWERCUT_PATH"
	childSeed = "POWERCUT_CHILD_SEED"
)

func TestMain(m *testing.M) {
	work := os.Getenv(childWork)
	if work == "" {
		// The race detector's run is short: it leaves the disks that are cut to the whole one.
		flag.Parse()
		if testing.Short() {
			if err := flag.Set("test.skip", "^TestRow|^TestPowerCut"); err != nil {
				panic(err)
			}
		}
		os.Exit(m.Run())
	}
	go func() { // the parent holds the other end: it ends, and so does this
		_, _ = io.Copy(io.Discard, os.Stdin) // however it ends, it is over
		os.Exit(3)
	}()
	seed, err := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	if err == nil {
		err = map[string]func(context.Context, string, uint64) error{
			"ledger": workLedger, "arrivals": workArrivals, "careless": workCareless,
		}[work](context.Background(), os.Getenv(childPath), seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	told("done")
	select {} // until it is cut or killed
}

func told(format string, args ...any) {
	// One write is one line, whoever else writes. A pipe that is closed ends the process.
	if _, err := os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n"); err != nil {
		os.Exit(3)
	}
}

// together runs n workers and returns the first error.
func together(n int, do func(worker int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// workLedger sends what is due over four connections with windows of one to eight.
func workLedger(ctx context.Context, path string, seed uint64) error {
	db, err := data.Open(ctx, path, data.Options{})
	if err != nil {
		return err
	}
	if _, err := db.TakeOver(ctx, data.PolicyResend); err != nil {
		return err
	}
	l := data.NewLedger(db)
	return together(4, func(worker int) error {
		chance := rand.New(rand.NewPCG(seed, uint64(worker)))
		for {
			again, err := db.ClaimRetries(ctx, lease, false, 8)
			if err == nil && len(again) > 0 {
				err = sendWindow(ctx, l, again, chance)
			}
			if err != nil {
				return err
			}
			c, err := db.ClaimChunk(ctx, "worker", lease, false)
			if errors.Is(err, data.ErrNotFound) && len(again) == 0 {
				return nil
			}
			if errors.Is(err, data.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			all, err := db.ChunkDeliveries(ctx, c, 0, 1000)
			if err != nil {
				return err
			}
			for window := range slices.Chunk(all, 1+chance.IntN(8)) {
				if err := sendWindow(ctx, l, window, chance); err != nil {
					return err
				}
			}
			if err := db.ReleaseChunk(ctx, c, db.Now()); err != nil {
				return err
			}
		}
	})
}

// sendWindow is what the mailer does with a window, without a relay. One in ten is deferred.
func sendWindow(ctx context.Context, l *data.Ledger, window []data.Delivery, chance *rand.Rand) error {
	intents := make([]data.Intent, len(window))
	for i, d := range window {
		intents[i] = data.Intent{Delivery: d, Relay: "main", Dot: time.Minute}
	}
	verdicts, err := l.CommitIntents(ctx, intents)
	if err != nil {
		return err
	}
	var lines []string
	for i, v := range verdicts {
		if v.Go {
			told("intent %d/%d/%d", window[i].MailingID, window[i].Seq, window[i].Attempt)
			o := data.Outcome{Delivery: window[i], Word: data.WordAccepted, Relay: "main", Step: "dot", Code: 250, Text: "ok"}
			if chance.IntN(10) == 0 {
				o.Word, o.Code, o.RetryAt = data.WordDeferred, 450, time.Now()
			}
			l.NoteOutcome(o)
			lines = append(lines, fmt.Sprintf("outcome %d/%d/%d", o.MailingID, o.Seq, o.Attempt))
		}
	}
	if chance.IntN(2) == 0 {
		return nil // the next intent carries these outcomes; nobody was told that they are kept
	}
	if err := l.Flush(ctx); err != nil {
		return err
	}
	if len(lines) > 0 {
		told("%s", strings.Join(lines, "\n"))
	}
	return nil
}

// workArrivals stores large messages from three mailboxes, half of which lie in two of them.
func workArrivals(ctx context.Context, path string, seed uint64) error {
	db, err := data.Open(ctx, path, data.Options{})
	if err != nil {
		return err
	}
	return together(3, func(worker int) error {
		f, err := db.KeepFolder(ctx, fmt.Sprintf("desk%d@example.com", worker), "INBOX", "inbox")
		if err != nil {
			return err
		}
		if f, _, err = db.BeginFolder(ctx, f.ID, 7); err != nil {
			return err
		}
		for i := range 200 {
			uid := f.LastUID + 1
			which := seed<<8 + uint64(i)
			if i%2 == 0 {
				which = which<<8 + uint64(worker) + 1
			}
			raw := largeMessage(which)
			if _, err := db.StoreArrivals(ctx, f, []data.Arrival{{UID: uid, Raw: raw, ReceivedAt: time.Now()}}, nil, uid); err != nil {
				return err
			}
			f.LastUID = uid
			told("message %s", data.SumOf(raw))
		}
		return nil
	})
}

// largeMessage is a message that is too large for a row.
func largeMessage(which uint64) []byte {
	chance := rand.New(rand.NewPCG(which, 0))
	raw := fmt.Appendf(nil, "Subject: %d\r\n\r\n", which)
	for len(raw) < 300<<10 {
		line := strconv.AppendUint(nil, chance.Uint64(), 36)
		raw = append(append(raw, bytes.Repeat(line, 6)...), "\r\n"...)
	}
	return raw
}

// workCareless is the control: commits that are not synced.
func workCareless(ctx context.Context, path string, _ uint64) error {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=NORMAL")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	for range 4000 {
		var n int64
		if err := db.QueryRowContext(ctx, `INSERT INTO kept DEFAULT VALUES RETURNING n`).Scan(&n); err != nil {
			return err
		}
		told("row %d", n)
	}
	return nil
}
