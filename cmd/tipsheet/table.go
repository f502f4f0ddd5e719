package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// table prints rows under headings, or as JSON: an array of objects with the headings, in
// lower case and with underscores, as names.
func (a *app) table(headings []string, rows [][]any) error {
	if a.json {
		all := make([]map[string]any, 0, len(rows))
		for _, row := range rows {
			one := map[string]any{}
			for i, cell := range row {
				one[strings.ReplaceAll(strings.ToLower(headings[i]), " ", "_")] = jsonCell(cell)
			}
			all = append(all, one)
		}
		return a.printJSON(all)
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(headings, "\t")))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = a.textCell(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func jsonCell(v any) any {
	if t, ok := v.(time.Time); ok {
		if t.IsZero() {
			return nil
		}
		return t.UTC().Format(time.RFC3339)
	}
	return v
}

// several are the values of one cell: an array in JSON, with commas between them in a table.
type several[T any] []T

// severalOf is never null in JSON.
func severalOf[T any](all []T) several[T] { return append(several[T]{}, all...) }

func (s several[T]) String() string {
	words := make([]string, len(s))
	for i, one := range s {
		words[i] = fmt.Sprint(one)
	}
	return strings.Join(words, ", ")
}

// A share is a part of one, shown as a percentage. Only what is certain is 100 %.
type share float64

func (s share) String() string {
	if s < 1 {
		s = min(s, 0.99)
	}
	return fmt.Sprintf("%.0f %%", 100*float64(s))
}

// inZone is a time on the newsroom's clock.
func (a *app) inZone(t time.Time) time.Time {
	if a.zone == nil {
		return t.Local()
	}
	return t.In(a.zone)
}

func (a *app) textCell(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case time.Time:
		if v.IsZero() {
			return "-"
		}
		return a.inZone(v).Format("2006-01-02 15:04 MST")
	case string:
		if v == "" {
			return "-"
		}
		return printable(v)
	case fmt.Stringer:
		return a.textCell(v.String())
	}
	return fmt.Sprint(v)
}

// printable keeps a stranger's text from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return ' '
		}
		return r
	}, s)
}
