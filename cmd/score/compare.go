package main

import (
	"slices"
	"strings"
	"unicode"
)

// fold makes white space equal: any run of it, no-break spaces too, is one blank.
func fold(s string) string { return strings.Join(strings.FieldsFunc(s, isSpace), " ") }

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

func noSpace(s string) string { return strings.Join(strings.FieldsFunc(s, isSpace), "") }

// cutText is where the fixtures cut the text that they expect, in characters.
const cutText = 4000

// sameWords asks for 95 % of the words, in any place, since HTML becomes text in many ways. Where
// the expected text was not cut, what is too much counts like what is missing.
func sameWords(got, want string) bool {
	g, w := strings.FieldsFunc(got, isSpace), strings.FieldsFunc(want, isSpace)
	have := map[string]int{}
	for _, word := range g {
		have[word]++
	}
	common := 0
	for _, word := range w {
		if have[word] > 0 {
			have[word]--
			common++
		}
	}
	total := len(w)
	if len([]rune(want)) < cutText*9/10 {
		total = max(total, len(g))
	}
	return float64(common) >= 0.95*float64(total)
}

// sameSet compares two lists without regard to order, case and doubles.
func sameSet(a, b []string) bool {
	return slices.Equal(normal(a), normal(b))
}

func normal(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, strings.ToLower(strings.TrimSpace(s)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sameNames compares two lists of file names without regard to order.
func sameNames(a, b []string) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// trimmed is a text without blanks at both ends and at the ends of lines, lines ended by LF.
func trimmed(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRightFunc(lines[i], isSpace)
	}
	return strings.TrimFunc(strings.Join(lines, "\n"), isSpace)
}
