package site

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

// sentIssue makes an issue with real words and marks, and begins to send it.
func sentIssue(t testing.TB, f *fixture, n data.Newsletter) data.Issue {
	t.Helper()
	i := closedIssue(t, f, n)
	for i.State != data.IssueSending {
		if _, err := f.DB.ClaimChunk(t.Context(), "test", time.Minute, false); err != nil {
			t.Fatal(err)
		}
		var err error
		if i, err = f.DB.Issue(t.Context(), i.ID); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func closedIssue(t testing.TB, f *fixture, n data.Newsletter) data.Issue {
	t.Helper()
	ctx := t.Context()
	now := f.DB.Now()
	story := datatest.Story(t, f.DB, "Market fire put out", now.Add(-time.Hour))
	id, err := f.DB.AddIssue(ctx, n.ID, now, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DB.BeginClosing(ctx, id, []int64{story}, f.Header, now.Add(6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = f.DB.FreezeSlice(ctx, id, 1000); err != nil {
			t.Fatal(err)
		}
	}
	words, err := f.Mail.Digest(templates.DigestMail{
		Site: f.Site, NewsletterName: n.Name, Date: now,
		Stories:        []templates.DigestStory{{Title: "Market fire put out", Link: "https://news.example.com/fire", Summary: "Nobody was hurt."}},
		UnsubscribeURL: home + "/u/" + token.MarkUnsubscribe, PreferencesURL: home + "/p/" + token.MarkPreferences,
		ViewURL: home + "/i/" + token.MarkView, ArchiveURL: home + "/archive/",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{token.MarkUnsubscribe, token.MarkPreferences, token.MarkView} {
		if !strings.Contains(words.HTML, mark) {
			t.Fatalf("the words hold no mark %s", mark)
		}
	}
	v := data.Variant{Edition: "full", Language: "en", Subject: words.Subject, Preheader: words.Preheader, HTML: words.HTML, Text: words.Text}
	if err := f.DB.FinishClosing(ctx, id, v, 500); err != nil {
		t.Fatal(err)
	}
	i, err := f.DB.Issue(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestTheArchiveShowsNoMarkAndNoPersonalAddress(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 3)
	i := sentIssue(t, f, n)
	f.want(f.get("/"), http.StatusOK, "/archive/")
	f.want(f.get("/archive/"), http.StatusOK, "Market fire put out", issuePath(i.ID))
	f.want(f.get(issuePath(i.ID)), http.StatusOK, `src="`+issuePath(i.ID)+`/mail"`, home+issuePath(i.ID))
	framed := f.get(issuePath(i.ID) + "/mail")
	f.want(framed, http.StatusOK, "Market fire put out", "Nobody was hurt.", home+"/archive/")
	viewed := f.get(f.pathOf(token.View, "/i/", i.MailingID, 1))
	f.want(viewed, http.StatusOK, "Nobody was hurt.")
	for _, a := range []answer{framed, viewed} {
		for _, not := range []string{token.MarkUnsubscribe, token.MarkPreferences, token.MarkView, "/u/", "/p/", "/i/", "reader1@"} {
			if strings.Contains(a.body, not) {
				t.Errorf("the archive shows %q", not)
			}
		}
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("the mail is not sandboxed: %v", a.header)
		}
	}
}

func TestTheArchiveShowsAnIssueOnceItGoesOut(t *testing.T) {
	f := newSite(t)
	n := datatest.Newsletter(t, f.DB, "daily", 1)
	f.want(f.get("/archive/"), http.StatusOK)
	i := closedIssue(t, f, n)
	hidden := func(state string) {
		t.Helper()
		for _, path := range []string{issuePath(i.ID), issuePath(i.ID) + "/mail"} {
			if a := f.get(path); a.status != http.StatusNotFound {
				t.Errorf("%s of a %s issue: %d", path, state, a.status)
			}
		}
		if a := f.get("/archive/"); strings.Contains(a.body, "Market fire") {
			t.Errorf("the archive lists a %s issue", state)
		}
	}
	hidden("closed")
	if err := f.DB.CancelIssue(t.Context(), i.ID, "test"); err != nil {
		t.Fatal(err)
	}
	hidden("cancelled")
}

func TestAnIssueThatIsALetterIsNotShown(t *testing.T) {
	f := newSite(t)
	id, err := f.DB.AddLetter(t.Context(), data.Letter{Kind: data.LetterReply, To: "source@example.com", Header: f.Header, Subject: "Re: ward", Text: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	f.want(f.get(f.pathOf(token.View, "/i/", id, 1)), http.StatusNotFound)
}
