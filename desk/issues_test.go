package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/token"
)

// previewer says fixed words.
type previewer struct{ err error }

func (p previewer) Preview(_ context.Context, issue int64) (subject, html, text string, err error) {
	link := "https://mail.news.example.com/u/" + token.MarkUnsubscribe
	return fmt.Sprintf("Draft %d says this", issue), `<html><head></head><body>Draft words <a href="` + link + `">out</a></body></html>`, "Draft text " + link + "\n", p.err
}

func (f *fixture) draft(n data.Newsletter) data.Issue {
	f.t.Helper()
	due := f.DB.Now().Add(24 * time.Hour)
	if _, err := f.DB.EnsureDraft(f.t.Context(), n.ID, due, due.Add(-5*time.Minute)); err != nil {
		f.t.Fatal(err)
	}
	all, err := f.DB.Issues(f.t.Context(), 1)
	if err != nil || len(all) != 1 {
		f.t.Fatal(len(all), err)
	}
	return all[0]
}

func TestTheIssuesSayHowManyWereDelivered(t *testing.T) {
	f := newDesk(t)
	n := datatest.Newsletter(t, f.DB, "daily", 3)
	i := datatest.ClosedIssue(t, f.DB, n, 10)
	refuse(t, f, false, "<reader1@example.com>: no such reader")
	accept(t, f, i, 2)
	b := f.as("ada")
	f.want(b.get("/desk/issues"), http.StatusOK, "Bridge reopens", "The daily", "1 of 3")
	f.want(b.get(fmt.Sprint("/desk/issues/", i.ID)), http.StatusOK, "1 of 3", "550 5.1.1", "(address): no such reader", "Bridge reopens", "1 story")
	f.want(b.get("/desk/issues/999"), http.StatusNotFound)
}

// accept says that the relay took one delivery of an issue.
func accept(t *testing.T, f *fixture, i data.Issue, seq int64) {
	t.Helper()
	ledger := data.NewLedger(f.DB)
	defer ledger.Close()
	d := data.Delivery{MailingID: i.MailingID, Seq: seq, Attempt: 1}
	if err := ledger.RecordOutcome(t.Context(), data.Outcome{Delivery: d, Word: data.WordAccepted, Code: 250}); err != nil {
		t.Fatal(err)
	}
}

func TestAnIssueIsPausedResumedAndCancelled(t *testing.T) {
	f := newDesk(t)
	i := datatest.ClosedIssue(t, f.DB, datatest.Newsletter(t, f.DB, "daily", 3), 10)
	refuse(t, f, false, "no such reader") // it has begun
	b := f.as("ada")
	path := fmt.Sprint("/desk/issues/", i.ID)
	for _, step := range []struct {
		move  string
		state data.IssueState
		words string
	}{
		{"pause", data.IssuePaused, "Paused: nothing more goes out"}, {"resume", data.IssueSending, "It goes on where it stopped."}, {"cancel", data.IssueCancelled, "by Editor ada"},
	} {
		a := b.post(path + "/" + step.move)
		f.want(a, http.StatusSeeOther)
		f.want(b.get(a.header.Get("Location")), http.StatusOK, step.words)
		now, err := f.DB.Issue(t.Context(), i.ID)
		if err != nil || now.State != step.state {
			t.Fatalf("after %s it is %s (%v)", step.move, now.State, err)
		}
		f.want(b.post(path+"/"+step.move), http.StatusConflict, "That was not done.") // the second editor is told
	}
	f.want(b.post(path+"/nonsense"), http.StatusConflict)
	f.want(b.post("/desk/issues/999/pause"), http.StatusNotFound)
}

func TestAnIssueThatWaitsForApprovalIsApproved(t *testing.T) {
	f := newDesk(t)
	n, err := f.DB.AddNewsletter(t.Context(), data.Newsletter{Slug: "careful", Name: "Careful", TimeZone: "UTC", Language: "en", Late: data.LateMerge, Approval: true, Cron: "0 7 * * *"})
	if err != nil {
		t.Fatal(err)
	}
	i := f.draft(n)
	b := f.as("ada")
	path := fmt.Sprint("/desk/issues/", i.ID)
	f.want(b.get(path), http.StatusOK, "Approve")
	f.want(b.post(path+"/approve"), http.StatusSeeOther)
	now, err := f.DB.Issue(t.Context(), i.ID)
	if err != nil || now.ApprovedAt.IsZero() {
		t.Fatalf("it is %+v (%v)", now, err)
	}
	if a := b.get(path); strings.Contains(a.body, path+"/approve") {
		t.Error("an approved issue asks for approval")
	}
}

func TestADraftIsPreviewedWithoutPersonalAddresses(t *testing.T) {
	f := newDesk(t)
	n := datatest.Newsletter(t, f.DB, "daily", 3)
	datatest.Story(t, f.DB, "Harbour dredged", f.DB.Now().Add(-time.Hour))
	i := f.draft(n)
	b := f.as("ada")
	path := fmt.Sprint("/desk/issues/", i.ID)
	f.want(b.get(path), http.StatusOK, "subject yet", "Harbour dredged", "3 readers") // nobody renders previews
	f.want(b.get(path+"/mail"), http.StatusNotFound)
	f.Preview = previewer{}
	f.want(b.get(path), http.StatusOK, "Draft 1 says this", `src="`+path+`/mail"`, path+"/text")
	for _, part := range []string{"/mail", "/text"} {
		a := b.get(path + part)
		f.want(a, http.StatusOK, "Draft")
		if strings.Contains(a.body, token.MarkUnsubscribe) || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v %s", part, a.header, a.body)
		}
	}
	f.Preview = previewer{errors.New("no template")}
	f.want(b.get(path), http.StatusOK, "Harbour dredged")
	f.want(b.get(path+"/mail"), http.StatusServiceUnavailable)
}
