package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
	"github.com/olomotimes/tipsheet/digest"
)

// storyIn keeps a story under some categories.
func storyIn(t *testing.T, db *data.DB, title string, ago time.Duration, categories ...string) int64 {
	t.Helper()
	id, err := db.AddStory(t.Context(), data.Story{Link: "https://news.example.com/" + strings.ReplaceAll(title, " ", "-"), Title: title,
		Summary: "What happened with " + title + ".", Categories: categories, PublishedAt: db.Now().Add(-ago)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// readerWho adds a reader with a choice.
func readerWho(t *testing.T, db *data.DB, newsletter int64, address string, c data.Choice) {
	t.Helper()
	r, err := db.ImportSubscribers(t.Context(), newsletter, []data.Import{{Address: address, Choice: c}}, "test")
	if err != nil || r.Added != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// issueNow is a draft that is due now.
func issueNow(t *testing.T, db *data.DB, newsletter int64) data.Issue {
	t.Helper()
	id, err := db.AddIssue(t.Context(), newsletter, db.Now(), db.Now())
	if err != nil {
		t.Fatal(err)
	}
	return issueOf(t, db, id)
}

func issueOf(t *testing.T, db *data.DB, id int64) data.Issue {
	t.Helper()
	i, err := db.Issue(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func closeIssue(t *testing.T, d *digest.Desk, db *data.DB, id int64) data.Issue {
	t.Helper()
	if err := d.Close(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	i := issueOf(t, db, id)
	if i.ClosedAt.IsZero() {
		t.Fatalf("not closed: %+v", i)
	}
	return i
}

// titled is an edit that retitles.
func titled(story int64, title string) data.IssueEdit {
	return data.IssueEdit{Titles: map[int64]string{story: title}}
}

func edit(t *testing.T, db *data.DB, issue int64, e data.IssueEdit) {
	t.Helper()
	if err := db.EditIssue(t.Context(), issue, e); err != nil {
		t.Fatal(err)
	}
}

func TestReadersWhoChooseTheSameStoriesShareAVariant(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	nl := datatest.Newsletter(t, db, "daily", 2)
	sport := storyIn(t, db, "Cup final tonight", time.Hour, "Sport", "Football")
	news := storyIn(t, db, "Bridge reopens", 2*time.Hour, "News")
	for address, c := range map[string]data.Choice{
		"sport@example.com":     {Topics: data.FoldTopics([]string{"SPORT "})},
		"football@example.com":  {Topics: data.FoldTopics([]string{"football", "weather"})},
		"all@example.com":       {Topics: data.FoldTopics([]string{"News", "Sport"})},
		"headlines@example.com": {Edition: "headlines"},
		"text@example.com":      {Edition: "text"},
		"french@example.com":    {Language: "fr"},
		"english@example.com":   {Language: "en", Edition: "full"},
		"weather@example.com":   {Topics: data.FoldTopics([]string{"Weather"})},
	} {
		readerWho(t, db, nl.ID, address, c)
	}
	d := newDesk(t, db)
	i := closeIssue(t, d, db, issueNow(t, db, nl.ID).ID)
	uses, err := db.VariantUses(t.Context(), i.MailingID, 100)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, u := range uses {
		got[u.Stories+"/"+u.Edition+"/"+u.Language] = u.Readers
	}
	both := fmt.Sprintf("%d %d", sport, news)
	want := map[string]int{both + "/full/en": 4, fmt.Sprint(sport) + "/full/en": 2, both + "/headlines/en": 1, both + "/text/en": 1, both + "/full/fr": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	out, err := db.LeftOutFor(t.Context(), i.MailingID)
	if err != nil || len(out) != 1 || out["no stories"] != 1 {
		t.Fatalf("left out: %v, %v", out, err)
	}
	a, err := db.Account(t.Context(), i.MailingID)
	if err != nil || a.Audience != 9 || a.Audience+a.LeftOut != a.Active {
		t.Fatalf("the figures do not add up: %+v, %v", a, err)
	}
	main, err := db.MainVariant(t.Context(), i.MailingID)
	if err != nil || main.Stories != both || main.Edition != "full" || main.Language != "en" || i.Subject != main.Subject {
		t.Fatalf("main variant: %+v, %v", main, err)
	}
	text, err := db.VariantLike(t.Context(), i.MailingID, both, "text", "en")
	if err != nil || text.HTML != "" || !strings.Contains(text.Text, "Bridge reopens") {
		t.Fatalf("text edition: %+v, %v", text, err)
	}
}

func TestPreviewIsWhatGoesOut(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	a := storyIn(t, db, "Cup final tonight", time.Hour, "Sport")
	storyIn(t, db, "Bridge reopens", 2*time.Hour, "News")
	hidden := storyIn(t, db, "Council meets", 3*time.Hour, "News")
	last := storyIn(t, db, "Ferry is late", 4*time.Hour, "News")
	choices := []data.Choice{{}, {Topics: "sport"}, {Topics: "news"}, {Edition: "headlines"}, {Edition: "text", Topics: "news", Language: "yo"}}
	for n, c := range choices[1:] {
		readerWho(t, db, nl.ID, fmt.Sprintf("chooses%d@example.com", n), c)
	}
	i := issueNow(t, db, nl.ID)
	note, subject := "Good morning.\n\nIt rains.", ""
	edit(t, db, i.ID, data.IssueEdit{Pin: []int64{last}, Hide: []int64{hidden}, Titles: map[int64]string{a: "Final tonight"}, Note: &note, Subject: &subject,
		Corrections: &[]data.IssueCorrection{{Text: "The bridge has two lanes.", Link: "https://news.example.com/bridge"}}})
	d := newDesk(t, db)
	var before []data.Variant
	for _, c := range choices {
		v, err := d.PreviewIssue(t.Context(), i.ID, c)
		if err != nil {
			t.Fatal(err)
		}
		before = append(before, v)
	}
	if v := before[0]; !strings.HasPrefix(v.Subject, "Ferry is late") || strings.Contains(v.HTML, "Council meets") || !strings.Contains(v.HTML, "Final tonight") ||
		strings.Contains(v.HTML, "Cup final") && !strings.Contains(v.HTML, "news.example.com/Cup-final") || !strings.Contains(v.HTML, "two lanes") || !strings.Contains(v.Text, "It rains.") {
		t.Fatalf("%s\n%s", v.Subject, v.Text)
	}
	i = closeIssue(t, d, db, i.ID)
	for n, c := range choices {
		v, err := d.PreviewIssue(t.Context(), i.ID, c)
		if err != nil {
			t.Fatal(err)
		}
		v.ID, v.MailingID = 0, 0
		if v != before[n] {
			t.Errorf("choice %+v: what goes out is not what was shown", c)
		}
	}
	var none *data.UserError
	if _, err := d.PreviewIssue(t.Context(), i.ID, data.Choice{Edition: "headlines", Language: "ha"}); !errors.As(err, &none) {
		t.Errorf("a variant that does not go out is shown: %v", err)
	}
}

func TestTypoThatIsMendedBeforeTheCloseIsMendedInTheMail(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	f, err := db.AddFeed(t.Context(), "https://news.example.com/feed")
	if err != nil {
		t.Fatal(err)
	}
	keep := func(title string) {
		t.Helper()
		_, err := db.RecordFeedAnswer(t.Context(), f.ID, data.FeedAnswer{NextAt: clock.Now().Add(24 * time.Hour), Stories: []data.Story{{
			Key: "1", Link: "https://news.example.com/1", Title: title, PublishedAt: clock.Now().Add(-time.Hour)}}}, clock.Now().Add(-24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
	}
	keep("Brigde reopens")
	look(t, d)
	draft := latest(t, db, data.IssueDraft)
	if s, err := d.Picked(t.Context(), draft.ID); err != nil || len(s) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	clock.Add(50 * time.Minute)
	keep("Bridge reopens")
	clock.Add(5 * time.Minute)
	look(t, d)
	i := latest(t, db, data.IssueClosed)
	keep("Bridge closes again")
	v, err := db.MainVariant(t.Context(), i.MailingID)
	if err != nil || v.Subject != "Bridge reopens" || !strings.Contains(v.HTML, "Bridge reopens") || strings.Contains(v.HTML, "Brigde") {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestHiddenStoryIsNotOfferedAgainUnlessUnhidden(t *testing.T) {
	clock := datatest.NewClock()
	db := datatest.Open(t, clock)
	nl := datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	story := storyIn(t, db, "Bridge reopens", time.Hour, "News")
	storyIn(t, db, "Ferry is late", 2*time.Hour, "News")
	first := issueNow(t, db, nl.ID)
	edit(t, db, first.ID, data.IssueEdit{Hide: []int64{story}})
	closeIssue(t, d, db, first.ID)
	clock.Add(time.Hour)
	next := issueNow(t, db, nl.ID)
	if s, err := d.Picked(t.Context(), next.ID); err != nil || len(s) != 0 {
		t.Fatalf("offered again: %+v, %v", s, err)
	}
	var refused *data.StoryError
	if err := db.EditIssue(t.Context(), next.ID, data.IssueEdit{Pin: []int64{story}}); !errors.As(err, &refused) {
		t.Fatalf("a hidden story was pinned: %v", err)
	}
	edit(t, db, next.ID, data.IssueEdit{Unhide: []int64{story}})
	if s, err := d.Picked(t.Context(), next.ID); err != nil || len(s) != 1 || s[0].ID != story {
		t.Fatalf("not offered: %+v, %v", s, err)
	}
}

func TestStoriesStandWhereEditorsPutThem(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	nl := datatest.Newsletter(t, db, "daily", 1)
	d := newDesk(t, db)
	var ids []int64
	for n := range 6 {
		ids = append(ids, storyIn(t, db, fmt.Sprintf("Story %d", n), time.Duration(n+1)*time.Hour, "News"))
	}
	i := issueNow(t, db, nl.ID)
	order := func() (all []int) {
		t.Helper()
		s, err := d.Picked(t.Context(), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range s {
			all = append(all, slices.Index(ids, one.ID))
		}
		return all
	}
	for _, step := range []struct {
		e    data.IssueEdit
		want []int
	}{
		{data.IssueEdit{}, []int{0, 1, 2, 3, 4, 5}},
		{data.IssueEdit{Pin: []int64{ids[4]}}, []int{4, 0, 1, 2, 3, 5}},
		{data.IssueEdit{Order: []int64{ids[2], ids[5]}}, []int{2, 5, 4, 0, 1, 3}},
		{titled(ids[3], "Retitled"), []int{2, 5, 4, 0, 1, 3}},
		{data.IssueEdit{Pin: []int64{ids[4]}}, []int{4, 2, 5, 0, 1, 3}},
		{data.IssueEdit{Hide: []int64{ids[2]}}, []int{4, 5, 0, 1, 3}},
		{data.IssueEdit{Unpin: []int64{ids[4], ids[5]}}, []int{0, 1, 3, 4, 5}},
		{data.IssueEdit{Unhide: []int64{ids[2]}, Pin: []int64{ids[2]}}, []int{2, 0, 1, 3, 4, 5}},
	} {
		edit(t, db, i.ID, step.e)
		if got := order(); !slices.Equal(got, step.want) {
			t.Fatalf("after %+v: %v, want %v", step.e, got, step.want)
		}
	}
	closeIssue(t, d, db, i.ID)
	if got := order(); !slices.Equal(got, []int{2, 0, 1, 3, 4, 5}) {
		t.Fatalf("closed: %v", got)
	}
	if err := db.EditIssue(t.Context(), i.ID, titled(ids[0], "Too late")); !errors.Is(err, data.ErrConflict) {
		t.Fatalf("a closed issue was changed: %v", err)
	}
}
