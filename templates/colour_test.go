package templates_test

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/templates"
)

var variable = regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{6})`)

// palettes reads the colours of both modes out of the style sheet.
func palettes(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	css, err := fs.ReadFile(templates.Files(), "static/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	day, night, ok := strings.Cut(string(css), "@media(prefers-color-scheme:dark)")
	if !ok {
		t.Fatal("there is no dark mode")
	}
	read := func(s string) map[string]string {
		out := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(s, -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	light, dark = read(day), read(night)
	if len(light) < 20 || len(light) != len(dark) {
		t.Fatalf("%d colours by day, %d by night", len(light), len(dark))
	}
	return light, dark
}

func TestAllColoursReadAtAAInBothModes(t *testing.T) {
	light, dark := palettes(t)
	for mode, p := range map[string]map[string]string{"light": light, "dark": dark} {
		pairs := 0
		check := func(text, ground string, least float64) {
			pairs++
			if c := templates.Contrast(p[text], p[ground]); c < least {
				t.Errorf("%s: %s on %s is %.2f, under %.1f", mode, text, ground, c, least)
			}
		}
		for _, ground := range []string{"paper", "card", "hover"} {
			for _, text := range []string{"ink", "soft", "accent", "tip", "gossip", "advert", "other", "spam", "ok", "bad"} {
				check(text, ground, 4.5)
			}
			check("line", ground, 3) // WCAG 1.4.11: the edges of fields
		}
		for _, c := range []string{"tip", "gossip", "advert", "other", "spam", "ok", "bad"} {
			check(c, c+"-tint", 4.5)
			check("ink", c+"-tint", 4.5)
		}
		check("soft", "bad-tint", 4.5)
		check("ink", "mark", 4.5)
		check("on-accent", "accent", 4.5)
		check("paper", "ink", 4.5)
		check("line", "rule", 1.5)
		if pairs < 40 {
			t.Fatalf("only %d pairs were looked at", pairs)
		}
	}
}

func TestAnyAccentIsMadeReadable(t *testing.T) {
	p := newPages(t)
	light, dark := palettes(t)
	for _, accent := range []string{"#a3221b", "#ffff00", "#ffffff", "#000000", "#0000ff", "#00ff00", "#777777", "#123456"} {
		s := templates.Site{Accent: accent}
		if c := templates.Contrast(string(s.MailAccent()), "#ffffff"); c < 4.5 {
			t.Errorf("%s in a mail is %s: %.2f", accent, s.MailAccent(), c)
		}
		if c := templates.Contrast(string(s.MailAccentDark()), "#1d1c19"); c < 4.5 {
			t.Errorf("%s in a dark mail is %s: %.2f", accent, s.MailAccentDark(), c)
		}
		if s.AccentSheet() == "" {
			continue
		}
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest("GET", s.AccentSheet(), nil))
		found := variable.FindAllStringSubmatch(w.Body.String(), -1)
		if len(found) != 4 {
			t.Fatalf("%s is %d: %q", s.AccentSheet(), w.Code, w.Body)
		}
		for i, palette := range []map[string]string{light, dark} {
			text, on := found[2*i][2], found[2*i+1][2]
			for _, ground := range []string{palette["paper"], palette["card"], palette["hover"], on} {
				if c := templates.Contrast(text, ground); c < 4.5 {
					t.Errorf("%s as %s on %s is %.2f", accent, text, ground, c)
				}
			}
		}
	}
}

func TestOnlyAColourMakesAnAccentSheet(t *testing.T) {
	p := newPages(t)
	for _, bad := range []string{"", "red", "#fff", "#12345g", "#123456;}", "url(https://evil.example)", "#a3221b"} {
		if got := (templates.Site{Accent: bad}).AccentSheet(); got != "" {
			t.Errorf("accent %q is served as %q", bad, got)
		}
	}
	for _, path := range []string{"/static/accent-zzzzzz.css", "/static/accent-123456", "/static/accent-123456.css.css", "/static/accent-.css", "/static/../desk.go", "/static/tokens.css", "/static/"} {
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 404 {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
}

func TestStyleSheetsLoadNothing(t *testing.T) {
	p := newPages(t)
	for _, name := range []string{"desk.css", "site.css"} {
		css := string(fetch(t, p, name))
		for _, bad := range []string{"url(", "@import", "http:", "https:", "@font-face", "color-mix"} {
			if strings.Contains(css, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		if strings.Count(css, "{") != strings.Count(css, "}") || !strings.Contains(css, "--paper") {
			t.Errorf("%s is not whole", name)
		}
		// Every colour comes from the palette, whose contrast is checked.
		_, rest, _ := strings.Cut(css, "--mark:#3d382e}}")
		if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).FindAllString(rest, -1); len(found) > 0 || rest == "" {
			t.Errorf("%s has colours of its own: %v", name, found)
		}
	}
}

func TestEveryVariableIsDefined(t *testing.T) {
	p := newPages(t)
	for _, name := range []string{"desk.css", "site.css"} {
		css := string(fetch(t, p, name))
		used := regexp.MustCompile(`var\((--[a-z-]+)`).FindAllStringSubmatch(css, -1)
		if len(used) < 20 {
			t.Fatalf("%s uses %d variables", name, len(used))
		}
		for _, m := range used {
			if !strings.Contains(css, m[1]+":") {
				t.Errorf("%s: %s is not defined", name, m[1])
			}
		}
	}
}
