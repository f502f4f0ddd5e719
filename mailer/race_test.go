package mailer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
	"github.com/olomotimes/tipsheet/token"
)

const raceReaders = 5000 // for each of two windows: 10,000 in all

// Ten thousand readers unsubscribe by the one-click POST of their mail while it is being sent,
// each about when its own turn comes (P5). Intents are only ever added, so one that is there in
// the end and was not there after the answer was committed later than the answer.
func TestNoIntentIsLaterThanTheAnswerToAnUnsubscribe(t *testing.T) {
	t.Parallel()
	for _, window := range []int{1, 16} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, raceReaders, 250)
			r.s.Window = window
			leave := newLeavers(r)
			relay := scripted(t, smtptest.Script{Action: leave.at})
			r.run(at(t, relay.Port(), 4))
			r.complete(0)
			leave.wait()

			got := counted(relay.Messages())
			r.wantAtMost(got, 0)
			late, sent, skipped := 0, 0, 0
			for address, d := range r.deliveries() {
				seen, asked := leave.seen[d.Seq]
				if !asked {
					t.Fatalf("%s never unsubscribed", address)
				}
				now := r.intents(d.Seq)
				if now > seen {
					late++
				}
				switch {
				case d.Word == data.WordAccepted && got[address] == 1:
					sent++
				case d.Word == data.WordSkipped && got[address] == 0 && now == 0:
					skipped++
				default:
					t.Errorf("%s is %s, got %d, and had %d intents", address, d.Word, got[address], now)
				}
			}
			t.Logf("%d had theirs before, %d were skipped", sent, skipped)
			if late != 0 {
				t.Errorf("%d intents are later than the answer to the unsubscribe", late)
			}
			if sent < raceReaders/50 || skipped < raceReaders/50 {
				t.Errorf("it was no race: %d were sent, %d skipped", sent, skipped)
			}
		})
	}
}

// intents is how many intents of a delivery are written down.
func (r *rig) intents(seq int64) int {
	r.t.Helper()
	lines, err := r.db.LedgerOf(context.Background(), r.issue.MailingID, seq)
	if err != nil {
		r.t.Error(err)
	}
	n := 0
	for _, l := range lines {
		if l.Kind == "intent" {
			n++
		}
	}
	return n
}

// leavers unsubscribe by POST, over real connections, each reader once.
type leavers struct {
	r     *rig
	links []string // by sequence number
	bySeq map[string]int64
	http  *httptest.Server
	ask   chan int64
	asked []atomic.Bool // by sequence number
	all   sync.WaitGroup
	once  sync.Once

	mu   sync.Mutex
	seen map[int64]int // intents there were after the answer
	turn map[int]int64 // who is being sent to over each connection
}

const leaversAtOnce = 8

func newLeavers(r *rig) *leavers {
	r.t.Helper()
	k := keys(r.t)
	l := &leavers{r: r, links: make([]string, raceReaders+1), bySeq: map[string]int64{},
		ask: make(chan int64, 2*leaversAtOnce), asked: make([]atomic.Bool, raceReaders+1), seen: map[int64]int{}, turn: map[int]int64{}}
	l.http = httptest.NewServer(unsubscribing(r.db, k))
	for address, d := range r.deliveries() {
		l.bySeq[address] = d.Seq
	}
	chunk, err := r.db.Deliveries(r.t.Context(), r.issue.MailingID, "", 0, raceReaders)
	if err != nil || len(chunk) != raceReaders {
		r.t.Fatal(len(chunk), err)
	}
	for _, d := range chunk {
		l.links[d.Seq] = "/u/" + k.Sign(token.Unsubscribe, subscriptionOf(r, d.Address), r.issue.MailingID)
	}
	for range leaversAtOnce {
		l.all.Go(func() {
			for seq := range l.ask {
				l.leave(seq)
			}
		})
	}
	r.t.Cleanup(func() {
		l.wait()
		l.http.Close()
	})
	return l
}

// unsubscribing is the site's one-click page without its words: the answer is written when the
// subscription has ended, and not before.
func unsubscribing(db *data.DB, k token.Keys) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /u/{token}", func(w http.ResponseWriter, req *http.Request) {
		subscription, mailing, ok := k.Open(token.Unsubscribe, req.PathValue("token"))
		if !ok {
			http.NotFound(w, req)
			return
		}
		if err := db.Unsubscribe(req.Context(), subscription, fmt.Sprintf("the link in mailing %d", mailing)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, "You are out.\n") // whoever has gone need not be told
	})
	return mux
}

func subscriptionOf(r *rig, address string) int64 {
	r.t.Helper()
	reader, err := r.db.SubscriberByAddress(r.t.Context(), address)
	if err != nil {
		r.t.Fatal(err)
	}
	all, err := r.db.SubscriptionsOf(r.t.Context(), reader.ID)
	if err != nil || len(all) != 1 {
		r.t.Fatal(len(all), err)
	}
	return all[0].ID
}

// leave unsubscribes one reader and then counts the intents that stand.
func (l *leavers) leave(seq int64) {
	answer, err := http.Post(l.http.URL+l.links[seq], "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		l.r.t.Error(err)
		return
	}
	_, err = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK {
		l.r.t.Errorf("the answer is %s (%v)", answer.Status, err)
		return
	}
	n := l.r.intents(seq)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[seq] = n
}

// at has readers leave while the relay hears of them: some at their own RCPT, which is before
// the intent where the window is one, some at their dot, and some a little before their turn.
// It waits while many are leaving, so that the race stays close.
func (l *leavers) at(c smtptest.Call) smtptest.Action {
	switch c.Command {
	case "RCPT":
		_, address, _ := strings.Cut(c.Line, "<")
		address, _, _ = strings.Cut(address, ">")
		seq := l.bySeq[address]
		l.mu.Lock()
		l.turn[c.Conn] = seq
		l.mu.Unlock()
		if seq%3 == 0 {
			l.goes(seq)
		}
		if seq%4 == 0 {
			l.goes(seq + 1 + seq%37)
		}
	case "DOT":
		l.mu.Lock()
		seq := l.turn[c.Conn]
		l.mu.Unlock()
		l.goes(seq)
	}
	return smtptest.Action{}
}

func (l *leavers) goes(seq int64) {
	if seq >= 1 && seq <= raceReaders && l.asked[seq].CompareAndSwap(false, true) {
		l.ask <- seq
	}
}

// wait has those leave who have not been named, and waits for all answers.
func (l *leavers) wait() {
	l.once.Do(func() {
		for seq := int64(1); seq <= raceReaders; seq++ {
			l.goes(seq)
		}
		close(l.ask)
		l.all.Wait()
		http.DefaultClient.CloseIdleConnections()
	})
}
