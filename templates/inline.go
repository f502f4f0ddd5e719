package templates

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aymerick/douceur/css"
	"github.com/aymerick/douceur/inliner"
	"github.com/aymerick/douceur/parser"
	"golang.org/x/net/html"
)

// Styles are inlined when mails are parsed, not when they are rendered: each pair of element and
// classes that stands in a template is given to the inliner once, and its style attribute is
// written back into the template's source. A mail's bytes then follow from its data alone, and an
// issue's hundredth variant costs no more than a template's execution.

// styled finds a class attribute with the name of its element.
var styled = regexp.MustCompile(`<([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*"|\{\{[^}]*\}\})*?) class="([^"]*)"`)

// A look is what the style sheets of a folder say.
type look struct {
	sheet string          // style.css
	hooks map[string]bool // classes that the kept sheets name; the others are not written out
	kept  string          // narrow.css and dark.css as the media blocks of a <style> element
	ogs   string          // dark.css once more under the marks that Outlook's own dark mode sets
}

func readLook(from fs.FS) (*look, error) {
	l := &look{hooks: map[string]bool{}}
	text := map[string]string{}
	for _, name := range []string{"style", "narrow", "dark"} {
		raw, err := fs.ReadFile(from, "mail/"+name+".css")
		if err != nil {
			return nil, fmt.Errorf("read style sheet: %w", err)
		}
		text[name] = string(raw)
	}
	l.sheet = text["style"]
	narrow, err := l.block(text["narrow"], "", nil)
	if err != nil {
		return nil, fmt.Errorf("mail/narrow.css: %w", err)
	}
	dark, err := l.block(text["dark"], "", nil)
	if err != nil {
		return nil, fmt.Errorf("mail/dark.css: %w", err)
	}
	colours, err := l.block(text["dark"], "[data-ogsc] ", func(p string) bool { return p != "background-color" })
	if err != nil {
		return nil, err
	}
	grounds, err := l.block(text["dark"], "[data-ogsb] ", func(p string) bool { return p == "background-color" })
	if err != nil {
		return nil, err
	}
	l.kept = "html{color-scheme:light dark;supported-color-schemes:light dark}\n" +
		"@media (max-width:480px){" + narrow + "}\n@media (prefers-color-scheme:dark){" + dark + "}"
	l.ogs = colours + grounds
	return l, nil
}

// plainClass is the only kind of selector the sheets may use: what each element looks like then
// follows from its own classes, wherever it stands.
var plainClass = regexp.MustCompile(`^\.[a-z]+$`)

// block writes the rules of a sheet in one line, each declaration important, under a prefix, with
// the properties that keep asks for. It remembers their classes.
func (l *look) block(text, prefix string, keep func(property string) bool) (string, error) {
	sheet, err := parser.Parse(text)
	if err != nil {
		return "", fmt.Errorf("read style sheet: %w", err)
	}
	var b strings.Builder
	for _, r := range sheet.Rules {
		if r.Kind != css.QualifiedRule {
			return "", fmt.Errorf("%s stands there; only rules of one class may", r.Name)
		}
		var decls []string
		for _, d := range r.Declarations {
			if keep == nil || keep(d.Property) {
				decls = append(decls, d.Property+":"+d.Value+"!important")
			}
		}
		for _, s := range r.Selectors {
			if !plainClass.MatchString(s) {
				return "", fmt.Errorf("%q is not one class", s)
			}
			l.hooks[s[1:]] = true
			if len(decls) > 0 {
				b.WriteString(prefix + s + "{" + strings.Join(decls, ";") + "}")
			}
		}
	}
	return b.String(), nil
}

// conditional is a class attribute one of whose classes stands there only sometimes.
var conditional = regexp.MustCompile(`^([a-z ]+)\{\{if ([^{}]+)\}\}( [a-z ]+)\{\{end\}\}$`)

// plainClasses is a class attribute without a template's action.
var plainClasses = regexp.MustCompile(`^[a-z]+( [a-z]+)*$`)

// inline writes the styles of a template's elements into its source. Classes that no kept sheet
// names are dropped there.
func (l *look) inline(src string) (string, error) {
	pairs, err := pairsOf(src)
	if err != nil {
		return "", err
	}
	styles, err := l.stylesOf(pairs)
	if err != nil {
		return "", err
	}
	return styled.ReplaceAllStringFunc(src, func(tag string) string {
		m := styled.FindStringSubmatch(tag)
		if m[1] == "body" { // its style stands beside it: the inliner knows no class of a body's
			return tag
		}
		if c := conditional.FindStringSubmatch(m[3]); c != nil {
			return "<" + m[1] + m[2] + "{{if " + c[2] + "}}" + l.attributes(c[1]+c[3], styles[pair{m[1], c[1] + c[3]}]) +
				"{{else}}" + l.attributes(c[1], styles[pair{m[1], c[1]}]) + "{{end}}"
		}
		return "<" + m[1] + m[2] + l.attributes(m[3], styles[pair{m[1], m[3]}])
	}), nil
}

// attributes are class and style as written in a tag, with a space before each.
func (l *look) attributes(classes, style string) string {
	var hooks []string
	for _, c := range strings.Fields(classes) {
		if l.hooks[c] {
			hooks = append(hooks, c)
		}
	}
	out := ""
	if len(hooks) > 0 {
		out = ` class="` + strings.Join(hooks, " ") + `"`
	}
	if style != "" {
		out += ` style="` + strings.ReplaceAll(style, houseAccent.String(), "{{$.Accent}}") + `"`
	}
	return out
}

// pair is an element with the classes it carries in a template.
type pair struct{ element, classes string }

func pairsOf(src string) ([]pair, error) {
	var all []pair
	add := func(p pair) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for _, m := range styled.FindAllStringSubmatch(src, -1) {
		if c := conditional.FindStringSubmatch(m[3]); c != nil {
			add(pair{m[1], c[1]})
			add(pair{m[1], c[1] + c[3]})
			continue
		}
		if !plainClasses.MatchString(m[3]) {
			return nil, fmt.Errorf("class=%q: write plain names, with at most {{if …}} name{{end}} at the end", m[3])
		}
		add(pair{m[1], m[3]})
	}
	return all, nil
}

// stylesOf has the inliner work out each pair's style attribute. An element of a table stands in one.
func (l *look) stylesOf(pairs []pair) (map[pair]string, error) {
	var b strings.Builder
	b.WriteString("<html><head><style>" + l.sheet + "</style></head><body>")
	for i, p := range pairs {
		mark := "<" + p.element + ` data-pair="` + strconv.Itoa(i) + `" class="` + p.classes + `">`
		switch p.element {
		case "td", "th":
			mark = "<table><tr>" + mark + "</" + p.element + "></tr></table>"
		case "tr":
			mark = "<table>" + mark + "<td></td></tr></table>"
		case "img":
		default:
			mark += "</" + p.element + ">"
		}
		b.WriteString(mark)
	}
	b.WriteString("</body></html>")
	done, err := inliner.Inline(b.String())
	if err != nil {
		return nil, fmt.Errorf("inline mail/style.css: %w", err)
	}
	styles := map[pair]string{}
	for z := html.NewTokenizer(strings.NewReader(done)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return styles, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			n, style := -1, ""
			for _, a := range z.Token().Attr {
				switch a.Key {
				case "data-pair":
					if n, err = strconv.Atoi(a.Val); err != nil {
						return nil, fmt.Errorf("read inlined styles: %w", err)
					}
				case "style":
					style = a.Val
				}
			}
			if n >= 0 && n < len(pairs) {
				styles[pairs[n]] = tightStyle(style)
			}
		}
	}
}

// tightStyle writes a style attribute without the spaces that nobody reads.
func tightStyle(style string) string {
	return strings.TrimSuffix(strings.NewReplacer(": ", ":", "; ", ";", ", ", ",").Replace(strings.TrimSpace(style)), ";")
}
