package digest_test

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// zones are the names of every IANA zone, links among them: those of Go's own archive, which is
// what the program carries, or of the system's list.
func zones(t *testing.T) []string {
	t.Helper()
	names, err := archivedZones()
	if errors.Is(err, fs.ErrNotExist) {
		names, err = systemZones("/usr/share/zoneinfo/tzdata.zi")
	}
	if err != nil {
		t.Fatalf("there is no list of time zones: %v", err)
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		_, err := time.LoadLocation(n)
		return err != nil
	})
	slices.Sort(names)
	if names = slices.Compact(names); len(names) < 400 {
		t.Fatalf("only %d time zones were found", len(names))
	}
	return names
}

func archivedZones() ([]string, error) {
	root := os.Getenv("GOROOT")
	if root == "" {
		out, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return nil, fmt.Errorf("go env GOROOT: %w", err)
		}
		root = strings.TrimSpace(string(out))
	}
	archive, err := zip.OpenReader(filepath.Join(root, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		if !f.FileInfo().IsDir() {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// systemZones reads the source form of the time zone database: "Z name …" is a zone and
// "L target name" a link.
func systemZones(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 2 && fields[0] == "Z" {
			names = append(names, fields[1])
		} else if len(fields) == 3 && fields[0] == "L" {
			names = append(names, fields[2])
		}
	}
	return names, nil
}
