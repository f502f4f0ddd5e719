package templates

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// braced are the words that a phrase must hold, by its key. Phrases that are not named hold none.
func braced(key string) []string {
	switch key {
	case "date":
		return []string{"{weekday}", "{day}", "{month}"}
	case "list_and":
		return []string{"{a}", "{b}"}
	case "stories", "minutes", "more", "moved", "days", "hours":
		return []string{"{n}"}
	case "paid_by":
		return []string{"{name}"}
	case "why", "confirm_subject", "confirm_text":
		return []string{"{newsletter}"}
	case "confirm_valid":
		return []string{"{time}"}
	}
	return nil
}

// complete says everything that a catalogue lacks.
func (c *catalogue) complete() error {
	var all []error
	say := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if !slices.Contains([]string{pluralOne, pluralZeroOne, pluralNone}, c.Plural) {
		say("plural: %q is no rule; use %q, %q or %q", c.Plural, pluralOne, pluralZeroOne, pluralNone)
	}
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		switch f := v.Field(i).Interface().(type) {
		case string:
			if why := phraseFault(key, f); why != "" {
				say("%s: %s", key, why)
			}
		case counted:
			if why := phraseFault(key, f.Other); why != "" {
				say("%s.other: %s", key, why)
			}
			if c.Plural == pluralNone {
				if f.One != "" {
					say("%s.one: the language has one form", key)
				}
			} else if why := phraseFault(key, f.One); why != "" {
				say("%s.one: %s", key, why)
			}
		case []string:
			want := map[string]int{"weekdays": 7, "months": 12}[key]
			if len(f) != want || slices.Contains(f, "") {
				say("%s: %d names, not %d", key, len(f), want)
			}
		}
	}
	return errors.Join(all...)
}

func phraseFault(key, phrase string) string {
	if strings.TrimSpace(phrase) == "" {
		return "is missing"
	}
	if oneLine(phrase) != phrase {
		return "has a line break, or space at an end"
	}
	left := phrase
	for _, word := range braced(key) {
		if !strings.Contains(left, word) {
			return "lacks " + word
		}
		left = strings.ReplaceAll(left, word, "")
	}
	if strings.ContainsAny(left, "{}") {
		return "has a word in braces that is never filled in"
	}
	return ""
}
