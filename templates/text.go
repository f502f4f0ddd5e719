package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// textWidth is where prose of a text part is wrapped (RFC 5322, section 2.1.1 asks for at most 78).
const textWidth = 72

// wrap breaks each line of s at words so that none is longer than width characters. A word that is
// longer, such as an address, stays whole on its own line.
func wrap(s string, width int) string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		out = append(out, wrapLine(line, width)...)
	}
	return strings.Join(out, "\n")
}

func wrapLine(line string, width int) []string {
	var out []string
	cur, n := "", 0
	for _, w := range strings.Fields(line) {
		l := utf8.RuneCountInString(w)
		switch {
		case cur == "":
			cur, n = w, l
		case n+1+l <= width:
			cur, n = cur+" "+w, n+1+l
		default:
			out = append(out, cur)
			cur, n = w, l
		}
	}
	return append(out, cur)
}

// tidy leaves at most one empty line in a row, no space at line ends (but in the signature mark,
// RFC 3676, section 4.3), and one newline at the end.
func tidy(s string) string {
	var out []string
	empty := true // also drops empty lines at the start
	for _, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if line != "-- " {
			line = strings.TrimRight(line, " \t\r")
		}
		if line == "" && empty {
			continue
		}
		empty = line == ""
		out = append(out, line)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

// hang is a numbered headline whose further lines stand under its first word. A word that is
// longer than a line begins its own.
func hang(n int, title string) string {
	mark := fmt.Sprintf("%2d. ", n)
	lines := wrapLine(title, textWidth-len(mark))
	indent := "\n" + strings.Repeat(" ", len(mark))
	if utf8.RuneCountInString(lines[0]) > textWidth-len(mark) {
		mark, indent = strings.TrimRight(mark, " ")+"\n", "\n"
	}
	return mark + strings.Join(lines, indent)
}
