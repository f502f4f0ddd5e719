package data_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// A damaged is a copy of a database, with its log, in which one byte was changed.
type damaged struct {
	*testing.T
	files  map[string][]byte // as they were, by what follows the path
	before string            // what is sent from an undamaged copy
}

const sentBefore = 100 // of 200

func newDamaged(t *testing.T, folded bool) *damaged {
	d := newDesk(t, 200, 50)
	for range 2 {
		c := d.claim()
		for _, v := range d.deliveries(c) {
			d.intent(v)
			d.ledger.NoteOutcome(accepted(v))
		}
		if err := errors.Join(d.ledger.Flush(t.Context()), d.db.ReleaseChunk(t.Context(), c, d.clock.Now())); err != nil {
			t.Fatal(err)
		}
	}
	parts := []string{"", "-wal"}
	if folded {
		raw, err := sql.Open("sqlite3", "file:"+d.db.Path())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		parts = parts[:1]
	}
	g := &damaged{T: t, files: map[string][]byte{}}
	for _, part := range parts {
		b, err := os.ReadFile(d.db.Path() + part)
		if err != nil || len(b) == 0 {
			t.Fatalf("read %d bytes of %q: %v", len(b), part, err)
		}
		g.files[part] = b
	}
	var err error
	if g.before, err = g.send("", 0, 0); err != nil || strings.Count(g.before, "\n") != 200-sentBefore+1 {
		t.Fatalf("undamaged: %q (%v)", g.before, err)
	}
	return g
}

// place writes a copy with one byte changed.
func (g *damaged) place(part string, at int, flip byte) string {
	g.Helper()
	path := filepath.Join(g.TempDir(), "tipsheet.db")
	for p, b := range g.files {
		if p == part {
			b = append([]byte(nil), b...)
			b[at] ^= flip
		}
		if err := os.WriteFile(path+p, b, 0o600); err != nil {
			g.Fatal(err)
		}
	}
	return path
}

// send starts on a copy as the program does, and returns what would go on the wire.
func (g *damaged) send(part string, at int, flip byte) (sent string, err error) {
	g.Helper()
	ctx, cancel := context.WithTimeout(g.Context(), 20*time.Second)
	defer cancel()
	clock := datatest.NewClock()
	db, err := data.Open(ctx, g.place(part, at, flip), data.Options{Clock: clock.Now})
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return "", err
	}
	if _, err := db.TakeOver(ctx, data.PolicyResend); err != nil {
		return "", err
	}
	l := data.NewLedger(db)
	defer l.Close()
	return sendAll(ctx, db, l)
}

func sendAll(ctx context.Context, db *data.DB, l *data.Ledger) (string, error) {
	v, err := db.Variants(ctx, 1)
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("%q\n", fmt.Sprint(v))
	for {
		c, err := db.ClaimChunk(ctx, "worker", lease, false)
		if errors.Is(err, data.ErrNotFound) {
			break
		}
		if err != nil {
			return out, err
		}
		all, err := db.ChunkDeliveries(ctx, c, 0, 1000)
		if err != nil {
			return out, err
		}
		var intents []data.Intent
		for _, d := range all {
			intents = append(intents, data.Intent{Delivery: d, Relay: "main", Dot: time.Minute})
		}
		said, err := l.CommitIntents(ctx, intents)
		if err != nil {
			return out, err
		}
		for i, v := range said {
			if v.Go {
				out += fmt.Sprintf("%d %s %s\n", all[i].Seq, all[i].Address, all[i].Name)
				l.NoteOutcome(accepted(all[i]))
			}
		}
		if err := errors.Join(l.Flush(ctx), db.ReleaseChunk(ctx, c, db.Now())); err != nil {
			return out, err
		}
	}
	return out, db.CompleteMailing(ctx, 1)
}

// flips changes one byte at as many places of a file, each in a copy of its own, and counts what
// came of it.
func (g *damaged) flips(part string) (reported, unaffected, silent int) {
	g.Helper()
	seed := uint64(time.Now().UnixNano())
	g.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 3))
	for range 2 * cutsAsked(g.T, 30) {
		at, flip := chance.IntN(len(g.files[part])), byte(1+chance.IntN(255))
		sent, err := g.send(part, at, flip)
		switch {
		case err != nil:
			reported++
		case sent == g.before:
			unaffected++
		default:
			silent++
			g.Logf("byte %d of %q, changed by %#x, was not seen", at, part, flip)
		}
		if part == "-wal" && err != nil && sent != "" {
			g.Errorf("byte %d of the log: seen only when %d lines were sent: %v", at, strings.Count(sent, "\n"), err)
		}
	}
	g.Logf("flips: reported=%d unaffected=%d silent=%d", reported, unaffected, silent)
	return reported, unaffected, silent
}

// A log that SQLite would cut short in silence is refused at the start.
func TestRow3DamagedLogIsReportedBeforeAnythingIsSent(t *testing.T) {
	reported, _, silent := newDamaged(t, false).flips("-wal")
	if silent > 0 || reported == 0 {
		t.Errorf("%d silent, %d reported", silent, reported)
	}
}

// SQLite has no checksums in the file itself: what breaks its structure or the ledger's figures is
// reported, and a letter changed within a name is not.
func TestRow3DamagedFileIsReportedOrUnaffected(t *testing.T) {
	reported, unaffected, silent := newDamaged(t, true).flips("")
	if all := reported + unaffected + silent; silent > all/25+1 || all == 0 {
		t.Errorf("%d silent, %d reported of %d", silent, reported, all)
	}
}
