package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/mailer"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

// busyPaper has something of everything that there are figures of.
func busyPaper(t *testing.T) *metrics {
	t.Helper()
	db := datatest.Open(t, nil)
	datatest.ClosedIssue(t, db, datatest.Newsletter(t, db, "daily", 20), 10)
	inbox := data.Folder{}
	var err error
	if inbox, err = db.KeepFolder(t.Context(), "contact@mail.example.com", "INBOX", "inbox"); err == nil {
		err = db.FolderChecked(t.Context(), inbox.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	inbox.UIDValidity = 7
	if inbox, _, err = db.BeginFolder(t.Context(), inbox.ID, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := db.StoreArrivals(t.Context(), inbox, nil, []data.Gap{{FolderID: inbox.ID, UIDValidity: 7, UID: 3, NextAt: db.Now(), Error: "too large for secret@example.org"}}, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddFeed(t.Context(), "https://post.example.com/feed"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddLetter(t.Context(), data.Letter{Kind: data.LetterTest, To: "ada@example.com", Subject: "Lunch", Text: "x\n", Header: data.Header{From: "desk@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.RaiseAlarm(t.Context(), data.Alarm{Kind: "relay", About: `the "main" one`, Text: "It says no to secret@example.org."}); err != nil {
		t.Fatal(err)
	}
	keys, err := token.New([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	relay := smtp.DefaultSettings()
	relay.Name, relay.Host, relay.PerDay = "a \"quoted\"\\ name\nof two lines", "127.0.0.1", 1000
	log := slog.New(slog.DiscardHandler)
	m, err := mailer.New(mailer.Options{DB: db, Keys: keys, Settings: mailer.DefaultSettings(), Relays: []mailer.Relay{{Settings: relay}}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	c := defaults()
	c.Relay = []relayConfig{{Settings: relay}}
	c.Mailbox = []mailboxConfig{{Settings: imap.Settings{Host: "mail.example.com", Username: "contact"}}}
	p := &paper{config: c, db: db, log: log, roles: []string{"web", "mailer"}, sending: m}
	return &metrics{paper: p, started: time.Now()}
}

func get(t *testing.T, h http.Handler, change func(*http.Request)) (status int, kind, body string) {
	t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1:8080/metrics", nil)
	r.RemoteAddr = "127.0.0.1:40000"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, w.Header().Get("Content-Type"), string(text)
}

var (
	headLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) (.+)$`)
	sampleLine = regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (\S+)$`)
)

// families checks each line against the format's grammar, and returns the families with
// their values by name and labels.
func families(t *testing.T, body string) (names []string, values map[string]float64) {
	t.Helper()
	values = map[string]float64{}
	kinds := map[string]string{}
	current := ""
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if h := headLine.FindStringSubmatch(line); h != nil {
			if h[1] == "HELP" {
				current = h[2]
				names = append(names, current)
			} else if kinds[h[2]] != "" || h[2] != current {
				t.Errorf("a second or stray TYPE: %s", line)
			} else {
				kinds[current] = h[3]
			}
			continue
		}
		s := sampleLine.FindStringSubmatch(line)
		if s == nil {
			t.Fatalf("not a line of the format: %q", line)
		}
		name := s[1]
		if kinds[current] == "histogram" {
			name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		}
		if name != current || kinds[current] == "counter" != strings.HasSuffix(name, "_total") {
			t.Errorf("a sample outside its family %s, or misnamed: %s", current, line)
		}
		v, err := strconv.ParseFloat(s[3], 64)
		if _, twice := values[s[1]+s[2]]; err != nil || twice {
			t.Errorf("no number, or a second time: %s", line)
		}
		values[s[1]+s[2]] = v
	}
	return names, values
}

func TestMetricsAreInPrometheusFormatAndNameNobody(t *testing.T) {
	status, kind, body := get(t, busyPaper(t), nil)
	if status != http.StatusOK || kind != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("%d %s: %s", status, kind, body)
	}
	names, values := families(t, body)
	if len(names) < 30 {
		t.Fatalf("only %d families", len(names))
	}
	const relay = `relay="a \"quoted\"\\ name\nof two lines"`
	for sample, want := range map[string]float64{
		`tipsheet_issue_deliveries{newsletter="daily",word="open"}`: 20,
		`tipsheet_mailings{kind="letter",state="closed"}`:           1,
		`tipsheet_letters_waiting`:                                  1,
		`tipsheet_chunks{state="open"}`:                             3,
		`tipsheet_mailbox_gaps{mailbox="1"}`:                        1,
		`tipsheet_feed_failures{feed="1"}`:                          0,
		`tipsheet_alarms{kind="relay"}`:                             1,
		`tipsheet_alarms{kind="mailbox"}`:                           0,
		`tipsheet_outcomes_total{` + relay + `,word="accepted"}`:    0,
		`tipsheet_relay_quota_left{` + relay + `,span="24h"}`:       1000,
		`tipsheet_ledger_commit_seconds_bucket{le="+Inf"}`:          0,
		`tipsheet_role{role="mailer"}`:                              1,
		`tipsheet_database_readable`:                                1,
		`tipsheet_held_for_adoption`:                                0,
	} {
		if got, ok := values[sample]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", sample, got, ok, want)
		}
	}
	for _, name := range []string{"tipsheet_mailbox_read_timestamp_seconds{mailbox=\"1\"}", "tipsheet_oldest_letter_timestamp_seconds"} {
		if age := time.Since(time.UnixMilli(int64(values[name] * 1000))); age < -time.Second || age > time.Minute {
			t.Errorf("%s is %v ago", name, age)
		}
	}
	for _, word := range []string{"@", "example", "Lunch", "Bridge"} {
		if strings.Contains(body, word) {
			t.Errorf("the metrics have %q: %s", word, body)
		}
	}
}

func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/watching.md")
	if err != nil {
		t.Fatal(err)
	}
	_, _, body := get(t, busyPaper(t), nil)
	names, _ := families(t, body)
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/watching.md does not name `%s`", name)
		}
	}
}

func TestMetricsWithoutDatabaseStillTellOfTheProcess(t *testing.T) {
	m := busyPaper(t)
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	status, _, body := get(t, m, nil)
	_, values := families(t, body)
	if v, ok := values["tipsheet_database_readable"]; status != http.StatusOK || !ok || v != 0 || values["go_goroutines"] == 0 {
		t.Errorf("%d: %s", status, body)
	}
}

func TestMetricsAreShownToThisMachineOnlyUnlessTold(t *testing.T) {
	m := busyPaper(t)
	type asked struct {
		remote, host string
		header       map[string]string
	}
	for name, c := range map[string]struct {
		asked
		trusted string
		want    int
	}{
		"this machine":                        {asked{"127.0.0.1:1", "127.0.0.1:8080", nil}, "", 200},
		"by IPv6":                             {asked{"[::1]:1", "[::1]:8080", nil}, "", 200},
		"by name":                             {asked{"127.0.0.1:1", "localhost:8080", nil}, "", 200},
		"another machine":                     {asked{"192.0.2.7:1", "192.0.2.1:8080", nil}, "", 403},
		"another machine that names this one": {asked{"192.0.2.7:1", "localhost", map[string]string{"X-Forwarded-For": "127.0.0.1"}}, "", 403},
		"through a proxy here, unknown to us": {asked{"127.0.0.1:1", "127.0.0.1:8080", map[string]string{"X-Forwarded-For": "192.0.2.7"}}, "", 403},
		"through one that hides who asks":     {asked{"127.0.0.1:1", "mail.post.example.com", nil}, "", 403},
		"through one that says only Via":      {asked{"127.0.0.1:1", "127.0.0.1:8080", map[string]string{"Via": "1.1 front"}}, "127.0.0.1", 403},
		"from outside, by a trusted proxy":    {asked{"127.0.0.1:1", "mail.post.example.com", map[string]string{"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}}, "127.0.0.1", 403},
		"from here, by a trusted proxy":       {asked{"127.0.0.1:1", "mail.post.example.com", map[string]string{"X-Forwarded-For": "127.0.0.1"}}, "127.0.0.1", 200},
		"a page whose name points here":       {asked{"127.0.0.1:1", "evil.example.com:8080", nil}, "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if m.trusted = nil; c.trusted != "" {
				if m.trusted, err = web.ParsePrefixes([]string{c.trusted}); err != nil {
					t.Fatal(err)
				}
			}
			for who, want := range map[string]int{metricsLoopback: c.want, metricsAll: 200, metricsOff: 404} {
				m.Web.Metrics = who
				status, _, body := get(t, m, func(r *http.Request) {
					r.RemoteAddr, r.Host = c.remote, c.host
					for k, v := range c.header {
						r.Header.Set(k, v)
					}
				})
				if status != want || (status == 200) != strings.Contains(body, "tipsheet_") {
					t.Errorf("%s: %d, want %d", who, status, want)
				}
			}
		})
	}
}
