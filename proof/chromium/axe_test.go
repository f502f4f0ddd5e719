package chromium_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/proof/chromium"
)

const faulty = `<!doctype html><html lang=en><title>Faulty</title><style>
.dim{background:#fff;color:#000} .small{display:none}
@media (prefers-color-scheme: dark){.dim{color:#ddd}} @media (max-width:400px){.small{display:block}}</style>
<main><h1>Faulty</h1><p class=dim>Pale at night</p><p class=small><input id=nameless></p></main>`

// What is wrong in one look only is found there, and named.
func TestAnAuditNamesPageRuleElementAndLook(t *testing.T) {
	b := start(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/faulty", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		fmt.Fprint(w, faulty)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	found, err := p.Audit([]chromium.Visit{{Name: "the faulty one", URL: server.URL + "/faulty"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found {
		if v.Page != "the faulty one" || v.Why == "" {
			t.Errorf("%+v", v)
		}
		got = append(got, fmt.Sprintf("%s %s %s", v.Look, v.Rule, v.Element))
	}
	want := []string{"360 wide, light label #nameless", "360 wide, dark color-contrast .dim", "768 wide, dark color-contrast .dim", "1280 wide, dark color-contrast .dim"}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, visits := range map[string][]chromium.Visit{
		"there is none to visit": nil, "answered with 404": {{Name: "x", URL: server.URL + "/nowhere"}},
	} {
		if _, err := p.Audit(visits); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Chdir(t.TempDir())
	if _, err := p.Audit([]chromium.Visit{{Name: "x", URL: server.URL + "/faulty"}}); err == nil || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("without axe-core: %v", err)
	}
}
