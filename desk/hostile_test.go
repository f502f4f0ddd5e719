package desk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

const hostile = `"><script>alert(1)</script></textarea></title><img src=https://evil.test/x onerror=alert(1)><a href="javascript:alert(1)">x</a>'`

// hostilePages fills everything that strangers can write and returns the pages that show it.
func hostilePages(t *testing.T, f *fixture) map[string]string {
	t.Helper()
	ctx := t.Context()
	m := mail{
		Reading: data.Reading{
			FromName: "name " + hostile, FromAddress: "x@example.com", ReplyTo: "y@example.com", Subject: "subject " + hostile, NewText: "text " + hostile,
			Text: "text " + hostile + "\n\n> quoted " + hostile, MessageID: "<" + hostile + ">", Warnings: []string{"warning " + hostile},
			Attachments: []data.Attachment{{Name: "file " + hostile + ".jpg", Type: hostile, Size: 5, SHA256: "x"}},
		},
		sorting: data.Sorting{Category: "advert", Confidence: 0.9, Why: []string{"why " + hostile}},
	}
	id, _ := f.arrive(m)
	m.sorting.Category = "tip"
	tipID, _ := f.arrive(m)
	n, err := f.DB.AddNewsletter(ctx, data.Newsletter{Slug: "x", Name: "newsletter " + hostile, Cron: hostile, TimeZone: "UTC", Language: "en", Late: data.LateMerge})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.ImportSubscribers(ctx, n.ID, []data.Import{{Address: "reader1@example.com", Name: "reader " + hostile}}, hostile); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.AddStory(ctx, data.Story{Title: "story " + hostile, Link: "javascript:alert(1)", Author: hostile, Categories: []string{hostile}, PublishedAt: f.DB.Now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	feed, err := f.DB.AddFeed(ctx, "https://feed.example.com/"+hostile)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DB.RecordFeedFailure(ctx, feed.ID, "feed "+hostile, f.DB.Now(), f.DB.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.DB.RaiseAlarm(ctx, data.Alarm{Kind: "feed", About: "1", Text: "alarm " + hostile, Hint: hostile}); err != nil {
		t.Fatal(err)
	}
	i := datatest.ClosedIssue(t, f.DB, n, 10)
	refuse(t, f, false, "relay "+hostile)
	b := f.as("admin")
	pages := map[string]string{}
	for _, p := range []string{
		"/desk/inbox?in=advert", fmt.Sprint("/desk/conversation/", id), fmt.Sprintf("/desk/conversation/%d?in=tip", tipID), "/desk/issues",
		fmt.Sprint("/desk/issues/", i.ID), "/desk/stories", "/desk/subscribers", "/desk/deliveries", "/desk/settings",
		"/desk/inbox?in=advert&did=sorted." + hostileQuery + "&about=1", "/desk/sign-in?next=" + hostileQuery,
	} {
		a := b.get(p)
		if a.status != http.StatusOK && a.status != http.StatusSeeOther {
			t.Errorf("%s: %d", p, a.status)
		}
		pages[p] = a.body
	}
	pages["reply"] = b.post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", hostile+strings.Repeat("x", maxReply)).body
	pages["door"] = f.browser().post("/desk/sign-in", "login", hostile, "password", hostile, "next", hostile).body
	return pages
}

const hostileQuery = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"

func TestHostileTextNeverBreaksOut(t *testing.T) {
	f := newDesk(t)
	seen := 0
	for name, body := range hostilePages(t, f) {
		if strings.Contains(html.UnescapeString(body), "alert(1)") {
			seen++
		}
		for _, tag := range tags(body) {
			if why := forbidden(tag); why != "" {
				t.Errorf("%s: %s: %s", name, why, tag)
			}
		}
	}
	if seen < 9 {
		t.Errorf("the hostile text was on %d pages only: nothing was checked", seen)
	}
}

func tags(body string) []html.Token {
	var all []html.Token
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			all = append(all, z.Token())
		}
	}
}

// forbidden says what is wrong with a tag on a desk page, where nothing may be loaded from
// elsewhere and no script stands in the page.
func forbidden(tag html.Token) string {
	at := map[string]string{}
	for _, a := range tag.Attr {
		at[a.Key] = a.Val
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
			return "an attribute that acts"
		}
	}
	if src, ok := at["src"]; ok && !strings.HasPrefix(src, "/") {
		return "loaded from elsewhere"
	}
	if href := at["href"]; strings.Contains(href, "script:") || strings.Contains(href, "alert(1)") && strings.HasPrefix(href, "/") {
		return "a link that acts"
	}
	switch tag.Data {
	case "script":
		if at["src"] == "" {
			return "a script in the page"
		}
	case "img", "object", "embed", "base", "audio", "video":
		return "a stranger's element"
	}
	return ""
}

func TestTitlesAndAddressesCarryIdsOnly(t *testing.T) {
	f := newDesk(t)
	m := tip()
	m.Subject, m.FromName, m.FromAddress = "UNIQUESUBJECT", "UNIQUENAME", "unique@address.example.com"
	m.sorting.Category = "gossip"
	id, _ := f.arrive(m)
	n := datatest.Newsletter(t, f.DB, "daily", 2)
	datatest.ClosedIssue(t, f.DB, n, 10)
	b := f.as("ada")
	checked := 0
	for _, p := range []string{"/desk/inbox?in=gossip", fmt.Sprint("/desk/conversation/", id), fmt.Sprintf("/desk/conversation/%d?in=gossip", id), "/desk/subscribers", "/desk/issues", "/desk/issues/1", "/desk/deliveries"} {
		body := b.get(p).body
		_, rest, _ := strings.Cut(body, "<title>")
		title, _, _ := strings.Cut(rest, "</title>")
		words := []string{title}
		for _, tag := range tags(body) {
			for _, a := range tag.Attr {
				own := strings.HasPrefix(a.Val, "/") // a story's public address is its own affair
				if own && (a.Key == "href" || a.Key == "action" || a.Key == "src" || a.Key == "data-live") {
					words = append(words, a.Val)
					checked++
				}
			}
		}
		for _, w := range words {
			for _, not := range []string{"UNIQUE", "unique", "@", "reader1", "Bridge"} {
				if strings.Contains(w, not) {
					t.Errorf("%s: %q carries %q", p, w, not)
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d addresses were checked", checked)
	}
	a := b.get("/desk/subscribers?q=reader1@example.com")
	if a.status != http.StatusSeeOther || strings.Contains(a.header.Get("Location"), "@") {
		t.Errorf("a search leads to %s", a.header.Get("Location"))
	}
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "reader1@example.com")
	a = b.get("/desk/subscribers?q=nobody@example.com")
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "No subscriber has that address.")
}

func TestTheLogHoldsIdsOnly(t *testing.T) {
	f := newDesk(t)
	id, mid := f.arrive(tip())
	datatest.Newsletter(t, f.DB, "daily", 1)
	path := fmt.Sprint("/desk/conversation/", id)
	f.browser().post("/desk/sign-in", "login", "secret-login", "password", "secret-password")
	f.browser().post("/desk/sign-in", "login", "ada", "password", password)
	b := f.as("ada")
	b.get(path)
	b.get(fmt.Sprintf("/desk/message/%d/raw", mid))
	b.get("/desk/subscribers?q=reader1@example.com")
	b.post(path+"/reply", "text", "secret-reply")
	b.post(path+"/category", "category", "gossip")
	b.post(path+"/status", "status", "take")
	f.DB.Close()
	f.want(b.get(path), http.StatusServiceUnavailable, "Nothing was changed.")
	text := f.log.String()
	for _, want := range []string{"sign-in refused", "signed in", "original opened", "reply queued", "sorted by an editor", "conversation moved", "a desk page failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, not := range []string{"secret", tipSubject, tipName, "@", "clinic", b.cookies["desk"], "127.0.0.1"} {
		if strings.Contains(text, not) {
			t.Errorf("the log holds %q:\n%s", not, text)
		}
	}
}
