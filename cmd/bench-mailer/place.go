package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// inMemory are file systems that forget: a sync on them costs nothing.
var inMemory = map[string]bool{"tmpfs": true, "ramfs": true}

// workFolder makes a folder on a disk: where temporary files go, or else here.
func workFolder() (string, error) {
	place := os.TempDir()
	if inMemory[fileSystem(place)] {
		place = "."
	}
	return os.MkdirTemp(place, "bench-mailer-*")
}

// fileSystem is the type of the file system that a folder is on, as the kernel names it.
func fileSystem(dir string) string {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "an unknown file system"
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	kind, longest := "an unknown file system", -1
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		at := strings.TrimSuffix(f[1], "/")
		if (dir == at || strings.HasPrefix(dir, at+"/")) && len(at) >= longest {
			kind, longest = f[2], len(at)
		}
	}
	return kind
}

// megabytes prints a number of them.
func megabytes(mb float64) string { return fmt.Sprintf("%.0f MB", mb) }
