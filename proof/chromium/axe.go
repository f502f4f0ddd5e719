package chromium

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// A Look is how a page is shown: a window's width in CSS pixels, in light or dark colours.
type Look struct {
	Width int
	Dark  bool
}

// Looks are those that every page must be usable in: a cheap phone, a tablet and a desk, by day and by night.
func Looks() []Look {
	var all []Look
	for _, width := range []int{360, 768, 1280} {
		all = append(all, Look{width, false}, Look{width, true})
	}
	return all
}

func (l Look) String() string {
	if l.Dark {
		return fmt.Sprintf("%d wide, dark", l.Width)
	}
	return fmt.Sprintf("%d wide, light", l.Width)
}

// A Visit is a page to audit. Status is what it must be answered with, so that an error page is not taken for it; 0 means 200.
type Visit struct {
	Name, URL string
	Status    int
}

// A Violation is one element of a page that breaks one of axe-core's rules.
type Violation struct {
	Page    string
	Look    Look
	Rule    string // axe-core's name, such as color-contrast
	Element string // a CSS selector
	Why     string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s at %s: %s", v.Page, v.Look, v.Rule, v.Element, v.Why)
}

// Shown answers as something was answered before: for a visit to what only a form gets, or to a page whose own policy lets no script
// run, not even axe-core.
func Shown(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a browser that went away fails its visit
	})
}

// rules are all of axe-core's that are on by themselves, and the size of what is tapped. By night only colours change, so that a width
// that was looked at by day needs no more than their rules.
func rules(look Look) string {
	if look.Dark {
		return `runOnly: ["color-contrast", "link-in-text-block"]`
	}
	return `rules: {"target-size": {enabled: true}}`
}

// audit runs axe-core over the page as it stands. Frames are left out: what they show is a page of its own to visit.
const audit = `axe.run(document, {iframes: false, preload: false, resultTypes: ["violations"], %s}).then(r => JSON.stringify({
	rules: r.passes.length + r.violations.length,
	broken: r.violations.flatMap(v => v.nodes.map(n => ({Rule: v.id, Element: n.target.join(" "), Why: n.failureSummary.replace(/\s+/g, " ")})))}))`

// status is what the page in the tab was answered with.
const status = `performance.getEntriesByType("navigation")[0].responseStatus`

// Audit is AuditIn with [Looks].
func (p *Page) Audit(visits []Visit) ([]Violation, error) { return p.AuditIn(Looks(), visits) }

// AuditIn opens each page in each of the looks and returns what axe-core finds wrong. No page to visit, a missing axe-core, a page with
// another status and one on which no rule had anything to check are errors.
func (p *Page) AuditIn(looks []Look, visits []Visit) ([]Violation, error) {
	if len(visits) == 0 || len(looks) == 0 {
		return nil, errors.New("audit pages: there is none to visit")
	}
	axe, err := readAxe()
	if err != nil {
		return nil, err
	}
	var all []Violation
	for _, v := range visits {
		found, err := p.audit(looks, v, axe)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", v.Name, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func (p *Page) audit(looks []Look, v Visit, axe string) ([]Violation, error) {
	if err := p.Open(v.URL); err != nil {
		return nil, err
	}
	want := v.Status
	if want == 0 {
		want = 200
	}
	if got, err := Eval[int](p, status); err != nil || got != want {
		return nil, errors.Join(fmt.Errorf("it was answered with %d, not %d", got, want), err)
	}
	if _, err := Eval[bool](p, axe+"\n;true"); err != nil {
		return nil, err
	}
	var all []Violation
	for _, look := range looks {
		if err := errors.Join(p.Window(look.Width, 0), p.Dark(look.Dark)); err != nil {
			return nil, err
		}
		text, err := Eval[string](p, fmt.Sprintf(audit, rules(look)))
		if err != nil {
			return nil, err
		}
		var found struct {
			Rules  int
			Broken []Violation
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			return nil, fmt.Errorf("read what axe-core found: %w", err)
		}
		if found.Rules == 0 {
			return nil, errors.New("no rule of axe-core applied: nothing was checked")
		}
		for _, b := range found.Broken {
			b.Page, b.Look = v.Name, look
			all = append(all, b)
		}
	}
	return all, nil
}

// readAxe reads axe-core's script from where make deps puts it, below the folder of go.mod.
func readAxe() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find axe-core: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	script, err := os.ReadFile(filepath.Join(dir, ".tools", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("axe-core is not there (make deps brings it): %w", err)
	}
	return string(script), nil
}
