package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// kills is how often the inbox is killed: KILLS, or 12.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		return 3
	}
	return 12
}

// chance makes the moments of the kills repeatable: its seed is printed.
func chance(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = s
	}
	fmt.Printf("%s: SEED=%d\n", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 1))
}

const sampleConfig = `[site]
name = "Harmattan Post"
url = "https://post.example.com"
contact = "contact@example.com"
from = "digest@example.com"
postal_address = "1 Example Street, Lagos"
time_zone = "Africa/Lagos"

[web]
listen = "127.0.0.1:0"
url = "https://mail.post.example.com"
`

func relayConfigText(port int) string {
	return fmt.Sprintf("\n[relay]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nconnections = 4\n", port)
}

func TestKilledMailerLosesNobody(t *testing.T) {
	for _, policy := range []data.Policy{data.PolicyResend, data.PolicyHold} {
		t.Run(string(policy), func(t *testing.T) { killMailer(t, policy) })
	}
}

const (
	wholeReaders = 1000
	wholeKills   = 4
	wholeWindow  = 8
)

// killMailer sends one issue over the whole program, which is killed a few times, and counts at
// the far end. The mailer's own crash test kills its room at each step, and far more often; this
// one says that serve, with its config, its role and its keys, wires it so that the same holds.
func killMailer(t *testing.T, policy data.Policy) {
	random := chance(t)
	dir := t.TempDir()
	db := datatest.OpenAt(t, filepath.Join(dir, "tipsheet.db"), nil)
	issue := datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", wholeReaders), 50)
	relay, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	config := write(t, dir, configName, sampleConfig+relayConfigText(relay.Port())+
		fmt.Sprintf("\n[ledger]\nuncertain = %q\nwindow = %d\n", policy, wholeWindow))

	most, killed := 0, 0
	for range wholeKills {
		before, was := relay.Count(), uncertain(t, db, issue.MailingID)
		c := spawn(t, "-c", config, "serve", "--role", "mailer")
		until(t, "the child to send", func() bool { return relay.Count() > before || issueState(t, db, issue.ID) == data.IssueComplete })
		waitFor(time.Duration(random.IntN(60)) * time.Millisecond)
		c.kill()
		if issueState(t, db, issue.ID) == data.IssueComplete {
			break
		}
		killed++
		most = max(most, uncertain(t, db, issue.MailingID)-was)
	}
	if killed == 0 {
		t.Fatal("the issue was complete before the first kill")
	}
	spawn(t, "-c", config, "serve", "--role", "mailer")
	until(t, "the issue to be complete", func() bool { return issueState(t, db, issue.ID) == data.IssueComplete })
	countAtTheFarEnd(t, db, issue, relay, policy, killed, most)
}

// waitFor lets the child run on; the moment of a kill is what is tried, not waited for.
func waitFor(d time.Duration) { <-time.After(d) }

func issueState(t *testing.T, db *data.DB, id int64) data.IssueState {
	t.Helper()
	i, err := db.Issue(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return i.State
}

// uncertain counts intents without an answer, and those already ruled on.
func uncertain(t *testing.T, db *data.DB, mailing int64) int {
	t.Helper()
	n, err := db.CountUncertain(t.Context(), mailing)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func countAtTheFarEnd(t *testing.T, db *data.DB, issue data.Issue, relay *smtptest.Server, policy data.Policy, killed, most int) {
	t.Helper()
	account, err := db.Account(t.Context(), issue.MailingID)
	if err != nil {
		t.Fatal(err)
	}
	copies, sums := map[string]int{}, map[string][32]byte{}
	duplicates := 0
	for _, m := range relay.Messages() {
		to, sum := m.To[0], sha256.Sum256(m.Data)
		if copies[to]++; copies[to] > 1 {
			duplicates++
			if sums[to] != sum {
				t.Errorf("the copies of one reader differ")
			}
		}
		sums[to] = sum
	}
	held, err := db.Deliveries(t.Context(), issue.MailingID, data.WordHeld, 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, d := range held {
		named[d.Address] = true
	}
	lost := 0
	for i := 1; i <= account.Audience; i++ {
		if to := fmt.Sprintf("reader%d@example.com", i); copies[to] == 0 && !named[to] {
			lost++
		}
	}
	total := uncertain(t, db, issue.MailingID)
	t.Logf("kills=%d deliveries=%d lost=%d uncertain=%d duplicates=%d max_uncertain_per_kill=%d", killed, account.Audience, lost, total, duplicates, most)
	switch {
	case lost > 0:
		t.Errorf("%d readers are lost", lost)
	case policy == data.PolicyHold && duplicates > 0:
		t.Errorf("%d duplicates under hold", duplicates)
	case duplicates > total:
		t.Errorf("%d duplicates of %d uncertain", duplicates, total)
	case most > 4*wholeWindow+1: // four connections for issues, and one for letters, one at a time
		t.Errorf("%d uncertain after one kill", most)
	case account.Settled() != account.Audience || account.Audience != wholeReaders:
		t.Errorf("account: %+v", account)
	}
}

func TestKilledInboxLosesNothing(t *testing.T) {
	const mails = 150
	random := chance(t)
	dir := t.TempDir()
	server, err := imaptest.Start(imaptest.Options{Username: "contact@example.com", Password: "open sesame 123"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for i := range mails {
		raw := fmt.Sprintf("From: Reader %d <reader%d@example.org>\r\nTo: contact@example.com\r\nSubject: Note %d\r\nMessage-ID: <%d@example.org>\r\nDate: %s\r\n\r\nThe bridge at Oke-Aro collapsed this morning, note %d.\r\n%s\r\n",
			i, i, i, i, time.Now().Format(time.RFC1123Z), i, string(make([]byte, 0, random.IntN(1000))))
		if err := server.Append("INBOX", []byte(raw), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "password", "open sesame 123\n")
	config := write(t, dir, configName, sampleConfig+fmt.Sprintf("\n[mailbox]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nusername = \"contact@example.com\"\npassword_file = \"password\"\nfiling = \"move\"\n\n[inbox]\nbatch_messages = 10\n", server.Port()))
	db := datatest.OpenAt(t, filepath.Join(dir, "tipsheet.db"), nil)
	for range kills(t) {
		c := spawn(t, "-c", config, "serve", "--role", "inbox")
		until(t, "the child to serve", func() bool { return len(c.log.String()) > 0 })
		waitFor(time.Duration(random.IntN(250)) * time.Millisecond)
		c.kill()
	}
	spawn(t, "-c", config, "serve", "--role", "inbox")
	until(t, "every message to be filed", func() bool {
		states, err := db.CountMessages(t.Context())
		return err == nil && states[data.MessageFiled] == mails
	})
	until(t, "the moves to be made", func() bool {
		n, err := db.CountPendingFilings(t.Context())
		return err == nil && n == 0
	})
	piles, err := db.CountConversations(t.Context(), data.Pile{})
	if err != nil {
		t.Fatal(err)
	}
	cards, onServer := 0, 0
	for _, c := range data.Categories {
		cards += piles[c]
	}
	for _, folder := range []string{"INBOX", "Junk", "Sent", "Tips", "Gossip", "Adverts"} {
		onServer += max(server.Count(folder), 0) // -1: there is no such folder
	}
	if cards != mails || onServer != mails {
		t.Errorf("%d conversations and %d messages on the server, want %d of each", cards, onServer, mails)
	}
}
