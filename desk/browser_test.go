package desk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/proof/chromium"
)

// open starts a real browser that is signed in as ada.
func (f *fixture) open() (*chromium.Browser, *chromium.Page, string) {
	f.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", f.Handler())
	mux.HandleFunc("GET /enter", func(w http.ResponseWriter, r *http.Request) {
		if err := f.sessions.SignIn(w, r, f.ids["ada"]); err != nil {
			f.t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	f.t.Cleanup(f.Close)
	b, err := chromium.Start()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { b.Close() })
	p, err := b.Page()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(p.Close)
	if err := p.Open(server.URL + "/enter"); err != nil {
		f.t.Fatal(err)
	}
	return b, p, server.URL
}

// Reading a stranger's mail sends no request to anywhere, runs nothing, and the desk's own
// keys and forms work under its own policy.
func TestReadingHostileMailInARealBrowserLoadsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not for -short")
	}
	f := newDesk(t)
	m := advert()
	m.FromName, m.Subject = "x "+hostile, "y "+hostile
	m.NewText = hostile + "\n\n<iframe src=https://frame.evil.test></iframe><style>@import 'https://css.evil.test'</style>https://link.evil.test/"
	id, _ := f.arrive(m)
	b, p, url := f.open()
	b.ForgetForeign()
	if err := p.Open(fmt.Sprintf("%s/desk/conversation/%d?in=advert", url, id)); err != nil {
		t.Fatal(err)
	}
	text, err := p.Text("article.pane")
	if err != nil || !strings.Contains(text, "<script>alert(1)</script>") {
		t.Fatalf("the mail is not shown as text: %q (%v)", text, err)
	}
	// The key of a button, then a form that is posted by clicking.
	if _, err := chromium.Eval[bool](p, `document.querySelector('button[data-key="g"]').click(), true`); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitFor(".notice"); err != nil {
		t.Fatal(err)
	}
	c, err := f.DB.Conversation(t.Context(), id)
	if err != nil || c.Category != "gossip" || c.By != "editor" {
		t.Errorf("after the key it is %+v (%v)", c.Sorting, err)
	}
	if err := p.Click("textarea"); err != nil {
		t.Fatal(err)
	}
	if err := p.Press("We have it, thank you."); err != nil {
		t.Fatal(err)
	}
	if err := p.ClickThrough(".reply button"); err != nil {
		t.Fatal(err)
	}
	if sent, err := f.DB.LettersOf(t.Context(), id); err != nil || len(sent) != 1 || sent[0].Kind != data.LetterReply {
		t.Errorf("letters %+v (%v)", sent, err)
	}
	for _, host := range b.Foreign() {
		if !makers.MatchString(host) {
			t.Errorf("the browser wanted %s", host)
		}
	}
}

// makers are the hosts that Chromium asks for by itself now and then, whatever it shows.
var makers = regexp.MustCompile(`\.(gvt1|googleapis|google|gstatic)\.com:443$`)
