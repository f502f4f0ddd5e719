package inbox_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/inbox/sorter"
	"github.com/olomotimes/tipsheet/proof/dovecot"
	"github.com/olomotimes/tipsheet/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ownAddress = "digest@paper.example.org"

// bySubject sorts by the word before the colon of the subject; "unsure" anywhere in it makes the verdict so.
type bySubject struct{}

func (bySubject) Sort(t sorter.Text) sorter.Verdict {
	v := sorter.Verdict{Category: sorter.Other, Confidence: 0.9, Why: []string{"its subject"}, Unsure: strings.Contains(t.Subject, "unsure")}
	word, _, _ := strings.Cut(t.Subject, ":")
	for _, c := range sorter.Categories() {
		if word == c {
			v.Category = c
		}
	}
	return v
}

// within bounds a test in time.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func keys(t testing.TB) token.Keys {
	t.Helper()
	k, err := token.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func loopback(port int, filing string) imap.Settings {
	s := imap.DefaultSettings()
	s.Host, s.Port, s.TLS, s.Username, s.Filing = "127.0.0.1", port, dial.None, "tips@example.org", filing
	return s
}

func options(t testing.TB, db *data.DB, boxes ...imap.Settings) inbox.Options {
	t.Helper()
	o := inbox.Options{DB: db, Settings: inbox.DefaultSettings(), Keys: keys(t), Model: bySubject{}, Own: []string{ownAddress}}
	for _, s := range boxes {
		o.Mailboxes = append(o.Mailboxes, inbox.Mailbox{Settings: s, Password: "secret"})
	}
	return o
}

func newInbox(t testing.TB, o inbox.Options) *inbox.Inbox {
	t.Helper()
	in, err := inbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// poll polls once with a new inbox, as a new process does.
func poll(t testing.TB, ctx context.Context, o inbox.Options) inbox.Result {
	t.Helper()
	r, err := newInbox(t, o).Poll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func startEmbedded(t testing.TB, o imaptest.Options) *imaptest.Server {
	t.Helper()
	s, err := imaptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func startScripted(t testing.TB, script imaptest.Script) *imaptest.Scripted {
	t.Helper()
	s, err := imaptest.StartScripted(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func startDovecot(t testing.TB, o dovecot.Options) *dovecot.Dovecot {
	t.Helper()
	d, err := dovecot.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// A server is a real or an embedded one.
type server struct {
	port    int
	deliver func(raw []byte)
	count   func(folder string) int
	renew   func(folder string) // a new UIDVALIDITY
}

// servers runs a test against the embedded server and a real Dovecot.
func servers(t *testing.T, run func(t *testing.T, s server)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		s := startEmbedded(t, imaptest.Options{})
		run(t, server{
			port:    s.Port(),
			deliver: func(raw []byte) { must(t, s.Deliver(raw)) },
			count:   func(folder string) int { return max(s.Count(folder), 0) },
			renew:   func(folder string) { must(t, s.Renumber(folder)) },
		})
	})
	t.Run("dovecot", func(t *testing.T) {
		d := startDovecot(t, dovecot.Options{})
		run(t, server{
			port:    d.Port(),
			deliver: func(raw []byte) { must(t, d.Deliver("INBOX", bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))) },
			count: func(folder string) int {
				raws, err := d.RawMessages(folder)
				must(t, err)
				return len(raws)
			},
			renew: func(folder string) { must(t, d.ResetUIDValidity(folder)) },
		})
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mail writes one message: fields as "Name: value" lines, and a body.
func mail(body string, fields ...string) []byte {
	head := "Date: " + time.Now().Format(time.RFC1123Z) + "\r\nTo: tips@example.org\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	return []byte(head + "\r\n" + strings.ReplaceAll(body, "\n", "\r\n") + "\r\n")
}

// letter is the n-th ordinary mail: of its category, from its own sender.
func letter(n int, category string) []byte {
	return mail(fmt.Sprintf("This is mail number %d about something new in town.", n),
		fmt.Sprintf("From: Reader %d <reader%d@example.com>", n, n), fmt.Sprintf("Subject: %s: mail %d", category, n), fmt.Sprintf("Message-ID: <mail%d@example.com>", n))
}

// cards are all conversations, open and done, by subject.
func cards(t testing.TB, db *data.DB) map[string]data.Conversation {
	t.Helper()
	all := map[string]data.Conversation{}
	for _, closed := range []bool{false, true} {
		list, err := db.Conversations(t.Context(), data.Pile{Closed: closed, Limit: 10000})
		must(t, err)
		for _, c := range list {
			if _, twice := all[c.Subject]; twice {
				t.Errorf("two cards are called %q", c.Subject)
			}
			all[c.Subject] = c
		}
	}
	return all
}

func messages(t testing.TB, db *data.DB) []data.Message {
	t.Helper()
	all, err := db.Messages(t.Context(), 100000)
	must(t, err)
	return all
}

func open(t testing.TB) *data.DB { return datatest.Open(t, nil) }

// alarms are the texts of the alarms that stand.
func alarms(t testing.TB, db *data.DB) []string {
	t.Helper()
	all, err := db.Alarms(t.Context())
	must(t, err)
	var texts []string
	for _, a := range all {
		if a.Kind != "mailbox" || a.Hint == "" || strings.Contains(a.About, "@") {
			t.Errorf("an odd alarm: %+v", a)
		}
		texts = append(texts, a.Text)
	}
	return texts
}

// words are the words of a command line, in capitals, without brackets.
func words(line string) []string {
	return strings.FieldsFunc(strings.ToUpper(line), func(r rune) bool { return strings.ContainsRune(" ()[]\"", r) })
}
