package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/olomotimes/tipsheet"

// The floors of the house. A room on one floor imports no other of its floor: they meet in the
// rows of data.
var (
	bottom = []string{"data", "templates", "token", "web", "dial"}
	middle = []string{"digest", "inbox", "mailer", "adverts", "desk", "site", "api"}
)

// nouns are the packages that a sub-package of the same room may import.
var nouns = map[string][]string{
	"inbox/report": {"inbox/message"}, "inbox/thread": {"inbox/message"}, "inbox/sorter": {"inbox/message"}, "inbox/enquiry": {"inbox/message"},
}

// below are the sub-packages of each room, and the parts of cmd and proof. A new one is written here first.
var below = map[string][]string{
	"cmd":    {"tipsheet", "tipsheet/demo", "score", "bench-mailer"},
	"data":   {"datatest"},
	"digest": {"feed"},
	"inbox":  {"imap", "imaptest", "message", "report", "thread", "sorter", "sorter/train", "enquiry"},
	"mailer": {"smtp", "smtptest"},
	"proof":  {"amnesia", "chromium", "dovecot", "postfix", "root", "sink", "slowlink", "smtpsink"},
}

// known says whether a package has a place in the house.
func known(path string) bool {
	room, sub, isSub := strings.Cut(path, "/")
	if isSub {
		return slices.Contains(below[room], sub)
	}
	return slices.Contains(bottom, room) || slices.Contains(middle, room)
}

type goPackage struct {
	ImportPath, Dir, Doc, Name string
	Imports                    []string
	GoFiles                    []string
}

// packages are the project's packages, as go list sees them.
func packages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,Name,Imports,GoFiles", "./...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

// within is a package's path in the module; false for others.
func within(path string) (string, bool) { return strings.CutPrefix(path, module+"/") }

// forbidden says why the package from may not import the package to; empty: it may.
func forbidden(from, to string) string {
	room, below, isSub := strings.Cut(from, "/")
	toRoom, _, toSub := strings.Cut(to, "/")
	switch {
	case toRoom == "proof" && from != "cmd/score" && from != "cmd/bench-mailer":
		return "proof is what tests stand on"
	case toRoom == "cmd" && room != "cmd":
		return "nothing imports cmd"
	case room == "cmd":
		return ""
	case from == "data/datatest" && to == "data":
		return ""
	case slices.Contains(bottom, room):
		return "the bottom floor imports nothing of ours"
	case room == "proof":
		return "proof imports nothing of ours"
	case !slices.Contains(middle, room):
		return "there is no such room"
	case isSub && below != "" && toRoom == room:
		if below == "sorter/train" || slices.Contains(nouns[from], to) {
			return ""
		}
		return "a sub-package imports only the nouns of its room"
	case isSub && to != "token" && to != "dial":
		return "from outside their room sub-packages import only token and dial"
	case toRoom == room, slices.Contains(bottom, toRoom) && !toSub:
		return ""
	}
	return "rooms on one floor never import each other"
}

func TestRuleImportsRunDownTheFloors(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		from, _ := within(p.ImportPath)
		if !known(from) {
			t.Errorf("%s has no place in the house", p.ImportPath)
		}
		for _, path := range p.Imports {
			to, ours := within(path)
			if !ours {
				if path == "testing" && from != "data/datatest" && from != "proof/root" {
					t.Errorf("%s imports testing, and is linked into the program", from)
				}
				continue
			}
			checked++
			if why := forbidden(from, to); why != "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
	if checked < 50 {
		t.Fatalf("only %d imports were checked", checked)
	}
}

func TestRuleForbiddenArrowsAreFound(t *testing.T) {
	for _, arrow := range [][2]string{
		{"desk", "site"}, {"digest", "mailer"}, {"inbox", "digest"}, {"data", "token"}, {"web", "data"}, {"inbox/imap", "data"},
		{"inbox/imap", "inbox"}, {"inbox/message", "inbox/report"}, {"mailer", "cmd/tipsheet"}, {"desk", "inbox/message"}, {"mailer", "proof/postfix"},
		{"adverts", "desk"}, {"kitchen", "data"}, {"mailer/smtp", "mailer/smtptest"},
	} {
		if forbidden(arrow[0], arrow[1]) == "" {
			t.Errorf("%s may import %s", arrow[0], arrow[1])
		}
	}
	for _, arrow := range [][2]string{{"desk", "data"}, {"inbox", "inbox/imap"}, {"inbox/report", "inbox/message"}, {"mailer/smtp", "dial"}, {"cmd/tipsheet", "mailer"}, {"inbox/enquiry", "inbox/message"}} {
		if why := forbidden(arrow[0], arrow[1]); why != "" {
			t.Errorf("%s may not import %s: %s", arrow[0], arrow[1], why)
		}
	}
}

func TestRuleUnknownPackagesAreFound(t *testing.T) {
	for _, path := range []string{"kitchen", "inbox/kitchen", "cmd/kitchen", "digest/feed/kitchen", "proof", "cmd"} {
		if known(path) {
			t.Errorf("%s has a place in the house", path)
		}
	}
	for _, path := range []string{"adverts", "api", "inbox/enquiry", "cmd/score"} {
		if !known(path) {
			t.Errorf("%s has no place in the house", path)
		}
	}
}

func TestRuleTheProgramDoesNotLinkTesting(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "./cmd/tipsheet")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/mailer/smtptest") {
		t.Fatal("go list does not show what the program links")
	}
	for _, d := range deps {
		if d == "testing" || strings.HasPrefix(d, module+"/proof/") || d == module+"/data/datatest" {
			t.Errorf("the program links %s", d)
		}
	}
}

func TestRulePackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && len(strings.Fields(p.Doc)) < 5 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

const (
	maxFile = 400 // lines
	maxFunc = 60
)

func TestRuleFilesAndFunctionsAreSmall(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if n := files.Position(f.End()).Line; n > maxFile {
				t.Errorf("%s has %d lines; which noun should move out?", path, n)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					if n := files.Position(fn.End()).Line - files.Position(fn.Pos()).Line + 1; n > maxFunc {
						t.Errorf("%s: %s has %d lines", path, fn.Name.Name, n)
					}
				}
			}
		}
	}
}

// A test may leave itself out of make check's short run, on the line after it asks for
// testing.Short; make test is never short.
func TestRuleOnlyOneFunctionSkips(t *testing.T) {
	skips := regexp.MustCompile(`\bt\.Skip(f|Now)?\(`)
	checked := 0
	for _, p := range packages(t) {
		if p.ImportPath == module+"/proof/root" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checked++
			before := ""
			for i, line := range strings.Split(string(text), "\n") {
				if skips.MatchString(line) && !strings.Contains(before, "testing.Short()") {
					t.Errorf("%s:%d skips a test: proof/root is the only place that does", path, i+1)
				}
				before = line
			}
		}
	}
	if checked < 100 {
		t.Fatalf("only %d files were read", checked)
	}
}

// keysOf lists a schema's keys as section.key.
func keysOf(prefix string, s *schema) []string {
	var all []string
	for name, k := range s.keys {
		if k.below != nil {
			all = append(all, keysOf(prefix+name+".", k.below)...)
		} else {
			all = append(all, prefix+name)
		}
	}
	slices.Sort(all)
	return all
}

func TestRuleEverySettingIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := keysOf("", schemaOf(defaults()))
	if len(keys) < 40 {
		t.Fatalf("the schema has %d keys", len(keys))
	}
	for _, k := range keys {
		if !strings.Contains(string(text), "`"+k+"`") {
			t.Errorf("docs/config.md does not name `%s`", k)
		}
	}
}

func TestRuleEveryDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range strings.Split(string(mod), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 || !strings.Contains(f[0], ".") || strings.Contains(line, "// indirect") || !strings.HasPrefix(f[1], "v") {
			continue
		}
		n++
		if !strings.Contains(string(docs), "`"+f[0]+"`") {
			t.Errorf("docs/dependencies.md does not say what %s is for", f[0])
		}
	}
	if n < 10 {
		t.Fatalf("go.mod has %d direct dependencies", n)
	}
}
