package templates_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/proof/chromium"
)

// measured is what a digest looks like in a browser.
type measured struct {
	Texts    int
	Small    []string // texts below 16 px
	Targets  int
	Tight    []string // links below 44 px
	Longest  int      // characters of the longest line
	Widest   float64  // characters that the widest text block would hold in a narrow face
	Steps    []string // spacings that are no step of 8 px up to 40
	Overflow float64  // px that the page is wider than its window
	Cut      []string // elements whose words do not fit into them
	Leads    int      // pictures as wide as the mail
	First    bool     // the biggest headline of a story is the first
	Contrast float64  // the weakest pair of text and ground
	Weakest  string
}

// measure walks the page. A narrow face, such as Roboto or Helvetica, takes about 0.45 em a character,
// capitals 0.6 em and what they are set apart.
const measure = `(() => {
	const m = {Texts: 0, Small: [], Targets: 0, Tight: [], Longest: 0, Widest: 0, Steps: [], Leads: 0, First: true, Contrast: 21, Weakest: ""};
	const visible = e => { const r = e.getBoundingClientRect(); return r.width > 2 && r.height > 2 && getComputedStyle(e).display != "none"; };
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const lum = c => { const f = c.slice(0, 3).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4); }); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] == 1) return c; } return [255, 255, 255]; };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = walk.nextNode();) {
		const e = n.parentElement, text = n.data.trim();
		if (!text || e.closest("style") || !visible(e)) continue;
		const s = getComputedStyle(e), size = parseFloat(s.fontSize);
		m.Texts++;
		if (size < 16) m.Small.push(size + ": " + text.slice(0, 40));
		let a = lum(rgb(s.color)), b = lum(ground(e)); if (a < b) [a, b] = [b, a];
		const c = (a + .05) / (b + .05);
		if (c < m.Contrast) { m.Contrast = c; m.Weakest = text.slice(0, 40); }
		const lines = {}, range = document.createRange();
		for (let i = 0; i < n.data.length; i++) {
			range.setStart(n, i); range.setEnd(n, i + 1);
			const r = range.getBoundingClientRect();
			if (r.width) { const k = Math.round(r.top / 4); lines[k] = (lines[k] || 0) + 1; }
		}
		const counts = Object.values(lines);
		m.Longest = Math.max(m.Longest, ...counts);
		let block = e; while (getComputedStyle(block).display == "inline") block = block.parentElement;
		const bs = getComputedStyle(block), width = block.clientWidth - parseFloat(bs.paddingLeft) - parseFloat(bs.paddingRight);
		if (counts.length > 1) m.Widest = Math.max(m.Widest, width / (s.textTransform == "uppercase" ? .6 * size + 1 : .45 * size));
	}
	for (const a of document.querySelectorAll("a")) {
		let r = a.getBoundingClientRect();
		const img = a.querySelector("img"); if (img) r = img.getBoundingClientRect();
		m.Targets++;
		if (r.width < 44 || r.height < 44) m.Tight.push(Math.round(r.width) + "x" + Math.round(r.height) + ": " + a.textContent.slice(0, 40) + (img ? img.src : ""));
	}
	for (const e of document.querySelectorAll("td, p, h1, h2, a, span, img")) {
		const s = getComputedStyle(e);
		for (const side of ["Top", "Right", "Bottom", "Left"]) for (const kind of ["padding", "margin"]) {
			const v = parseFloat(s[kind + side]);
			if (![0, 8, 16, 24, 32, 40].includes(v)) m.Steps.push(e.tagName + " " + kind + side + " " + v);
		}
	}
	for (const e of document.querySelectorAll("td, p, h1, h2, a")) if (visible(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != "inline") (m.Cut = m.Cut || []).push(e.tagName + " " + e.textContent.slice(0, 40));
	m.Overflow = document.documentElement.scrollWidth - innerWidth;
	m.Leads = document.querySelectorAll('img[width="600"]').length;
	const sizes = [...document.querySelectorAll("h2")].map(h => parseFloat(getComputedStyle(h).fontSize));
	m.First = sizes.every((s, i) => i == 0 || s <= sizes[0]);
	return JSON.stringify(m);
})()`

func measureIn(t *testing.T, p *chromium.Page, url string, look chromium.Look) measured {
	t.Helper()
	if err := errors.Join(p.Window(look.Width, 0), p.Dark(look.Dark), p.Open(url)); err != nil {
		t.Fatal(err)
	}
	text, err := chromium.Eval[string](p, measure)
	if err != nil {
		t.Fatal(err)
	}
	var m measured
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDigestsReadWellOnAPhoneAndAtFullWidth(t *testing.T) {
	mails, names := inBrowser(t)
	url, p := gallery(t, mails), openBrowser(t)
	weakest, longest, widest := map[bool]float64{false: 21, true: 21}, 0, 0.0
	for _, name := range names {
		leads := 1
		if name == "no-picture" || name == "headlines" {
			leads = 0
		}
		for _, look := range mailLooks() {
			m := measureIn(t, p, url+"/"+name, look)
			if m.Texts < 10 || m.Targets < 4 {
				t.Fatalf("%s, %s: %d texts and %d links were found", name, look, m.Texts, m.Targets)
			}
			if len(m.Small) > 0 || len(m.Tight) > 0 || len(m.Steps) > 0 {
				t.Errorf("%s, %s: texts below 16 px %q, links below 44 px %q, other spacings %q", name, look, m.Small, m.Tight, m.Steps)
			}
			if m.Longest > 75 || m.Widest > 75 || m.Overflow > 0 {
				t.Errorf("%s, %s: the longest line has %d characters, the widest block holds %.1f, %g px stand out", name, look, m.Longest, m.Widest, m.Overflow)
			}
			if m.Leads != leads || !m.First || m.Contrast < 4.5 {
				t.Errorf("%s, %s: %d leads with a picture, the biggest headline first: %t, contrast %.2f at %q", name, look, m.Leads, m.First, m.Contrast, m.Weakest)
			}
			night := look.Dark && !strings.HasSuffix(name, "style-removed") // without its style a mail keeps the day's colours
			weakest[night], longest, widest = min(weakest[night], m.Contrast), max(longest, m.Longest), max(widest, m.Widest)
		}
	}
	t.Logf("weakest contrast by day %.2f and by night %.2f, longest line %d characters, widest block %.1f", weakest[false], weakest[true], longest, widest)
}
