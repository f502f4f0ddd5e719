package site

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/token"
)

func TestATokenOpensOnlyTheDoorItWasMadeFor(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	i, u := sentIssue(t, f, n), f.subscription("reader1@example.com", n.ID).ID
	doors := map[token.Purpose][]string{
		token.Confirm: {"GET /confirm/%s", "POST /confirm/%s"}, token.Unsubscribe: {"GET /u/%s", "POST /u/%s", "POST /u/%s/back"},
		token.Preferences: {"GET /p/%s", "POST /p/%s"}, token.View: {"GET /i/%s"},
	}
	all := []token.Purpose{token.Confirm, token.Unsubscribe, token.Preferences, token.View, token.Bounce, token.PurposeMessageID, token.Test}
	tried := 0
	f.unchanged("tokens made for something else", func() {
		for door, routes := range doors {
			for _, purpose := range all {
				if purpose == door {
					continue
				}
				for _, numbers := range [][2]int64{{u, i.MailingID}, {i.MailingID, u}, {u, 0}} {
					for _, r := range routes {
						method, path, _ := strings.Cut(fmt.Sprintf(r, f.Keys.Sign(purpose, numbers[0], numbers[1])), " ")
						tried++
						if a := f.do(method, path, urlencoded, ""); a.status != http.StatusNotFound {
							t.Errorf("%s with a token made for %v: %d", r, purpose, a.status)
						}
					}
				}
			}
		}
	})
	if tried < 100 {
		t.Errorf("only %d were tried", tried)
	}
}

// Links in mail begin where the config says, whatever host a request claims to be for.
func TestAForgedHostDoesNotGetIntoTheLetters(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	f.want(f.do(http.MethodPost, "/subscribe", http.Header{
		"Content-Type": urlencoded["Content-Type"], "X-Forwarded-Host": {"evil.test"}, "Forwarded": {"host=evil.test"}, "Referer": {"http://evil.test/"},
	}, form("ada@example.com", n.ID).Encode()), http.StatusOK)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/subscribe", strings.NewReader(form("eve@example.com", n.ID).Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.test"
	req.Header = urlencoded.Clone()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	letters := f.letters()
	if len(letters) != 2 {
		t.Fatalf("%d letters, want 2", len(letters))
	}
	for _, l := range letters {
		if strings.Contains(l.HTML+l.Text, "evil.test") || !strings.Contains(l.Text, home+"/confirm/") {
			t.Errorf("a letter holds a forged host, or no link: %s", l.Text)
		}
	}
}

// Who claims to come from elsewhere is counted where he is: by the connection, or by the last
// hop that a proxy of ours saw.
func TestAForgedAddressDoesNotGetPastTheLimit(t *testing.T) {
	for name, trusted := range map[string][]netip.Prefix{"no proxy": nil, "a proxy": {netip.MustParsePrefix("127.0.0.1/32")}} {
		f := newSite(t)
		f.Trusted = trusted
		n := datatest.Newsletter(t, f.DB, "daily", 0)
		last := 0
		for i := range 11 {
			last = f.do(http.MethodPost, "/subscribe", http.Header{
				"Content-Type": urlencoded["Content-Type"], "X-Forwarded-For": {fmt.Sprintf("198.51.%d.7, 203.0.113.9", i*8)}, "X-Real-Ip": {fmt.Sprintf("198.51.%d.7", i*8)},
			}, form(fmt.Sprintf("a%d@example.com", i), n.ID).Encode()).status
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("%s: the eleventh form is answered with %d", name, last)
		}
	}
}

func TestManyFormsAtOnceAreOneLetter(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	f.pause = func(*http.Request, time.Time) error { return nil }
	f.atOnce(8, "/subscribe", form("ada@example.com", n.ID).Encode())
	if got := len(f.letters()); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
	link := f.pathOf(token.Unsubscribe, "/u/", f.subscription("reader1@example.com", n.ID).ID, 7)
	f.atOnce(8, link, "List-Unsubscribe=One-Click")
	f.unchanged("the ninth", func() { f.want(f.post(link, nil), http.StatusOK, "You are out.") })
}

// atOnce posts a form n times at the same time; all must be answered with 200.
func (f *fixture) atOnce(n int, path, body string) {
	f.t.Helper()
	statuses := make(chan int)
	for range n {
		go func() {
			res, err := http.Post(f.url+path, "application/x-www-form-urlencoded", strings.NewReader(body))
			if err != nil {
				statuses <- 0
				return
			}
			res.Body.Close()
			statuses <- res.StatusCode
		}()
	}
	for range n {
		if status := <-statuses; status != http.StatusOK {
			f.t.Errorf("POST %s: %d", path, status)
		}
	}
}

// What is not a form says nothing about what its reader wants.
func TestAPostThatIsNoFormEndsNoSubscription(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	link := f.pathOf(token.Preferences, "/p/", f.subscription("reader1@example.com", n.ID).ID, 1)
	f.unchanged("a post without a form", func() {
		for _, kind := range []string{"", "text/plain", "application/json", "multipart/form-data; boundary=x", "multipart/form-data"} {
			header := http.Header{}
			if kind != "" {
				header.Set("Content-Type", kind)
			}
			f.want(f.do(http.MethodPost, link, header, "{}"), http.StatusBadRequest, "Nothing was changed.")
		}
		f.want(f.do(http.MethodPost, link, urlencoded, "newsletter=%zz"), http.StatusBadRequest, "Nothing was changed.")
	})
}

// The link of an old mail, which may have been passed on, must not revive what its owner ended
// elsewhere: that takes a letter to the owner.
func TestPreferencesReviveNothingThatWasEndedElsewhere(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 2)
	for address, why := range map[string]string{"reader1@example.com": "by mail", "reader2@example.com": byLink(3)} {
		u := f.subscription(address, n.ID)
		link := f.pathOf(token.Preferences, "/p/", u.ID, 1)
		f.want(f.post(link, nil), http.StatusOK, "Saved.") // what ends here begins here again
		f.want(f.post(link, form("", n.ID)), http.StatusOK, "Saved.")
		if s := f.subscription(address, n.ID); s.State != data.SubscriptionActive {
			t.Errorf("ended and chosen again on the page, it is %s", s.State)
		}
		f.clock.Add(time.Minute)
		if err := f.DB.Unsubscribe(t.Context(), u.ID, why); err != nil {
			t.Fatal(err)
		}
		before := len(f.letters())
		f.clock.Add(time.Minute)
		f.want(f.post(link, form("", n.ID)), http.StatusOK, "please confirm it")
		if s := f.subscription(address, n.ID); s.State != data.SubscriptionUnsubscribed {
			t.Errorf("ended %s, it is %s at once", why, s.State)
		}
		f.want(f.post(link, form("", n.ID)), http.StatusOK, "please confirm it")
		if got := len(f.letters()) - before; got != 1 {
			t.Errorf("ended %s, pressed twice: %d letters, want 1", why, got)
		}
		f.want(f.post(f.pathOf(token.Confirm, "/confirm/", u.ID, 0), nil), http.StatusOK, "You are in.")
	}
}

// A page never says that nothing was changed when something was.
func TestAConfirmationThatWasMadeIsNotDenied(t *testing.T) {
	f := newSite(t)
	n, err := f.DB.AddNewsletter(t.Context(), data.Newsletter{Slug: "lost", Name: "Lost", Cron: "0 7 * * *", TimeZone: "Nowhere/None", Language: "en", Late: data.LateMerge})
	if err != nil {
		t.Fatal(err)
	}
	f.want(f.post("/subscribe", form("ada@example.com", n.ID)), http.StatusOK)
	f.want(f.post(f.pathOf(token.Confirm, "/confirm/", f.subscription("ada@example.com", n.ID).ID, 0), nil), http.StatusOK, "You are in.")
	if s := f.subscription("ada@example.com", n.ID); s.State != data.SubscriptionActive {
		t.Errorf("it is %s", s.State)
	}
}
