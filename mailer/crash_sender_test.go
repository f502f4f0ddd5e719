package mailer_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// The moments at which the sender kills itself that are no step of a message.
const (
	whileMigrating = "during migration"
	whileFreezing  = "during freeze"
	whileClosing   = "at close"
	whileSettling  = "during settling"
)

const (
	freezeSlice = 150
	crashChunk  = 50
	crashLinks  = 4 // connections, beside the one for letters
)

// An order is what a sender is told to do: send all that the database holds, and die.
type order struct {
	DB     string
	Port   int
	Policy data.Policy
	Window int
	Ahead  time.Duration // of the clock, so that what was deferred is due
	Die    string        // the moment; empty: not by its own hand
	Nth    int           // how often the moment is let pass, and one
	Linger time.Duration // from the moment on, while what goes on goes on
}

// How a sender ends when nobody kills it.
const (
	endComplete = 0
	endWaiting  = 4 // all that is left is not due yet
)

// crashChild runs one of the crash test's processes, where this binary was started as one.
func crashChild() {
	var err error
	switch os.Getenv("CRASH_CHILD") {
	case "":
		return
	case "counter":
		err = runCounter()
	case "sender":
		err = runSender()
	default:
		err = errors.New("no such child")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(endComplete)
}

// A sender is the process that is killed.
type sender struct {
	order
	db  *data.DB
	raw *sql.DB // looks at what is committed

	mu    sync.Mutex
	seen  int
	claim sync.Once
}

func runSender() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := &sender{}
	err := json.Unmarshal([]byte(os.Getenv("CRASH_ORDER")), &s.order)
	if err == nil {
		s.db, err = data.Open(ctx, s.DB, data.Options{Clock: func() time.Time { return time.Now().Add(s.Ahead) }})
	}
	if err == nil {
		s.raw, err = sql.Open("sqlite3", "file:"+s.DB+"?mode=ro&_busy_timeout=5000")
	}
	if err == nil {
		err = s.raw.PingContext(ctx) // its first look shall not be late
	}
	if err != nil {
		return err
	}
	// One that is to be killed migrating, freezing, … may not outlive that.
	if err := s.doing(whileMigrating, `SELECT COUNT(*) FROM goose_db_version WHERE version_id > 0`, false, func() error {
		_, err := s.db.Migrate(ctx)
		return err
	}); err != nil {
		return err
	}
	if _, err := s.db.TakeRole(data.RoleMailer); err != nil {
		return err
	}
	if err := s.closeIssue(ctx); err != nil {
		return err
	}
	return s.send(ctx)
}

// die is the moment.
func (s *sender) die() {
	linger(s.Linger)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // it does not return
	select {}
}

// linger waits without giving the processor away: the times are shorter than a timer's step.
func linger(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// doing runs a step. Where it is the one to die in, the process dies as soon as a count that is
// read from the database has come to Nth, or fallen to it, and at the latest right after the step.
func (s *sender) doing(moment, count string, falls bool, step func() error) error {
	if s.Die != moment {
		return step()
	}
	ctx := context.Background() // it ends with the process
	watching := make(chan struct{})
	go func() {
		close(watching)
		for {
			n := 0
			if err := s.raw.QueryRowContext(ctx, count).Scan(&n); err != nil {
				continue // no such table yet
			}
			if falls && n <= s.Nth || !falls && n >= s.Nth {
				s.die()
			}
		}
	}()
	<-watching
	if err := step(); err != nil {
		return err
	}
	s.die()
	return nil
}

// closeIssue goes on with closing the issue, from wherever the last process came to.
func (s *sender) closeIssue(ctx context.Context) error {
	issue, err := s.db.Issue(ctx, 1)
	if err != nil || issue.MailingID != 0 && issue.State != data.IssueClosing {
		return err
	}
	h := data.Header{From: "desk@example.com", FromName: "The Desk", Domain: "example.com", SiteURL: "https://news.example.com",
		Bounce: "bounces@example.com", List: "The daily", ListID: "daily.example.com"}
	if err := s.db.BeginClosing(ctx, issue.ID, []int64{1}, h, issue.DueAt.Add(72*time.Hour)); err != nil {
		return err
	}
	if err := s.doing(whileFreezing, fmt.Sprintf(`SELECT COUNT(*) / %d FROM delivery`, freezeSlice), false, func() error {
		for more := true; more; {
			if more, err = s.db.FreezeSlice(ctx, issue.ID, freezeSlice); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	text := crashText()
	v := data.Variant{Edition: "full", Language: "en", Subject: "Bridge reopens", HTML: "<p>" + text + "</p>", Text: text}
	return s.doing(whileClosing, `SELECT COUNT(*) FROM chunk`, false, func() error {
		return s.db.FinishClosing(ctx, issue.ID, v, crashChunk)
	})
}

// crashText makes a mail of 130 KB, of which half does not fit into a narrow connection's
// buffers: a sender that is killed there has certainly not written the rest.
func crashText() string {
	var b []byte
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; len(b) < 65<<10; i++ {
		b = fmt.Appendf(b, "%d. The bridge at Oke-Aro reopens on day %d, for cars of up to %d kg.\n.\n", i, r.IntN(1000), r.IntN(10000))
	}
	return string(b)
}

// send runs the mailer until all is sent, or waits.
func (s *sender) send(ctx context.Context) error {
	begun, err := s.begun(ctx)
	if err != nil {
		return err
	}
	fmt.Println(begun)
	relay := smtp.DefaultSettings()
	relay.Name, relay.Host, relay.Port, relay.TLS, relay.Connections = "main", "127.0.0.1", s.Port, dial.None, crashLinks
	set := mailer.DefaultSettings()
	set.Uncertain, set.Window = s.Policy, s.Window
	keys, err := token.New(secret)
	if err != nil {
		return err
	}
	m, err := mailer.New(mailer.Options{DB: s.db, Keys: keys, Settings: set, Relays: []mailer.Relay{{Settings: relay}},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Look: s.look})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	end := make(chan int, 1)
	go func() {
		end <- s.awaitEnd(ctx)
		stop()
	}()
	if err := s.doing(whileSettling, claimed, true, func() error {
		if s.Die == whileSettling { // what Run does first
			_, err := s.db.TakeOver(ctx, s.Policy)
			return err
		}
		return m.Run(ctx)
	}); err != nil {
		return err
	}
	os.Exit(<-end)
	return nil
}

const (
	claimed = `SELECT (SELECT COUNT(*) FROM chunk WHERE state = 'claimed') + (SELECT COUNT(*) FROM retry WHERE lease_until > 0)`

	// uncertainSQL counts the attempts whose dot may have gone and whose answer nobody knows.
	uncertainSQL = `
		SELECT COUNT(*)
		FROM attempt a
		WHERE a.kind = 'intent' AND NOT EXISTS (
			SELECT 1 FROM attempt b
			WHERE b.mailing_id = a.mailing_id AND b.seq = a.seq AND b.attempt = a.attempt AND (b.kind = 'outcome' OR b.word = 'withdrawn'))`
)

// begun says what the last process has left behind.
func (s *sender) begun(ctx context.Context) (string, error) {
	var uncertain, claims int
	if err := s.raw.QueryRowContext(ctx, uncertainSQL).Scan(&uncertain); err != nil {
		return "", err
	}
	if err := s.raw.QueryRowContext(ctx, claimed).Scan(&claims); err != nil {
		return "", err
	}
	if s.Die == whileSettling && claims > 1 {
		s.Nth = 1 + s.Nth%(claims-1) // once one or more are free again
	}
	return fmt.Sprintf("begun %d %d", uncertain, claims), nil
}

// look kills this process at its moment.
func (s *sender) look(step mailer.Step) {
	if step == mailer.AtClaim {
		s.claim.Do(func() { fmt.Println("sending") })
	}
	if s.Die != string(step) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen++; s.seen != s.Nth {
		return
	}
	if s.Linger > 0 {
		go s.die()
		return
	}
	s.die()
}

// awaitEnd waits until nothing is left to do now, and returns how this process ends.
func (s *sender) awaitEnd(ctx context.Context) int {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var open, busy, waiting int
		err := s.raw.QueryRowContext(ctx, `
			SELECT (SELECT COUNT(*) FROM mailing WHERE state <> 'complete'),
				(SELECT COUNT(*) FROM chunk WHERE state <> 'done')
				+ (SELECT COUNT(*) FROM retry WHERE next_at <= $1 OR lease_until > 0),
				(SELECT COUNT(*) FROM retry)`, s.db.Now().UnixMilli()).Scan(&open, &busy, &waiting)
		switch {
		case ctx.Err() != nil:
			return 1
		case err == nil && open == 0:
			return endComplete
		case err == nil && busy == 0 && waiting > 0:
			return endWaiting
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
