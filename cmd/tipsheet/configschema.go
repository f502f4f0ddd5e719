package main

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// A schema is what keys a config may have, read off the struct.
type schema struct {
	keys    map[string]key
	several bool // a list of tables
}

type key struct {
	doc     string
	kind    reflect.Kind
	envOnly bool
	value   any     // the default
	below   *schema // of a table
}

func newRelay(i int) relayConfig {
	r := relayConfig{Settings: smtp.DefaultSettings()}
	r.Name = "main"
	if i > 0 {
		r.Name = "relay " + strconv.Itoa(i+1)
	}
	return r
}

// newMailbox starts from the room's defaults, less what a provider's preset is to fill.
func newMailbox(tree map[string]any) mailboxConfig {
	m := mailboxConfig{Settings: imap.DefaultSettings()}
	if tree["provider"] != nil {
		m.Host, m.Port, m.TLS = "", 0, ""
	}
	return m
}

func schemaOf(v any) *schema {
	s := &schema{keys: map[string]key{}}
	s.add(reflect.ValueOf(v))
	return s
}

func (s *schema) add(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Anonymous:
			s.add(v.Field(i))
			continue
		case name == "":
			continue
		}
		k := key{doc: f.Tag.Get("doc"), kind: f.Type.Kind(), envOnly: f.Tag.Get("env") == "only", value: v.Field(i).Interface()}
		switch {
		case name == "relay":
			k.below = schemaOf(newRelay(0))
			k.below.several = true
		case name == "mailbox":
			k.below = schemaOf(newMailbox(nil))
			k.below.several = true
		case f.Type.Kind() == reflect.Struct:
			k.below = schemaOf(v.Field(i).Interface())
		}
		s.keys[name] = k
	}
}

// unknown names each key of the tree that is not in the schema, with the nearest one that is.
func (s *schema) unknown(tree map[string]any) []error {
	var wrong []error
	s.walk("", tree, func(path, name string, in *schema) {
		hint := ""
		if near := in.nearest(name); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		wrong = append(wrong, fmt.Errorf("%s: there is no such key%s", path, hint))
	})
	return wrong
}

func (s *schema) walk(prefix string, tree map[string]any, bad func(path, name string, in *schema)) {
	for _, name := range sortedKeys(tree) {
		k, ok := s.keys[name]
		if !ok || k.envOnly {
			bad(prefix+name, name, s)
			delete(tree, name) // so that the other mistakes are found too
			continue
		}
		if k.below == nil {
			continue
		}
		switch v := tree[name].(type) {
		case map[string]any:
			k.below.walk(prefix+name+".", v, bad)
		case []any:
			for _, one := range v {
				if t, ok := one.(map[string]any); ok {
					k.below.walk(prefix+name+".", t, bad)
				}
			}
		}
	}
}

// nearest is the known key with the fewest letters to change, if that is not too many.
func (s *schema) nearest(name string) string {
	best, at := "", 1+max(len(name)/2, 2)
	names := make([]string, 0, len(s.keys))
	for n, k := range s.keys {
		if !k.envOnly {
			names = append(names, n)
		}
	}
	if k, ok := s.keys[name]; ok && k.envOnly {
		return name + "_file"
	}
	sort.Strings(names)
	for _, n := range names {
		if d := distance(name, n); d < at {
			best, at = n, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		left := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := left
			if a[i-1] != b[j-1] {
				cost++
			}
			left = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

const envPrefix = "TIPSHEET_"

// overlay lays the TIPSHEET_ variables over the tree: TIPSHEET_SITE_NAME, TIPSHEET_RELAY_HOST
// for the only or first relay, TIPSHEET_RELAY_2_HOST for the second. One that names no key is
// a mistake.
func (s *schema) overlay(tree map[string]any, environ []string) []error {
	var wrong []error
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		rest, ok := strings.CutPrefix(name, envPrefix)
		if !ok || name == envPrefix+"CONFIG" {
			continue
		}
		err := s.set(tree, strings.ToLower(rest), value)
		if errors.Is(err, errNoKey) {
			err = fmt.Errorf("%w%s", err, s.likeVariable(name))
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("the variable %s: %w", name, err))
		}
	}
	return wrong
}

func (s *schema) set(tree map[string]any, path, value string) error {
	if k, ok := s.keys[path]; ok && k.below == nil {
		v, err := fromText(k.kind, value)
		tree[path] = v
		return err
	}
	for name, k := range s.keys {
		rest, ok := strings.CutPrefix(path, name+"_")
		if !ok || k.below == nil {
			continue
		}
		if !k.below.several {
			sub, ok := tree[name].(map[string]any)
			if !ok {
				sub = map[string]any{}
				tree[name] = sub
			}
			return k.below.set(sub, rest, value)
		}
		list, _ := tree[name].([]any)
		at := 1
		if number, after, ok := strings.Cut(rest, "_"); ok {
			if n, err := strconv.Atoi(number); err == nil && n > 0 && n <= len(list)+1 {
				at, rest = n, after
			}
		}
		if at > len(list) {
			list = append(list, map[string]any{})
			tree[name] = list
		}
		return k.below.set(list[at-1].(map[string]any), rest, value)
	}
	return errNoKey
}

// errNoKey is a variable that names no key.
var errNoKey = errors.New("there is no such key")

// variables are the names of all variables, those of a list for its first element.
func (s *schema) variables(prefix string) []string {
	var all []string
	for name, k := range s.keys {
		name = prefix + strings.ToUpper(name)
		if k.below != nil {
			all = append(all, k.below.variables(name+"_")...)
		} else {
			all = append(all, name)
		}
	}
	return all
}

// likeVariable names the variable with the fewest letters to change, if that is not too many.
func (s *schema) likeVariable(name string) string {
	best, at := "", 1+len(name)/4
	all := s.variables(envPrefix)
	sort.Strings(all)
	for _, v := range all {
		if d := distance(name, v); d < at {
			best, at = v, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// fromText reads a variable's value as its key's kind. Lists are separated by commas.
func fromText(kind reflect.Kind, value string) (any, error) {
	switch kind {
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("%q is not true or false", value)
		}
		return b, nil
	case reflect.Int, reflect.Float64:
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", value)
		}
		if kind == reflect.Int {
			return int64(f), nil
		}
		return f, nil
	case reflect.Slice:
		list := []any{}
		for _, one := range strings.Split(value, ",") {
			list = append(list, strings.TrimSpace(one))
		}
		return list, nil
	}
	return value, nil
}
