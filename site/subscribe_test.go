package site

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/token"
)

func form(address string, newsletters ...int64) url.Values {
	v := url.Values{"address": {address}}
	for _, id := range newsletters {
		v.Add("newsletter", fmt.Sprint(id))
	}
	return v
}

func TestSubscribingTakesAConfirmationByItsOwner(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	f.want(f.get("/"), http.StatusOK, n.Name, "Every day at 07:00")
	f.want(f.post("/subscribe", form("Ada.Reader@Example.com", n.ID)), http.StatusOK, "look into your mail", "Ada.Reader@Example.com")
	if u := f.subscription("ada.reader@example.com", n.ID); u.State != data.SubscriptionPending {
		t.Fatalf("before the confirmation the subscription is %s", u.State)
	}
	letters := f.letters()
	if len(letters) != 1 {
		t.Fatalf("%d letters were queued, want 1", len(letters))
	}
	_, rest, ok := strings.Cut(letters[0].Text, home+"/confirm/")
	if !ok || !strings.Contains(letters[0].HTML, home+"/confirm/") {
		t.Fatalf("the letter holds no link: %s", letters[0].Text)
	}
	link := "/confirm/" + rest[:token.Length]
	f.unchanged("opening the link", func() {
		f.want(f.get(link), http.StatusOK, n.Name, `action="`+link+`"`)
		f.want(f.do(http.MethodHead, link, nil, ""), http.StatusOK)
	})
	for range 2 {
		f.want(f.post(link, nil), http.StatusOK, "You are in.")
	}
	if u := f.subscription("ada.reader@example.com", n.ID); u.State != data.SubscriptionActive {
		t.Fatalf("after the confirmation the subscription is %s", u.State)
	}
	f.clock.Add(time.Minute)
	if err := f.DB.Unsubscribe(t.Context(), f.subscription("ada.reader@example.com", n.ID).ID, "test"); err != nil {
		t.Fatal(err)
	}
	f.unchanged("an old confirmation link after leaving", func() {
		f.want(f.post(link, nil), http.StatusGone, "you have left since then")
	})
}

func TestTheConfirmationIsAutomaticAndHoldsNoWordsOfTheForm(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	v := form("victim@example.com", n.ID)
	v.Set("name", "Buy pills at spam.test")
	f.want(f.post("/subscribe", v), http.StatusOK)
	letters := f.letters()
	if len(letters) != 1 || strings.Contains(letters[0].Text+letters[0].HTML, "pills") {
		t.Fatalf("want one letter without the form's words, got %v", letters)
	}
	m, err := f.DB.Mailing(t.Context(), letters[0].MailingID)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Header.Automatic || m.Header.From != "desk@news.example.com" || m.Header.List != "" {
		t.Errorf("the letter's header is %+v", m.Header)
	}
}

func TestTheFormTellsNothingAboutAnAddress(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 2) // reader1, reader2 are active
	ctx := t.Context()
	if err := f.DB.Suppress(ctx, "blocked@example.com", "complaint"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.AskSubscription(ctx, n.ID, "pending@example.com", "test"); err != nil {
		t.Fatal(err)
	}
	if err := f.DB.UnsubscribeAddress(ctx, "reader2@example.com", "test"); err != nil {
		t.Fatal(err)
	}
	var first answer
	for i, address := range []string{"unknown@example.com", "reader1@example.com", "reader2@example.com", "pending@example.com", "blocked@example.com"} {
		a := f.post("/subscribe", form(address, n.ID))
		a.body = strings.ReplaceAll(a.body, address, "ADDRESS")
		a.header.Del("Date")
		a.header.Del("Content-Length") // differs by the address echoed, no more
		if i == 0 {
			first = a
			f.want(a, http.StatusOK, "ADDRESS")
			continue
		}
		if a.status != first.status || a.body != first.body || fmt.Sprint(a.header) != fmt.Sprint(first.header) {
			t.Errorf("%s is answered otherwise: %d %v\n%s", address, a.status, a.header, a.body)
		}
	}
	if len(f.held) != 5 {
		t.Fatalf("%d of 5 answers were held back", len(f.held))
	}
	for _, d := range f.held {
		if d <= 0 {
			t.Errorf("the work took longer than the time an answer is held for, by %v", -d)
		}
	}
}

func TestAnAddressGetsOneConfirmationADayAndThreeAMonth(t *testing.T) {
	f := newSite(t)
	a := datatest.Newsletter(t, f.DB, "daily", 0)
	b := datatest.Newsletter(t, f.DB, "weekly", 0)
	want := func(n int, when string) {
		t.Helper()
		if got := len(f.letters()); got != n {
			t.Fatalf("%s: %d letters, want %d", when, got, n)
		}
	}
	for range 5 {
		f.want(f.post("/subscribe", form("victim@example.com", a.ID)), http.StatusOK)
		f.want(f.post("/subscribe", form("VICTIM@example.com", a.ID, b.ID)), http.StatusOK)
	}
	want(1, "the first day")
	for day := 2; day <= 20; day++ {
		f.clock.Add(25 * time.Hour)
		f.want(f.post("/subscribe", form("victim@example.com", a.ID, b.ID)), http.StatusOK)
		want(min(day, 3), fmt.Sprintf("day %d", day))
	}
	f.clock.Add(30 * 24 * time.Hour)
	f.want(f.post("/subscribe", form("victim@example.com", b.ID)), http.StatusOK)
	want(4, "a month later")
}

func TestOneLetterConfirmsAllThatWasAskedForTogether(t *testing.T) {
	f := newSite(t)
	a := datatest.Newsletter(t, f.DB, "daily", 0)
	b := datatest.Newsletter(t, f.DB, "weekly", 0)
	c := datatest.Newsletter(t, f.DB, "sports", 0)
	f.want(f.post("/subscribe", form("ada@example.com", a.ID, b.ID)), http.StatusOK)
	link := f.pathOf(token.Confirm, "/confirm/", f.subscription("ada@example.com", a.ID).ID, 0)
	page := f.get(link)
	f.want(page, http.StatusOK, a.Name, b.Name)
	_, rest, _ := strings.Cut(page.body, `action="`)
	action, _, _ := strings.Cut(rest, `"`)
	// Asked for by somebody else while the page is open: the button does what the page says.
	f.want(f.post("/subscribe", form("ada@example.com", c.ID)), http.StatusOK)
	f.want(f.post(strings.ReplaceAll(action, "&amp;", "&"), nil), http.StatusOK, a.Name, b.Name)
	for id, state := range map[int64]data.SubscriptionState{a.ID: data.SubscriptionActive, b.ID: data.SubscriptionActive, c.ID: data.SubscriptionPending} {
		if u := f.subscription("ada@example.com", id); u.State != state {
			t.Errorf("newsletter %d is %s, want %s", id, u.State, state)
		}
	}
}

func TestALetterThatWasNotQueuedComesWithTheNextAsking(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	if _, err := f.DB.AskSubscription(t.Context(), n.ID, "ada@example.com", "form"); err != nil { // and then the disk was full
		t.Fatal(err)
	}
	f.want(f.post("/subscribe", form("ada@example.com", n.ID)), http.StatusOK)
	if got := len(f.letters()); got != 1 {
		t.Errorf("%d letters, want 1", got)
	}
}

func TestWhoHasLeftMayComeBackTheSameDay(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	for round := 1; round <= 2; round++ {
		f.clock.Add(time.Minute)
		f.want(f.post("/subscribe", form("ada@example.com", n.ID)), http.StatusOK)
		if got := len(f.letters()); got != round {
			t.Fatalf("round %d: %d letters", round, got)
		}
		u := f.subscription("ada@example.com", n.ID)
		f.clock.Add(time.Minute)
		f.want(f.post(f.pathOf(token.Confirm, "/confirm/", u.ID, 0), nil), http.StatusOK, "You are in.")
		f.clock.Add(time.Minute)
		f.want(f.post(f.pathOf(token.Unsubscribe, "/u/", u.ID, 7), nil), http.StatusOK, "You are out.")
	}
}

func TestAConfirmationLinkEndsAfterAWeek(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	f.want(f.post("/subscribe", form("ada@example.com", n.ID)), http.StatusOK)
	link := f.pathOf(token.Confirm, "/confirm/", f.subscription("ada@example.com", n.ID).ID, 0)
	f.clock.Add(8 * 24 * time.Hour)
	f.want(f.get(link), http.StatusGone, "seven days")
	f.want(f.post(link, nil), http.StatusGone)
}

func TestABadFormGetsASentenceAndWritesNothing(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	m := datatest.Newsletter(t, f.DB, "weekly", 0)
	tests := []struct {
		name   string
		form   url.Values
		status int
		words  string
	}{
		{"no address", form("", n.ID), 422, "name@example.com"},
		{"no at", form("ada.example.com", n.ID), 422, "name@example.com"},
		{"a header", form("ada@example.com\r\nBcc: all@example.com", n.ID), 422, "name@example.com"},
		{"a name", form("Ada <ada@example.com>", n.ID), 422, "name@example.com"},
		{"nothing chosen", form("ada@example.com"), 422, "Choose at least one"},
		{"an unknown newsletter", form("ada@example.com", m.ID+1), 422, "Choose at least one"},
		{"a machine", url.Values{"address": {"ada@example.com"}, "newsletter": {fmt.Sprint(n.ID)}, trap: {"x"}}, 200, "look into your mail"},
	}
	f.unchanged("a bad form", func() {
		for _, tt := range tests {
			a := f.post("/subscribe", tt.form)
			if a.status != tt.status || !strings.Contains(a.body, tt.words) {
				t.Errorf("%s: %d %s", tt.name, a.status, a.body)
			}
		}
		if a := f.do(http.MethodPost, "/subscribe", urlencoded, "address="+strings.Repeat("a", 70<<10)); a.status != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of 70 KB: %d", a.status)
		}
	})
}

func TestTooManyFormsFromOnePlaceAreSlowedDown(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 0)
	for i := range 10 {
		f.want(f.post("/subscribe", form(fmt.Sprintf("a%d@example.com", i), n.ID)), http.StatusOK)
	}
	f.unchanged("a form too many", func() {
		a := f.post("/subscribe", form("more@example.com", n.ID))
		f.want(a, http.StatusTooManyRequests, "Please wait", "more@example.com")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}
