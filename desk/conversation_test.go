package desk

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestLanesShowWhatTheyAreFor(t *testing.T) {
	f := newDesk(t)
	f.arrive(tip())
	ad, _ := f.arrive(advert())
	unsure := advert()
	unsure.Subject, unsure.sorting = "Circular to all heads", data.Sorting{Category: "other", Confidence: 0.5, Unsure: true, Scores: map[string]float64{"other": 0.5, "tip": 0.4}}
	f.arrive(unsure)
	b := f.as("ada")
	f.want(b.get("/desk/inbox"), http.StatusOK, "Circular to all heads", "other 50\u00a0%, tip 40\u00a0%")
	f.want(b.get("/desk/inbox?in=tip"), http.StatusOK, tipSubject, "tip 97\u00a0%")
	f.want(b.get("/desk/inbox?in=advert"), http.StatusOK, "Banner for our new branch", "Zinny Foods")
	f.want(b.get("/desk/inbox?in=gossip"), http.StatusOK, "Nothing here.")
	f.want(b.get("/desk/inbox?in=nonsense"), http.StatusNotFound)
	path := fmt.Sprint("/desk/conversation/", ad)
	a := b.post(path+"/status", "status", "take", "in", "advert")
	f.want(a, http.StatusSeeOther)
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "It is yours.", "Editor ada")
	f.want(b.get("/desk/inbox?in=checking"), http.StatusOK, "Banner for our new branch")
	if page := f.as("admin").get("/desk/inbox?in=checking"); strings.Contains(page.body, "Banner for our new branch") {
		t.Error("what one editor has taken is in another's lane")
	}
	a = b.post(path+"/status", "status", "done", "in", "advert")
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "Done.", "Nothing here.", "Open it again")
	f.want(b.get("/desk/inbox?in=done"), http.StatusOK, "Banner for our new branch")
	f.want(b.post(path+"/status", "status", "stood_up"), http.StatusConflict, "no longer in the state")
	f.want(b.post(path+"/status", "status", "new"), http.StatusSeeOther)
}

func TestALaneGoesOnOnOlderPages(t *testing.T) {
	f := newDesk(t)
	for i := range listPage + 5 {
		m := advert()
		m.Subject = fmt.Sprintf("Offer number %03d.", i)
		f.arrive(m)
	}
	b := f.as("ada")
	first := b.get("/desk/inbox?in=advert")
	f.want(first, http.StatusOK, "Offer number 054.", "Offer number 005.", "55")
	_, rest, ok := strings.Cut(first.body, `href="/desk/inbox?in=advert&amp;before=`)
	if !ok || strings.Contains(first.body, "Offer number 004.") {
		t.Fatalf("the first page does not end after %d: %s", listPage, first.body)
	}
	place, _, _ := strings.Cut(rest, `"`)
	second := b.get("/desk/inbox?in=advert&before=" + place)
	f.want(second, http.StatusOK, "Offer number 004.", "Offer number 000.")
	if strings.Contains(second.body, "Offer number 005.") {
		t.Error("a conversation is on two pages")
	}
}

func TestAResortIsACorrectionThatTheSorterLearnsFrom(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	b := f.as("ada")
	path := fmt.Sprintf("/desk/conversation/%d", id)
	a := b.post(path+"/category", "category", "gossip", "in", "advert")
	f.want(a, http.StatusSeeOther)
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "gossip, by hand", "Back to advert")
	f.want(b.post(path+"/category", "category", "gossip", "in", "advert"), http.StatusSeeOther) // pressed twice
	all, err := f.DB.CorrectionsAfter(t.Context(), 0, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].ConversationID != id || all[0].Category != "gossip" {
		t.Fatalf("corrections: %+v", all)
	}
	if n, err := f.DB.CountCorrections(t.Context()); err != nil || n != 1 {
		t.Errorf("%d corrections stand, want 1 (%v)", n, err)
	}
	f.unchanged("a category that does not exist", func() {
		f.want(b.post(path+"/category", "category", "nonsense"), http.StatusConflict)
	})
}

func TestSayingWhatItIsAlreadyMakesAnUnsureOneSure(t *testing.T) {
	f := newDesk(t)
	m := advert()
	m.sorting.Unsure, m.sorting.Confidence = true, 0.5
	id, _ := f.arrive(m)
	b := f.as("ada")
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/category", id), "category", "advert", "in", "unsorted"), http.StatusSeeOther)
	c, err := f.DB.Conversation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if c.Unsure || c.By != "editor" {
		t.Errorf("it is %+v", c.Sorting)
	}
}

func TestATipIsShownByItsAliasEverywhere(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(tip())
	b := f.as("ada")
	path := fmt.Sprintf("/desk/conversation/%d", id)
	f.want(b.post(path+"/reply", "text", "Thank you."), http.StatusSeeOther)
	refuse(t, f, true, "550 5.1.1 <"+tipAddress+"> unknown")
	pages := map[string]got{}
	for _, p := range []string{"/desk/inbox?in=tip", path, path + "?in=tip", "/desk/deliveries", "/desk/issues", "/desk/subscribers", "/desk/settings"} {
		pages[p] = b.get(p)
	}
	pages["an error"] = b.post(path+"/reply", "text", "")
	for p, a := range pages {
		for _, not := range []string{tipName, tipAddress, "clinic.example.org"} {
			if strings.Contains(a.body, not) {
				t.Errorf("%s names the source: %q", p, not)
			}
		}
	}
	for _, p := range []string{"/desk/inbox?in=tip", path, path + "?in=tip", "/desk/deliveries", "an error"} {
		if !strings.Contains(pages[p].body, "Source amber-heron") {
			t.Errorf("%s does not show the alias: %s", p, pages[p].body)
		}
	}
	f.want(b.get(path), http.StatusOK, "refused: it did not arrive", tipText, "names it")
	f.want(b.get("/desk/deliveries?word=refused"), http.StatusOK, "A reply", path, "550 5.1.1")
}

// refuse lets the relay refuse the first delivery that waits: of a letter, or of whatever is due.
func refuse(t *testing.T, f *fixture, letters bool, words string) {
	t.Helper()
	ctx := context.Background()
	c, err := f.DB.ClaimChunk(ctx, "test", time.Hour, letters)
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.DB.ChunkDeliveries(ctx, c, 0, 1)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d deliveries: %v", len(all), err)
	}
	ledger := data.NewLedger(f.DB)
	defer ledger.Close()
	if err := ledger.RecordOutcome(ctx, data.Outcome{Delivery: all[0], Word: data.WordRefused, Relay: "main", Step: "RCPT", Code: 550, Enhanced: "5.1.1", Text: words}); err != nil {
		t.Fatal(err)
	}
}

func TestSalesCannotOpenATip(t *testing.T) {
	f := newDesk(t)
	tipID, tipMail := f.arrive(tip())
	ad, adMail := f.arrive(advert())
	hidden := map[string]mail{}
	for name, change := range map[string]func(*data.Sorting){
		"gossip": func(s *data.Sorting) { s.Category = "gossip" },
		"unsure": func(s *data.Sorting) { s.Unsure = true },
		"also":   func(s *data.Sorting) { s.Also = "tip" },
		"other":  func(s *data.Sorting) { s.Category = "other" },
	} {
		m := advert()
		m.Subject = "Hidden from sales: " + name
		change(&m.sorting)
		hidden[name] = m
	}
	closed := []int64{tipID}
	for _, m := range hidden {
		id, _ := f.arrive(m)
		closed = append(closed, id)
	}
	b := f.as("sam")
	f.want(b.get("/desk/inbox"), http.StatusOK, "Banner for our new branch")
	f.want(b.get(fmt.Sprint("/desk/conversation/", ad)), http.StatusOK, "What is your rate card?")
	f.want(b.get(fmt.Sprintf("/desk/message/%d/raw", adMail)), http.StatusOK)
	nothing := b.get("/desk/conversation/99999")
	f.want(nothing, http.StatusNotFound)
	f.unchanged("sales at a tip", func() {
		for _, id := range closed {
			path := fmt.Sprint("/desk/conversation/", id)
			for _, a := range []got{b.get(path), b.get(path + "?in=advert"), b.post(path+"/category", "category", "advert"), b.post(path+"/status", "status", "done"), b.post(path+"/reply", "text", "hi")} {
				if a.status != http.StatusNotFound || withoutTimes(a.body) != withoutTimes(nothing.body) {
					t.Errorf("conversation %d: %d %s", id, a.status, a.body)
				}
			}
		}
		f.want(b.get(fmt.Sprintf("/desk/message/%d/raw", tipMail)), http.StatusNotFound)
		for _, lane := range []string{"unsorted", "tip", "gossip", "other", "spam"} {
			f.want(b.get("/desk/inbox?in="+lane), http.StatusNotFound)
		}
	})
	if err := f.DB.SetStatus(t.Context(), tipID, "done"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/desk/inbox", "/desk/inbox?in=advert", "/desk/inbox?in=checking", "/desk/inbox?in=done", "/desk/deliveries", "/desk/issues"} {
		a := b.get(p)
		f.want(a, http.StatusOK)
		for _, not := range []string{tipSubject, "Hidden from sales", "in=tip", "in=gossip", "in=unsorted"} {
			if strings.Contains(a.body, not) {
				t.Errorf("%s shows sales %q", p, not)
			}
		}
	}
}

// withoutTimes drops the address of the stream, which carries the time.
func withoutTimes(body string) string {
	before, rest, ok := strings.Cut(body, `data-live="`)
	if !ok {
		return body
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

func TestAnAdvertThatIsATipIsTheEditorsFromThenOn(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	b := f.as("sam")
	path := fmt.Sprint("/desk/conversation/", id)
	a := b.post(path+"/category", "category", "tip", "in", "advert")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/desk/inbox?in=advert" {
		t.Errorf("%d to %s", a.status, a.header.Get("Location"))
	}
	f.want(b.get(path), http.StatusNotFound)
}

func TestSalesSeesNoReadersAddress(t *testing.T) {
	f := newDesk(t)
	n := datatest.Newsletter(t, f.DB, "daily", 2)
	datatest.ClosedIssue(t, f.DB, n, 10)
	refuse(t, f, false, "<reader1@example.com> unknown")
	for login, sees := range map[string]bool{"ada": true, "sam": false} {
		b := f.as(login)
		for _, p := range []string{"/desk/subscribers", "/desk/deliveries", "/desk/issues/1", "/desk/subscribers?id=1", "/desk/subscribers?q=reader1@example.com"} {
			a := b.get(p)
			if strings.Contains(a.body, "reader1@example.com") && !sees {
				t.Errorf("%s shows %s an address", p, login)
			}
		}
		if a := b.get("/desk/deliveries"); strings.Contains(a.body, "reader1@example.com") != sees {
			t.Errorf("deliveries as %s: %s", login, a.body)
		}
	}
}
