package templates_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// What mail readers know, from caniemail's data (make deps brings it).

// support is one feature's latest answer of each client that counts: y, a (almost), n or u.
type support map[string]string

// counted clients: Gmail, Outlook.com and Apple Mail on all their platforms.
func counts(family, platform string) bool {
	return family == "gmail" || family == "apple-mail" || family == "outlook" && platform == "outlook-com"
}

func readCanIEmail(t *testing.T) map[string]support {
	t.Helper()
	raw, err := os.ReadFile("../.tools/caniemail/data/caniemail.json")
	if err != nil {
		t.Fatalf("caniemail's data is not there (make deps brings it): %v", err)
	}
	var file struct {
		Data []struct {
			Slug  string
			Stats map[string]map[string]map[string]string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]support{}
	for _, f := range file.Data {
		s := support{}
		for family, platforms := range f.Stats {
			for platform, versions := range platforms {
				if counts(family, platform) {
					s[family+"/"+platform] = latest(versions)
				}
			}
		}
		all[f.Slug] = s
	}
	if len(all) < 300 {
		t.Fatalf("caniemail has %d features", len(all))
	}
	return all
}

// latest is the answer of the highest version; versions are numbers or months.
func latest(versions map[string]string) string {
	best := ""
	for v := range versions {
		if best == "" || slices.Compare(numbers(v), numbers(best)) > 0 {
			best = v
		}
	}
	return versions[best]
}

func numbers(version string) []int {
	var out []int
	for _, d := range regexp.MustCompile(`\d+`).FindAllString(version, -1) {
		if n, err := strconv.Atoi(d); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// lacking are the clients that answer neither y nor a.
func (s support) lacking() []string {
	var out []string
	for client, answer := range s {
		if answer == "" || answer[0] != 'y' && answer[0] != 'a' {
			out = append(out, client+"="+answer)
		}
	}
	slices.Sort(out)
	return out
}

// features are what a mail uses: each mapped to a feature of caniemail, or to itself where
// caniemail has none of that name. Outlook's comments are markup to Outlook for Windows only.
type features struct {
	known map[string]support
	used  map[string]int
}

func (f *features) use(names ...string) {
	for _, n := range names {
		if _, ok := f.known[n]; ok {
			f.used[n]++
			return
		}
	}
	f.used[names[len(names)-1]+" (no such feature)"]++
}

func (f *features) read(src string) {
	f.use("html-doctype")
	style := false
	for z := html.NewTokenizer(strings.NewReader(src)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.CommentToken:
			f.use("html-comments")
		case html.EndTagToken:
			style = false
		case html.TextToken:
			if style {
				f.sheet(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			style = tok.Data == "style"
			f.element(tok)
		}
	}
}

func (f *features) element(tok html.Token) {
	switch name := tok.Data; name {
	case "html", "head", "title", "a": // what every mail is made of
	case "meta":
		f.use("html-meta-" + attr(tok, "name"))
	case "h1", "h2":
		f.use("html-h1-h6")
	case "tr", "td", "tbody":
		f.use("html-table")
	default:
		f.use("html-" + name)
	}
	for _, a := range tok.Attr {
		switch a.Key {
		case "style":
			f.declarations(a.Val)
		case "href", "src", "alt", "content", "charset", "name", "xmlns", "rel", "class", "tabindex": // no rendering depends on them
		default:
			f.use("html-" + a.Key)
		}
	}
}

var (
	rules  = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
	blocks = regexp.MustCompile(`@media \(([a-z-]+)[^)]*\)\{((?:[^{}]+\{[^{}]*\})*)\}`)
	// A side of a box is known wherever the box is; a logical side is a feature of its own.
	sides   = regexp.MustCompile(`^(padding|margin|border)-(top|right|bottom|left|color|style|width)$`)
	logical = regexp.MustCompile(`^((?:padding|margin)-(?:inline|block))(-start|-end)?$`)
	units   = regexp.MustCompile(`[\d.](px|%|em|rem|vw|vh|pt|ch)`)
)

func (f *features) sheet(css string) {
	for _, m := range blocks.FindAllStringSubmatch(css, -1) {
		f.use("css-at-media")
		if m[1] != "max-width" && m[1] != "min-width" {
			f.use("css-at-media-" + m[1])
		}
		f.sheet(m[2])
	}
	for _, m := range rules.FindAllStringSubmatch(blocks.ReplaceAllString(css, ""), -1) {
		selector := strings.TrimSpace(m[1])
		for _, part := range strings.Fields(selector) {
			switch {
			case strings.HasPrefix(part, "["):
				f.use("css-selector-attribute")
			case strings.HasPrefix(part, ".") && strings.Count(part, ".") == 1:
				f.use("css-selector-class")
			case regexp.MustCompile(`^[a-z0-9]+$`).MatchString(part):
				f.use("css-selector-type")
			default:
				f.use("selector " + part)
			}
		}
		if strings.Contains(selector, " ") {
			f.use("css-selector-descendant")
		}
		f.declarations(m[2])
	}
}

func (f *features) declarations(style string) {
	for _, d := range strings.Split(style, ";") {
		property, value, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		property, value = strings.TrimSpace(property), strings.TrimSpace(value)
		switch base, _, _ := strings.Cut(property, "-"); {
		case property == "color" || property == "font-family" || property == "font-style": // CSS 1, older than caniemail's tables
		case property == "display":
			f.use("css-display-"+strings.TrimSuffix(value, "!important"), "css-display")
		case sides.MatchString(property):
			f.use("css-" + base)
		case logical.MatchString(property):
			f.use("css-" + logical.ReplaceAllString(property, "$1-start-end"))
		default:
			f.use("css-" + property)
		}
		if strings.Contains(value, "!important") {
			f.use("css-important")
		}
		for _, u := range units.FindAllStringSubmatch(value, -1) {
			f.use("css-unit-" + map[string]string{"%": "percent"}[u[1]] + strings.TrimSuffix(u[1], "%"))
		}
	}
}

func TestReadingFeaturesFindsWhatIsWrong(t *testing.T) {
	f := &features{readCanIEmail(t), map[string]int{}}
	f.read(`<!DOCTYPE html><style>@media (prefers-color-scheme:dark){.a{color:red!important}}[data-x] .b{display:grid}</style><form style="padding-inline-start:1vw"><blink></form>`)
	for _, want := range []string{"css-at-media-prefers-color-scheme", "css-selector-attribute", "css-display-grid", "css-important", "html-form", "css-padding-inline-start-end", "css-unit-vw", "html-blink (no such feature)"} {
		if f.used[want] == 0 {
			t.Errorf("%s is not found in %v", want, fmt.Sprint(f.used))
		}
	}
	if got := latest(map[string]string{"2019-02": "n", "2024-01": "y", "2023-12": "n"}); got != "y" {
		t.Errorf("the latest answer is %q", got)
	}
}
