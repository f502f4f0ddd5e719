package templates_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/olomotimes/tipsheet/templates"
)

func newPages(t *testing.T) *templates.Pages {
	t.Helper()
	p, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t *testing.T, p *templates.Pages, page templates.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkPage holds for every page, whatever is in it.
func checkPage(t *testing.T, src string) *markup {
	t.Helper()
	m := readMarkup(t, src, false)
	for _, f := range m.faults {
		t.Error(f)
	}
	if m.count["h1"] != 1 || m.count["main"] != 1 || m.count["title"] != 1 {
		t.Errorf("%d h1, %d main, %d title", m.count["h1"], m.count["main"], m.count["title"])
	}
	if len(m.attrs["html@lang"]) != 1 || m.attrs["html@lang"][0] == "" {
		t.Error("no language is named")
	}
	if m.count["style"] > 0 || m.count["script"] > 1 || (m.count["script"] == 1 && len(m.attrs["script@src"]) != 1) {
		t.Error("there is inline script or style")
	}
	if strings.Contains(src, "ZgotmplZ") || strings.Contains(src, "<no value>") {
		t.Error("a value was dropped by the template engine")
	}
	return m
}

func TestEveryPageIsWellFormedFullAndEmpty(t *testing.T) {
	p := newPages(t)
	seen := map[string]bool{}
	for name, page := range fullPages() {
		t.Run(name, func(t *testing.T) {
			seen[templates.FileOf(page)] = true
			if m := checkPage(t, render(t, p, page)); len(m.texts) < 4 {
				t.Errorf("there is hardly any text: %q", m.texts)
			}
		})
	}
	for _, page := range templates.EmptyPages() {
		name := templates.FileOf(page)
		t.Run("empty "+name, func(t *testing.T) { checkPage(t, render(t, p, page)) })
		if !seen[name] {
			t.Errorf("%s has no full value in the samples", name)
		}
	}
}

func TestEveryTemplateFileIsUsed(t *testing.T) {
	used := map[string]bool{
		"static/tokens.css": true, // a part of both style sheets
		"mail/layout.html":  true, "mail/digest.html": true, "mail/digest.txt": true,
		"mail/confirm.html": true, "mail/confirm.txt": true, "mail/reply.txt": true,
		"mail/style.css": true, "mail/narrow.css": true, "mail/dark.css": true,
	}
	p, all := newPages(t), ""
	for _, page := range templates.EmptyPages() {
		used[templates.FileOf(page)] = true
		all += render(t, p, page)
	}
	for _, folder := range []string{"site", "desk"} {
		for _, f := range templates.SharedFiles(folder) {
			used[f] = true
		}
	}
	n := 0
	err := fs.WalkDir(templates.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		if base, ok := strings.CutPrefix(name, "static/"); ok && !used[name] {
			at, err := p.AssetPath(base)
			used[name] = err == nil && strings.Contains(all, at)
		}
		if !used[name] && !strings.HasPrefix(name, "words/") { // each catalogue is a language, see TestCatalogues…
			t.Errorf("%s is not used", name)
		}
		return nil
	})
	if err != nil || n < 20 {
		t.Errorf("%d files, %v", n, err)
	}
}

// hostile is put into every string of every page.
const hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</textarea></title></style>--><!-- `\r\n\x00\u202e"

func TestStrangersTextNeverBreaksOut(t *testing.T) {
	p := newPages(t)
	for _, evil := range []string{hostile, "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "x\" onmouseover=\"alert(1)", "' autofocus onfocus='alert(1)"} {
		for name, page := range fullPages() {
			t.Run(name, func(t *testing.T) {
				v := reflect.New(reflect.TypeOf(page)).Elem()
				v.Set(reflect.ValueOf(page))
				if n := poison(v, evil); n < 1 {
					t.Fatal("no string was replaced")
				}
				var b bytes.Buffer
				if err := p.Render(&b, v.Interface().(templates.Page)); err != nil {
					t.Fatal(err)
				}
				m := readMarkup(t, b.String(), false)
				for _, f := range m.faults {
					if !strings.HasPrefix(f, "id ") { // ids are numbers in a page that is not poisoned
						t.Error(f)
					}
				}
				if m.count["script"] > 1 || slices.Contains(m.attrs["img@src"], "x") {
					t.Error("markup from outside became ours")
				}
			})
		}
	}
}

// poison sets every string under v and returns how many there were.
func poison(v reflect.Value, evil string) int {
	switch v.Kind() {
	case reflect.String:
		v.SetString(evil)
		return 1
	case reflect.Struct:
		n := 0
		if _, ok := v.Interface().(time.Time); ok {
			return 0
		}
		for i := range v.NumField() {
			n += poison(v.Field(i), evil)
		}
		return n
	case reflect.Slice:
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		v.Set(fresh)
		n := 0
		for i := range v.Len() {
			n += poison(v.Index(i), evil)
		}
		return n
	case reflect.Pointer:
		if v.IsNil() {
			return 0
		}
		fresh := reflect.New(v.Type().Elem())
		fresh.Elem().Set(v.Elem())
		v.Set(fresh)
		return poison(fresh.Elem(), evil)
	}
	return 0
}

func TestFirstViewIsSmall(t *testing.T) {
	p := newPages(t)
	full := sampleInbox()
	for len(full.Items) < 50 {
		full.Items = append(full.Items, sampleItems()...)
	}
	full.Items = full.Items[:50]
	css, js := len(fetch(t, p, "desk.css")), len(fetch(t, p, "desk.js"))
	if page := len(render(t, p, full)); page+css+js > 60<<10 {
		t.Errorf("an inbox of 50 weighs %d + %d + %d bytes", page, css, js)
	}
	if js > 6<<10 {
		t.Errorf("the script weighs %d bytes", js)
	}
	if page, css := len(render(t, p, fullPages()["home"])), len(fetch(t, p, "site.css")); page+css > 20<<10 {
		t.Errorf("the front page weighs %d + %d bytes", page, css)
	}
}

func fetch(t *testing.T, p *templates.Pages, name string) []byte {
	t.Helper()
	at, err := p.AssetPath(name)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.Assets().ServeHTTP(w, httptest.NewRequest("GET", at, nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%s is %d with %v", at, w.Code, w.Header())
	}
	return w.Body.Bytes()
}

func TestTitlesHoldNoSubjects(t *testing.T) {
	p := newPages(t)
	for _, name := range []string{"inbox-open", "conversation", "issue"} {
		src := render(t, p, fullPages()[name])
		title := src[strings.Index(src, "<title>"):strings.Index(src, "</title>")]
		if strings.Contains(title, "wards") || strings.Contains(title, "Teachers") || strings.Contains(title, "heron") {
			t.Errorf("%s has the title %q", name, title)
		}
	}
}

func TestDeskLoadsNothingFromElsewhere(t *testing.T) {
	p := newPages(t)
	for name, page := range deskPages() {
		m := readMarkup(t, render(t, p, page), false)
		for _, key := range []string{"img@src", "link@href", "script@src", "iframe@src", "form@action", "video@src", "source@src"} {
			for _, v := range m.attrs[key] {
				if !strings.HasPrefix(v, "/") || strings.HasPrefix(v, "//") {
					t.Errorf("%s: %s is %q", name, key, v)
				}
			}
		}
		for _, sandbox := range m.attrs["iframe@sandbox"] {
			if strings.Contains(sandbox, "script") || strings.Contains(sandbox, "same-origin") {
				t.Errorf("%s: a frame may %q", name, sandbox)
			}
		}
		if len(m.attrs["iframe@src"]) != len(m.attrs["iframe@sandbox"]) {
			t.Errorf("%s: a frame has no sandbox", name)
		}
	}
}

func TestFailedPageWritesNothing(t *testing.T) {
	from := fstest.MapFS{}
	err := fs.WalkDir(templates.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.Files(), name)
		from[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	from["site/home.html"] = &fstest.MapFile{Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}some text {{asset "nothing.css"}}{{end}}`)}
	p, err := templates.ParsePages(from)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := p.Serve(w, 200, templates.Home{}); err == nil || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" {
		t.Errorf("got %v, %q, %v", err, w.Body, w.Header())
	}
	from["site/home.html"] = &fstest.MapFile{Data: []byte(`{{define "main"}}{{`)}
	if _, err := templates.ParsePages(from); err == nil || !strings.Contains(err.Error(), "site/home.html") {
		t.Errorf("a broken file gives %v", err)
	}
	from["mail/digest.txt"] = &fstest.MapFile{Data: []byte(`{{nothing}}`)}
	if _, err := templates.ParseMail(from); err == nil || !strings.Contains(err.Error(), "digest.txt") {
		t.Errorf("a broken mail gives %v", err)
	}
}
