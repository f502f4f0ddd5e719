package mailer_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

// A round is one issue that is sent by senders that are killed again and again.
type round struct {
	*testing.T
	chance *rand.Rand
	far    *farEnd
	path   string
	policy data.Policy
	window int
	extras string
	ahead  time.Duration

	letters int  // added so far
	unhappy int  // readers who have left so far
	struck  bool // a sender was killed since the last count of what is uncertain
	tally
}

// run sends one issue under at most so many kills, and counts at the far end.
func (r *round) run(kills int) {
	r.Helper()
	r.path = filepath.Join(r.TempDir(), "tipsheet.db")
	r.far.order(r.T, "reset %s", r.extras)
	r.oldSchema()
	moments := append([]string{}, earlyMoments...)
	for _, i := range r.chance.Perm(len(lateMoments)) {
		moments = append(moments, lateMoments[i])
	}
	made := false
	for _, moment := range moments[:min(kills, len(moments))] {
		if moment != whileMigrating && !made {
			r.makeIssue()
			made = true
		}
		if over := r.step(moment); over {
			break
		}
	}
	if !made {
		r.makeIssue()
	}
	for range 20 {
		if r.step("") {
			r.count()
			return
		}
	}
	r.Fatal("the issue did not come to its end")
}

// oldSchema makes a database as an earlier version had it, or none at all.
func (r *round) oldSchema() {
	r.Helper()
	newest, err := data.Newest()
	if err != nil {
		r.Fatal(err)
	}
	version := r.chance.Int64N(newest)
	if version == 0 {
		return
	}
	db, err := sql.Open("sqlite3", "file:"+r.path+"?_journal_mode=WAL&_foreign_keys=1")
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("../data/migrations/sqlite"))
	if err == nil {
		_, err = p.UpTo(r.Context(), version)
	}
	if err != nil {
		r.Fatal(err)
	}
}

// nextRetry is when the first of those is due that all wait.
func (r *round) nextRetry() (due time.Time) {
	r.Helper()
	r.look(`SELECT COALESCE(MIN(next_at), 0) FROM retry`, func(row *sql.Row) error {
		var at int64
		err := row.Scan(&at)
		due = time.UnixMilli(at)
		return err
	})
	return due
}

// look reads the database without writing to it: the next sender is still the one to recover it.
func (r *round) look(query string, scan func(*sql.Row) error) {
	r.Helper()
	raw, err := sql.Open("sqlite3", "file:"+r.path+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		r.Fatal(err)
	}
	defer raw.Close()
	if err := scan(raw.QueryRowContext(r.Context(), query)); err != nil {
		r.Fatal(err)
	}
}

// with opens the database beside whatever runs.
func (r *round) with(do func(ctx context.Context, db *data.DB) error) {
	r.Helper()
	db, err := data.Open(r.Context(), r.path, data.Options{})
	if err == nil {
		err = do(r.Context(), db)
	}
	if err != nil {
		r.Fatal(err)
	}
	if err := db.Close(); err != nil {
		r.Fatal(err)
	}
}

// makeIssue adds the readers and a draft that is due.
func (r *round) makeIssue() {
	r.Helper()
	r.with(func(ctx context.Context, db *data.DB) error {
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
		nl := datatest.Newsletter(r.T, db, "daily", crashReaders)
		nl.Late = data.LateSend // the clock is moved on
		if err := db.EditNewsletter(ctx, nl); err != nil {
			return err
		}
		datatest.Story(r.T, db, "Bridge reopens", db.Now())
		_, err := db.AddIssue(ctx, nl.ID, db.Now(), db.Now())
		return err
	})
}

// step runs one sender and kills it at the moment; none: not at all. It reports whether all is
// sent.
func (r *round) step(moment string) (complete bool) {
	r.Helper()
	r.ahead += time.Minute
	if moment != whileMigrating && r.chance.IntN(2) == 0 {
		r.meanwhile()
	}
	o := r.orderFor(moment)
	text, err := json.Marshal(o)
	if err != nil {
		r.Fatal(err)
	}
	p := startProcess(r.T, "sender", string(text))
	defer p.close()
	r.killAt(p, moment)
	killed, code := p.wait()
	inMail, inContent := r.far.release(r.T)
	switch {
	case killed:
		r.kills++
		r.struck = true
		r.at[moment]++
		r.inMail += min(inMail, 1)
		r.inContent += min(inContent, 1)
		if r.undone(moment, inContent) {
			r.cut[moment]++
		}
	case code == endWaiting:
		r.ahead = max(r.ahead, time.Until(r.nextRetry()))
	case code != endComplete:
		r.Fatalf("the sender ended with %d: %s", code, p.said.String())
	default:
		return true
	}
	return false
}

// killAt hears what the sender found, and kills it where it does not do so itself.
func (r *round) killAt(p *process, moment string) {
	r.Helper()
	switch moment {
	case afterMail, afterDot:
		r.far.order(r.T, "arm %d %s", 1+r.chance.IntN(150), moment)
	case midContent:
		r.far.order(r.T, "arm %d %s", 1+r.chance.IntN(6), moment)
	}
	r.begun(p)
	switch moment {
	case afterMail, midContent, afterDot:
		r.killOnHit(p)
	case atRandom:
		if p.hear(r.T, "sending") {
			t := time.NewTimer(time.Duration(r.chance.IntN(150_000)) * time.Microsecond)
			<-t.C
			p.kill()
		}
	}
}

// killOnHit kills the sender once the counter holds one of its connections at the moment.
func (r *round) killOnHit(p *process) {
	r.Helper()
	late := time.NewTimer(maxWait)
	defer late.Stop()
	for {
		select {
		case line := <-r.far.lines:
			if line == "hit" {
				p.kill()
				return
			}
		case _, ok := <-p.lines:
			if !ok {
				return // it came to its end before
			}
		case <-late.C:
			r.Fatal("the moment did not come")
		}
	}
}

// begun takes what the sender counted before it began: what the last kill has left uncertain.
func (r *round) begun(p *process) {
	r.Helper()
	var uncertain, claims int
	if !p.hear(r.T, "begun", &uncertain, &claims) {
		return // it died before
	}
	r.countUncertain(uncertain)
}

// countUncertain takes the number of attempts that are or were uncertain: one kill leaves at
// most what can be on the wire, and any other end nothing.
func (r *round) countUncertain(now int) {
	r.Helper()
	bound := 0
	if r.struck {
		bound = crashLinks*r.window + 1
	}
	if now-r.uncertain > bound {
		r.Errorf("%d more are uncertain, and there can be %d", now-r.uncertain, bound)
	}
	r.most = max(r.most, now-r.uncertain)
	r.uncertain, r.struck = now, false
}

// meanwhile writes a letter and has readers leave, between two senders. It also means that this
// process is the one that recovers the database; in the other half of the cases a sender does.
func (r *round) meanwhile() {
	r.Helper()
	r.with(func(ctx context.Context, db *data.DB) error {
		issue, err := db.Issue(ctx, 1)
		if err != nil || issue.MailingID == 0 || issue.State == data.IssueClosing {
			return err
		}
		r.letters++
		if _, err := db.AddLetter(ctx, data.Letter{Kind: data.LetterConfirmation, To: fmt.Sprintf("letter%d@example.org", r.letters),
			Subject: "Please confirm", Text: "Follow the link.\n",
			Header: data.Header{From: "digest@example.com", Domain: "example.com", SiteURL: "https://news.example.com", Automatic: true}}); err != nil {
			return err
		}
		for range 10 {
			r.unhappy++
			if err := db.UnsubscribeAddress(ctx, fmt.Sprintf("reader%d@example.com", leaver(r.unhappy)), "asked"); err != nil {
				return err
			}
		}
		return nil
	})
}

// leaver is the number of the n-th reader to leave: from all over the issue.
func leaver(n int) int { return 1 + n*761%crashReaders }
