package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/mail"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/cmd/tipsheet/demo"
	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/proof/dovecot"
	"github.com/olomotimes/tipsheet/proof/postfix"
	"github.com/olomotimes/tipsheet/proof/root"
)

// seed is the first user's real feed, where it lies beside the project.
const seed = "../../../shared/seed/blogger-feed.xml"

// feedBody is the real feed, or the demo's where that is not at hand, and a word of its lead.
func feedBody(t *testing.T) (body []byte, word string) {
	t.Helper()
	body, err := os.ReadFile(seed)
	if err == nil {
		return body, "Peace Talks"
	}
	if !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return demo.Feed("http://blog.example.com", time.Now()), demo.Stories()[0].Title
}

// town is a newsroom among real servers: its relay, its mailbox, its blog.
type town struct {
	t       *testing.T
	relay   *postfix.Postfix
	mailbox *dovecot.Dovecot
	config  string
	web     string
	word    string
}

func newTown(t *testing.T) *town {
	t.Helper()
	root.Need(t)
	w := &town{t: t}
	var err error
	if w.relay, err = postfix.Start(postfix.Options{Domains: []string{"example.com", "example.org"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.relay.Stop(); err != nil {
			t.Error(err)
		}
	})
	uid, gid := nobody(t)
	if w.mailbox, err = dovecot.Start(dovecot.Options{Username: "contact@example.com", Password: "open sesame 123", UID: uid, GID: gid}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.mailbox.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := w.relay.Link("contact@example.com", w.mailbox.Maildir()); err != nil {
		t.Fatal(err)
	}
	w.configure()
	return w
}

func nobody(t *testing.T) (uid, gid int) {
	t.Helper()
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(passwd), "\n") {
		if f := strings.Split(line, ":"); len(f) > 3 && f[0] == "nobody" {
			uid, _ = strconv.Atoi(f[2])
			gid, _ = strconv.Atoi(f[3])
		}
	}
	if uid == 0 || gid == 0 {
		t.Fatal("there is no user nobody on this machine")
	}
	return uid, gid
}

// configure serves the feed and writes the config.
func (w *town) configure() {
	w.t.Helper()
	body, word := feedBody(w.t)
	w.word = word
	blog := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/atom+xml; charset=UTF-8")
		out.Write(body)
	}))
	w.t.Cleanup(blog.Close)
	listen, err := freeAddress("127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.web = "http://" + listen
	dir := w.t.TempDir()
	write(w.t, dir, "password", "open sesame 123\n")
	text := strings.NewReplacer("127.0.0.1:0", listen, "https://mail.post.example.com", w.web).Replace(sampleConfig) +
		relayConfigText(w.relay.Port()) + fmt.Sprintf("\n[mailbox]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nusername = \"contact@example.com\"\npassword_file = \"password\"\nfiling = \"move\"\n\n[feeds]\nallow_private = true\n", w.mailbox.Port())
	w.config = write(w.t, dir, configName, text)
	w.run("newsletter", "add", "daily", "--name", "The daily digest", "--since", "2025-01-01")
	w.run("story", "fetch", blog.URL)
}

func (w *town) run(args ...string) string {
	w.t.Helper()
	return tipsheet(w.t, append([]string{"-c", w.config}, args...)...)
}

// mails are the raw mails that an address has got.
func (w *town) mails(address string) [][]byte {
	w.t.Helper()
	var all [][]byte
	for _, sub := range []string{"new", "cur"} {
		files, err := filepath.Glob(filepath.Join(w.relay.Maildir(address), sub, "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				w.t.Fatal(err)
			}
			all = append(all, raw)
		}
	}
	return all
}

// send makes an issue that is due at once and waits until it is through.
func (w *town) send() {
	w.t.Helper()
	id := match(w.t, `issue (\d+) of daily`, w.run("issue", "compose", "daily", "--due", "now", "--close", "now"))
	until(w.t, "issue "+id+" to be complete", func() bool {
		var now issueStatus
		if err := json.Unmarshal([]byte(w.run("--json", "issue", "status", id)), &now); err != nil {
			w.t.Fatal(err)
		}
		return now.State == data.IssueComplete
	})
}

func TestServeFromFeedToReaderAndFromTipsterToDesk(t *testing.T) {
	w := newTown(t)
	w.run("subscriber", "add", "amara@example.org", "bisi@example.org")
	password := match(t, `password: (\S+)`, w.run("editor", "add", "chidi", "--role", "editor"))
	serve := spawn(t, "-c", w.config, "serve")
	until(t, "the pages", func() bool {
		r, err := http.Get(w.web + "/healthz")
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	})

	w.send()
	until(t, "both readers to have the digest", func() bool {
		return len(w.mails("amara@example.org")) == 1 && len(w.mails("bisi@example.org")) == 1
	})
	got := w.mails("amara@example.org")
	if text := strings.Join(strings.Fields(message.Parse(got[0]).Text), " "); !strings.Contains(text, w.word) { // lines are wrapped
		t.Errorf("the digest does not have %q: %s", w.word, text)
	}

	w.tipFromOutside()
	w.readAtTheDesk(password)
	w.unsubscribeByOneClick(got[0])

	w.run("story", "add", "--title", "Rain closes two bridges", "--link", "https://post.example.com/rain")
	w.send()
	until(t, "the reader who stayed to have both", func() bool { return len(w.mails("bisi@example.org")) == 2 })
	if n := len(w.mails("amara@example.org")); n != 1 {
		t.Errorf("the reader who unsubscribed has %d mails", n)
	}
	besideServe(t, w)
	serve.stop(t)
}

// besideServe: the other commands work while serve runs, and a second one in the same role does
// not begin.
func besideServe(t *testing.T, w *town) {
	t.Helper()
	w.run("subscriber", "add", "late@example.org")
	if out := w.run("message", "list"); !strings.Contains(out, "tip") {
		t.Errorf("message list: %s", out)
	}
	w.run("story", "add", "--title", "Schools reopen", "--link", "https://post.example.com/schools")
	id := match(t, `issue (\d+) of daily`, w.run("issue", "compose", "daily", "--due", "+1h", "--close", "now"))
	until(t, "the issue to be closed", func() bool { return strings.Contains(w.run("issue", "status", id), "closed") })
	if out := w.run("issue", "pause", id); !strings.Contains(out, "paused") {
		t.Errorf("issue pause: %s", out)
	}
	w.run("issue", "cancel", id)
	second := spawn(t, "-c", w.config, "serve", "--role", "mailer")
	if err := <-second.done; err == nil || !strings.Contains(second.log.String(), "already has the role mailer") {
		t.Errorf("a second mailer: %v: %s", err, second.log)
	}
}

func (w *town) tipFromOutside() {
	w.t.Helper()
	mail := "From: Ngozi <ngozi@example.org>\r\nTo: contact@example.com\r\nSubject: Three wards closed since Monday\r\nMessage-ID: <ward@example.org>\r\nDate: " +
		time.Now().Format(time.RFC1123Z) + "\r\n\r\nI work at the general hospital. There is no diesel, three wards are closed since Monday and the staff were told not to talk. I have photos and the circular. Please don't use my name.\r\n"
	if err := smtp.SendMail(w.relay.Addr(), nil, "ngozi@example.org", []string{"contact@example.com"}, []byte(mail)); err != nil {
		w.t.Fatal(err)
	}
}

// readAtTheDesk signs in and finds the tip, without the name of its source in the list.
func (w *town) readAtTheDesk(password string) {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	r, err := browser.PostForm(w.web+"/desk/sign-in", url.Values{"login": {"chidi"}, "password": {password}})
	if err != nil {
		w.t.Fatal(err)
	}
	r.Body.Close()
	var page string
	until(w.t, "the tip at the desk", func() bool {
		page = w.get(browser, "/desk/inbox?in=tip")
		return strings.Contains(page, "Three wards closed since Monday")
	})
	if strings.Contains(page, "Ngozi") || !strings.Contains(page, `class="who alias"`) {
		w.t.Errorf("the list names the source of a tip: %s", page)
	}
	if conversation := w.get(browser, match(w.t, `href="(/desk/conversation/\d+[^"]*)"`, page)); !strings.Contains(conversation, "no diesel") {
		w.t.Errorf("the conversation does not show the text: %s", conversation)
	}
}

func (w *town) get(browser *http.Client, path string) string {
	w.t.Helper()
	r, err := browser.Get(w.web + strings.ReplaceAll(path, "&amp;", "&"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(page)
}

// unsubscribeByOneClick does what a mail provider does with the header (RFC 8058).
func (w *town) unsubscribeByOneClick(raw []byte) {
	w.t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	if m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		w.t.Fatalf("List-Unsubscribe-Post: %q", m.Header.Get("List-Unsubscribe-Post"))
	}
	link := match(w.t, `<(http[^>]+)>`, m.Header.Get("List-Unsubscribe"))
	r, err := http.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		w.t.Fatalf("one-click unsubscribe: %s", r.Status)
	}
	if out := w.run("subscriber", "show", "amara@example.org"); !strings.Contains(out, "unsubscribed") {
		w.t.Errorf("after the unsubscribe: %s", out)
	}
}
