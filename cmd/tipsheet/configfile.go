package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// configName is looked for in the working folder when no other is named.
const configName = "tipsheet.toml"

// loadConfig reads the config file and the TIPSHEET_ variables over it. All mistakes are
// reported at once, under exit code 2. A file that was not named may be missing.
func loadConfig(path string, environ []string) (config, error) {
	named := path != ""
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, "TIPSHEET_CONFIG="); ok && !named && value != "" {
			path, named = value, true
		}
	}
	if path == "" {
		path = configName
	}
	c := defaults()
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
	case errors.Is(err, fs.ErrNotExist):
		return c, usage("there is no config file %s; make one with `tipsheet init`", path)
	case err != nil:
		return c, usage("the config file cannot be read: %v", err)
	default:
		if c.path, err = filepath.Abs(path); err != nil {
			return c, usage("the config file cannot be read: %v", err)
		}
	}
	tree := map[string]any{}
	if err := toml.Unmarshal(text, &tree); err != nil {
		return c, usage("%s %s", path, tomlMistake(err))
	}
	c.given = c.path != "" || slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, envPrefix) })
	mistakes := c.fill(tree, environ)
	mistakes = append(mistakes, c.validate()...)
	if len(mistakes) > 0 {
		return c, usage("%s", list(path, mistakes))
	}
	return c, nil
}

// tomlMistake says where the file stops being TOML.
func tomlMistake(err error) string {
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, column := at.Position()
		return fmt.Sprintf("cannot be read at line %d, column %d: %s", line, column, strings.TrimPrefix(at.Error(), "toml: "))
	}
	return "cannot be read: " + err.Error()
}

// list is all mistakes on one line, in a steady order.
func list(path string, mistakes []error) string {
	words := make([]string, len(mistakes))
	for i, m := range mistakes {
		words[i] = m.Error()
	}
	sort.Strings(words)
	if len(words) == 1 {
		return path + ": " + words[0]
	}
	return fmt.Sprintf("%s has %d mistakes: (%s)", path, len(words), strings.Join(words, ") ("))
}

// fill decodes the tree over the defaults, after the variables were laid over it.
func (c *config) fill(tree map[string]any, environ []string) []error {
	s := schemaOf(*c)
	normalise(tree)
	mistakes := s.unknown(tree)
	mistakes = append(mistakes, s.overlay(tree, environ)...)
	relays, mailboxes := elements(tree, "relay"), elements(tree, "mailbox")
	delete(tree, "relay")
	delete(tree, "mailbox")
	mistakes = append(mistakes, decode("", tree, c)...)
	for i, r := range relays {
		one := newRelay(i)
		mistakes = append(mistakes, decode(numbered("relay", i, len(relays))+".", r, &one)...)
		c.Relay = append(c.Relay, one)
	}
	for i, m := range mailboxes {
		one := newMailbox(m)
		mistakes = append(mistakes, decode(numbered("mailbox", i, len(mailboxes))+".", m, &one)...)
		one.Settings = one.Settings.Filled()
		c.Mailbox = append(c.Mailbox, one)
	}
	return mistakes
}

// decode puts one part of the tree into its struct, key by key, so that each wrong value is
// named.
func decode(prefix string, tree map[string]any, into any) []error {
	var mistakes []error
	for _, key := range sortedKeys(tree) {
		value := tree[key]
		if sub, ok := value.(map[string]any); ok && prefix == "" {
			for _, k := range sortedKeys(sub) {
				if err := decodeOne(map[string]any{key: map[string]any{k: sub[k]}}, into); err != nil {
					mistakes = append(mistakes, fmt.Errorf("%s.%s: %w", key, k, err))
				}
			}
			continue
		}
		if err := decodeOne(map[string]any{key: value}, into); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s%s: %w", prefix, key, err))
		}
	}
	return mistakes
}

func decodeOne(tree map[string]any, into any) error {
	text, err := toml.Marshal(tree)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(text, into); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "toml: "))
	}
	return nil
}

// normalise makes a single [relay] or [mailbox] a list of one.
func normalise(tree map[string]any) {
	for _, section := range []string{"relay", "mailbox"} {
		if one, ok := tree[section].(map[string]any); ok {
			tree[section] = []any{one}
		}
	}
}

func elements(tree map[string]any, section string) []map[string]any {
	list, _ := tree[section].([]any)
	var all []map[string]any
	for _, e := range list {
		if one, ok := e.(map[string]any); ok {
			all = append(all, one)
		}
	}
	return all
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func validListen(listen string) bool {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535
}
